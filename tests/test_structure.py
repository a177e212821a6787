# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The structure of the package: floors, the size of files, docstrings and headers."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import unittest
from collections.abc import Iterator
from pathlib import Path

import monai_unet3plus

PACKAGE = Path(monai_unet3plus.__file__).parent
NAME = "monai_unet3plus"

# A folder may import folders of the rows above its own, and no others. The last row runs everything else.
FLOORS = (
    {"utils"},
    {"networks", "masks", "metrics", "phantom", "visualize"},
    {"losses", "data", "report"},
    {"transforms", "engines"},
    {"inferers", "handlers", "viewer"},
    {"bundle"},
    {"experiments"},
    {"cli"},
    {"__main__", "compare", "demo", "recipe"},
)
AT_THE_ROOT = {"__init__.py", "__main__.py", "py.typed"}
MOST_LINES = 300


def floor_of(folder: str) -> int:
    return next(level for level, folders in enumerate(FLOORS) if folder in folders)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "files" not in path.relative_to(PACKAGE).parts:  # the bundle, in a wheel
            yield ".".join([NAME, *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__"), path


def imported_folders(name: str, path: Path) -> Iterator[str]:
    """The folders of this package that a module imports from, in functions too."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets = []
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            targets = [[*module, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        for target in targets:
            if target[0] == NAME and (PACKAGE / target[1]).is_dir():
                yield target[1]


class TestStructure(unittest.TestCase):
    def test_each_folder_has_a_floor(self) -> None:
        folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
        self.assertEqual(folders, set().union(*FLOORS) - {"__main__"}, "name the floor of a new folder in FLOORS")

    def test_no_loose_modules_at_the_root(self) -> None:
        files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
        self.assertLessEqual(files, AT_THE_ROOT)

    def test_lower_floors_import_no_upper_ones(self) -> None:
        arrows = 0
        for name, path in modules():
            if name == NAME:
                self.assertEqual(list(imported_folders(name, path)), [])
                continue
            folder = name.split(".")[1]
            for imported in imported_folders(name, path):
                if imported != folder:
                    arrows += 1
                    self.assertLess(floor_of(imported), floor_of(folder), f"{name} imports {imported}")
        self.assertGreater(arrows, 50, "the imports were found")

    def test_files_are_short(self) -> None:
        for _, path in modules():
            self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), MOST_LINES, path)

    def test_every_file_starts_with_the_header_and_its_docstring(self) -> None:
        for name, path in modules():
            text = path.read_text(encoding="utf-8")
            self.assertRegex(
                text, r"\A# SPDX-FileCopyrightText: .*\n# SPDX-License-Identifier: Apache-2.0\n\"\"\"", name
            )

    def test_every_public_name_is_documented(self) -> None:
        for info in pkgutil.walk_packages([str(PACKAGE)], f"{NAME}."):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, member in vars(module).items():
                if getattr(member, "__module__", None) != info.name or name.startswith("_"):
                    continue
                if inspect.isfunction(member) or inspect.isclass(member):
                    self.assertTrue(inspect.getdoc(member), f"{info.name}.{name}")
                if inspect.isclass(member):
                    for attribute, method in vars(member).items():
                        if not attribute.startswith("_") and (
                            inspect.isfunction(method) or isinstance(method, property)
                        ):
                            documented = inspect.getdoc(getattr(member, attribute))
                            self.assertTrue(documented, f"{info.name}.{name}.{attribute}")

    def test_functions_are_named_by_verbs_and_no_sentence_begins_with_a_clause(self) -> None:
        for name, path in modules():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    self.assertNotRegex(node.name, "_of$", f"{name}: begin the name with a verb")
                if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
                    sentences = " ".join((ast.get_docstring(node) or "").split())
                    self.assertNotRegex(sentences, r"(^|[.:;] )What\b", f"{name}: name the subject of the sentence")


if __name__ == "__main__":
    unittest.main()
