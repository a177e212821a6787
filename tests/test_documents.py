# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages in docs/ against the code that they describe; the README has a test of its own."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from unittest import mock

from monai.bundle import ConfigParser
from parameterized import parameterized

from tests.benchmarks.sections import write_section

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "bundle" / "docs" / "README.md"]
BLOCKS = [
    (page.name, block)
    for page in PAGES
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
]
COMMANDS = [
    (name, line) for name, block in BLOCKS for line in block.splitlines() if re.search(r"(^|torchrun .*)\S* ?-m ", line)
]
RUNS = [(name, line) for name, line in COMMANDS if "monai.bundle run" in line]
MOST_PAGES = 20
OF_MONAI = {"config_file", "meta_file", "logging_file", "tracking"}


def variables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("variables", DOCS / "variables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestDocuments(unittest.TestCase):
    def test_table_of_variables_is_that_of_the_configs(self) -> None:
        page = (DOCS / "configuration.md").read_text("utf-8")
        self.assertEqual(page, variables().page(), "run `python docs/variables.py`")

    def test_a_variable_without_meaning_is_an_error(self) -> None:
        module = variables()
        table = {name: variable for name, variable in module.VARIABLES.items() if name != "window"}
        with mock.patch.object(module, "VARIABLES", table), self.assertRaisesRegex(
            ValueError, r"\['window'\] are miss"
        ):
            module.page()

    def test_a_variable_that_is_not_checked_is_an_error(self) -> None:
        module = variables()
        checked = module.checked
        with mock.patch.object(module, "checked", lambda config: checked(config) - {"window"}):
            with self.assertRaisesRegex(ValueError, r"below \"variables\", but \['window'\] are not"):
                module.page()

    def test_pages_are_few_and_each_is_in_the_index(self) -> None:
        pages = sorted(page.name for page in DOCS.glob("*.md"))
        self.assertLessEqual(len(pages), MOST_PAGES)
        index = (DOCS / "index.md").read_text("utf-8")
        listed = re.findall(r"^\| [^|]+\? \| \[([\w.]+)\]", index, re.M)
        self.assertEqual(sorted([*listed, "index.md"]), pages)

    def test_links_of_the_readme_exist(self) -> None:
        links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text("utf-8"))
        self.assertGreater(len(links), 10)
        for link in links:
            self.assertTrue((ROOT / link).exists(), link)

    def test_section_of_a_page_is_replaced_or_appended(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text("# Page\n\nHead.\n")
            for title, text in (("One", "1"), ("Two", "2"), ("One", "3\n\n## Below"), ("Two", "4")):
                write_section(page, f"# {title}\n\n{text}\n")
            expected = "# Page\n\nHead.\n\n## One\n\n3\n\n### Below\n\n## Two\n\n4\n"
            self.assertEqual(page.read_text(), expected)

    def test_there_are_commands(self) -> None:
        self.assertGreater(len(RUNS), 5)

    @parameterized.expand(RUNS)
    def test_run_names_configs_that_exist_and_entries_that_they_have(self, _: str, command: str) -> None:
        arguments = shlex.split(command.split("monai.bundle run", 1)[1])
        options = {name.removeprefix("--"): value for name, value in zip(arguments[::2], arguments[1::2])}
        files = re.findall(r"configs/[\w/]+\.json", options["config_file"])
        parser = ConfigParser()
        parser.read_config([str(ROOT / "bundle" / file) for file in files])
        for name in set(options) - OF_MONAI:
            self.assertIn(name, parser, command)

    @parameterized.expand(COMMANDS)
    def test_modules_that_are_run_exist(self, _: str, command: str) -> None:
        module = re.findall(r"-m ([\w.]+)", command)[0]
        if module not in ("venv", "pip"):
            self.assertIsNotNone(find_spec(module), command)


if __name__ == "__main__":
    unittest.main()
