# Labproof. `make report` runs the lab and renders its page; `make help` lists the rest.
# Works with GNU make 3.81 and later, which is the one that macOS has.

PYTHON ?= python3
CORES  ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 4)
LAB    ?=
PRESET ?=
CONFIG ?=
GPU    ?=
ID     ?=
NAME   ?=
PARTIAL ?=
BUDGET ?=
A      ?=
B      ?=
CSV    ?=
LICENSE ?=
ARGS   ?=

# The CUDA build of TensorFlow cannot live beside the CPU build: it has its own environment.
ifneq (,$(filter 1 yes true,$(GPU)))
VENV := .venv-gpu
LOCK := requirements-gpu.lock
else
VENV := .venv
LOCK := requirements.lock
endif

BASE   := $(VENV)/$(LOCK)
TOOLS  := $(VENV)/requirements-test.lock
QUARTO := $(VENV)/requirements-quarto.lock
CRATE  := $(VENV)/requirements-crate.lock
PY     := $(VENV)/bin/python
SET_UP := workflow/envs/set_up.py

# What the shell's own Python settings (a cluster's modules, say) name is not for the environment,
# and the user's own profile of Snakemake is for other workflows. Nor may a container's setting make
# every job compile TensorFlow anew: Python keeps what it compiled of what it imports.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE SNAKEMAKE_PROFILE

# Snakemake starts its scripts by a shell line that leaves the path of the interpreter unquoted.
ODD := $(shell pwd -P | LC_ALL=C tr -d 'A-Za-z0-9/._+,@%=~\n\200-\377-' | wc -c)
ifneq (0,$(strip $(ODD)))
$(error The path of this folder, "$(CURDIR)", holds a space or another character that a shell would \
  take for its own, and Snakemake could start no job: move the folder to a path without)
endif

# Snakemake and uv keep files in the home folder's cache. Where that cannot be written they go here.
CACHE := $(shell d="$${XDG_CACHE_HOME:-$${HOME:-/dev/null}/.cache}/snakemake"; \
  mkdir -p "$$d" 2>/dev/null && test -w "$$d" && echo found)
ifeq (,$(CACHE))
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

# Programs of the environment come first for what Snakemake and the tests start.
WITH_PATH := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

# A page of what is there: nothing trains for it because some code or number has changed since.
ifneq (,$(filter 1 yes true,$(PARTIAL)))
override CONFIG += partial=True
AS_IS := --rerun-triggers mtime input --forcerun judge_findings write_report
endif
# Snakemake takes the last --config alone, so it must be one.
ifneq (,$(strip $(LAB) $(PRESET) $(CONFIG)))
ifneq (,$(filter --config -C,$(ARGS)))
$(error Give settings as CONFIG="seeds=10", not in ARGS, when LAB, PRESET or CONFIG is given)
endif
SETTINGS := --config $(if $(LAB),'lab=$(LAB)') $(if $(PRESET),preset=$(PRESET)) $(CONFIG)
endif

# A terminal gets a bar a rule, a file or a CI's log short lines; both end with the verdicts.
SHOWN := $(shell test -t 2 && echo --logger rich || echo --quiet rules host reason)

.PHONY: help lab check report finding compare crate estimate test lint format setup quarto lock clean clean-all FORCE
.DEFAULT_GOAL := help

help:  ## list the targets
	@echo "make TARGET [LAB=path/to/lab] [PRESET=smoke|demo|lab] [CONFIG=\"seeds=10\"] [CORES=2] [GPU=1] [BUDGET=20min] [PARTIAL=1] [PYTHON=python3.12] [ARGS=...]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: $(BASE) $(QUARTO)  ## run the lab and render its page: results/LAB/PRESET/report/index.html; PARTIAL=1: of what is there
	@$(WITH_PATH) $(PY) workflow/unlock.py $(SETTINGS)
	@$(WITH_PATH) $(PY) $(if $(AS_IS),-m snakemake,workflow/spend.py "$(BUDGET)") $(SETTINGS) $(AS_IS) --resources gpu=1 --cores $(CORES) $(SHOWN) $(ARGS)

lab: $(BASE)  ## write a lab that runs at once, to put your own in its place: make lab NAME=my-lab
	@$(PY) workflow/new_lab.py "$(NAME)"

