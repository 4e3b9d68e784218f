# Gatehouse: `make run` starts the portal, `make test` checks everything, `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
MANAGE := $(PYTHON) manage.py

# --- installing -----------------------------------------------------------------------------------------------------

# Stamps carry the digest of the lock: a changed lock installs once, an unchanged one costs nothing.
RUNTIME_STAMP := $(VENV)/.runtime-$(shell cksum < requirements.lock | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cksum < requirements-dev.lock | cut -d' ' -f1)

# The first Python on the path that is new enough and can make virtual environments.
FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "$$python"; exit; fi; done; \
	echo "Gatehouse needs Python 3.11 or newer with its venv module, and none was found on the PATH." >&2; exit 1

# The locks name every package, so nothing is resolved: pip would take the newest release for `pydantic[email]`, which
# the lock pins as `pydantic`, and then refuse it for want of a hash.
INSTALL = if command -v uv >/dev/null; then uv pip install --quiet --python $(PYTHON) --no-deps --require-hashes -r $(1); \
	else $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(1); fi

.PHONY: install
install: $(RUNTIME_STAMP) ## make .venv with what the portal needs to run

.PHONY: install-dev
install-dev: $(DEV_STAMP) ## the same with what tests and linters need

.PHONY: install-traces
install-traces: install ## what sends traces to a collector of OpenTelemetry, too (docs/monitoring.md)
	@$(call INSTALL,requirements-traces.lock)

$(PYTHON):
	@python="$$($(FIND_PYTHON))"; "$$python" -m venv $(VENV)

$(RUNTIME_STAMP): | $(PYTHON)
	@echo "Installing Gatehouse into $(VENV) …"
	@$(call INSTALL,requirements.lock)
	@rm -f $(VENV)/.runtime-*; touch $@

$(DEV_STAMP): | $(RUNTIME_STAMP)
	@echo "Installing the development tools into $(VENV) …"
	@$(call INSTALL,requirements-dev.lock)
	@rm -f $(VENV)/.dev-*; touch $@

UV = $$(command -v uv || echo $(BIN)/uv)
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
TRACES = sed -n '/^traces = /,/^\]/s/^ *"\(.*\)",$$/\1/p' pyproject.toml

.PHONY: lock
lock: install-dev ## resolve pyproject.toml anew into the lock files
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(TRACES) | $(LOCK) - --constraint requirements.lock --output-file requirements-traces.lock
	$(LOCK) pyproject.toml --extra dev --extra traces --constraint requirements.lock --constraint requirements-traces.lock \
		--output-file requirements-dev.lock

# --- running --------------------------------------------------------------------------------------------------------

MIGRATE = $(MANAGE) migrate --verbosity 0

.PHONY: run
run: export DEBUG ?= true
run: install ## the portal on http://127.0.0.1:$PORT, for trying out and developing
	@$(MIGRATE)
	@$(MANAGE) first_start
	@exec $(MANAGE) runserver "127.0.0.1:$(PORT)"

.PHONY: demo
demo: export DEBUG ?= true
demo: install ## the same, with the demo company in a portal that is still empty
	@$(MIGRATE)
	@$(MANAGE) demo
	@$(MANAGE) first_start
	@exec $(MANAGE) runserver "127.0.0.1:$(PORT)"

.PHONY: migrate
migrate: export DEBUG := false
migrate: install ## bring the database to this release: before the first host of it serves (docs/upgrading.md)
	@$(MANAGE) migrate

.PHONY: serve
serve: export DEBUG := false
serve: install ## the production server: WEB_CONCURRENCY workers on $HOST:$PORT, after make migrate
	@$(MANAGE) collectstatic --no-input --verbosity 0
	@exec $(BIN)/gunicorn --config python:portal.project.server portal.wsgi

.PHONY: worker
worker: export DEBUG := false
worker: export TASKS ?= database
worker: install ## does what `make serve` queues with TASKS=database (mails); start as many as you like, on any host
	@exec $(MANAGE) run_worker

# --- checking -------------------------------------------------------------------------------------------------------

# Conversations of identity providers that lie beside the checkout are played as well as our own.
IDP_TRAFFIC ?= $(wildcard ../shared/idp-traffic)

