# Both commands make .venv in this folder when it is missing, and start at once when it is there.
#   make demo   animate a portrait and say where the video is
#   make test   ruff, basedpyright and the tests
#   make test-cuda   the tests that need a GPU, and what the networks take on it
# The tests in a real ComfyUI: make test-comfyui COMFYUI_DIR=... (docs/testing.md)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CONSTRAINTS := -c constraints.txt
# One process a core and one thread a process: more threads are slower than none here.
TEST_PROCESSES ?= 2

.PHONY: demo test test-cuda test-comfyui check web strip clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	@mkdir -p demo-output
	$(BIN)/liveportrait animate docs/demo/portrait.jpg docs/demo/driving.mp4 -o demo-output/portrait.mp4
	@echo
	@echo "The animated portrait: $(CURDIR)/demo-output/portrait.mp4"

test: $(VENV)/.installed-dev check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES)

test-cuda: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m cuda -rs
	$(BIN)/python -m benchmarks --only gpu --device cuda

# COMFYUI_PYTHON has ComfyUI's requirements and ours; by default it is the Python of .venv.
test-comfyui: $(VENV)/.installed-dev
	@test -f "$(COMFYUI_DIR)/main.py" || { \
	  echo "COMFYUI_DIR is '$(COMFYUI_DIR)'; the folder of a ComfyUI checkout is expected. See docs/testing.md."; \
	  exit 1; }
	OMP_NUM_THREADS=1 COMFYUI_DIR="$(abspath $(COMFYUI_DIR))" COMFYUI_PYTHON="$(COMFYUI_PYTHON)" \
	  $(BIN)/python -m pytest -rs tests/comfyui_real

check: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/basedpyright -p nodes

# What ComfyUI's front end loads of ours; it is committed, so users need no npm.
web: node_modules/.package-lock.json
	npm run --silent check
	npm run --silent build

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund

# The picture in the README, from the demo's video.
strip: demo
	$(BIN)/python -m tools.demo_strip

clean:
	rm -rf $(VENV) demo-output

# torch, torchvision and timm go in together: torchvision fits one torch only.
$(VENV)/.base: constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(CONSTRAINTS) setuptools torch torchvision timm
	@touch $@

$(VENV)/.installed: $(VENV)/.base pyproject.toml
	$(PIP) install $(CONSTRAINTS) --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.base pyproject.toml
	$(PIP) install $(CONSTRAINTS) --no-build-isolation -e '.[dev]'
	@touch $@ $(VENV)/.installed
