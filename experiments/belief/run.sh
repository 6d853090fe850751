#!/bin/sh
# The whole run: ten seeds, two at a time; stopped and started again it goes on where it was.
set -eu
cd "$(dirname "$0")/../.."
PYTHONPATH=src "${PYTHON:-.venv-train/bin/python}" -m experiments.belief run --workers "${WORKERS:-2}" "$@"
