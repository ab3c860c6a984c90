# The commands of this repository; `make` alone lists them. Each makes the environment that it needs.

PYTHON ?= python3
WORKERS ?= 2
# TORCH=cpu takes torch's CPU build, which is much smaller, where torch's own index can be reached.
TORCH ?=

VENV := .venv
BIN := $(VENV)/bin
UV := $(or $(shell command -v uv 2>/dev/null),$(VENV)/.uv/bin/uv)
INSTALL := $(UV) pip install --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt \
           $(if $(TORCH),--torch-backend $(TORCH))

# Trust what the system trusts, where it says so, as pip does: a company's proxy signs with its own certificate.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= true
endif

hint = $(if $(TORCH),echo 'Could the index of $(TORCH) builds not be reached? PyPI has the other one: leave out TORCH=$(TORCH).' >&2;)

say = @printf '\033[1m==>\033[0m %s\n'

# $(call need,check,package): the check passes, or root on Debian and Ubuntu gets the package, or its command is named.
define need
@$(1) >/dev/null 2>&1 || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	printf '==> %s is missing: installing it with apt-get\n' $(2); \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2); \
else \
	printf '%s is missing. Install it, then run make again:\n    sudo apt-get install %s\n' $(2) $(2) >&2; exit 1; \
fi
endef

# $(call want,check,packages,what): as need, for what the tests can do without: they skip it, and say so.
define want
@{ $(1); } >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	printf '==> %s is missing: installing it with apt-get\n' $(3) && \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2) && \
	{ $(1); } >/dev/null 2>&1; } || \
	printf '==> %s is missing, and its tests are skipped. On Debian: sudo apt-get install %s\n' $(3) '$(2)' >&2
endef

.PHONY: help demo test check java jdk browser compiled pytest proof bench docs lock clean
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo$(TORCH) compiled ## train two small models, convert one to a TensorRT engine and one to a jar; TORCH=cpu for a smaller torch
	$(say) "training a small CNN on scikit-learn's digits"
	@$(BIN)/python docs/examples/digits.py train demo
	$(say) "converting it: $(CONVERT)"
	@$(BIN)/$(CONVERT)
	$(say) "what came out"
	@$(BIN)/python docs/examples/digits.py report demo
	$(say) "training 500 trees on scikit-learn's breast tumours"
	@$(BIN)/python docs/examples/tumours.py train demo
	$(say) "converting them: $(PACK)"
	@$(BIN)/$(PACK)
	$(say) "what came out"
	@$(BIN)/python docs/examples/tumours.py report demo

CONVERT := mlconvert torch2trt demo/digits.pt2 -o demo/digits.rtx.plan --builder rtx --dim batch=1:8:64 --keep --force
PACK := mlconvert lightgbm2jar demo/tumours.txt -o demo/tumours.jar --force

test: check java pytest ## what CI runs: check, then the tests; at most 15 minutes on two cores

check: $(VENV)/.test$(TORCH) ## ruff and mypy
	$(say) "ruff and mypy"
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . && $(BIN)/mypy

# Where the environment has no JPMML, or is not there, java/jpmml is left out.
jpmml = $$(PYTHONPATH=convert:plugins $(BIN)/python -m mlconvert_plugins.jpmml.jars java/jpmml/target/class-path.jar || :)

java: jdk ## the tests of the Java side
	$(call need,mvn --version,maven)
	$(say) "mvn verify"
	@mvn -q -B -ntp -Dstyle.color=never -f java verify $(jpmml)

pytest: $(VENV)/.test$(TORCH) compiled browser
	$(say) "pytest on $(WORKERS) workers"
	@$(BIN)/pytest -n $(WORKERS)

proof: $(VENV)/.test$(TORCH) compiled ## the full matrices; resumes where it stopped
	$(say) "the full matrices"
	@$(BIN)/pytest -m proof

bench: $(VENV)/.test$(TORCH) compiled ## the timings
	@for scenario in benchmarks/*.py; do \
		printf '==> %s\n' "$$scenario"; $(BIN)/python "$$scenario" || exit 1; \
	done

docs: $(VENV)/.test$(TORCH) ## write docs/support.md from what is registered
	@$(BIN)/python docs/support.py

lock: $(VENV)/.test$(TORCH) ## resolve constraints.txt again; UPGRADE=1 for the newest versions
	@printf '%s\n' tensorrt tensorrt-cu12-bindings > $(VENV)/.excludes
	@printf '%s\n' hatchling tensorrt-stubs uv | $(UV) pip compile --quiet --universal --no-annotate \
		--custom-compile-command 'make lock' --excludes $(VENV)/.excludes $(if $(UPGRADE),--upgrade) \
		--extra dev --output-file constraints.txt pyproject.toml -

clean: ## remove the environment and the demo
	rm -rf $(VENV) demo .mypy_cache .pytest_cache .ruff_cache

# --- the environment ---------------------------------------------------------------------------------

$(VENV)/.uv/bin/uv:
	$(call need,$(PYTHON) -c 'import ensurepip; import venv',python3-venv)
	$(say) "fetching uv into $(VENV)/.uv"
	@$(PYTHON) -m venv $(VENV)/.uv
	@$(VENV)/.uv/bin/python -m pip install --quiet --constraint constraints.txt uv

# An older python3 is good enough to fetch uv, which then finds or fetches a newer one.
$(VENV)/pyvenv.cfg: | $(UV)
	$(say) "making $(VENV)"
	@python=$$($(PYTHON) -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else ">=3.11")' \
		2>/dev/null || echo '>=3.11'); \
	$(UV) venv --quiet --allow-existing --python "$$python" $(VENV) || \
	{ echo 'mlconvert needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3' >&2; exit 1; }

jdk:
	$(call need,"$${JAVA_HOME:+$$JAVA_HOME/bin/}javac" -version,default-jdk-headless)

# Reports are looked at in it. On Ubuntu these packages ask for a snap, which containers do not have.
browser:
	$(call want,chromium --version && chromedriver --version,chromium chromium-driver,chromium)

# An editable install compiles java/; this does it again when a source has changed since.
compiled: jdk $(VENV)/pyvenv.cfg
	@PYTHONPATH=convert:plugins $(BIN)/python -m mlconvert_plugins.javajar.compiling

$(VENV)/.demo$(TORCH): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(say) "installing mlconvert with PyTorch, TensorRT-RTX and LightGBM: minutes and some 6 GB the first time"
	@$(INSTALL) --editable '.[torch,trt]' lightgbm scikit-learn || { $(hint) exit 1; }
	@touch $@

$(VENV)/.test$(TORCH): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(say) "installing mlconvert and its developers' tools: minutes and some 7 GB the first time"
	@$(INSTALL) --editable '.[dev]' || { $(hint) exit 1; }
# The stubs depend on TensorRT itself, which is no wheel; mypy needs them alone, and nothing else should find them. Two
# slips in them are mended that no parser gets over: a parameter called `in`, and a default that is missing.
	@$(INSTALL) --quiet --no-deps --target $(VENV)/stubs tensorrt-stubs
	@sed -i.orig -e 's/ in: list/ in_: list/' -e '/def add_scale_nd/s/channel_axis: int)/channel_axis: int = ...)/' \
		$(VENV)/stubs/tensorrt_bindings/tensorrt.pyi
	@touch $@
