#!/usr/bin/env bash
# The whole experiment: 10 seeds, thirteen checkpoints each, two processes. Resumes where it was stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHONPATH=src exec "${PYTHON:-.venv-train/bin/python}" -m experiments.silence run --workers 2 "$@"
