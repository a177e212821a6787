# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A MONAI Label server with the bundle, asked over HTTP as 3D Slicer does."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from monai.bundle import ConfigParser
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from parameterized import parameterized_class

from monai_unet3plus.bundle import copy_variant
from tests.bundle.workflows import NARROW, write_checkpoint
from tests.data_sets import write_boxes

SECONDS = 900


@unittest.skipUnless(find_spec("monailabel"), "monailabel is not installed: `make test-label` sets it up")
@parameterized_class([{"organs": ["liver"]}, {"organs": ["liver", "spleen"]}])
class TestMonaiLabel(unittest.TestCase):
    organs: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.work = Path(folder.name)
        write_boxes(cls.work / "data", cases=2, test_cases=0)
        cls.studies, cls.name = cls.work / "studies", "_".join(cls.organs) + "_ct_segmentation"
        shutil.copytree(cls.work / "data" / "imagesTr", cls.studies)
        cls.environment = {**os.environ, "MONAI_LABEL_SESSION_PATH": str(cls.work / "sessions")}
        app = cls.work / "apps" / "monaibundle"
        cls.label("apps", "--download", "--name", "monaibundle", "--output", str(app.parent))
        cls.bundle = app / "model" / cls.name
        cls.write_bundle()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        cls.url = f"http://127.0.0.1:{port}"
        server = ["start_server", "--app", str(app), "--studies", str(cls.studies), "--host", "127.0.0.1"]
        server += ["--port", port, "--conf", "models", cls.name, "--conf", "zoo_source", "local"]
        server += ["--conf", "sam2", "false", "--conf", "preload", "false"]
        cls.log = (cls.work / "server.log").open("w+")
        cls.addClassCleanup(cls.log.close)
        cls.server = subprocess.Popen(
            [sys.executable, "-m", "monailabel.main", *server],
            cwd=cls.work,
            env=cls.environment,
            stdout=cls.log,
            stderr=subprocess.STDOUT,
        )
        cls.addClassCleanup(cls.stop)
        cls.info = cls.wait(lambda: cls.ask("get", "/info/").json())

    @classmethod
    def write_bundle(cls) -> None:
        """The bundle with a narrow network of random weights, small windows and crops."""
        weights = write_checkpoint(cls.work, len(cls.organs))
        copy_variant(cls.bundle.parent, cls.name, {organ: k for k, organ in enumerate(cls.organs, start=1)})
        (cls.bundle / "models").mkdir(exist_ok=True)
        shutil.copy(weights, cls.bundle / "models" / "model.pt")
        smaller = {"features": NARROW["features"], "roi_size": [32, 32]}
        for config, changes in (("inference", {}), ("train", {"crop_size": [161, 161], "num_samples": 1})):
            path = str(cls.bundle / "configs" / f"{config}.json")
            content = {**ConfigParser.load_config_file(path), **smaller, **changes}
            ConfigParser.export_config_file(content, path, indent=4)

    @classmethod
    def label(cls, *arguments: str) -> None:
        command = [sys.executable, "-m", "monailabel.main", *arguments]
        subprocess.run(command, cwd=cls.work, env=cls.environment, check=True, capture_output=True)

    @classmethod
    def stop(cls) -> None:
        cls.server.terminate()
        cls.server.wait(60)

    @classmethod
    def ask(cls, method: str, path: str, **kwargs: Any) -> Any:
        import requests

        response = requests.request(method, cls.url + path, timeout=SECONDS, **kwargs)
        if response.status_code != 200:
            cls.log.seek(0)
            raise AssertionError(f"{path}: {response.status_code} {response.text}\n{cls.log.read()[-3000:]}")
        return response

    @classmethod
    def wait(cls, attempt: Any) -> Any:
        import requests

        end = time.monotonic() + SECONDS
        while time.monotonic() < end and cls.server.poll() is None:
            try:
                return attempt()
            except requests.ConnectionError:
                time.sleep(1)
        cls.log.seek(0)
        raise AssertionError(f"the server does not answer\n{cls.log.read()[-3000:]}")

    def infer(self, path: Path) -> nib.Nifti1Image:
        """The mask of a CT that is sent to the server."""
        with path.open("rb") as file:
            answer = self.ask(
                "post",
                f"/infer/{self.name}?output=image",
                data={"params": json.dumps({"device": "cpu"})},
                files={"file": (path.name, file)},
            )
        saved = self.work / f"mask_{path.name}"
        saved.write_bytes(answer.content)
        return nib.load(saved)

    def test_server_serves_the_organs_segments_trains_and_takes_up_what_it_learned(self) -> None:
        values = {organ: k for k, organ in enumerate(self.organs, start=1)}
        self.assertEqual(self.info["models"][self.name]["labels"], values)

        path = self.studies / "box_0.nii.gz"
        image, mask = nib.load(path), self.infer(path)
        before = np.asarray(mask.dataobj)
        self.assertEqual(mask.shape, image.shape)
        np.testing.assert_allclose(mask.affine, image.affine, atol=1e-3)
        self.assertEqual(set(np.unique(before)), {0, *values.values()})

        turned = self.work / "turned.nii.gz"
        way = ornt_transform(io_orientation(image.affine), axcodes2ornt("PIR"))
        nib.save(image.as_reoriented(way), turned)
        back = ornt_transform(axcodes2ornt("PIR"), io_orientation(image.affine))
        np.testing.assert_array_equal(np.asarray(self.infer(turned).as_reoriented(back).dataobj), before)

        for label in sorted((self.work / "data" / "labelsTr").iterdir()):
            with label.open("rb") as file:
                study = label.name.removesuffix(".nii.gz")
                self.ask("put", f"/datastore/label?image={study}", files={"label": (label.name, file)})
        weights = self.bundle / "models" / "model.pt"
        old = torch.load(weights, weights_only=True)
        settings = {"device": "cpu", "max_epochs": 1, "val_split": 0.5, "multi_gpu": False, "pretrained": True}
        self.ask("post", f"/train/{self.name}", json={**settings, "tracking": "None", "model_filename": "model.pt"})
        self.assertEqual(self.trained(), "DONE")
        new = torch.load(weights, weights_only=True)
        self.assertTrue(any(not torch.equal(new[name], old[name]) for name in old))
        self.infer(path)
        self.log.seek(0)
        log = self.log.read()
        self.assertIn("Reload model from cache", log)
        self.assertNotIn("Checkpoint keys don't match", log)

    def trained(self) -> str:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            status = self.ask("get", "/train/").json()["status"]
            if status not in ("SUBMITTED", "RUNNING"):
                return status
            time.sleep(1)
        return "too slow"


if __name__ == "__main__":
    unittest.main()