.PHONY: test test-whole
test: ## the linters and the suite on SQLite and on real PostgreSQLs, all at the same time (tests/README.md)
test-whole: ## the same with every case of a test on every database: twice as long
test: WHOLE :=
test-whole: WHOLE := --whole
test test-whole: programs idps axe
	$(PYTHON) -m tests.suite $(WHOLE) $(if $(WORKERS),--workers $(WORKERS)) -- $(IDP_TRAFFIC:%=--idp-traffic=%) $(PYTEST)

.PHONY: test-slow
test-slow: programs ## what takes minutes and has servers of its own: read replicas, logs in parts while others write
	$(PYTHON) -m tests.postgres -- $(PYTHON) -m pytest -m slow $(PYTEST)

.PHONY: durations
durations: install-dev ## remember how long each file of tests took in the last run, for the next one to compare
	$(PYTHON) -m tests.durations

# The rules, the tokens of identity providers and signing in: no branch of theirs goes untested.
COVERED := identity/services/*,identity/policy.py,identity/core/encryption.py,identity/core/secrets.py,$\
	identity/db/locks.py,identity/db/uniqueness.py,identity/queries/drift.py,identity/queries/mismatches.py,$\
	identity/queries/what_if.py,scim/auth.py,portal/sso/*
MEASURED = $(BIN)/coverage run -m pytest -n auto --dist loadfile -m

.PHONY: coverage
coverage: install-dev idps ## which branches the tests without a browser reach, on both databases: all of COVERED
	$(BIN)/coverage erase
	env -u DATABASE_URL EXPECT_DATABASE=sqlite $(MEASURED) "not browser"
	$(PYTHON) -m tests.postgres -- $(MEASURED) "not browser and not once"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=Cover
	@echo "Left out as out of reach:"; git grep -n "pragma: no \(cover\|branch\)" -- identity scim portal || echo "nothing"
	$(BIN)/coverage report --include="$(COVERED)" --show-missing --skip-covered --fail-under=100

.PHONY: odd-days
odd-days: install-dev idps ## the suite on odd dates, in far zones and in ASCII (DAYS="leap-day 2038" for some of them)
	@$(PYTHON) -m tests.programs gcc
	$(PYTHON) -m tests.odd_days $(DAYS)

# Each has an environment of its own, of the same locks.
PYTHONS ?= python3.12 python3.13 python3.14
.PHONY: test-pythons
test-pythons: idps ## the tests without a browser on SQLite, by each of PYTHONS that is here (TESTS="tests/scim …" for some)
	@for python in $(PYTHONS); do \
		"$$python" -c "" 2>/dev/null || { echo "$$python is not here"; continue; }; \
		"$$python" --version; venv="var/pythons/$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; \
		[ -e "$$venv" ] || $(UV) venv --quiet --python "$$python" "$$venv"; \
		$(UV) pip install --quiet --python "$$venv" --no-deps --require-hashes -r requirements.lock -r requirements-dev.lock; \
		env -u DATABASE_URL EXPECT_DATABASE=sqlite "$$venv/bin/python" -m pytest -q -n auto --dist loadfile -m "not browser" $(TESTS); \
	done

OPENAPI = env -u PUBLIC_URL $(MANAGE) spectacular --validate --fail-on-warn

.PHONY: openapi
openapi: install-dev ## write docs/openapi.yaml anew, after a change of the REST API
	$(OPENAPI) --file docs/openapi.yaml

.PHONY: lint
lint: install-dev ## style, types, layers, templates, weak versions, migrations, the API's document, deploy checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTHON) -m tests.lint_templates
	$(PYTHON) -m tests.generated_docs
	$(PYTHON) -m tests.supply_chain.audit
	$(MANAGE) makemigrations --check --dry-run
	$(PYTHON) -m tests.lint_migrations
	@$(OPENAPI) | diff -u docs/openapi.yaml - || { echo "docs/openapi.yaml is not what the code says: make openapi" >&2; exit 1; }
	PUBLIC_URL=https://portal.example.com EMAIL_URL=smtp+tls://mail.example.com:587 \
		$(MANAGE) check --deploy --fail-level WARNING

.PHONY: audit
audit: install-dev ## no lock pins a version that is known to be weak (tests/supply_chain/advisories.toml)
	$(PYTHON) -m tests.supply_chain.audit

.PHONY: wheel
wheel: install-dev ## the whole portal as a package with a command `gatehouse`: dist/
	$(UV) build --quiet --wheel --out-dir dist

.PHONY: sbom
sbom: install-dev ## a bill of materials of what runs, as CycloneDX: var/sbom.cdx.json
	$(PYTHON) -m tests.supply_chain.sbom var/sbom.cdx.json

.PHONY: programs
programs: install-dev ## a browser, curl, jq, PgBouncer and PostgreSQL for the tests: installs what is missing, as root on Debian
	$(PYTHON) -m tests.programs

# The identity providers that the sign-in tests talk to are node programs. Node comes with the development tools, so
# the machine needs none, and npm finds the same one.
IDPS := tests/sso/idps
IDPS_STAMP := $(IDPS)/node_modules/.stamp-$(shell cksum < $(IDPS)/package-lock.json | cut -d' ' -f1)

.PHONY: idps
idps: install-dev
	@[ -e $(IDPS_STAMP) ] || { echo "Installing the identity providers of the tests …"; \
		PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $(IDPS) --no-audit --no-fund --silent && touch $(IDPS_STAMP); }

# axe-core, which the browser tests run inside each page.
AXE := tests/browser/axe
AXE_STAMP := $(AXE)/node_modules/.stamp-$(shell cksum < $(AXE)/package-lock.json | cut -d' ' -f1)

.PHONY: axe
axe: install-dev
	@[ -e $(AXE_STAMP) ] || { echo "Installing axe-core for the browser tests …"; \
		PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $(AXE) --no-audit --no-fund --silent && touch $(AXE_STAMP); }

.PHONY: fmt
fmt: install-dev ## format code and templates
	git ls-files '*.py' | xargs $(BIN)/django-upgrade --target-version 5.2 --exit-zero-even-if-changed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(PYTHON) -m tests.lint_templates --fix

.PHONY: docs
docs: install-dev ## write what the documentation takes from the code (docs/commands.md, docs/events.md)
	$(PYTHON) -m tests.generated_docs --fix

.PHONY: upgrade-test
upgrade-test: export UPGRADE_FROM := $(FROM)
upgrade-test: install-dev ## upgrade a portal under load from the last release, or FROM=COMMIT, on both databases
	env -u DATABASE_URL $(PYTHON) -m pytest -q tests/upgrades/test_upgrade.py
	$(PYTHON) -m tests.postgres -- $(PYTHON) -m pytest -q tests/upgrades/test_upgrade.py

.PHONY: conformance
conformance: install-dev ## hold the portal to the RFCs over HTTP and write docs/conformance.md
	$(PYTHON) -m tests.conformance

.PHONY: screenshots
screenshots: install-dev programs ## the pictures of docs/, of the demo company
	$(PYTHON) -m tests.browser.screenshots

.PHONY: bench
bench: install-dev ## the benchmarks (tests/bench), on PostgreSQL
	$(PYTHON) -m tests.postgres -- $(PYTHON) -m tests.bench

.PHONY: fuzz
fuzz: install-dev ## N (100,000) hostile requests at every door, SEED=…: none may be a server error, on SQLite and PostgreSQL
	env -u DATABASE_URL $(PYTHON) -m tests.fuzz --requests $(or $(N),100000) --seed $(or $(SEED),1)
	$(PYTHON) -m tests.postgres -- $(PYTHON) -m tests.fuzz --requests $(or $(N),100000) --seed $(or $(SEED),2)

.PHONY: crash
crash: install-dev ## faults of machines under load, each counted: docs/reliability.md (20 minutes, on PostgreSQL, as root)
	$(PYTHON) -m tests.programs nginx nftables gcc
	$(PYTHON) -m tests.lan $(PYTHON) -m tests.postgres -- $(PYTHON) -m pytest -q -s tests/crash/crash_*.py

.PHONY: deploy-examples
deploy-examples: install-dev ## nginx, Caddy, kubectl and systemd read the files of deploy/
	$(PYTHON) -m tests.programs nginx caddy openssl
	$(PYTHON) -m pytest -q tests/deploy_examples.py

.PHONY: cluster-test
cluster-test: install-dev ## three hosts behind nginx and PgBouncer: upgraded, restarted, failed over under load (as root)
	$(PYTHON) -m tests.programs nginx nftables
	$(PYTHON) -m tests.lan $(PYTHON) -m tests.postgres -- $(PYTHON) -m pytest -q -s -o faulthandler_timeout=0 tests/cluster/cluster_*.py

.PHONY: mutants
mutants: install-dev ## put N small faults (SEED=…) into the code and list those that no test notices: tests/mutants
	$(PYTHON) -m tests.mutants --number $(or $(N),300) --seed $(or $(SEED),1)

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
