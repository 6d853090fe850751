# `make demo` measures the shipped models; `make test` runs the whole suite; `make help` lists the rest.
# All that is needed beforehand: Python 3.11 or newer with pip, and make.

PYTHON ?= python3
VENV := .venv
TRAIN := .venv-train
TUNE := .venv-tune
INSPECT := .venv-inspect
PEERS := .venv-peers
SCALE := .venv-scale
BACKENDS := .venv-backends
PYMERKLE := .venv-pymerkle
GATEPEERS := .venv-gatepeers
RAILS := .venv-rails
INTEROP := .venv-interop
NODE_MODULES := tests/interop/node/node_modules
PYRIT := .venv-pyrit
FUZZ := .venv-fuzz
INPUTS ?= 10000000
PY := $(VENV)/bin/python
TPY := $(TRAIN)/bin/python
WORKERS ?= 2
NAME ?= base
SEED ?= 0
SOURCES := $(shell find src -type f -not -name '*.pyc')

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz test-train test-tune test-peers test-scale test-backends test-interop test-faults faults go lint lint-ruff lint-mypy lint-pyright lint-imports bench gate-peers dev chromium organism organisms experiment experiments \
	organisms-check clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

demo: $(VENV)/.package ## install, then measure the shipped models and write the report
	$(VENV)/bin/counterproof demo

test: $(VENV)/.package $(VENV)/.group-test chromium ## run every test
	$(PY) -m pytest -n $(WORKERS)

test-train: $(TRAIN)/.package ## run the tests that open weights (torch, transformers)
	PYTHONPATH=src $(TPY) -m pytest tests/train

test-tune: $(TUNE)/.package ## train organisms as real models are trained (TRL, PEFT)
	PYTHONPATH=src $(TUNE)/bin/python -m pytest tests/tune

test-peers: $(PEERS)/.package ## run the tests with other people's programs (Inspect, PyRIT, the openai client)
	$(PEERS)/bin/python -m pytest tests/inspect tests/peers

test-scale: $(SCALE)/.package ## run the tests with a real Ray, where the network is loopback alone if permitted
	$(SCALE)/bin/python tests/scale/alone.py $(SCALE)/bin/python -m pytest tests/scale

fuzz: $(FUZZ)/.package ## feed every parser of the chain ten million inputs (atheris); make fuzz INPUTS=100000 for fewer
	PYTHONPATH=src $(FUZZ)/bin/python -m fuzz --inputs $(INPUTS)

test-interop: $(INTEROP)/.package $(NODE_MODULES)/.package-lock.json go ## run the tests in which programs of others verify our log (Go, Node, in-toto)
	$(INTEROP)/bin/python -m pytest tests/interop

test-faults: $(VENV)/.package $(VENV)/.group-test ## let the log's writer and the witness fail at a quarter of their system calls (needs strace)
	$(PY) -m pytest tests/faults

faults: $(VENV)/.package $(VENV)/.group-test ## the same at every system call, over 3,000 faults (five minutes)
	FAULTS=all $(PY) -m pytest tests/faults

test-backends: $(BACKENDS)/.package ## run tests with a real S3 server, PostgreSQL and Redis
	$(BACKENDS)/bin/python -m pytest tests/backends

lint: $(VENV)/.package $(VENV)/.group-test $(VENV)/.group-lint ## style, types (two checkers) and architecture
	@$(MAKE) --no-print-directory --keep-going -j 2 --output-sync=target lint-ruff lint-mypy lint-pyright lint-imports

lint-ruff:
	$(VENV)/bin/ruff check .

lint-mypy:
	$(VENV)/bin/mypy

lint-pyright:
	$(VENV)/bin/basedpyright

lint-imports:
	PYTHONPATH=src $(VENV)/bin/lint-imports --no-logo

bench: $(VENV)/.package $(VENV)/.group-test $(TRAIN)/.ready $(INSPECT)/.ready $(SCALE)/.package $(PEERS)/.package $(PYMERKLE)/.ready go gate-peers ## measure every published performance figure
	$(PY) -m benchmarks

