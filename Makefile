# Everything a developer types. `make` alone lists it.
#
# A step that leaves something behind has it as its target: done once, it costs nothing again.
# Whatever is installed goes into .venv and ui/node_modules, at the versions of constraints.txt and
# ui/package-lock.json. Only `make test` asks the system for more (scripts/system-packages).

PYTHON ?= python3
SAMPLE ?= org
SERVE ?= 1
DIR ?= demo
JOBS ?= 2

PY := .venv/bin/python
STATIC := src/wheeltapper/server/static/index.html
RUN = wheeltapper -w "$(DIR)/$(SAMPLE)"

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help models setup setup-test setup-spark setup-flink setup-kafka demo demo-org demo-php test test-quick check check-python \
	check-ui fmt golden ui wheel bench constraints clean

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' Makefile | expand -t 16

# Set-up

setup: .venv/.installed $(STATIC) .venv/.warm ## all that running needs: Python, the page, kernels

setup-test: setup ## and what testing needs of the system: Chromium, PostgreSQL, git, Java, Maven, fonts
	@scripts/system-packages

setup-kafka: ## a Kafka broker for tests, and what Spark and Flink read Kafka with, in build/jars
	@scripts/system-packages
	@scripts/maven-jars

setup-spark: .venv-spark/.installed ## an environment of its own with Apache Spark, in .venv-spark

# What Spark is made from needs setuptools, so it is built apart.
.venv-spark/.installed: pyproject.toml constraints.txt constraints-spark.txt
	@echo "make: Apache Spark in .venv-spark (some minutes the first time)"
	@scripts/make-venv "$(PYTHON)" .venv-spark
	@.venv-spark/bin/python -m pip install -q -c constraints.txt -c constraints-spark.txt \
	  pyspark pandas hatchling editables
	@.venv-spark/bin/python -m pip install -q -c constraints.txt -c constraints-spark.txt \
	  --no-build-isolation -e '.[postgres,spark]'
	@touch $@

setup-flink: .venv-flink/.installed ## an environment of its own with Apache Flink, in .venv-flink

# Flink's versions of numpy and pyarrow are its own, so are all others here. Flink comes first: what it
# is made from is built apart from what we need to be built.
.venv-flink/.installed: pyproject.toml constraints-flink.txt
	@echo "make: Apache Flink in .venv-flink (some minutes the first time)"
	@scripts/make-venv "$(PYTHON)" .venv-flink
	@.venv-flink/bin/python -m pip install -q -c constraints-flink.txt apache-flink
	@.venv-flink/bin/python -m pip install -q -c constraints-flink.txt hatchling editables
	@.venv-flink/bin/python -m pip install -q -c constraints-flink.txt \
	  --no-build-isolation -e '.[flink,postgres]'
	@touch $@

.venv/.made:
	@echo "make: a Python environment in .venv"
	@scripts/make-venv "$(PYTHON)"
	@touch $@

.venv/.installed: .venv/.made pyproject.toml constraints.txt
	@echo "make: Python packages (some minutes the first time)"
	@$(PY) -m pip install -q -c constraints.txt hatchling editables
	@$(PY) -m pip install -q -c constraints.txt --no-build-isolation -e '.[bench,dev,kafka,postgres,train]'
	@touch $@

.venv/.node: scripts/node constraints.txt | .venv/.installed
	@scripts/node
	@touch $@

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json | .venv/.node
	@echo "make: packages of the page"
	@cd ui && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(STATIC): ui/node_modules/.package-lock.json $(shell find ui/src ui/public -type f) \
		ui/index.html ui/vite.config.ts ui/tsconfig.json
	@echo "make: the page"
	@cd ui && npm run --silent build -- --logLevel warn
	@touch $@

# Numba compiles each kernel once and keeps it: here, not while a newcomer waits.
.venv/.warm: .venv/.installed $(shell find src/wheeltapper/detect -name '*.py')
	@echo "make: kernels compiled"
	@$(PY) -m wheeltapper.detect.warm
	@touch $@

