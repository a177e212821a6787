# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np

from monai_unet3plus.experiments import check_labels


def save(file: Path, start: int) -> str:
    """A label map with the spleen, 2, in a box."""
    array = np.zeros((16, 16, 8), np.uint8)
    array[start : start + 8, 4:12, 2:6] = 2
    file.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, np.eye(4)), file)
    return str(file)


class TestCheckLabels(unittest.TestCase):
    def test_volume_is_judged_where_the_spacing_is_known(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            label = save(Path(folder) / "label.nii.gz", 4)
            known, unknown = {"label": label}, {"label": label, "spacing_known": False}
            (doubt,) = check_labels._find_doubts(known, Path(label), 2, 0.8, [1.0, 2.0])
            self.assertEqual(doubt, "0 ml, outside 1 to 2 ml")
            self.assertEqual(check_labels._find_doubts(unknown, Path(label), 2, 0.8, [1.0, 2.0]), [])

    def test_labels_that_the_folds_network_does_not_confirm_are_dropped(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            cases = []
            for name, predicted in (("a", 4), ("b", 8), ("c", None)):  # confirmed, half of it elsewhere, fold not done
                label = save(root / f"data/{name}/label.nii.gz", 4)
                if predicted is not None:
                    save(root / f"work/fold_0/evaluation/{name}/image_seg.nii.gz", predicted)
                case = {"image": str(root / f"data/{name}/image.nii.gz"), "label": label, "fold": 0, "source": "s"}
                cases.append({**case, "annotated": ["liver", "spleen"]})
            (root / "list.json").write_text(json.dumps({"training": cases}))
            command = ["x", "--datalist_file", str(root / "list.json"), "--work_dir", str(root / "work")]
            command += ["--organ", "spleen", "--output", str(root / "new.json")]
            with mock.patch("sys.argv", command), self.assertLogs(check_labels.logger, "INFO") as log:
                check_labels.main()
            listed = json.loads((root / "new.json").read_text())["training"]
        self.assertEqual([case["annotated"][1:] for case in listed], [["spleen"], [], ["spleen"]])
        self.assertIn("b/label.nii.gz: Dice with the network's mask is 0.50", log.output[0])
        self.assertIn("1 confirmed, 1 dropped, 1 not judged", log.output[1])


if __name__ == "__main__":
    unittest.main()
