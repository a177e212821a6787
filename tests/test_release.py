# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""An sdist, the wheel made of it, and inference where nothing but that wheel is of this project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np

import monai_unet3plus
from tests.data_sets import write_boxes

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("LICENSE", "README.md", "bundle", "monai_unet3plus", "pyproject.toml", "setup.cfg")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
BUILD_SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


def call(command: list[str], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise AssertionError(f"{command}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return done.stdout


class TestRelease(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.work = Path(folder.name)
        cls.wheelhouse = cls.work / "wheelhouse"
        source = cls.work / "source"
        source.mkdir()
        for name in SOURCES:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, source / name)
        (source / "bundle" / "eval").mkdir(exist_ok=True)  # as trainings leave behind
        for name in ("eval/case_seg.nii.gz", "models/model_last.pt"):
            (source / "bundle" / name).write_bytes(b"of a user")
        call([sys.executable, "-c", BUILD_SDIST, str(cls.work / "sdist")], source)
        (cls.sdist,) = (cls.work / "sdist").iterdir()
        offline = ["--no-deps", "--no-build-isolation", "--no-index"]
        call([*PIP, "wheel", *offline, "--wheel-dir", str(cls.wheelhouse), str(cls.sdist)], cls.work)
        (cls.wheel,) = cls.wheelhouse.iterdir()

    def test_files_are_named_after_the_version(self) -> None:
        version = monai_unet3plus.__version__
        self.assertEqual(self.sdist.name, f"monai_unet3plus-{version}.tar.gz")
        self.assertEqual(self.wheel.name, f"monai_unet3plus-{version}-py3-none-any.whl")

    def test_wheel_and_sdist_carry_the_bundle_of_the_repository_and_no_more(self) -> None:
        listed = subprocess.run(["git", "ls-files", "bundle"], cwd=ROOT, capture_output=True, encoding="utf-8")
        if listed.returncode:
            self.skipTest("not a clone: git can't say which files are the bundle's")
        expected = {name.removeprefix("bundle/"): (ROOT / name).read_bytes() for name in listed.stdout.split()}
        prefix = "monai_unet3plus/bundle/files/"
        with zipfile.ZipFile(self.wheel) as wheel:
            found = {n.removeprefix(prefix): wheel.read(n) for n in wheel.namelist() if n.startswith(prefix)}
        self.assertEqual(set(found), set(expected))
        self.assertEqual(found, expected)
        with tarfile.open(self.sdist) as sdist:
            names = {name.split("/", 1)[1] for name in sdist.getnames() if "/bundle/" in name}
        self.assertLessEqual({f"bundle/{name}" for name in expected}, names)
        self.assertNotIn("bundle/models/model_last.pt", names)

    def test_wheel_carries_every_module_and_the_other_files_of_the_package(self) -> None:
        package = ROOT / "monai_unet3plus"
        modules = {str(path.relative_to(ROOT).as_posix()) for path in package.rglob("*.py")}
        others = {"monai_unet3plus/py.typed", "monai_unet3plus/report/page.html"}
        viewer = ("index.html", "viewer.js", "niivue.umd.js", "niivue_licenses.txt")
        others |= {f"monai_unet3plus/viewer/{name}" for name in viewer}
        with zipfile.ZipFile(self.wheel) as wheel:
            self.assertLessEqual(modules | others, set(wheel.namelist()))

    def test_installed_offline_from_a_wheelhouse_it_segments(self) -> None:
        environment, user = self.work / "environment", self.work / "user"
        user.mkdir()
        offline = ["--no-index", "--find-links", str(self.wheelhouse), "--no-deps"]
        call([*PIP, "install", *offline, "--target", str(environment), "monai-unet3plus"], self.work)
        write_boxes(user / "DATA")
        path = {"PYTHONPATH": str(environment), "OMP_WAIT_POLICY": "passive"}
        where = call([sys.executable, "-c", "import monai_unet3plus as m; print(m.__file__)"], user, **path)
        self.assertTrue(where.startswith(str(environment)), where)
        call([sys.executable, "-m", "monai_unet3plus.bundle", "copy", ".", "--name", "ct_segmentation"], user, **path)
        metadata = json.loads((user / "ct_segmentation" / "configs" / "metadata.json").read_text())
        self.assertEqual(metadata["version"], monai_unet3plus.__version__)
        run = ["-m", "monai.bundle", "run", "--config_file", "ct_segmentation/configs/inference.json"]
        run += ["--bundle_root", "ct_segmentation", "--dataset_dir", "DATA", "--output_dir", "MASKS"]
        call([sys.executable, *run, "--device", "cpu"], user, **path)
        image = nib.load(user / "DATA" / "imagesTs" / "box_3.nii.gz")
        mask = nib.load(user / "MASKS" / "box_3_seg.nii.gz")
        self.assertEqual(mask.shape, image.shape)
        np.testing.assert_allclose(mask.affine, image.affine, atol=1e-3)


if __name__ == "__main__":
    unittest.main()
