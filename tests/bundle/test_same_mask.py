# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
import torch

from tests.bundle.workflows import inference, run, write_checkpoint
from tests.data_sets import write_boxes

MAX_TIES = 1e-3  # of all voxels: between two organs, or an organ and the background, to the last digit


class TestSameMask(unittest.TestCase):
    def test_however_many_slices_windows_threads_and_workers(self) -> None:
        self.addCleanup(torch.set_num_threads, torch.get_num_threads())
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            write_boxes(work / "data", cases=0, test_cases=2)
            options = {"checkpoint": str(write_checkpoint(work, 2)), "organs": {"liver": 1, "spleen": 2}}
            masks = []
            for number, (threads, split) in enumerate(
                [
                    (1, {}),
                    (1, {"sw_batch_size": 1}),
                    (2, {"slice_batch_size": 4, "sw_batch_size": 7}),
                    (1, {"num_workers": 2}),
                ]
            ):
                torch.set_num_threads(threads)
                out = work / str(number)
                run(inference(work / "data", out, **options, **split))
                masks.append([np.asarray(nib.load(path).dataobj) for path in sorted(out.glob("*.nii.gz"))])
        expected = np.stack(masks[0])
        self.assertEqual((len(expected), set(np.unique(expected))), (2, {0, 1, 2}))  # else it would mean nothing
        for found in masks[1:]:
            self.assertLess((np.stack(found) != expected).mean(), MAX_TIES)


if __name__ == "__main__":
    unittest.main()
