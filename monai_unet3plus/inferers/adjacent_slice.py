# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference of a 2D network over a volume, slice by slice with neighbouring slices as channels."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from monai.data.meta_obj import get_track_meta
from monai.data.meta_tensor import MetaTensor
from monai.data.utils import affine_to_spacing
from monai.inferers import Inferer, SimpleInferer
from monai.utils import convert_to_dst_type
from torch.nn.parallel import DistributedDataParallel

from ..networks.blocks import ABSENT_LOGIT
from ..transforms.plane import plane_size, resample_plane
from ..utils.errors import InputError
from ..utils.progress import Progress
from .air import SkipAir
from .padding import PadWindows
from .presence_first import PresenceFirst
from .slice_stack import SliceStack

__all__ = ["AdjacentSliceInferer"]

logger = logging.getLogger(__name__)


class AdjacentSliceInferer(Inferer):
    """
    Run a 2D network over a volume slice by slice, each slice together with its neighbours as channels.

    The neighbours are gathered batch by batch, so that the volume is never copied whole; beyond the first and the
    last slice these are repeated. A network with a classification-guided module (``classification_guided``, as
    :py:class:`monai_unet3plus.networks.nets.UNet3Plus` has it) is asked first whether a slice holds an organ at all,
    see :py:class:`monai_unet3plus.inferers.presence_first.PresenceFirst`. Slices without any organ are not decoded.

    Where a GPU has not enough memory for ``slice_batch_size`` slices, half as many are tried, and so on.

    Args:
        inferer: 2D inferer that gets each batch of slices, for instance
            ``SlidingWindowInferer(roi_size=(320, 320), mode="gaussian")``. Defaults to ``SimpleInferer()``,
            whole slices.
        num_slices: number of neighbouring slices that make up the channels, odd. Defaults to 3.
        spatial_dim: spatial axis along which the slices are stacked. Defaults to 2, the last one.
        slice_batch_size: number of slices that are handed to ``inferer`` at once. Defaults to 1.
        postprocess: applied to the logits of each batch of slices, ``(N, out_channels, H, W)``, before they are stored;
            one that makes a label map ``(N, 1, H, W)`` saves memory. Defaults to None, which keeps all logits.
        return_presence: whether to return the presence margins besides. Defaults to False.
        progress: whether to show progress, see :py:class:`monai_unet3plus.utils.progress.Progress`. Defaults to False.
        air_threshold: windows in which no value exceeds it are air: the network is not asked, their logits are -30.
            Of a CT windowed to 0..1, 0 means that no voxel is above the lower end. Defaults to None, which asks always.
        pixel_size: in mm; slices are resampled to it before they enter ``inferer``, and their logits are brought back
            to the volume's own grid before ``postprocess``. It needs a MetaTensor, which knows its spacing. Defaults to
            None: slices as they are.
        presence_gate: whether slices that the network's classifier judges organ-free get no organ. Defaults to True;
            False shows the decoder's own masks, to measure the classifier by.
        crop_to_body: whether a network with a classifier decodes only the box around pixels above ``air_threshold``,
            with a margin of air; organs outside are absent. The classifier sees whole windows all the same. Defaults
            to False.

    Windows whose sides are no multiples of the network's ``reduction`` are padded for the network, with 0 at their end.

    Raises:
        ValueError: When ``num_slices`` is not odd and positive, ``spatial_dim`` is not 0, 1 or 2, or
            ``slice_batch_size`` or ``pixel_size`` is not positive.
    """

    def __init__(
        self,
        inferer: Callable[..., Any] | None = None,
        num_slices: int = 3,
        spatial_dim: int = 2,
        slice_batch_size: int = 1,
        postprocess: Callable[[torch.Tensor], torch.Tensor] | None = None,
        return_presence: bool = False,
        progress: bool = False,
        air_threshold: float | None = None,
        pixel_size: float | None = None,
        presence_gate: bool = True,
        crop_to_body: bool = False,
    ) -> None:
        super().__init__()
        if num_slices < 1 or num_slices % 2 == 0:
            raise ValueError(f"Expected argument `num_slices` to be odd and positive, but got {num_slices}.")
        if spatial_dim not in (0, 1, 2):
            raise ValueError(f"Expected argument `spatial_dim` to be 0, 1 or 2, but got {spatial_dim}.")
        if slice_batch_size < 1:
            raise ValueError(f"Expected argument `slice_batch_size` to be positive, but got {slice_batch_size}.")
        if pixel_size is not None and pixel_size <= 0:
            raise ValueError(f"Expected argument `pixel_size` to be positive, in mm, but got {pixel_size}.")
        self.inferer = SimpleInferer() if inferer is None else inferer
        self.num_slices = num_slices
        self.spatial_dim = spatial_dim
        self.slice_batch_size = slice_batch_size
        self.postprocess = postprocess
        self.return_presence = return_presence
        self.progress = progress
        self.air_threshold = air_threshold
        self.pixel_size = pixel_size
        self.presence_gate = presence_gate
        self.crop_to_body = crop_to_body

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """
        Args:
            inputs: volumes of shape ``(B, 1, H, W, D)``.
            network: 2D network in evaluation mode, ``(N, num_slices, h, w)`` to logits ``(N, out_channels, h, w)``.
            args: further arguments for ``network``; one with a classifier gets none.
            kwargs: further keyword arguments for ``network``, likewise.

        Returns:
            the postprocessed logits, ``(B, C, H, W, D)``, a MetaTensor with the meta of ``inputs`` if
            that is one. With ``return_presence`` also the margin between the presence logits, ``(B, out_channels, D)``,
            the maximum over windows: positive where the organ is judged present.

        Raises:
            ValueError: When ``inputs`` is not of that shape, presence is asked of a network that has no classifier,
                or one with a classifier is in training mode.
            InputError: When logits are not finite, which would look like background.
            TypeError: When the network does not return one tensor, or ``pixel_size`` is given and ``inputs`` is no
                MetaTensor.
        """
        if inputs.dim() != 5 or inputs.shape[1] != 1:
            raise ValueError(f"Expected volumes of shape (B, 1, H, W, D), but got {tuple(inputs.shape)}.")
        if isinstance(network, DistributedDataParallel):
            # It hides the classifier, and would wait for other processes, whose volumes have other numbers of windows.
            network = network.module
        guided = bool(getattr(network, "classification_guided", False))
        if guided and getattr(network, "training", False):
            raise ValueError("Expected a network in evaluation mode, but it is in training mode.")
        if self.return_presence and not guided:
            raise ValueError("return_presence=True needs a network built with classification_guided=True.")

        axis = self.spatial_dim + 2
        volumes = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        volumes = volumes[:, 0].movedim(axis - 1, 1)  # (B, slices, height, width), a view
        batch_size, depth = volumes.shape[:2]
        if guided:
            predict: Callable[..., tuple[torch.Tensor, torch.Tensor]] = PresenceFirst(
                self.inferer, network, self.air_threshold, self.presence_gate, self.crop_to_body
            )
        else:
            predict = self._predictor(network)
        output: torch.Tensor | None = None
        margins: list[torch.Tensor] = []
        count = self.slice_batch_size
        with Progress(batch_size * depth, "slices", disable=not self.progress) as progress:
            for item in range(batch_size):
                stack = SliceStack(volumes[item], self.num_slices, self._network_size(inputs, item))
                start = 0
                while start < depth:
                    try:
                        logits, margin = predict(stack.gather(start, count), *args, **kwargs)
                        _check_finite(logits, margin, start)
                        logits = resample_plane(logits, volumes.shape[2:])
                        values = logits if self.postprocess is None else self.postprocess(logits)
                    except torch.cuda.OutOfMemoryError:
                        if count == 1:
                            raise
                        count //= 2
                        logger.warning("Not enough GPU memory for the slices of a batch, going on with %d.", count)
                        continue
                    margins.append(margin)
                    if output is None:
                        shape = (batch_size, values.shape[1], *inputs.shape[2:])
                        output = torch.empty(shape, dtype=values.dtype, device=values.device)
                    output[item].movedim(axis - 1, 0)[start : start + len(values)] = values
                    progress.update(len(values))
                    start += len(values)
        if output is None:
            raise ValueError(f"Expected volumes with at least one slice, but got {tuple(inputs.shape)}.")
        if isinstance(inputs, MetaTensor) and get_track_meta():
            output = convert_to_dst_type(output, dst=inputs, dtype=output.dtype, device=output.device)[0]
        if not self.return_presence:
            return output
        return output, torch.cat(margins).unflatten(0, (batch_size, depth)).movedim(1, 2)

    def _network_size(self, inputs: torch.Tensor, item: int) -> list[int]:
        """The size of slices that the network gets to see, of one volume of the batch."""
        axes = [axis for axis in range(3) if axis != self.spatial_dim]
        size = [inputs.shape[axis + 2] for axis in axes]
        if self.pixel_size is None:
            return size
        if not isinstance(inputs, MetaTensor):
            raise TypeError(f"pixel_size needs a MetaTensor, which knows its spacing, but got {type(inputs).__name__}.")
        affines = inputs.affine.reshape(-1, 4, 4)  # one for each volume, or one for all
        spacing = affine_to_spacing(affines[item if len(affines) > 1 else 0])
        return plane_size(size, [float(spacing[axis]) for axis in axes], self.pixel_size)

    def _predictor(self, network: Callable[..., Any]) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
        """A function that makes logits ``(N, K, height, width)`` of slabs, and no presence margins."""
        multiple = getattr(network, "reduction", 1)
        ask: Callable[..., Any] = network if multiple == 1 else PadWindows(network, multiple)
        if self.air_threshold is not None:
            ask = SkipAir(ask, self.air_threshold, ABSENT_LOGIT)

        def predict(slabs: torch.Tensor, *args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.inferer(slabs, ask, *args, **kwargs)
            if not isinstance(logits, torch.Tensor):
                raise TypeError(
                    f"Expected the network to return one tensor, but got {type(logits).__name__}. "
                    "Is it in evaluation mode?"
                )
            return logits, slabs.new_empty(0)

        return predict


def _check_finite(logits: torch.Tensor, margin: torch.Tensor, start: int) -> None:
    if bool(torch.isfinite(logits).all() and torch.isfinite(margin).all()):
        return
    raise InputError(
        f"Expected finite logits, but those of slices {start} to {start + len(logits) - 1} are not. Weights that are "
        "not finite may be the reason, or half precision: try amp and bfloat16 False."
    )
