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

Every variable at the top of the bundle's configs. On the command line, `--NAME VALUE` replaces it, in Python's syntax:
`--epochs 50 --organs "{'liver': 1, 'spleen': 2}"`. Deeper entries are reached by `#`: `--optimizer#momentum 0.95`.
`@NAME` is the value of another variable, `$` begins a Python expression. A config that comes later in a list replaces
the entries that it names: `synthesis.json`, `evaluate.json` and `multi_gpu_train.json` come after `train.json`,
`multi_gpu_evaluate.json` after the last two, `multi_gpu_inference.json` and `inference_trt.json` after
`inference.json`. In another order, or without the config that they change, they end with a sentence that says so.

A run begins with a check of the values, and ends with a sentence if one is wrong: the text "false" is no flag, a
number is no path. Folders whose names read as numbers are written with `./` before them: `--dataset_dir ./20240105`.

Written by `python docs/variables.py` from the configs.

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