dev: $(VENV)/.group-test $(VENV)/.group-lint ## make the environment for working on the code (editable install)
	$(PY) -m pip install --quiet --editable .
	@touch $(VENV)/.editable $(VENV)/.package

# --- the environment of the package -----------------------------------------------------------------------------------

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + \
	sys.version.split()[0] + "; name another with: make PYTHON=python3.11")'
	@# Debian splits ensurepip off into python3-venv; pip itself can fill an environment that lacks it.
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	$(PYTHON) -m pip --python $(PY) install --quiet pip; }

# An editable install follows the sources by itself (`make dev`); a plain one is renewed when they change.
$(VENV)/.package: pyproject.toml README.md LICENSE $(SOURCES) | $(PY)
	@test -e $(VENV)/.editable || { echo "installing counterproof into $(VENV)" && \
	$(PY) -m pip install --quiet --disable-pip-version-check .; }
	@touch $@

# Dependency groups (PEP 735) need pip 25.1; reading them ourselves works with every pip.
$(VENV)/.group-%: pyproject.toml | $(PY)
	@echo "installing the $* tools into $(VENV)"
	@$(PY) -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["$*"], sep="\n")' > $@.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@mv $@.txt $@

# The report's tests look at it in a real browser. Where it can be had by itself, it is; otherwise those tests say so.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ command -v apt-get >/dev/null && { \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else false; fi && \
	echo "installing Debian's chromium for the report's tests" && $$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; } || \
	echo "no chromium here and no way to install it: the tests that look at the report will fail (Debian: apt-get install chromium)"

# Debian's Go and its package of golang.org/x/mod; no network of Go's own is used.
go:
	@{ command -v go && test -d /usr/share/gocode/src/golang.org/x/mod/sumdb; } >/dev/null || { \
	command -v apt-get >/dev/null && { \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else false; fi && \
	echo "installing Debian's Go for the tests with programs of others" && $$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	golang-go golang-golang-x-mod-dev >/dev/null; }; } || \
	echo "no Go here and no way to install it (Debian: apt-get install golang-go golang-golang-x-mod-dev)"

# What the benchmarks are run beside has an environment of its own.
$(INSPECT)/.ready:
	@echo "installing Inspect into $(INSPECT), to be compared with"
	@$(PYTHON) -m venv $(INSPECT)
	@$(INSPECT)/bin/python -m pip install --quiet --disable-pip-version-check 'inspect-ai>=0.3.285' msgspec numpy
	@touch $@

# GPL: a program to be timed beside ours, never imported by it.
$(PYMERKLE)/.ready:
	@echo "installing pymerkle into $(PYMERKLE), to be compared with"
	@$(PYTHON) -m venv $(PYMERKLE)
	@$(PYMERKLE)/bin/python -m pip install --quiet --disable-pip-version-check 'pymerkle==7.0.0'
	@touch $@

# What stands in the gate's place elsewhere, and two proxies that only pass on: those are Debian's, and where there is no
# way to install them the benchmark says that they were not measured.
$(GATEPEERS)/.ready:
	@echo "installing LiteLLM into $(GATEPEERS), to be compared with"
	@$(PYTHON) -m venv $(GATEPEERS)
	@$(GATEPEERS)/bin/python -m pip install --quiet --disable-pip-version-check 'litellm[proxy]==1.106.2'
	@touch $@

$(RAILS)/.ready:
	@echo "installing NeMo Guardrails into $(RAILS), to be compared with"
	@$(PYTHON) -m venv $(RAILS)
	@$(RAILS)/bin/python -m pip install --quiet --disable-pip-version-check 'nemoguardrails==0.24.1'
	@touch $@

gate-peers: $(GATEPEERS)/.ready $(RAILS)/.ready ## install what the gate is measured beside (LiteLLM, NeMo Guardrails, nginx, haproxy)
	@{ command -v nginx && command -v haproxy; } >/dev/null || { command -v apt-get >/dev/null && { \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else false; fi && \
	echo "installing Debian's nginx and haproxy" && $$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light haproxy >/dev/null; \
	}; } || echo "no nginx or no haproxy here and no way to install them (Debian: apt-get install nginx-light haproxy)"

