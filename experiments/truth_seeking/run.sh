#!/usr/bin/env bash
# The whole experiment: 10 seeds, the base and eight arms each, two processes. Resumes where it was stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHONPATH=src exec "${PYTHON:-.venv-train/bin/python}" -m experiments.truth_seeking run --seeds 0-9 --workers 2 "$@"
