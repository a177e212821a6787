# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests that the bundle's loaders work with workers of every start method."""

from __future__ import annotations

import pickle
import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
from parameterized import parameterized

from tests.bundle.workflows import inference, run, training
from tests.data_sets import write_boxes


class TestWorkers(unittest.TestCase):
    def test_masks_are_the_same_with_a_worker_that_is_not_forked(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            work, masks = Path(name), []
            write_boxes(work / "data", cases=0, test_cases=1)
            for workers in ({}, {"num_workers": 1, "dataloader#multiprocessing_context": "forkserver"}):
                run(inference(work / "data", work / str(len(workers)), **workers))
                masks.append(np.asarray(nib.load(work / str(len(workers)) / "box_0_seg.nii.gz").dataobj))
        np.testing.assert_array_equal(*masks)

    @parameterized.expand([["train"], ["train", "synthesis"], ["train", "evaluate"]])
    def test_training_and_evaluation_go_to_such_a_worker_too(self, *configs: str) -> None:
        workflow = training(Path("data"), Path("out"), *configs[1:])
        for phase in ("train", "validate"):
            preprocessing = workflow.parser.get_parsed_content(f"{phase}#preprocessing")
            self.assertEqual(len(pickle.loads(pickle.dumps(preprocessing))), len(preprocessing))


if __name__ == "__main__":
    unittest.main()