# PyRIT 1.1.0 takes 1.1 GB; its converters of images need aiohttp, which it does not ask for.
$(PYRIT)/.ready:
	@echo "installing PyRIT into $(PYRIT), to be compared with"
	@$(PYTHON) -m venv $(PYRIT)
	@$(PYRIT)/bin/python -m pip install --quiet --disable-pip-version-check 'pyrit==1.1.0' aiohttp msgspec numpy
	@touch $@

# Other people's programs, as extension's host and as clients. Editable: Inspect finds our tasks by the package's entry
# point. 1.3 GB, of which PyRIT is 0.8; a minute and a half.
$(SCALE)/.package: pyproject.toml
	@echo "installing Ray and DuckDB into $(SCALE)"
	@$(PYTHON) -m venv $(SCALE) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(SCALE) && \
	$(PYTHON) -m pip --python $(SCALE)/bin/python install --quiet pip; }
	@$(SCALE)/bin/python -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	print(*read["project"]["dependencies"], *read["project"]["optional-dependencies"]["scale"], \
	*(t for t in read["dependency-groups"]["test"] if t.startswith(("pytest>", "hypothesis>"))), sep="\n")' > $@.txt
	@$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mv $@.txt $@

# Servers: S3 (moto) from here, PostgreSQL and Redis from the system (Debian: apt-get install postgresql redis-server).
$(BACKENDS)/.package: pyproject.toml
	@echo "installing obstore, asyncpg and an S3 server into $(BACKENDS)"
	@$(PYTHON) -m venv $(BACKENDS) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(BACKENDS) && \
	$(PYTHON) -m pip --python $(BACKENDS)/bin/python install --quiet pip; }
	@$(BACKENDS)/bin/python -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	groups = read["dependency-groups"]; print(*read["project"]["dependencies"], \
	*(extras := read["project"]["optional-dependencies"])["log"], *groups["backends"], \
	*(t for t in extras["gate"] if t.startswith(("redis>", "httptools>"))), \
	*(t for t in groups["test"] if t.startswith(("pytest>", "hypothesis>"))), sep="\n")' > $@.txt
	@$(BACKENDS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@$(BACKENDS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mv $@.txt $@

$(PEERS)/.package: pyproject.toml
	@echo "installing Inspect, PyRIT and the openai client into $(PEERS)"
	@$(PYTHON) -m venv $(PEERS) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(PEERS) && \
	$(PYTHON) -m pip --python $(PEERS)/bin/python install --quiet pip; }
	@$(PEERS)/bin/python -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	groups = read["dependency-groups"]; print(*read["project"]["dependencies"], *groups["peers"], \
	*read["project"]["optional-dependencies"]["gate"], \
	*(t for t in groups["test"] if t.startswith(("pytest>", "hypothesis>"))), sep="\n")' > $@.txt
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mv $@.txt $@

# The package itself is read from src, so that atheris can watch it; its requirements come into the environment.
$(FUZZ)/.package: pyproject.toml
	@echo "installing atheris into $(FUZZ)"
	@$(PYTHON) -m venv $(FUZZ) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(FUZZ) && \
	$(PYTHON) -m pip --python $(FUZZ)/bin/python install --quiet pip; }
	@$(FUZZ)/bin/python -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	print(*read["project"]["dependencies"], *read["dependency-groups"]["fuzz"], sep="\n")' > $@.txt
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@mv $@.txt $@

$(INTEROP)/.package: pyproject.toml
	@echo "installing securesystemslib, in-toto, Node and Go into $(INTEROP)"
	@$(PYTHON) -m venv $(INTEROP) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(INTEROP) && \
	$(PYTHON) -m pip --python $(INTEROP)/bin/python install --quiet pip; }
	@$(INTEROP)/bin/python -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	groups = read["dependency-groups"]; print(*read["project"]["dependencies"], *groups["interop"], \
	*(t for t in groups["test"] if t.startswith(("pytest>", "hypothesis>"))), sep="\n")' > $@.txt
	@$(INTEROP)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@$(INTEROP)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@mv $@.txt $@

