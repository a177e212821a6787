# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

from monai_unet3plus.engines import CaseResult
from monai_unet3plus.handlers import QualityFlags


class TestQualityFlags(unittest.TestCase):
    def test_masks_of_an_earlier_run_are_flagged_by_the_range_of_this_one(self) -> None:
        facts = {"volume_ml": 900.0, "components": 1, "borders": ["head"], "uncertain_slices": 0, "flags": ["of then"]}
        results = [CaseResult("a", status, organs={"liver": dict(facts)}) for status in ("unchanged", "segmented")]
        QualityFlags(["liver"], {"liver": (1000, 2000)}).flag_earlier(mock.Mock(results=results))
        earlier, new = (result.organs["liver"]["flags"] for result in results)
        self.assertEqual(earlier, ["900 ml, outside 1000 to 2000 ml", "touches the image's border (head)"])
        self.assertEqual(new, ["of then"])


if __name__ == "__main__":
    unittest.main()
