# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The differences on a GPU: kernels, mixed precision, memory that runs out, workers beside it."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from monai.inferers import SlidingWindowInferer

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.losses import UNet3PlusLoss
from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.phantom import write_phantoms
from monai_unet3plus.transforms import logits_to_label_map
from tests.bundle.workflows import inference, run, training

NARROW = {"features": (8, 16, 32, 64, 128), "deep_supervision": True, "classification_guided": True}


def guided_network() -> UNet3Plus:
    """A network of the same random weights each time; every organ is judged present, in about half of the pixels."""
    torch.manual_seed(0)
    network = UNet3Plus(out_channels=2, **NARROW).eval()
    with torch.no_grad():
        network.presence_head.conv.bias[1::2] += 100.0
        network.heads[0].conv.bias -= network(torch.rand(1, 3, 64, 64)).flatten(2).median(dim=2).values[0]
    return network


@unittest.skipUnless(torch.cuda.is_available(), "needs a GPU")
class TestGPU(unittest.TestCase):
    def setUp(self) -> None:
        before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
        self.addCleanup(self._allow_tf32, *before)
        self._allow_tf32(False, False)

    @staticmethod
    def _allow_tf32(cudnn: bool, matmul: bool) -> None:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = cudnn, matmul

    def test_logits_are_those_of_the_cpu(self) -> None:
        for size in ((64, 96), (45, 70), (32, 32, 32)):
            torch.manual_seed(0)
            network = UNet3Plus(spatial_dims=len(size), out_channels=2, features=(8, 16, 32)).eval()
            image = torch.rand(2, 3, *size)
            with torch.inference_mode():
                expected = network(image)
                for on_gpu in (network.cuda(), prepare_for_inference(network)):
                    torch.testing.assert_close(on_gpu(image.cuda()).cpu(), expected, rtol=1e-4, atol=1e-4)

    def test_gradients_are_those_of_the_cpu(self) -> None:
        masks = torch.zeros(2, 2, 176, 176, dtype=torch.float64)
        masks[0, 0, 20:90, 30:100] = masks[1, 1, 60:120, 60:120] = 1
        found = []
        for device in ("cpu", "cuda"):
            torch.manual_seed(0)
            # in double precision: in single, where pixels are the same to rounding, pooling picks one or another
            network = UNet3Plus(out_channels=2, **NARROW).double().to(device).train()
            network.presence_head.eval()  # its dropout draws other numbers on another device
            image = torch.rand(2, 3, 176, 176, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
            UNet3PlusLoss()(network(image.to(device)), masks.to(device)).backward()
            found.append({name: parameter.grad.cpu() for name, parameter in network.named_parameters()})
        for name, expected in found[0].items():
            tolerance = 1e-6 * float(expected.abs().max()) + 1e-9
            torch.testing.assert_close(found[1][name], expected, rtol=0.0, atol=tolerance, msg=name)

    def test_mixed_precision_trains_with_finite_losses(self) -> None:
        for dtype in (torch.float16, torch.bfloat16):
            torch.manual_seed(0)
            network = UNet3Plus(out_channels=2, **NARROW).cuda().train()
            optimizer, scaler = torch.optim.AdamW(network.parameters(), 1e-3), torch.amp.GradScaler("cuda")
            image = torch.rand(2, 3, 176, 176, device="cuda")
            masks = torch.stack([image[:, 1] > 0.5, image[:, 1] > 0.8], dim=1).float()
            losses = []
            for _ in range(30):
                optimizer.zero_grad()
                with torch.autocast("cuda", dtype):
                    loss = UNet3PlusLoss()(network(image), masks)
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                losses.append(loss.item())
            self.assertTrue(np.isfinite(losses).all(), losses)
            self.assertLess(losses[-1], 0.8 * losses[0])
            self.assertGreater(scaler.get_scale(), 1.0)

    def test_label_map_is_that_of_the_cpu(self) -> None:
        volume = torch.rand(1, 1, 96, 80, 7, generator=torch.Generator().manual_seed(0))
        maps = []
        for device in ("cpu", "cuda"):
            network = prepare_for_inference(guided_network().to(device))
            windows = SlidingWindowInferer((64, 64), sw_batch_size=3, overlap=0.25, mode="gaussian")
            inferer = AdjacentSliceInferer(windows, slice_batch_size=3, postprocess=logits_to_label_map)
            with torch.inference_mode():
                maps.append(inferer(volume.to(device), network).cpu())
        self.assertGreater(len(maps[0].unique()), 1)
        self.assertLess((maps[0] != maps[1]).float().mean(), 1e-3)

    def test_cuda_graphs_give_the_logits_of_the_eager_network(self) -> None:
        images = torch.rand(6, 3, 64, 64, device="cuda")
        for dtype, tolerance in ((None, 1e-4), (torch.bfloat16, 0.05)):
            eager, compiled = (
                prepare_for_inference(guided_network().cuda(), dtype, compile) for compile in (False, True)
            )
            with torch.inference_mode():
                expected = torch.cat([eager.decode(eager.encode(pair)) for pair in images.split(2)])
                for _ in range(4):  # PyTorch warms up, records and replays; results must outlive the next call
                    maps = [compiled.encode(pair) for pair in images.split(2)]
                    found = torch.cat([compiled.decode(encoded) for encoded in maps])
                    torch.testing.assert_close(
                        found, expected, rtol=tolerance, atol=tolerance * float(expected.abs().max())
                    )
            self.assertEqual(compiled.compile_failures, [])

    def test_compiled_network_makes_the_label_map_of_the_eager_one(self) -> None:
        volume = torch.rand(1, 1, 96, 80, 7, generator=torch.Generator().manual_seed(0)).cuda()
        maps = []
        for compiled in (False, True):
            network = prepare_for_inference(guided_network().cuda(), compile=compiled)
            windows = SlidingWindowInferer((64, 64), sw_batch_size=3, overlap=0.25, mode="gaussian")
            inferer = AdjacentSliceInferer(windows, slice_batch_size=3, postprocess=logits_to_label_map)
            with torch.inference_mode():
                maps.append(inferer(volume, network))
            self.assertEqual(getattr(network, "compile_failures", []), [])
        self.assertLess((maps[0] != maps[1]).float().mean(), 1e-3)

    def test_slices_that_do_not_fit_into_memory_are_halved(self) -> None:
        network, volume = guided_network().cuda(), torch.rand(1, 1, 256, 256, 64, device="cuda")
        total = torch.cuda.get_device_properties(0).total_memory
        self.addCleanup(torch.cuda.set_per_process_memory_fraction, 1.0)
        with torch.inference_mode():
            expected = AdjacentSliceInferer(slice_batch_size=4)(volume, network)
            torch.cuda.empty_cache()
            torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 2**29) / total)
            with self.assertLogs("monai_unet3plus.inferers", "WARNING") as log:
                found = AdjacentSliceInferer(slice_batch_size=64)(volume, network)
        self.assertIn("going on with", log.output[0])
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)

    def test_bundle_trains_and_segments(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            write_phantoms(
                work / "data", cases=3, seed=0, test_cases=1, pixel_size=(3.0, 3.0), slice_thickness=(10.0, 10.0)
            )
            settings = {"device": "cuda", "num_workers": 1}
            run(training(work / "data", work / "out", epochs=2, crop_size=[176, 176], **settings))
            weights = str(work / "out" / "models" / "model_last.pt")
            saved = torch.load(weights, weights_only=True)
            self.assertEqual({tensor.device.type for tensor in saved.values()}, {"cpu"})
            masks = {}
            for device in ("cuda", "cpu"):
                options = {**settings, "device": device, "checkpoint": weights, "bfloat16": False, "amp": False}
                run(inference(work / "data" / "imagesTs", work / device, **options))
                (file,) = (work / device).rglob("*_seg.nii.gz")
                masks[device] = np.asarray(nib.Nifti1Image.from_filename(file).dataobj)
            self.assertLess(np.mean(masks["cuda"] != masks["cpu"]), 1e-3)


if __name__ == "__main__":
    unittest.main()
