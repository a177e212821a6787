# make demo   a synthetic CT, its masks by the weights of the bundle, a report, in a virtual environment of its own
# make demo-train   the same with a training on synthetic CTs first
# make test   the tests
# make test-orders   the tests in reversed order, in a random one with other random numbers, and in one process
# make test-label   the integration test with a MONAI Label server, in an environment of its own, .venv-label: gigabytes
# make bench  how fast loss, network, training and the whole command are beside others, as ratios on one page
# make docs   these pages as HTML, in build/docs; a warning is an error
# make dist   sdist and wheel, into dist
# make lint type   the other checks of the continuous integration
#
# TORCH_INDEX_URL=...   where to install PyTorch from, for instance its index of CPU builds

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DEMO_DIR ?= .demo
SOURCES = monai_unet3plus tests docs

.PHONY: demo demo-train test test-orders test-label bench docs dist lint type format clean

demo: $(VENV)/.installed
	$(BIN)/python -m monai_unet3plus.experiments.demo_segment --work_dir $(DEMO_DIR)

demo-train: $(VENV)/.installed
	$(BIN)/python -m monai_unet3plus.demo --bundle_root bundle --work_dir $(DEMO_DIR)

# a file at a time in each of two processes, a thread each; tests with more threads do not spin while they wait
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-orders: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses 2 --dist loadfile -p tests.reordered --order reversed
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses 2 --dist loadfile -p tests.reordered --order 7
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest

test-label: .venv-label/.installed
	.venv-label/bin/python -m pytest tests/test_monai_label.py

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks --work_dir $(DEMO_DIR)/benchmarks

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/variables.py
	$(BIN)/python -m sphinx -W --keep-going --quiet docs build/docs

dist: $(VENV)/.installed-dev
	rm -rf build/lib
	$(BIN)/python -m build --no-isolation --outdir dist

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
	rm -rf $(VENV) .venv-label $(DEMO_DIR) build dist *.egg-info

# PyTorch first and pinned: a package that merely wants "torch" would bring gigabytes for a GPU that may not be there.
$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --editable .[dev]
	touch $@

# torchvision has to be of the same build as PyTorch; MONAI Label 0.8.5 does not know pydicom 3
.venv-label/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-label
	.venv-label/bin/pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) torch torchvision
	.venv-label/bin/pip install --quiet --disable-pip-version-check "torch==$$(.venv-label/bin/python -c 'import torch; print(torch.__version__)')" "pydicom<3" .[label] parameterized pytest
	touch $@
