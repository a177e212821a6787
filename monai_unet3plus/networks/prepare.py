# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
from __future__ import annotations

import copy

import torch
import torch.nn as nn
from monai.networks.blocks import ADN
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["prepare_for_inference"]


def prepare_for_inference(network: nn.Module) -> nn.Module:
    """
    A copy of a trained network that is faster and gives the same numbers.

    Batch norm is folded into the convolution before it, and in 2D channels are stored last, which is what convolutions
    are fastest with. The original is left as it is. The copy is for inference only: it is in evaluation mode, has no
    batch norm to train, and its weights no gradient.

    Args:
        network: :py:class:`monai_unet3plus.networks.nets.UNet3Plus` or another network of MONAI's convolution blocks,
            its weights loaded, on any device.

    Returns:
        the copy, equal to the network in evaluation mode to 1e-5 in float32.
    """
    prepared = copy.deepcopy(network).eval().requires_grad_(False)
    for module in prepared.modules():
        conv, adn = getattr(module, "conv", None), getattr(module, "adn", None)
        if isinstance(conv, (nn.Conv2d, nn.Conv3d)) and isinstance(adn, ADN):
            _fold_batch_norm(conv, adn)
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return prepared


def _fold_batch_norm(conv: nn.Conv2d | nn.Conv3d, adn: ADN) -> None:
    """Let the convolution do what the batch norm does, if that is what follows it."""
    name, norm = next(iter(adn.named_children()), ("", None))
    if not isinstance(norm, _BatchNorm) or norm.running_mean is None or norm.running_var is None:
        return
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    delattr(adn, name)
