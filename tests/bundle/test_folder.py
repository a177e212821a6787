# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import filecmp
import hashlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import torch
from ignite.engine import Engine
from monai.bundle import ConfigParser
from monai.data import MetaTensor

from monai_unet3plus.bundle.__main__ import main
from monai_unet3plus.bundle.build import BuildWithBundle
from monai_unet3plus.handlers import EvaluationReport
from monai_unet3plus.handlers.checkpoint import save_weights
from tests.bundle.workflows import BUNDLE, ROOT


def run(*arguments: str) -> tuple[int, str]:
    """The command's exit status and its text on stderr."""
    error = io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(arguments)
        except SystemExit as e:
            return int(str(e.code)), error.getvalue()
    return 0, error.getvalue()


class TestCopy(unittest.TestCase):
    def test_copy_equals_the_bundle_and_can_be_written_to(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run("copy", f"{folder}/new", "--name", "spleen_ct_segmentation")[0], 0)
            copied = Path(folder, "new", "spleen_ct_segmentation")
            for name in ("LICENSE", "configs/train.json", "configs/systems/unet3plus_hybrid.json", "docs/README.md"):
                self.assertTrue(filecmp.cmp(copied / name, BUNDLE / name, shallow=False), name)
            self.assertTrue(filecmp.cmp(copied / "models/model.pt", BUNDLE / "models/model.pt", shallow=False))
            (copied / "models" / "model.pt").write_bytes(b"")

    def test_nothing_is_overwritten(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "liver_ct_segmentation").mkdir()
            status, error = run("copy", folder)
            self.assertEqual(status, 2)
            self.assertIn("liver_ct_segmentation exists", error)

    def test_name_that_monai_refuses_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            status, error = run("copy", folder, "--name", "my bundle")
            self.assertEqual((status, list(Path(folder).iterdir())), (2, []))
            self.assertIn("letters, digits and underscores", error)


def network_for(organs: list[str]) -> torch.nn.Module:
    """The bundle's default network, with random weights."""
    parser = ConfigParser(read(BUNDLE / "configs" / "inference.json"))
    parser["organs"] = {organ: value for value, organ in enumerate(organs, start=1)}
    return parser.get_parsed_content("network_def")


def write_variant_files(weights: Path, summary: Path, organs: list[str]) -> None:
    """Random weights of the bundle's default network, and a summary that an evaluation of one case wrote."""
    torch.save(network_for(organs).state_dict(), weights)
    evaluate(summary.parent, organs)


def evaluate(folder: Path, organs: list[str]) -> None:
    """Run an evaluator with the bundle's report on a mask with a Dice of 0.25: 1 voxel of 7 is right, of 1."""
    masks = {"pred": torch.ones(len(organs), 1, 1, 7), "label": torch.zeros(len(organs), 1, 1, 7)}
    masks["label"][..., 0] = 1
    item = {key: MetaTensor(mask, torch.eye(4)) for key, mask in (("image", masks["pred"][:1]), *masks.items())}
    engine = Engine(lambda engine, batch: batch)
    EvaluationReport(folder, organs, folder).attach(engine)
    engine.run([[item]])


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