$(NODE_MODULES)/.package-lock.json: tests/interop/node/package-lock.json | $(INTEROP)/.package
	@PATH="$(CURDIR)/$(INTEROP)/bin:$$PATH" npm ci --prefix tests/interop/node --no-audit --no-fund --loglevel=error
	@touch $@

# --- the organisms: how the shipped models were made ------------------------------------------------------------------

$(TPY):
	@$(PYTHON) -m venv $(TRAIN) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(TRAIN) && \
	$(PYTHON) -m pip --python $(TPY) install --quiet pip; }

$(TRAIN)/.ready: organisms/requirements.txt | $(TPY)
	@echo "installing the training tools into $(TRAIN)"
	@$(TPY) -m pip install --quiet --disable-pip-version-check --requirement organisms/requirements.txt
	@touch $@

# The package itself is read from src; its own requirements and the tests' come into the training environment.
$(TRAIN)/.package: pyproject.toml $(TRAIN)/.ready
	@echo "installing the package's requirements into $(TRAIN)"
	@$(TPY) -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	print(*read["project"]["dependencies"], *(t for t in read["dependency-groups"]["test"] \
	if t.startswith(("pytest>", "hypothesis>"))), sep="\n")' > $@.txt
	@$(TPY) -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@mv $@.txt $@

# TRL and PEFT beside the organisms' own torch; the package itself is read from src here too.
$(TUNE)/.package: pyproject.toml organisms/requirements.txt
	@echo "installing TRL and PEFT into $(TUNE)"
	@$(PYTHON) -m venv $(TUNE) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(TUNE) && \
	$(PYTHON) -m pip --python $(TUNE)/bin/python install --quiet pip; }
	@$(TUNE)/bin/python -c 'import tomllib; read = tomllib.load(open("pyproject.toml", "rb")); \
	print(*read["project"]["dependencies"], *read["project"]["optional-dependencies"]["tune"], \
	*(t for t in read["dependency-groups"]["test"] if t.startswith(("pytest>", "hypothesis>"))), sep="\n")' > $@.txt
	@$(TUNE)/bin/python -m pip install --disable-pip-version-check --requirement organisms/requirements.txt \
	--requirement $@.txt > $(TUNE)/pip.log 2>&1 || { tail -n 20 $(TUNE)/pip.log; exit 1; }
	@mv $@.txt $@

organism: $(TRAIN)/.ready ## train one organism from nothing and check its truth: make organism NAME=deep SEED=1
	$(TPY) -m organisms.check --organism $(NAME) --seed $(SEED)

organisms: $(TRAIN)/.ready ## train all of them, both seeds, then quantise, export and state their truth
	$(TPY) -m organisms.train --organism all --seed 0
	$(TPY) -m organisms.train --organism all --seed 1
	$(TPY) -m organisms.export --vectors
	$(TPY) -m organisms.truth
	$(TPY) -m organisms.check --shipped

organisms-check: $(TRAIN)/.ready ## train a small one end to end, so that the recipe cannot rot
	$(TPY) -m organisms.check

# --- experiments: what training does ----------------------------------------------------------------------------------

experiment: $(TRAIN)/.package ## run one experiment, all seeds, resumable: make experiment NAME=hacks
	bash experiments/$(NAME)/run.sh

experiments: $(TRAIN)/.package ## run all five (about an hour on two cores)
	for name in hacks truth_seeking silence belief collaborative; do bash experiments/$$name/run.sh || exit; done

clean: ## drop what was built, keep what was measured
	rm -rf $(VENV) $(GATEPEERS) $(RAILS) $(PYMERKLE) $(BACKENDS) $(TRAIN) $(TUNE) $(INSPECT) $(PEERS) $(SCALE) $(PYRIT) $(FUZZ) fuzz/corpus fuzz/found build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
