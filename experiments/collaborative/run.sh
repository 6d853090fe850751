#!/bin/sh
# All seeds of the experiment: trains, judges, writes result.json and result.md. Stopped, it goes on where it was.
set -eu
cd "$(dirname "$0")/../.."
PYTHONPATH=src exec "${PYTHON:-.venv-train/bin/python}" -m experiments.collaborative run "$@"
