# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np
import torch
from ignite.engine import Engine
from monai.data import MetaTensor

from monai_unet3plus.handlers import PresenceVerdicts


class TestPresenceVerdicts(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = Engine(lambda engine, batch: None)

    def test_mask_and_margins_get_keys_of_their_own(self) -> None:
        image, mask, margins = MetaTensor(torch.rand(1, 1, 4, 4, 3)), torch.ones(1, 1, 4, 4, 3), torch.rand(1, 2, 3)
        self.engine.state.output = {"image": image, "pred": (mask, margins)}
        PresenceVerdicts()(self.engine)
        self.assertIs(self.engine.state.output["pred"], mask)
        self.assertIs(self.engine.state.output["presence"], margins)

    def test_output_without_verdicts_stays_as_it_is(self) -> None:
        output = {"image": torch.rand(1, 1, 4, 4, 3), "pred": torch.ones(1, 1, 4, 4, 3)}
        self.engine.state.output = dict(output)
        PresenceVerdicts()(self.engine)
        self.assertEqual(list(self.engine.state.output), ["image", "pred"])

    def test_slices_from_head_to_feet_are_refused(self) -> None:
        image = MetaTensor(torch.rand(1, 4, 4, 3), affine=np.diag([1.0, 1.0, -5.0, 1.0]))
        batch = MetaTensor(image[None], affine=image.affine[None])
        self.engine.state.output = {"image": batch, "pred": (torch.ones(1), torch.ones(1))}
        with self.assertRaisesRegex(ValueError, "feet to head.*RAI"):
            PresenceVerdicts()(self.engine)


if __name__ == "__main__":
    unittest.main()
