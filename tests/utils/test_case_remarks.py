# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
import unittest

from monai_unet3plus.utils.case_remarks import add_remark


class TestAddRemark(unittest.TestCase):
    def test_remark_is_logged_and_put_into_an_item_that_has_a_list_of_them(self) -> None:
        for item, expected in (({"remarks": ["a"]}, {"remarks": ["a", "50 % odd"]}), ({}, {})):
            with self.assertLogs("some.module", "WARNING") as logged:
                add_remark(item, logging.getLogger("some.module"), "50 % odd")
            self.assertEqual(item, expected)
            self.assertEqual(logged.records[0].getMessage(), "50 % odd")


if __name__ == "__main__":
    unittest.main()
