# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The multi-scale SSIM loss."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from monai.utils import LossReduction, convert_to_tensor
from torch.nn.modules.loss import _Loss

from ..utils.errors import InputError
from .annotated import annotation_weights, mean_over_annotated, to_float32

__all__ = ["MultiScaleSSIMLoss"]

# Below it a term's fractional power is too steep to follow. For the default constants, a term this small means
# anti-correlation: without correlation l * cs is at least C1 / (1 + C1) * C2 / (1/2 + C2) = 1.8e-7.
SMALLEST_TERM = 1e-7


class MultiScaleSSIMLoss(_Loss):
    r"""
    One minus the multi-scale structural similarity of probabilities and masks, per image and channel.

    .. math::

        1 - l_M^{w_M} \prod_{m=1}^{M} cs_m^{w_m}, \quad
        l = \frac{2 \mu_x \mu_y + C_1}{\mu_x^2 + \mu_y^2 + C_1}, \quad
        cs = \frac{2 \sigma_{xy} + C_2}{\sigma_x^2 + \sigma_y^2 + C_2}

    Means :math:`\mu` and (co)variances :math:`\sigma` are those under a Gaussian window; each term is the mean over all
    places where the window fits; each scale halves the one before by averaging. As in the first paper below and in
    other libraries, the coarsest scale has the mean of the product :math:`l_M cs_M`. The UNet 3+ paper
    (equation 5) has a luminance term at every scale: ``luminance="every"``.

    Contrast-structure terms are negative where prediction and mask are anti-correlated, and a fractional power of
    those is not a number; clamping alone would leave a gradient of exactly 0 where it is needed most. So terms
    :math:`t` under :math:`\epsilon` = 1e-7 enter the product as :math:`\epsilon`, and the loss grows by
    :math:`w (\epsilon - t)` for each: a gradient of the size that other terms have. Where all terms are larger, as
    without anti-correlation, the loss is the formula above. Like one minus the single-scale SSIM it is between 0
    (equal) and 2, for weights that add up to 1.

    Computed in float32 also for half precision inputs and under autocast, where variances would cancel to noise.

    Based on:
        Wang, Simoncelli, Bovik: Multiscale structural similarity for image quality assessment. Asilomar 2003.
        https://doi.org/10.1109/ACSSC.2003.1292216

        Huang et al.: UNet 3+: A full-scale connected UNet for medical image segmentation. ICASSP 2020.
        https://doi.org/10.1109/ICASSP40776.2020.9053405

    Args:
        sigmoid: if True, ``input`` holds logits, else probabilities. Defaults to False.
        kernel_size: size of the Gaussian window in voxels, odd. Defaults to 11.
        kernel_sigma: standard deviation of the window in voxels. Defaults to 1.5.
        k1: C1 is its square. Defaults to 0.01.
        k2: C2 is its square. Defaults to 0.03.
        weights: the exponent of each scale, finest first; as many as there are scales. The smallest image has
            ``(kernel_size - 1) * 2 ** (len(weights) - 1) + 1`` voxels on each axis: 161 for the defaults.
        luminance: ``"coarsest"`` or ``"every"``, the scales that have a luminance term. Defaults to ``"coarsest"``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"`` over images and channels. Defaults to ``"mean"``.

    Raises:
        ValueError: When an argument is not as above.

    Examples::

        >>> loss = MultiScaleSSIMLoss(sigmoid=True)(torch.randn(2, 1, 320, 320), torch.ones(2, 1, 320, 320))
        >>> small = MultiScaleSSIMLoss(sigmoid=True, weights=(0.0448, 0.2856, 0.3001))  # images from 41 voxels up
    """

    def __init__(
        self,
        sigmoid: bool = False,
        kernel_size: int = 11,
        kernel_sigma: float = 1.5,
        k1: float = 0.01,
        k2: float = 0.03,
        weights: Sequence[float] = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333),
        luminance: str = "coarsest",
        reduction: LossReduction | str = LossReduction.MEAN,
    ) -> None:
        super().__init__(reduction=LossReduction(reduction).value)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"Expected argument `kernel_size` to be odd and positive, but got {kernel_size}.")
        if kernel_sigma <= 0:
            raise ValueError(f"Expected argument `kernel_sigma` to be positive, but got {kernel_sigma}.")
        if k1 <= 0 or k2 <= 0:
            raise ValueError(f"Expected arguments `k1` and `k2` to be positive, but got {k1} and {k2}.")
        if not weights or min(weights) < 0:
            raise ValueError(f"Expected argument `weights` to hold numbers from 0 up, but got {weights}.")
        if luminance not in ("coarsest", "every"):
            raise ValueError(f'Expected argument `luminance` to be "coarsest" or "every", but got {luminance!r}.')
        self.sigmoid = sigmoid
        self.c1 = k1**2
        self.c2 = k2**2
        self.weights = tuple(weights)
        self.luminance = luminance
        self.kernel_size = kernel_size
        self.kernel_sigma = kernel_sigma

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """
        Args:
            input: probabilities, or logits with ``sigmoid=True``, of shape ``(B, C, H, W[, D])``.
            target: values in [0, 1], shape as ``input``. A channel that is 255 everywhere is not annotated in that
                image: it has loss 0 and no part in the mean.

        Returns:
            a scalar, or with ``reduction="none"`` a tensor of shape ``(B, C)``.

        Raises:
            ValueError: When the shapes differ, or are not 2D or 3D.
            InputError: When an axis is smaller than the smallest image, or the target has other values (on a GPU the
                loss is NaN instead); it is a ValueError too.
        """
        self._check(input, target)
        x, y = (convert_to_tensor(image, track_meta=False) for image in (input, target))
        weights = annotation_weights(y)
        with torch.autocast(x.device.type, enabled=False):
            x = to_float32(x).sigmoid() if self.sigmoid else to_float32(x)
            y = y.to(x.dtype) * weights.reshape(*weights.shape, *[1] * (y.dim() - 2))
            loss = self._dissimilarity(x, y) * weights
        if self.reduction == LossReduction.MEAN.value:
            return mean_over_annotated(loss, weights)
        return loss.sum() if self.reduction == LossReduction.SUM.value else loss

    def _check(self, input: torch.Tensor, target: torch.Tensor) -> None:
        if input.shape != target.shape:
            raise ValueError(f"Input has shape {tuple(input.shape)}, but target has {tuple(target.shape)}.")
        if input.dim() not in (4, 5):
            raise ValueError(f"Expected input of shape (B, C, H, W[, D]), but got {tuple(input.shape)}.")
        kernel_size, scales = self.kernel_size, len(self.weights)
        smallest = (kernel_size - 1) * 2 ** (scales - 1) + 1
        if min(input.shape[2:]) < smallest:
            raise InputError(
                f"MS-SSIM of {scales} scales needs images of (kernel_size - 1) * 2 ** (len(weights) - 1) + 1 = "
                f"{smallest} or more voxels on each axis, but got {tuple(input.shape[2:])}: take larger crops, or "
                "pass fewer `weights`."
            )

    def _dissimilarity(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The loss of each image and channel, shape ``(B, C)``."""
        # Images and channels become groups of one convolution: many images of one channel are several times slower on
        # a CPU, and on a GPU cuDNN may round theirs to TF32, too coarse for variances; depthwise kernels do not.
        images = torch.stack((x + y, x - y)).contiguous().flatten(1, 2)
        pool = F.avg_pool2d if x.dim() == 4 else F.avg_pool3d
        window = _kept_window(self.kernel_size, self.kernel_sigma, images.dtype, images.device)
        similarity, penalty = images.new_ones(images.shape[1]), images.new_zeros(images.shape[1])
        for scale, weight in enumerate(self.weights, start=1):
            for term in self._terms(images, window, is_coarsest=scale == len(self.weights)):
                similarity = similarity * term.clamp(min=SMALLEST_TERM) ** weight
                penalty = penalty + weight * (SMALLEST_TERM - term).clamp(min=0)
            if scale < len(self.weights):
                # An odd axis gets a zero in front, as in pytorch-msssim.
                images = pool(images, kernel_size=2, padding=[size % 2 for size in images.shape[2:]])
        return (1 - similarity + penalty).reshape(x.shape[:2])

    def _terms(self, images: torch.Tensor, window: torch.Tensor, is_coarsest: bool) -> list[torch.Tensor]:
        """
        The terms of one scale, each a mean over places.

        With s = x + y and d = x - y, four means under the window are enough instead of five:
        4 mu_x mu_y = mu_s^2 - mu_d^2, 2 (mu_x^2 + mu_y^2) = mu_s^2 + mu_d^2, and likewise for the variances.

        Args:
            images: s and d, shape ``(2, B * C, H, W[, D])``.
            window: shape ``(kernel_size,)``.
            is_coarsest: whether it is the last scale.

        Returns:
            tensors of shape ``(B * C)``.
        """
        squares_of_means = _blur(images, window).square()
        variances = _blur(images.square(), window) - squares_of_means
        terms = [_ratio(variances, 2 * self.c2)]
        if self.luminance == "every":
            terms.append(_ratio(squares_of_means, 2 * self.c1))
        elif is_coarsest:
            terms[0] = terms[0] * _ratio(squares_of_means, 2 * self.c1)
        return [term.flatten(1).mean(dim=1) for term in terms]


@lru_cache(maxsize=16)
def _kept_window(size: int, sigma: float, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """
    A Gaussian of sum 1, which is kept.

    It is copied from the CPU once: a GPU would have to be waited for, and a CUDA graph can't capture a copy. It is no
    buffer, since a network in half precision would round it when it casts all it holds.
    """
    with torch.inference_mode(False):  # training may use it too
        window = torch.signal.windows.gaussian(size, std=sigma, dtype=torch.float64)
        return (window / window.sum()).to(dtype).to(device)  # converted here: a copy is finished for any stream


def _blur(images: torch.Tensor, window: torch.Tensor) -> torch.Tensor:
    """Means under the window at every place where it fits, one axis after the other; all axes but the first two."""
    spatial_dims = images.dim() - 2
    conv = F.conv2d if spatial_dims == 2 else F.conv3d
    blurred = images.flatten(0, 1).unsqueeze(0)
    groups = blurred.shape[1]
    for axis in range(spatial_dims):
        kernel_shape = [len(window) if a == axis else 1 for a in range(spatial_dims)]
        blurred = conv(blurred, window.reshape(1, 1, *kernel_shape).expand(groups, 1, *kernel_shape), groups=groups)
    return blurred.squeeze(0).unflatten(0, images.shape[:2])


def _ratio(values: torch.Tensor, constant: float) -> torch.Tensor:
    """(s - d + constant) / (s + d + constant), where ``values`` stacks s and d."""
    s, d = values.unbind()
    return (s - d + constant) / (s + d + constant)
