# Commands of this project. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all check format lock starter schema docs bench micro memory quality fleet oracles images-check hostile fuzz clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | while IFS='|' read -r n t; do printf '  make %-10s %s\n' "$$n" "$$t"; done

$(VENV)/.python: Makefile
	@$(PYTHON) -c 'import sys; sys.exit("Scantling needs Python 3.11.5 or newer; this is " + sys.version.split()[0] + ". Choose another: make PYTHON=python3.12 ...") if sys.version_info < (3, 11, 5) else None'
	@$(PYTHON) -m venv $(VENV) || { echo "Cannot make a virtual environment; on Debian and Ubuntu install python3-venv, then run make again."; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements/runtime.txt pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -c 'import sysconfig, pathlib; pathlib.Path(sysconfig.get_path("purelib"), "scantling-source.pth").write_text(str(pathlib.Path("src").resolve()) + "\n")'
	@printf '#!/bin/sh\nexec "%s/$(BIN)/python" -m scantling "$$@"\n' "$(CURDIR)" > $(BIN)/scantling && chmod +x $(BIN)/scantling
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

install: $(VENV)/.runtime ## make .venv with Scantling in it, from the lock
	@echo "Installed: $(BIN)/scantling"

demo: $(VENV)/.runtime ## scan a real image with the embedded advisory database
	@$(BIN)/scantling scan examples/shop.tar --allow-incomplete advisories.stale --allow-incomplete coverage.partial

test: $(VENV)/.dev ## run the tests (under five minutes)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts
	$(BIN)/ruff format --check --quiet src tests tools bench
	$(BIN)/ruff check --quiet src tests tools bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lint

docs: $(VENV)/.dev ## write the generated parts of the manual
	PYTHONPATH=src $(BIN)/python tools/docs.py

picture: $(VENV)/.dev ## draw the pictures of the manual (pages need Chromium)
	PYTHONPATH=src $(BIN)/python tools/picture.py
	PYTHONPATH=src $(BIN)/python tools/page_pictures.py

starter: $(VENV)/.dev ## build the embedded database (DATA=folder of the public data)
	PYTHONPATH=src $(BIN)/python tools/build_starter.py $(DATA)

schema: $(VENV)/.dev ## write the JSON schema of the report
	PYTHONPATH=src $(BIN)/python tools/schema.py

bench: $(VENV)/.runtime ## time Scantling beside Trivy and Syft, and its parts (IMAGES=folder; see bench/README.md)
	PYTHONPATH=src $(BIN)/python bench/compare.py $(IMAGES) $(ARGS)

micro: $(VENV)/.runtime ## time parts of a scan alone (ARGS="--db STORE")
	PYTHONPATH=src $(BIN)/python bench/micro.py $(ARGS)

memory: $(VENV)/.runtime ## is memory flat for layers of up to 8 GB and 3 million entries?
	PYTHONPATH=src $(BIN)/python bench/memory.py $(ARGS)

fleet: $(VENV)/.runtime ## match 100,000 images, and again after an update (DATA=folder of the public data)
	PYTHONPATH=src:bench $(BIN)/python -m fleet.measure $(DATA) $(ARGS)

oracles: $(VENV)/.dev ## compare with the real tools on this machine
	$(BIN)/python -m pytest -m oracle -n $(JOBS) tests $(ARGS)

images-check: $(VENV)/.dev ## compare inventories of real images with dpkg, importlib, npm (IMAGES=, DATA=folder)
	SCANTLING_IMAGES=$(abspath $(IMAGES)) $(if $(DATA),SCANTLING_DATA=$(abspath $(DATA))) $(BIN)/python -m pytest -rs tests/oracles/images $(ARGS)

hostile: $(VENV)/.dev ## damage images and look for silent losses (N=5000, SEED=0), and the bombs
	SCANTLING_MUTATIONS=$(or $(N),5000) SCANTLING_SEED=$(or $(SEED),0) $(BIN)/python -m pytest -n $(JOBS) tests/hostile/test_never_silently_clean.py $(ARGS)
	$(BIN)/python -m pytest -m slow tests/hostile $(ARGS)

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format src tests tools bench
	$(BIN)/ruff check --fix --quiet src tests tools bench || true

lock: ## lock the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml -o requirements/runtime.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra pdf pyproject.toml -o requirements/pdf.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra pdf pyproject.toml requirements/dev.in -o requirements/dev.txt

clean: ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

quality: $(VENV)/.dev ## agreement with hand-made labels (DATA=folder of the public data)
	PYTHONPATH=src $(BIN)/python tools/quality.py $(DATA) $(ARGS)
