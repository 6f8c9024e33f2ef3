# Clarion needs Python 3.11 or newer with pip, make and git. Everything else goes into .venv/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test browser serve check lock migration playbooks screenshots messages bench pages soak clean

PY := .venv/bin/python
# One more than there are cores, since half of a test is waiting; eight at most, for each has databases of its own.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); [ $$n -lt 7 ] && expr $$n + 1 || echo 8)
SOAK ?=
# Compiled once instead of at each start of the program, of which the tests make hundreds.
unexport PYTHONDONTWRITEBYTECODE
DEMO := CLARION_DATABASE_URL=sqlite:///data/demo/clarion.db CLARION_PUBLISH_DIR=data/demo/site

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/run.stamp ## a whole crisis in about a minute: 20,000 subscribers, loopback providers, a report that adds up
	.venv/bin/clarion demo

test: check browser ## every check and every test
	$(PY) -m pytest -q -n $(WORKERS) --dist worksteal

browser: .venv/test.stamp node_modules/.stamp ## Chromium, fonts and nginx for the tests (Debian packages, as root; else they are skipped by name)
	@$(PY) -m tests.programs

serve: .venv/run.stamp node_modules/.stamp data/demo/clarion.db ## the web process on the demo's data: http://127.0.0.1:8000/console/, a sample website at /sample/
	$(DEMO) CLARION_SAMPLE_SITE=1 .venv/bin/clarion serve

check: .venv/test.stamp ## lint, format and types, without the tests
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

lock: .venv/test.stamp ## pin the packages of requirements/*.in with their hashes (UPGRADE=--upgrade for newer ones)
	.venv/bin/uv pip compile $(LOCK) --output-file requirements/run.txt requirements/run.in
	.venv/bin/uv pip compile $(LOCK) --constraints requirements/run.txt --output-file requirements/test.txt requirements/test.in
	.venv/bin/uv pip compile $(LOCK) --output-file requirements/node.txt requirements/node.in
	@if grep -n '://' requirements/*.txt package-lock.json; then echo "A lock file names a registry host (above)." >&2; exit 1; fi
LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

migration: .venv/test.stamp ## draft the next migration from the tables: make migration NAME=0002_what_changes
	$(PY) -m migrations.draft $(NAME)

playbooks: .venv/test.stamp ## write docs/playbooks.md from templates/playbooks/
	$(PY) -m tests.playbook_page

screenshots: .venv/test.stamp node_modules/.stamp data/demo/clarion.db ## the pictures of docs/images, on the demo's data (Chromium)
	$(PY) -m tests.screenshots

messages: .venv/test.stamp ## write or update a catalogue of the staff console: make messages LANGUAGE=de
	$(PY) -m tests.staff_catalogue $(LANGUAGE)

bench: .venv/test.stamp ## speed and memory beside the usual ways: make bench [PART="sms tls"] [QUICK=1]
	$(PY) -m benchmarks --parts $(PART) $(if $(QUICK),--quick)

pages: .venv/test.stamp ## server time of every console page over a million subscribers and two million deliveries
	$(PY) -m benchmarks.console $(PAGES)

soak: .venv/test.stamp ## 100,000 deliveries under 200 kills on each database (SOAK="--people 2000 --kills 10" is short)
	CLARION_EVERY_COMMIT=1 $(PY) -m pytest -q tests/promises/test_a_crash_at_any_commit_loses_nobody.py
	CLARION_EVERY_PAGE=1 $(PY) -m pytest -q tests/browser/test_every_page_of_the_console.py
	$(PY) -m benchmarks.soak $(SOAK)

clean: ## remove .venv, caches and the demo's data; your own database in data/ stays
	rm -rf .venv .peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache data/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

data/demo/clarion.db: | .venv/run.stamp
	.venv/bin/clarion demo

# Set-up ---------------------------------------------------------------------------------------------------------
# The environment has no pip of its own (some systems cannot make one); the outer pip installs into it.

PIP_FLAGS := --disable-pip-version-check --no-input --quiet --require-hashes --only-binary :all:

# A usable Python: 3.11 or newer, with a pip that knows --python (22.3 or newer).
define FIND_PYTHON
old=; for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	"$$candidate" -m pip --python "$$(command -v "$$candidate")" --version >/dev/null 2>&1 && { python=$$candidate; break; }; \
	old=$${old:-$$candidate}; \
done; \
if [ -z "$$python" ] && [ -n "$$old" ]; then \
	echo "$$old has no pip, or one older than 22.3. On Debian or Ubuntu: apt-get install python3-pip" >&2; exit 1; \
elif [ -z "$$python" ]; then \
	echo "Python 3.11 or newer is missing. Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; \
fi
endef

# Runs with the environment's Python wherever the clone stands; a '#!' line would break on long or spaced paths.
define LAUNCHER
#!/bin/sh
'''exec' "$$(dirname -- "$$0")/python" "$$0" "$$@"
' '''
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from app.cli import main

sys.exit(main())
endef
export LAUNCHER

.venv/bin/python:
	@$(FIND_PYTHON); echo "Making .venv with $$($$python --version)"; "$$python" -m venv --without-pip --clear .venv

.venv/bin/clarion: Makefile | .venv/bin/python
	@printf '%s\n' "$$LAUNCHER" > $@ && chmod +x $@

.venv/run.stamp: requirements/run.txt | .venv/bin/python .venv/bin/clarion
	@$(FIND_PYTHON); echo "Installing what Clarion needs to run (requirements/run.txt)"; \
	"$$python" -m pip --python $(PY) install $(PIP_FLAGS) -r requirements/run.txt
	@touch $@

.venv/test.stamp: requirements/test.txt requirements/run.txt | .venv/bin/python .venv/bin/clarion
	@$(FIND_PYTHON); echo "Installing what the tests need (requirements/test.txt)"; \
	"$$python" -m pip --python $(PY) install $(PIP_FLAGS) -r requirements/test.txt
	@touch $@ .venv/run.stamp

.venv/bin/npm: requirements/node.txt | .venv/bin/python
	@$(FIND_PYTHON); echo "Installing Node.js, which this machine has not got (requirements/node.txt)"; \
	"$$python" -m pip --python $(PY) install $(PIP_FLAGS) -r requirements/node.txt
	@touch $@

NPM := $(shell command -v npm || echo .venv/bin/npm)

node_modules/.stamp: package-lock.json package.json | $(NPM)
	@echo "Installing the files for browsers (package-lock.json)"; PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM) ci --no-progress --loglevel=error
	@touch $@
