# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs that run the bundle in their own way get the mask that the bundle's own inference writes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from monai.bundle import ConfigParser, ckpt_export, create_workflow, load
from monai.data import MetaTensor, load_net_with_metadata
from monai.fl.client import MonaiAlgo
from monai.fl.utils.constants import ExtraItems
from monai.fl.utils.exchange_object import ExchangeObject
from monai.transforms import Compose
from monai.utils import ensure_tuple
from parameterized import parameterized

from monai_unet3plus.bundle.run import CasesFailedError
from monai_unet3plus.engines import CaseEvaluator
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.utils.errors import InputError, root_cause
from tests.bundle.workflows import BUNDLE, NARROW, write_checkpoint
from tests.data_sets import write_boxes

SMALL = {**NARROW, "bfloat16": False, "report_pictures": False}


class TestHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.work = Path(folder.name)
        write_boxes(cls.work / "data", cases=2, test_cases=1)
        cls.images = cls.work / "data" / "imagesTs"
        (cls.file,) = cls.images.iterdir()
        cls.bundle = cls.work / "small_ct_segmentation"
        shutil.copytree(BUNDLE / "configs", cls.bundle / "configs")
        for name in ("inference", "train", "evaluate"):
            path = cls.bundle / "configs" / f"{name}.json"
            config = json.loads(path.read_text())
            changes = {key: value for key, value in SMALL.items() if key in config}
            path.write_text(json.dumps({**config, **changes}))
        (cls.bundle / "models").mkdir()
        shutil.move(write_checkpoint(cls.work, organs=1), cls.bundle / "models" / "model.pt")
        cls.own = cls.segment(cls.bundle / "configs", cls.work / "own")
        assert len(np.unique(cls.own)) == 2, "the comparisons would mean nothing"

    @classmethod
    def segment(cls, configs: Path, masks: Path, **overrides: Any) -> np.ndarray:
        """The mask of a workflow that is made in Python."""
        options = {"bundle_root": str(cls.bundle), "dataset_dir": str(cls.images), "output_dir": str(masks)}
        workflow = create_workflow(
            config_file=str(configs / "inference.json"),
            workflow_type="inference",
            logging_file=False,
            **{**options, **overrides},
        )
        workflow.run()
        workflow.finalize()
        return cls.read(masks)

    @classmethod
    def read(cls, masks: Path) -> np.ndarray:
        return np.asarray(nib.load(masks / f"{cls.file.name.split('.')[0]}_seg.nii.gz").dataobj)

    def parser(self, *names: str) -> ConfigParser:
        parser = ConfigParser()
        parser.read_config([str(self.bundle / "configs" / f"{name}.json") for name in names])
        parser["bundle_root"] = str(self.bundle)
        return parser

    def network(self) -> torch.nn.Module:
        return UNet3Plus(features=NARROW["features"], deep_supervision=True, classification_guided=True).eval()

    def compare(self, mask: np.ndarray) -> None:
        self.assertEqual(mask.shape, self.own.shape)
        self.assertLess((mask != self.own).mean(), 1e-3)  # folded batch norm and TorchScript round otherwise

    def test_slicer_parses_the_config_and_runs_the_evaluator(self) -> None:
        parser = self.parser("inference")
        parser["dataset_dir"], parser["output_dir"] = str(self.images), str(self.work / "slicer")
        parser["datalist"], parser["dataloader"]["num_workers"] = [str(self.file)], 0
        with torch.no_grad():
            parser.get_parsed_content("evaluator").run()
        self.compare(self.read(self.work / "slicer"))

    def test_deploy_gives_a_volume_in_memory_to_the_torchscript_network(self) -> None:
        exported = self.work / "model.ts"
        files = {name: str(self.bundle / "configs" / f"{name}.json") for name in ("metadata", "inference")}
        ckpt_export(
            "network_def",
            filepath=str(exported),
            ckpt_file=str(self.bundle / "models" / "model.pt"),
            meta_file=files["metadata"],
            config_file=files["inference"],
        )
        network, metadata, extra = load_net_with_metadata(str(exported), more_extra_files=("inference.json",))
        (self.work / "inference.json").write_bytes(extra["inference.json"])
        parser = ConfigParser()
        parser.read_meta(f=metadata)
        parser.read_config([str(self.work / "inference.json")])
        parser.parse()
        inferer = parser.get_parsed_content("inferer")
        preprocessing, postprocessing = (self.without_files(parser, f"{name}processing") for name in ("pre", "post"))
        image = nib.load(self.file)
        volume = torch.from_numpy(np.asarray(image.dataobj, dtype=np.float32))
        meta = {"affine": torch.from_numpy(image.affine), "original_affine": image.affine, "space": "RAS"}
        meta |= {"spatial_shape": np.array(volume.shape), "original_channel_dim": "no_channel"}
        with torch.no_grad():
            data = preprocessing({"image": MetaTensor.ensure_torch_and_prune_meta(volume, meta)})
            prediction = ensure_tuple(inferer(inputs=data["image"][None], network=network.eval()))[0]
            mask = postprocessing({"pred": prediction, "image": data["image"]})["pred"]
        self.compare(np.asarray(mask)[0])

    def without_files(self, parser: ConfigParser, name: str) -> Compose:
        compose = parser.get_parsed_content(name)
        files = ("LoadImage", "SaveImage")
        compose.transforms = tuple(t for t in compose.transforms if not any(n in type(t).__name__ for n in files))
        return compose

    def test_label_runs_transforms_one_by_one_and_loads_the_weights_itself(self) -> None:
        parser = self.parser("inference")
        network = parser.get_parsed_content("network_def", instantiate=True)
        network.load_state_dict(torch.load(self.bundle / "models" / "model.pt", weights_only=True), strict=False)
        data: dict[str, Any] = {"image": str(self.file), "device": "cpu"}
        for transform in parser.get_parsed_content("preprocessing").transforms:
            data = transform(data)
        with torch.no_grad():
            data["pred"] = parser.get_parsed_content("inferer")(data["image"][None], network.eval())[0]
        for transform in parser.get_parsed_content("postprocessing").transforms:
            data = transform(data)
        self.compare(np.asarray(data["pred"])[0])
        np.testing.assert_allclose(data["image"].meta["original_affine"], nib.load(self.file).affine)

    def test_monai_bundle_load_gives_the_network_with_its_weights_in_any_folder(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.work)
        network = load(self.bundle.name, bundle_dir=str(self.work), workflow_type="inference", device="cpu")
        parser = self.parser("inference")
        data = parser.get_parsed_content("preprocessing")({"image": str(self.file)})
        with torch.no_grad():
            data["pred"] = parser.get_parsed_content("inferer")(data["image"][None], network.eval())[0]
        mask = parser.get_parsed_content("postprocessing").transforms[0](data)["pred"]
        self.compare(np.asarray(mask)[0])

    def test_federated_client_evaluates_the_weights_that_the_server_sends(self) -> None:
        shutil.copytree(self.work / "data", self.work / "site")
        (self.bundle / "models" / "model.pt").rename(self.work / "weights.pt")  # the server has them
        try:
            client = MonaiAlgo(
                bundle_root=str(self.bundle),
                config_train_filename=None,
                config_evaluate_filename=["configs/train.json", "configs/evaluate.json"],
                eval_kwargs={
                    "dataset_dir": str(self.work / "site"),
                    "output_dir": str(self.work / "federated"),
                    "validate#dataset#data": [
                        {"image": str(self.file), "label": str(self.work / "data" / "labelsTs" / self.file.name)}
                    ],
                },
            )
            client.initialize({ExtraItems.CLIENT_NAME: "site", ExtraItems.APP_ROOT: ""})
            weights = torch.load(self.work / "weights.pt", weights_only=True)
            client.evaluate(ExchangeObject(weights={name: value.numpy() for name, value in weights.items()}))
            client.finalize()
        finally:
            (self.work / "weights.pt").rename(self.bundle / "models" / "model.pt")
        self.compare(self.read(self.work / "federated"))

    def test_workflow_works_without_metadata(self) -> None:
        configs = self.work / "copied"
        configs.mkdir()
        shutil.copy(self.bundle / "configs" / "inference.json", configs)
        self.compare(self.segment(configs, self.work / "no_metadata"))

    @parameterized.expand(
        [
            ({"num_slices": 2}, InputError, "num_slices: expected an odd number"),
            ({"checkpoint": "/no/model.pt"}, InputError, "/no/model.pt does not exist"),
            ({"dataset_dir": "/no/folder"}, InputError, "/no/folder does not exist"),
            ({"dataset#max_voxels": 1}, CasesFailedError, "0 of 1 cases segmented, 1 failed"),
        ]
    )
    def test_errors_are_exceptions_for_a_program(self, wrong: dict, kind: type[Exception], sentence: str) -> None:
        with self.assertRaises(Exception) as raised:
            self.segment(self.bundle / "configs", self.work / "wrong", **wrong)
        cause = root_cause(raised.exception)
        self.assertIsInstance(cause, kind)
        self.assertIn(sentence, str(cause))

    def test_evaluator_whose_weights_nobody_loaded_refuses_to_run(self) -> None:
        for configs, evaluator in ((["inference"], "evaluator"), (["train", "evaluate"], "validate#evaluator")):
            parser = self.parser(*configs)
            parser["dataset_dir"], parser["output_dir"] = str(self.work / "data"), str(self.work / "refused")
            if evaluator == "evaluator":
                parser["load_pretrain"] = False
            else:
                parser["validate#handlers"][0]["_disabled_"] = True
            with self.assertRaises(InputError) as raised:
                parser.get_parsed_content(evaluator).run()
            self.assertRegex(str(raised.exception), "checkpoint: expected trained weights.*nobody loaded any")
        self.assertFalse((self.work / "refused").exists() and any((self.work / "refused").rglob("*.nii.gz")))

    def test_no_mask_counts_as_up_to_date_where_no_file_tells_of_the_weights(self) -> None:
        for from_file in (True, False):
            parser = self.parser("inference")
            parser["load_pretrain"] = from_file
            self.assertEqual(parser.get_parsed_content("records").overwrite, not from_file)

    def test_evaluator_without_the_bundles_handlers_refuses_too(self) -> None:
        slices = torch.rand(2, 3, 32, 32)
        evaluator = CaseEvaluator(torch.device("cpu"), [{"image": slices}], self.network())
        with self.assertRaisesRegex(InputError, "nobody loaded any"):
            evaluator.run()
        evaluator.network.load_state_dict(torch.load(self.bundle / "models" / "model.pt", weights_only=True))
        evaluator.run()
        self.assertEqual(evaluator.failures, {})

    def test_volumes_in_memory_are_segmented_by_the_evaluator(self) -> None:
        image = nib.load(self.file)
        volume = MetaTensor(torch.from_numpy(np.asarray(image.dataobj, dtype=np.float32)), affine=image.affine)
        parser = self.parser("inference")
        parser["output_dir"] = str(self.work / "memory")
        parser["dataset#data"] = [{"image": volume}]
        evaluator = parser.get_parsed_content("evaluator")
        evaluator.run()
        self.assertEqual(evaluator.failures, {})
        self.compare(np.asarray(evaluator.state.output[0]["pred"])[0])


if __name__ == "__main__":
    unittest.main()