class TestVariant(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.bundle = self.work / "abdomen_ct_segmentation"

    def copy(self, organs: str, *options: str) -> tuple[int, str]:
        return run("copy", str(self.work), "--name", self.bundle.name, "--organs", organs, *options)

    def test_configs_and_metadata_agree_on_the_organs(self) -> None:
        self.assertEqual(self.copy("{'pancreas': [1, 2], 'left kidney': 3}")[0], 0)
        for name in ("train", "inference"):
            config = read(self.bundle / "configs" / f"{name}.json")
            self.assertEqual(config["organs"], {"pancreas": [1, 2], "left kidney": 3})
            original = read(BUNDLE / "configs" / f"{name}.json")
            self.assertEqual({**config, "organs": 0}, {**original, "organs": 0})
        metadata = read(self.bundle / "configs" / "metadata.json")
        pred = metadata["network_data_format"]["outputs"]["pred"]
        self.assertEqual(pred["num_channels"], 2)
        self.assertEqual(pred["channel_def"], {"0": "background", "1": "pancreas", "2": "left kidney"})
        self.assertIn("Pancreas and left kidney", metadata["task"])
        self.assertIn("2 left kidney", metadata["pred_classes"])

    def test_weights_of_other_organs_are_left_out(self) -> None:
        self.copy("{'pancreas': 1}")
        self.assertFalse((self.bundle / "models" / "model.pt").exists())
        metadata = read(self.bundle / "configs" / "metadata.json")
        self.assertEqual((metadata["eval_metrics"], metadata["weights"]["trained_on"]), ({}, "nothing"))
        self.assertIn("variant for pancreas", (self.bundle / "docs" / "README.md").read_text(encoding="utf-8"))

    def test_weights_of_the_same_organs_stay_with_what_is_said_of_them(self) -> None:
        organs = {organ: [7, 8 + k] for k, organ in enumerate(read(BUNDLE / "configs" / "inference.json")["organs"])}
        organs = {organ: values[k != 0 :] for k, (organ, values) in enumerate(organs.items())}
        self.assertEqual(self.copy(repr(organs)), (0, ""))
        for name in ("models/model.pt", "configs/metadata.json", "docs/README.md"):
            self.assertTrue(filecmp.cmp(self.bundle / name, BUNDLE / name, shallow=False), name)

    def test_weights_and_figures_that_are_given_become_the_variants(self) -> None:
        weights, summary = self.work / "w.pt", self.work / "summary.json"
        write_variant_files(weights, summary, ["pancreas", "left kidney"])
        organs = "{'pancreas': 1, 'left kidney': 2}"
        self.assertEqual(self.copy(organs, "--checkpoint", str(weights), "--summary", str(summary))[0], 0)
        self.assertTrue(filecmp.cmp(self.bundle / "models" / "model.pt", weights, shallow=False))
        metadata = read(self.bundle / "configs" / "metadata.json")
        self.assertEqual(metadata["eval_metrics"], {"mean_dice_pancreas": 0.25, "mean_dice_left_kidney": 0.25})
        self.assertEqual(metadata["weights"]["sha256"], hashlib.sha256(weights.read_bytes()).hexdigest())

    def test_what_does_not_fit_is_refused_and_leaves_nothing(self) -> None:
        weights, summary = self.work / "w.pt", self.work / "summary.json"
        write_variant_files(weights, summary, ["pancreas"])
        two, swapped = "{'pancreas': 1, 'left kidney': 2}", self.work / "swapped.pt"
        save_weights(network_for(["left kidney", "pancreas"]).state_dict(), swapped, ["left kidney", "pancreas"])
        for organs, options, sentence in (
            ("{'a': 1, 'b': 1}", [], "given to two organs"),
            ("{}", [], "1 to 255 organs"),
            ("['liver']", [], "expected names and their label values"),
            (two, ["--checkpoint", str(weights)], "w.pt does not fit these organs"),
            (two, ["--checkpoint", str(swapped)], "trained for the organs ['left kidney', 'pancreas'], in this order"),
            (two, ["--checkpoint", "none.pt"], "none.pt does not exist"),
            (two, ["--summary", str(summary)], "summary.json has that of ['pancreas']"),
            (two, ["--summary", str(weights)], "w.pt: expected the summary.json of an evaluation"),
        ):
            status, error = self.copy(organs, *options)
            self.assertEqual((status, self.bundle.exists()), (2, False), organs)
            self.assertIn(sentence, error)
        self.assertEqual(run("copy", str(self.work), "--summary", str(summary))[0], 2)


class TestBuild(unittest.TestCase):
    def test_setup_cfg_names_the_build_command(self) -> None:
        self.assertIn(
            f"build_py = {BuildWithBundle.__module__}.{BuildWithBundle.__name__}", (ROOT / "setup.cfg").read_text()
        )


if __name__ == "__main__":
    unittest.main()
