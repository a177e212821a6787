# make demo   phantoms, training, masks and a picture, in a virtual environment of its own
# make test   the tests
# make bench  how fast the loss and the network are beside others, as ratios
# make lint type   what else the continuous integration checks
#
# TORCH_INDEX_URL=...   where to install PyTorch from, for instance its index of CPU builds

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DEMO_DIR ?= .demo
SOURCES = monai_unet3plus tests

.PHONY: demo test bench lint type format clean

demo: $(VENV)/.installed
	$(BIN)/python -m monai_unet3plus.demo --bundle_root bundle --work_dir $(DEMO_DIR)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks.ms_ssim
	$(BIN)/python -m tests.benchmarks.network
	$(BIN)/python -m tests.benchmarks.bfloat16 --work_dir $(DEMO_DIR)/bfloat16
	$(BIN)/python -m tests.benchmarks.whole_ct

lint: $(VENV)/.installed-dev
	$(BIN)/python -m black --check $(SOURCES)
	$(BIN)/python -m isort --check $(SOURCES)
	$(BIN)/python -m flake8 $(SOURCES)

type: $(VENV)/.installed-dev
	$(BIN)/python -m mypy monai_unet3plus

format: $(VENV)/.installed-dev
	$(BIN)/python -m isort $(SOURCES)
	$(BIN)/python -m black $(SOURCES)

clean:
	rm -rf $(VENV) $(DEMO_DIR) build *.egg-info

# PyTorch first and pinned: a package that merely wants "torch" would bring gigabytes for a GPU that may not be there.
$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --editable .[dev]
	touch $@