# Use

ifeq ($(filter org php,$(SAMPLE)),)
$(error SAMPLE is org or php, not $(SAMPLE))
endif

demo: demo-$(SAMPLE) ## the main job on a sample: SAMPLE=org|php SERVE=1|0 DIR=demo
	@if [ "$(SERVE)" = 0 ]; then echo "See them on a timeline: .venv/bin/wheeltapper -w $(DIR)/$(SAMPLE) serve"; \
	  else exec $(RUN) serve; fi

# An organisation that is simulated, with one real hour of attack in it. Its folder is a workspace.
demo-org: setup
	@if [ ! -e "$(DIR)/org" ]; then rm -rf "$(DIR)/org.part"; \
	  wheeltapper simulate "$(DIR)/org.part" --people 120 --days 60 --seed 1 \
	    --scenario cloud-account-hour; \
	  mv "$(DIR)/org.part" "$(DIR)/org"; fi
	@$(RUN) ingest "$(DIR)/org/logs"
	@[ -d "$(DIR)/org/models" ] || $(RUN) train --until 2026-05-02
	@$(RUN) detect
	@$(RUN) cases --limit 10

# The history of PHP's source up to 2022, real throughout.
demo-php: setup
	@[ -e "$(DIR)/php/wheeltapper.toml" ] || wheeltapper init "$(DIR)/php"
	@$(RUN) run samples/php/php.ndjson.gz
	@$(RUN) cases --since 2021-01-01 --until 2021-05-01 --limit 10

# Tests and checks

# One test's threads and another's wait for the same cores otherwise.
test test-quick: export OMP_NUM_THREADS = 1

test: setup-test setup-spark setup-flink setup-kafka ## every test, in Chromium and on PostgreSQL too
	@$(PY) -m pytest --no-header -rs -n $(JOBS) --dist loadgroup

test-quick: setup ## the tests that take a moment each
	@$(PY) -m pytest --no-header -q -n $(JOBS) -m 'not slow and not browser and not postgres and not broker'

check: check-python check-ui ## style and types, of Python and of the page

check-python: .venv/.installed
	@ruff check .
	@ruff format --check .
	@mypy

check-ui: ui/node_modules/.package-lock.json $(STATIC)
	@cd ui && npm run --silent check
	@cd ui && npm run --silent test -- --reporter=dot
	@cd ui && npm run --silent size

fmt: .venv/.installed ui/node_modules/.package-lock.json ## puts code into shape
	@ruff check --fix .
	@ruff format .
	@cd ui && npm run --silent format

golden: setup ## writes the golden files anew; read the difference before you commit it
	@WHEELTAPPER_GOLDEN=1 $(PY) -m pytest --no-header -q -k golden
	@git diff --stat -- tests

bench: setup ## short runs of all benchmarks
	@for program in benchmarks/*.py benchmarks/quality/*.py; do echo "== $$program"; $(PY) "$$program" --quick; done

# What is made

ui: $(STATIC) ## builds the page into the package

wheel: .venv/.installed $(STATIC) ## builds sdist and wheel into dist/, with the page in them
	@rm -rf dist
	@hatchling build

POWERSHELL ?= ../shared/data/powershell/powershell.jsonl.gz

# Two hours on two quiet cores at most; scores of finished trainings are kept in build/.
models: .venv/.installed ## trains the PowerShell models anew: POWERSHELL=labelled texts
	@$(PY) -m pip install -q -c constraints.txt -e '.[net,train]'
	@wheeltapper powershell train --data "$(POWERSHELL)" --cache build/powershell \
	  --out src/wheeltapper/powershell/shipped

constraints: ## writes constraints.txt anew: the newest versions that fit together
	@scripts/constraints "$(PYTHON)"

clean: ## removes what was made: .venv, ui/node_modules, the page, dist, demo
	@rm -rf .venv ui/node_modules src/wheeltapper/server/static dist build demo \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
