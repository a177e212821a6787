# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writes docs/configuration.md, the table of the variables of the bundle's configs:

    python docs/variables.py

Meanings and types are those of monai_unet3plus.bundle.variables, which also checks the values of a run; defaults are
read from the configs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from monai_unet3plus.bundle.variables import VARIABLES

DOCS = Path(__file__).resolve().parent
CONFIGS = DOCS.parent / "bundle" / "configs"
NAMES = ("train", "synthesis", "evaluate", "multi_gpu_train", "multi_gpu_evaluate", "inference", "multi_gpu_inference")
NAMES += ("inference_trt",)

# names that MONAI reads, and intermediate values
NO_VARIABLES = {"imports", "initialize", "run", "finalize"}
NO_VARIABLES |= {"network", "datalist", "splits", "train", "validate", "handlers", "saved_network", "resumed"}

HEAD = """# Configuration

This page lists all variables of the bundle's configs, with their meanings and defaults.

To set a variable, add `--NAME VALUE` to `python -m monai.bundle run`, or `--set NAME=VALUE` to `unet3plus`. Values have
Python's syntax: `--epochs 50 --organs "{'liver': 1, 'spleen': 2}"`. A `#` sets an entry inside another entry:
`--optimizer#momentum 0.95`. In the defaults below, `@NAME` is the value of another variable, and `$` begins a Python
expression.

Some configs change another one and have to come after it in `--config_file`:

| config | comes after |
| --- | --- |
| `synthesis.json`, `evaluate.json`, `multi_gpu_train.json` | `train.json` |
| `multi_gpu_evaluate.json` | `train.json` and `evaluate.json` |
| `multi_gpu_inference.json`, `inference_trt.json` | `inference.json` |
| `systems/*.json` | `train.json` or `inference.json` |

If the order is wrong, the run ends with a message that gives the right order.

A run first checks the values. A wrong value ends the run with a message: for instance, a flag does not accept the text
"false", and a path does not accept a number. If the name of a folder is a number, write `./` before it:
`--dataset_dir ./20240105`.

`python docs/variables.py` writes this page from the configs.

"""


def variables(config: dict[str, Any]) -> dict[str, Any]:
    """The entries of a config that are settings: not components, nor names that MONAI reads."""
    return {
        name: value
        for name, value in config.items()
        if name not in NO_VARIABLES
        and not name.startswith("+")
        and "#" not in name
        and not name.endswith("_json")  # the config's place in the order
        and not (isinstance(value, dict) and "_target_" in value)
    }


def checked(config: dict[str, Any]) -> set[str]:
    """The variables that a config has checked."""
    return {*config.get("variables", {}), *config.get("+variables", {})}


def page() -> str:
    """
    The page in Markdown.

    Raises:
        ValueError: When a variable is not in the table of the package, one of the table is in no config, or a config
            does not have its variables checked.
    """
    files = {name: json.loads((CONFIGS / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES}
    configs = {name: variables(file) for name, file in files.items()}
    found = list(dict.fromkeys(name for config in configs.values() for name in config))
    if set(found) != set(VARIABLES):
        raise ValueError(
            "monai_unet3plus.bundle.variables: expected an entry for each variable of the configs, but "
            f"{sorted(set(found) - set(VARIABLES))} are missing and {sorted(set(VARIABLES) - set(found))} are in no "
            "config."
        )
    unchecked = set(found) - set().union(*map(checked, files.values()))
    if unchecked:
        raise ValueError(f'configs: expected all variables below "variables", but {sorted(unchecked)} are not.')
    rows = [["variable", "meaning", "value", *(f"`{name}.json`" for name in NAMES)], ["---"] * (3 + len(NAMES))]
    for name in found:
        defaults = [f"`{_shown(config[name])}`" if name in config else "" for config in configs.values()]
        rows.append([f"`{name}`", VARIABLES[name].meaning, VARIABLES[name].kind.expected, *defaults])
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    (DOCS / "configuration.md").write_text(page(), encoding="utf-8")
