# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import torch
from monai.data import MetaTensor, decollate_batch, list_data_collate
from monai.inferers import SlidingWindowInferer
from monai.transforms import Compose, EnsureChannelFirstd, Flipd, Invertd, LoadImaged, Orientationd
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer, adjacent_slice
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import CheckGridd, logits_to_label_map
from monai_unet3plus.utils.progress import Progress

BATCH, SIZE = 2, (5, 6, 7)
CASES = [
    (f"{num_slices}_slices_dim{dim}_batches_of_{batch}", num_slices, dim, batch)
    for num_slices in (1, 3, 5)
    for dim in (0, 1, 2)
    for batch in (1, 3, 10)
]


def network_of(num_slices: int, kernel_size: int = 3, out_channels: int = 2) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Conv2d(num_slices, out_channels, kernel_size, padding="same").eval().requires_grad_(False)


def volumes_of(size: tuple[int, ...] = SIZE, batch: int = BATCH) -> torch.Tensor:
    return torch.rand(batch, 1, *size, generator=torch.Generator().manual_seed(1))


def slice_by_slice(volumes: torch.Tensor, network: Callable, num_slices: int, dim: int = 2) -> torch.Tensor:
    """The inferer's result, stated as a loop over volumes and slices."""
    results = []
    for volume in volumes:
        depth = volume.shape[dim + 1]
        outputs = []
        for z in range(depth):
            neighbours = [min(max(z + offset - num_slices // 2, 0), depth - 1) for offset in range(num_slices)]
            image = torch.stack([volume[0].select(dim, neighbour) for neighbour in neighbours])
            outputs.append(network(image[None])[0])
        results.append(torch.stack(outputs, dim=dim + 1))
    return torch.stack(results)


class TestAdjacentSliceInferer(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_equals_a_loop_over_slices(self, _: str, num_slices: int, dim: int, batch: int) -> None:
        volumes, network = volumes_of(), network_of(num_slices)
        out = AdjacentSliceInferer(num_slices=num_slices, spatial_dim=dim, slice_batch_size=batch)(volumes, network)
        expected = slice_by_slice(volumes, network, num_slices, dim)
        self.assertEqual(out.shape, expected.shape)
        torch.testing.assert_close(out, expected)

    @parameterized.expand([(1,), (3,), (5,)])
    def test_single_slice_is_its_own_neighbour(self, num_slices: int) -> None:
        volumes, network = volumes_of((5, 6, 1)), network_of(num_slices)
        out = AdjacentSliceInferer(num_slices=num_slices)(volumes, network)
        self.assertEqual(tuple(out.shape), (BATCH, 2, 5, 6, 1))
        torch.testing.assert_close(out[..., 0], network(volumes[:, 0, ..., 0][:, None].repeat(1, num_slices, 1, 1)))

    def test_channels_are_lower_neighbour_slice_upper_neighbour(self) -> None:
        volumes = volumes_of()
        out = AdjacentSliceInferer()(volumes, torch.nn.Identity())
        self.assertTrue(torch.equal(out[:, 1], volumes[:, 0]))
        self.assertTrue(torch.equal(out[:, 0, ..., 1:], volumes[:, 0, ..., :-1]))
        self.assertTrue(torch.equal(out[:, 2, ..., :-1], volumes[:, 0, ..., 1:]))
        self.assertTrue(torch.equal(out[:, 0, ..., 0], volumes[:, 0, ..., 0]))
        self.assertTrue(torch.equal(out[:, 2, ..., -1], volumes[:, 0, ..., -1]))

    @parameterized.expand([(1, (8, 8)), (3, (4, 4)), (3, (8, 4)), (10, (4, 3))])
    def test_inner_sliding_windows_work_on_slices_of_any_size(self, batch: int, window: tuple[int, int]) -> None:
        """A network that looks at single pixels gives one answer, however the slices are cut."""
        volumes, network = volumes_of(), network_of(3, kernel_size=1)
        inner = SlidingWindowInferer(window, sw_batch_size=2, overlap=0.5, mode="gaussian")
        out = AdjacentSliceInferer(inner, slice_batch_size=batch)(volumes, network)
        torch.testing.assert_close(out, slice_by_slice(volumes, network, 3))

    def test_further_arguments_reach_the_network(self) -> None:
        def network(x: torch.Tensor, add: float, times: float = 1) -> torch.Tensor:
            return x[:, 1:2] * times + add

        volumes = volumes_of()
        torch.testing.assert_close(AdjacentSliceInferer()(volumes, network, 2.0, times=3.0), volumes * 3 + 2)

    def test_input_is_left_as_it_was(self) -> None:
        volumes = volumes_of()
        before = volumes.clone()
        AdjacentSliceInferer(inferer=lambda x, network: x.mul_(2))(volumes, torch.nn.Identity())
        self.assertTrue(torch.equal(volumes, before))

    @parameterized.expand([(True,), (False,)])
    def test_progress_counts_slices(self, progress: bool) -> None:
        with mock.patch.object(adjacent_slice, "Progress", wraps=Progress) as shown:
            with mock.patch.object(Progress, "update") as update:
                AdjacentSliceInferer(progress=progress, slice_batch_size=3)(volumes_of(), network_of(3))
        shown.assert_called_once_with(14, "slices", disable=not progress)
        self.assertEqual([call.args[0] for call in update.call_args_list], [3, 3, 1] * 2)


class TestPostprocess(unittest.TestCase):
    @parameterized.expand([(1,), (3,), (10,)])
    def test_is_applied_batch_by_batch_and_its_dtype_kept(self, batch: int) -> None:
        volumes, network = volumes_of(), network_of(3, out_channels=4)
        shapes: list[tuple[int, ...]] = []

        def postprocess(logits: torch.Tensor) -> torch.Tensor:
            shapes.append(tuple(logits.shape))
            return logits_to_label_map(logits)

        out = AdjacentSliceInferer(slice_batch_size=batch, postprocess=postprocess)(volumes, network)
        self.assertEqual(out.dtype, torch.uint8)
        self.assertEqual(tuple(out.shape), (BATCH, 1, *SIZE))
        expected = slice_by_slice(volumes, lambda x: logits_to_label_map(network(x)), 3)
        self.assertTrue(torch.equal(out, expected))
        counts = [min(batch, SIZE[2] - start) for start in range(0, SIZE[2], batch)] * BATCH
        self.assertEqual(shapes, [(count, 4, *SIZE[:2]) for count in counts])

    def test_no_tensor_is_larger_than_a_batch_of_slices_or_the_mask(self) -> None:
        volumes, network = volumes_of((8, 8, 40), batch=1), network_of(3, out_channels=4)
        sizes: list[int] = []

        class Spy(torch.utils._python_dispatch.TorchDispatchMode):
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                result = func(*args, **(kwargs or {}))
                tensors = [t for t in torch.utils._pytree.tree_leaves(result) if isinstance(t, torch.Tensor)]
                storages = [t.untyped_storage() for t in tensors]
                sizes.extend(s.nbytes() for s in storages if s.data_ptr() != volumes.data_ptr())
                return result

        with Spy():
            AdjacentSliceInferer(slice_batch_size=2, postprocess=logits_to_label_map)(volumes, network)
        mask, batch_of_logits = 8 * 8 * 40, 2 * 4 * 8 * 8 * 8  # the largest of a batch are int64 indices of organs
        self.assertLessEqual(max(sizes), max(mask, batch_of_logits))


class TestMetaData(unittest.TestCase):
    def batch_of(self) -> MetaTensor:
        items = []
        for number, volume in enumerate(volumes_of()):
            affine = torch.diag(torch.tensor([0.7, 0.8, 5.0 + number, 1.0]))
            image = MetaTensor(volume, affine=affine, meta={"filename_or_obj": f"{number}.nii.gz"})
            items.append(Flipd("image", spatial_axis=0)({"image": image}))
        return list_data_collate(items)["image"]

    @parameterized.expand([("logits", None), ("label_map", logits_to_label_map)])
    def test_meta_tensor_gives_meta_tensor_with_its_meta(self, _: str, postprocess: Callable | None) -> None:
        volumes = self.batch_of()
        out = AdjacentSliceInferer(postprocess=postprocess)(volumes, network_of(3))
        self.assertIsInstance(out, MetaTensor)
        for item, original in zip(decollate_batch(out), decollate_batch(volumes)):
            self.assertTrue(torch.equal(item.affine, original.affine))
            self.assertEqual(item.meta["filename_or_obj"], original.meta["filename_or_obj"])
            self.assertEqual(len(item.applied_operations), 1)
            self.assertEqual(item.applied_operations[0]["class"], "Flip")

    def test_values_are_those_of_a_plain_tensor(self) -> None:
        volumes = self.batch_of()
        out = AdjacentSliceInferer()(volumes, network_of(3))
        plain = AdjacentSliceInferer()(volumes.as_tensor(), network_of(3))
        self.assertIs(type(plain), torch.Tensor)
        self.assertTrue(torch.equal(out.as_tensor(), plain))

    def test_inverting_the_output_leaves_the_inputs_history_alone(self) -> None:
        volume = decollate_batch(self.batch_of())[0][None]
        out = AdjacentSliceInferer()(volume, network_of(3))
        out.applied_operations.clear()
        out.meta["filename_or_obj"] = "other"
        self.assertEqual(len(volume.applied_operations), 1)
        self.assertEqual(volume.meta["filename_or_obj"], "0.nii.gz")

    def test_inverted_mask_has_shape_affine_and_content_of_a_file_in_another_orientation(self) -> None:
        """In a PIR file the second axis points to the feet, so the neighbour towards the feet has a larger index."""
        array = np.random.RandomState(0).rand(5, 4, 6).astype(np.float32)
        affine = np.array([[0, 0, 0.8, 3], [-0.7, 0, 0, 4], [0, -5.0, 0, 5], [0, 0, 0, 1]])
        self.assertEqual("".join(nib.aff2axcodes(affine)), "PIR")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "ct.nii.gz"
            nib.save(nib.Nifti1Image(array, affine), file)
            preprocessing = Compose(
                [
                    LoadImaged("image"),
                    EnsureChannelFirstd("image", channel_dim="no_channel"),
                    Orientationd("image", axcodes="RAS", labels=None),
                ]
            )
            batch = list_data_collate([preprocessing({"image": file})])

        inferer = AdjacentSliceInferer(postprocess=lambda logits: (logits > 0).to(torch.uint8))
        batch["pred"] = inferer(batch["image"], lambda x: x[:, :2] - 0.5)  # the neighbour below, the slice itself
        (item,) = decollate_batch(batch)
        pred = CheckGridd("pred")(Invertd("pred", preprocessing, "image", nearest_interp=True)(item))["pred"]

        self.assertEqual(tuple(pred.shape), (2, 5, 4, 6))
        np.testing.assert_allclose(pred.affine, affine)
        np.testing.assert_array_equal(pred[1], array > 0.5)
        below = np.concatenate([array[:, 1:], array[:, -1:]], axis=1)
        np.testing.assert_array_equal(pred[0], below > 0.5)


class TestWrongUse(unittest.TestCase):
    @parameterized.expand([((1, 5, 6, 7),), ((5, 6, 7),), ((2, 3, 5, 6, 7),), ((1, 1, 2, 5, 6, 7),)])
    def test_input_that_is_no_batch_of_volumes_raises(self, shape: tuple[int, ...]) -> None:
        with self.assertRaises(ValueError) as raised:
            AdjacentSliceInferer()(torch.zeros(shape), torch.nn.Identity())
        self.assertIn(str(shape), str(raised.exception))

    def test_volume_without_slices_raises(self) -> None:
        with self.assertRaisesRegex(ValueError, "at least one slice"):
            AdjacentSliceInferer()(torch.zeros(1, 1, 5, 6, 0), torch.nn.Identity())

    @parameterized.expand([("whole_slices", None), ("windows", SlidingWindowInferer((16, 16)))])
    def test_network_in_training_mode_that_returns_a_list_raises(self, _: str, inner: Callable | None) -> None:
        network = UNet3Plus(features=(2, 4, 8), deep_supervision=True).train()
        with self.assertRaisesRegex(TypeError, "evaluation mode"):
            AdjacentSliceInferer(inner)(torch.rand(1, 1, 16, 16, 2), network)

    @parameterized.expand(
        [
            ("num_slices", {"num_slices": 2}),
            ("num_slices", {"num_slices": 0}),
            ("spatial_dim", {"spatial_dim": 3}),
            ("spatial_dim", {"spatial_dim": -1}),
            ("slice_batch_size", {"slice_batch_size": 0}),
            ("pixel_size", {"pixel_size": 0}),
        ]
    )
    def test_bad_arguments_raise_and_are_named(self, name: str, kwargs: dict[str, int]) -> None:
        with self.assertRaisesRegex(ValueError, f"`{name}`.*got {kwargs[name]}"):
            AdjacentSliceInferer(**kwargs)

    def test_presence_of_a_network_without_classifier_raises(self) -> None:
        network = UNet3Plus(features=(2, 4, 8)).eval()
        with self.assertRaisesRegex(ValueError, "return_presence.*classification_guided=True"):
            AdjacentSliceInferer(return_presence=True)(torch.rand(1, 1, 16, 16, 2), network)


class TestPixelSize(unittest.TestCase):
    AFFINE = torch.diag(torch.tensor([-0.5, 0.8, 5.0, 1.0], dtype=torch.float64))

    @parameterized.expand([(0, (30, 36)), (1, (12, 36)), (2, (12, 30))])
    def test_network_sees_pixels_of_that_size_and_the_output_has_the_volumes_own(self, dim: int, seen: tuple) -> None:
        volume = MetaTensor(torch.rand(1, 1, 24, 20, 9), affine=torch.diag(torch.tensor([1.0, 3.0, 8.0, 1.0])))
        sizes = []

        def network(slabs: torch.Tensor) -> torch.Tensor:
            sizes.append(tuple(slabs.shape[2:]))
            return slabs[:, 1:2]

        out = AdjacentSliceInferer(spatial_dim=dim, pixel_size=2.0)(volume, network)
        self.assertEqual(set(sizes), {seen})
        self.assertEqual(out.shape, volume.shape)
        self.assertTrue(torch.equal(out.affine, volume.affine))

    def test_each_volume_of_a_batch_has_its_own_grid(self) -> None:
        affines = torch.stack([torch.diag(torch.tensor([size, size, 8.0, 1.0])) for size in (1.0, 3.0)])
        sizes = []

        def network(slabs: torch.Tensor) -> torch.Tensor:
            sizes.append(tuple(slabs.shape[2:]))
            return slabs[:, 1:2]

        AdjacentSliceInferer(pixel_size=2.0)(MetaTensor(torch.rand(2, 1, 8, 6, 1), affine=affines), network)
        self.assertEqual(sizes, [(4, 3), (12, 9)])

    def test_logits_lie_where_the_slice_lies(self) -> None:
        """A network that returns its input: the result is the volume, smoother, and not shifted."""
        rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(30.0), indexing="ij")
        blob = torch.exp(-((rows - 25) ** 2 + (columns - 11) ** 2) / 60)
        volume = MetaTensor(blob[None, None, ..., None].repeat(1, 1, 1, 1, 2), affine=self.AFFINE)
        out = AdjacentSliceInferer(pixel_size=2.0)(volume, lambda slabs: slabs[:, 1:2])
        weights = out.as_tensor()[0, 0, ..., 0]
        self.assertAlmostEqual(float((weights * rows).sum() / weights.sum()), 25, delta=0.3)
        self.assertAlmostEqual(float((weights * columns).sum() / weights.sum()), 11, delta=0.3)
        self.assertLess(float((weights - blob).abs().max()), 0.15)

    def test_a_pixel_size_that_the_volume_has_changes_nothing(self) -> None:
        volume = MetaTensor(volumes_of(), affine=torch.diag(torch.tensor([1.5, 1.5, 5.0, 1.0])))
        out, same = (AdjacentSliceInferer(pixel_size=size)(volume, network_of(3)) for size in (None, 1.5))
        torch.testing.assert_close(out.as_tensor(), same.as_tensor(), rtol=0, atol=0)

    def test_needs_a_spacing(self) -> None:
        with self.assertRaisesRegex(TypeError, "pixel_size needs a MetaTensor"):
            AdjacentSliceInferer(pixel_size=2.0)(volumes_of(), network_of(3))


if __name__ == "__main__":
    unittest.main()