check: $(BASE)  ## tell what is understood of a lab, and train nothing: make check LAB=my-lab
	@$(WITH_PATH) $(PY) workflow/check_lab.py $(SETTINGS)

finding: $(BASE)  ## judge one finding and print its verdict: make finding ID=1a-plain-overfits
	@$(WITH_PATH) $(PY) workflow/unlock.py $(SETTINGS)
	@$(WITH_PATH) $(PY) -m snakemake finding $(or $(SETTINGS),--config) $(if $(ID),finding=$(ID)) \
	  --resources gpu=1 --cores $(CORES) --quiet host reason rules $(ARGS)

compare: $(BASE)  ## two runs, sentence by sentence: make compare A=results/lab3/demo B=results/lab3/lab; CSV=file: as a table too
	@$(PY) workflow/compare_runs.py "$(A)" "$(B)" "$(CSV)"

crate: $(CRATE)  ## pack a finished run as an RO-Crate, crate.zip beside its page: make crate PRESET=demo LICENSE=https://spdx.org/licenses/CC-BY-4.0
	@$(WITH_PATH) $(PY) workflow/make_crate.py "$(LICENSE)" $(SETTINGS)

estimate: $(BASE)  ## print what the jobs that are still to be done will cost, and begin none
	@$(WITH_PATH) $(PY) workflow/estimate_costs.py $(SETTINGS) $(ARGS)

test: $(TOOLS) $(QUARTO) $(CRATE)  ## run the tests; ARGS="-m slow" runs the long ones
	$(WITH_PATH) $(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(TOOLS)  ## check format and style of the code and the workflow
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(VENV)/bin/snakefmt --check workflow
	cd scripts && "$(CURDIR)/$(VENV)/bin/lint-imports" --no-logo --no-cache ../pyproject.toml
	$(WITH_PATH) $(PY) -m snakemake --lint

format: $(TOOLS)  ## bring the code and the workflow into format
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .
	$(VENV)/bin/snakefmt workflow

setup: $(TOOLS) $(QUARTO) $(CRATE)  ## make the environment and nothing else

quarto: $(BASE)  ## try again to install Quarto, which renders the page in place of Pandoc
	@$(PY) $(SET_UP) quarto $(VENV) requirements-quarto.lock --again

# The environment is made anew when its Python has gone (a removed or upgraded one).
$(BASE): $(LOCK) $(if $(realpath $(PY)),,FORCE)
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here: install Python 3.11 to 3.13, or name it: make report PYTHON=python3.12"; \
	  exit 1; } >&2
	@$(PYTHON) $(SET_UP) base $(VENV) $(LOCK)

$(TOOLS): requirements-test.lock $(BASE)
	@$(PY) $(SET_UP) tools $(VENV) requirements-test.lock

$(QUARTO): requirements-quarto.lock $(BASE)
	@$(PY) $(SET_UP) quarto $(VENV) requirements-quarto.lock

$(CRATE): requirements-crate.lock $(BASE)
	@$(PY) $(SET_UP) tools $(VENV) requirements-crate.lock

# ARGS=--upgrade moves every package to its newest version; without it only what must move does.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --custom-compile-command "make lock" $(ARGS)

lock:  ## write the lock files anew from pyproject.toml; ARGS=--upgrade moves every package
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && \
	$(PYTHON) -m venv "$$tmp" && "$$tmp/bin/pip" install --quiet uv && PATH="$$tmp/bin:$$PATH" && \
	$(COMPILE) pyproject.toml --extra cpu -o requirements.lock && \
	$(COMPILE) pyproject.toml --extra gpu -c requirements.lock -o requirements-gpu.lock && \
	$(COMPILE) --group test -c requirements.lock -o requirements-test.lock && \
	$(COMPILE) --group crate -c requirements.lock -o requirements-crate.lock && \
	$(COMPILE) --group setup -o requirements-uv.lock && \
	$(COMPILE) --group quarto --no-deps -o requirements-quarto.lock

clean:  ## remove what runs made (LAB=, PRESET=: of that lab or preset alone)
ifneq (,$(PRESET)$(LAB))
	rm -rf results/$(or $(notdir $(LAB:/=)),*)/$(PRESET)
else
	rm -rf results .snakemake .pytest_cache .ruff_cache
	find scripts tests workflow -name __pycache__ -type d -prune -exec rm -rf {} +
endif

clean-all: clean  ## remove the environments too
	rm -rf .venv .venv-gpu
