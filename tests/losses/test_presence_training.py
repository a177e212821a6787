# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import nibabel as nib
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from monai_unet3plus.losses import UNet3PlusLoss
from monai_unet3plus.networks.blocks import is_present
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.phantom import make_phantom

SIZE, BATCH, STEPS = 112, 8, 200
TRAINING, UNSEEN = range(8), range(8, 12)


def slices_of(cases: range) -> tuple[torch.Tensor, torch.Tensor]:
    """All slices of very coarse phantoms, each with its neighbours ``(N, 3, SIZE, SIZE)``, and the liver's masks."""
    images, masks = [], []
    for case in cases:
        phantom = make_phantom(11, case, pixel_size=(5, 5), slice_thickness=(6, 6))
        for array, collected in ((phantom.image, images), (phantom.label == 1, masks)):
            volume = nib.as_closest_canonical(nib.Nifti1Image(array.astype(np.int16), phantom.affine))
            planes = torch.from_numpy(np.asarray(volume.dataobj, dtype=np.float32)).permute(2, 0, 1)
            collected.append(F.pad(planes, (0, SIZE - planes.shape[2], 0, SIZE - planes.shape[1])))
        image, places = ((images[-1] + 200) / 450).clamp(0, 1), torch.arange(len(images[-1]))
        images[-1] = torch.stack([image[(places + step).clamp(0, len(image) - 1)] for step in (-1, 0, 1)], dim=1)
    return torch.cat(images), torch.cat(masks)[:, None]


def slices_with_voxels(logits: torch.Tensor) -> int:
    return int((logits > 0).flatten(1).any(dim=1).sum())


@pytest.mark.slow
class TestPresenceTraining(unittest.TestCase):
    def test_classifier_learns_and_its_gate_removes_false_positives(self) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(features=(4, 8, 16, 32, 64), deep_supervision=True, classification_guided=True)
        optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        # The slices are too small for MS-SSIM; an IoU that hardly minds voxels in organ-free slices leaves some
        loss = UNet3PlusLoss(lambda_ms_ssim=0, iou_smooth=1e3)
        images, masks = slices_of(TRAINING)
        unseen, truth = slices_of(UNSEEN)
        truly = truth.flatten(1).any(dim=1)
        gated = ungated = 0
        for step in range(1, STEPS + 1):
            chosen = torch.randint(len(images), (BATCH,))
            network.train()
            optimizer.zero_grad()
            loss(network(images[chosen]), masks[chosen]).backward()
            optimizer.step()
            network.eval()
            if step >= STEPS // 2 and step % 10 == 0:  # a single moment of so short a training says little
                with torch.no_grad():
                    gated += slices_with_voxels(network(unseen[~truly]))
                    ungated += slices_with_voxels(network.decode(network.encode(unseen[~truly])))

        with torch.no_grad():
            present = is_present(network.presence_logits(unseen))[:, 0]
            mask = network(unseen) > 0
        accuracy = [float((present[truly == side] == side).float().mean()) for side in (True, False)]
        self.assertGreater(sum(accuracy) / 2, 0.75, "balanced accuracy; 0.5 is chance")
        self.assertLess(gated, ungated, "organ-free slices with a predicted voxel, with and without the gate")
        self.assertGreater(2 * (mask & (truth > 0)).sum() / (mask.sum() + truth.sum()), 0.5, "the gate leaves organs")


if __name__ == "__main__":
    unittest.main()
