# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""UNet 3+."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn

from ..blocks import (
    ABSENT_LOGIT,
    BlockFactory,
    FullScaleNode,
    ImageFormat,
    OutputConv3x3,
    PresenceHead,
    gate_logits,
    is_present,
    resize_to,
)
from ..eager import is_eager
from ..encoders import build_encoder

__all__ = ["UNet3Plus"]


class UNet3Plus(nn.Module):
    """
    UNet 3+ with full-scale skip connections, full-scale deep supervision and the classification-guided module.

    Based on:

        Huang et al. "UNet 3+: A Full-Scale Connected UNet for Medical Image Segmentation". ICASSP 2020,
        https://doi.org/10.1109/ICASSP40776.2020.9053405

    In evaluation mode, and in TorchScript, the output is always one tensor of logits, ``(B, out_channels, H, W[, D])``.
    In training mode it is

    - that tensor,
    - with ``deep_supervision`` a list of such tensors, finest first, all at full size,
    - with ``classification_guided`` a tuple of either and the presence logits ``(B, out_channels, 2)``, where index 1
      means that the organ is present. The segmentation logits are then not gated: a hard gate has no gradient.

    Args:
        spatial_dims: number of spatial dimensions, 2 or 3. Defaults to 2.
        in_channels: number of channels of the image. Defaults to 3: a slice and its two neighbours.
        out_channels: number of organs, each with a channel of its own (sigmoid). Defaults to 1.
        features: channels of the encoder's levels, finest first. Each branch of a decoder node has ``features[0]``
            channels and each node ``len(features)`` times that. Defaults to the paper's ``(64, 128, 256, 512, 1024)``.
        deep_supervision: whether each level has an output of its own in training. Defaults to False.
        classification_guided: whether a classifier on the deepest map decides per organ if it is there at all.
            In evaluation, logits of organs judged absent are -30. Defaults to False.
        act: activation type and arguments. Defaults to ReLU.
        norm: feature normalization type and arguments. Defaults to batch norm.
        bias: whether the convolution blocks have a bias, as in the published network. Defaults to True.
        dropout: dropout ratio in the convolution blocks. Defaults to no dropout.
        presence_dropout: dropout ratio before the classifier. Defaults to 0.5.
        use_checkpoint: whether training keeps the maps of each level only and computes the activations between them
            again in the backward pass: less memory, more time, the same result. Defaults to False.
        backbone: the encoder. Defaults to None, the paper's plain one, called "VGG-16" there. ``"resnet101"``, or
            another ResNet from ``"resnet10"`` to ``"resnet200"``: levels from 1/4 of the size on are its layers, whose
            channels are ``features[2:]``; the default ``features`` are ResNet-50's and larger ones' own,
            ``(16, 32, 64, 128, 256)`` are those of ResNet-18 and ResNet-34. Or a name in MONAI's
            ``FLEXUNET_BACKBONE``, such as ``"efficientnet-b0"``: levels from 1/2 on are its outputs, with channels of
            their own. See :py:class:`monai_unet3plus.networks.encoders.ResNetEncoder` and ``RegisteredEncoder``, and
            :py:func:`monai_unet3plus.networks.load_imagenet_weights` for pretrained ones.

    Raises:
        ValueError: When ``spatial_dims`` is not 2 or 3, a number of channels is not positive, ``features`` has
            fewer than 2 levels or does not fit the backbone, or there is no such backbone.

    Examples::

        >>> net = UNet3Plus(spatial_dims=2, in_channels=3, out_channels=1)
        >>> net.eval()(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 1, 320, 320])

        # liver and spleen, five side outputs and presence logits in training
        >>> net = UNet3Plus(out_channels=2, deep_supervision=True, classification_guided=True)
        >>> outputs, presence_logits = net.train()(torch.rand(2, 3, 64, 64))

        # on ResNet-101
        >>> net = UNet3Plus(backbone="resnet101")

        # 3D patches, compact
        >>> net = UNet3Plus(spatial_dims=3, in_channels=1, features=(16, 32, 64, 128, 256), norm="instance")

    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (64, 128, 256, 512, 1024),
        deep_supervision: bool = False,
        classification_guided: bool = False,
        act: str | tuple = ("relu", {"inplace": True}),
        norm: str | tuple = "batch",
        bias: bool = True,
        dropout: float | tuple = 0.0,
        presence_dropout: float = 0.5,
        use_checkpoint: bool = False,
        backbone: str | None = None,
    ) -> None:
        super().__init__()
        _validate_args(spatial_dims, in_channels, out_channels, features)
        self.spatial_dims = spatial_dims
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.deep_supervision = deep_supervision
        self.classification_guided = classification_guided
        blocks = BlockFactory(spatial_dims, act, norm, bias, dropout, use_checkpoint)
        node_channels = features[0] * len(features)

        self.image_format = ImageFormat()
        self.encoder = build_encoder(backbone, blocks, in_channels, features)
        self.reduction = self.encoder.reduction

        channels = list(self.encoder.channels)  # of each level's map; a node replaces the encoder's map by its own
        deepest = channels[-1]
        self.nodes = nn.ModuleList()  # coarsest first, the order in which they run
        for level in reversed(range(len(features) - 1)):
            self.nodes.append(FullScaleNode(blocks, channels, level, features[0]))
            channels[level] = node_channels

        supervised = channels if deep_supervision else channels[:1]
        self.heads = nn.ModuleList(  # finest first
            OutputConv3x3(spatial_dims, width, out_channels) for width in supervised
        )
        self.presence_head = (
            PresenceHead(spatial_dims, deepest, out_channels, presence_dropout) if classification_guided else None
        )

    # No return annotation: the type in training depends on the arguments of the class, while TorchScript,
    # which compiles the first return statement alone, has to infer one type, Tensor.
    def forward(self, x: torch.Tensor):  # type: ignore[no-untyped-def]
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``, each spatial size at least ``reduction``, 16 for
                five levels, 32 for an EfficientNet; any size from there on, odd ones too.

        Returns:
            logits as the class describes.

        Raises:
            ValueError: When the shape of ``x`` does not fit, or when training would have to normalize
                over a single value per channel.
        """
        if torch.jit.is_scripting():
            return self._predict(x)
        if is_eager():  # a graph that is being recorded would turn these checks into constraints on its sizes
            self._check_input(x)
        if not self.training:
            return self._predict(x)
        maps = self.encode(x)
        outputs = self.side_outputs(maps) if self.deep_supervision else self.decode(maps)
        if self.presence_head is None:
            return outputs
        return outputs, self.presence_head(maps[-1])

    @torch.jit.export
    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        """
        Run the encoder.

        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``; it is brought to the number type of the weights.

        Returns:
            the encoder's maps, finest first.
        """
        return self.encoder(self.image_format(x))

    @torch.jit.export
    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """
        Run the decoder, without any gate.

        Args:
            maps: the encoder's maps, finest first, as :py:meth:`encode` returns them.

        Returns:
            logits of shape ``(B, out_channels, H, W[, D])``.
        """
        maps = list(maps)
        for step, node in enumerate(self.nodes):
            level = len(self.nodes) - 1 - step
            maps = maps[:level] + [node(maps, release=level == 0)] + maps[level + 1 :]
        return self.heads[0](maps[0])

    def side_outputs(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """
        Run the decoder and every output it has (paper section 2.2), without any gate.

        Args:
            maps: the encoder's maps, finest first, as :py:meth:`encode` returns them.

        Returns:
            logits of each level, finest first, each resized to ``(B, out_channels, H, W[, D])``.
        """
        size, maps = list(maps[0].shape[2:]), list(maps)
        outputs: list[torch.Tensor] = []
        # Each head right after its node: the backward pass then has the gradient of one level's map at a time.
        for level in reversed(range(len(self.heads))):
            if level < len(self.nodes):
                maps[level] = self.nodes[len(self.nodes) - 1 - level](maps)
            logits = self.heads[level](maps[level])
            outputs.insert(0, logits if level == 0 else resize_to(logits, size))
        return outputs

    @torch.jit.export
    def presence_logits(self, x: torch.Tensor) -> torch.Tensor:
        """
        Judge which organs are there: the encoder and the classifier only, about a tenth of the work.

        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            presence logits of shape ``(B, out_channels, 2)``, index 1 meaning present.

        Raises:
            ValueError: When the network is not ``classification_guided``.
        """
        if self.presence_head is None:
            raise ValueError("presence_logits() needs a network built with classification_guided=True.")
        else:
            return self.presence_head(self.encode(x)[-1])

    def _predict(self, x: torch.Tensor) -> torch.Tensor:
        """Logits in evaluation mode: the finest output, gated."""
        if self.presence_head is None:
            return self.decode(self.encode(x))  # which alone holds the encoder's maps, and drops them one by one
        else:
            maps = self.encode(x)
            present = is_present(self.presence_head(maps[-1]))
            if not torch.jit.is_scripting():
                if is_eager() and not torch.is_grad_enabled():  # items left out would have no gradient
                    return self._decode_present(maps, present)
            return gate_logits(self.decode(maps), present)

    def _decode_present(self, maps: list[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Decode the batch items with an organ only."""
        items = present.any(dim=1)
        if bool(items.all()):
            return gate_logits(self.decode(maps), present)
        size = [len(items), self.out_channels, *maps[0].shape[2:]]
        if not bool(items.any()):
            dtype = torch.promote_types(maps[0].dtype, torch.float32)  # as of the heads
            return maps[0].new_full(size, ABSENT_LOGIT, dtype=dtype)
        decoded = gate_logits(self.decode([m[items] for m in maps]), present[items])
        logits = decoded.new_full(size, ABSENT_LOGIT)
        logits[items] = decoded
        return logits

    def _check_input(self, x: torch.Tensor) -> None:
        if x.dim() != self.spatial_dims + 2 or x.shape[1] != self.in_channels:
            axes = ("H", "W", "D")[: self.spatial_dims]
            raise ValueError(
                f"Expected an input of shape (B, {self.in_channels}, {', '.join(axes)}), but got {tuple(x.shape)}."
            )
        if min(x.shape[2:]) < self.reduction:
            raise ValueError(
                f"Expected spatial sizes of at least {self.reduction}, since the encoder halves them "
                f"{self.reduction.bit_length() - 1} times, but got {tuple(x.shape[2:])}."
            )
        if self.training and x.shape[0] == 1 and all(size // self.reduction == 1 for size in x.shape[2:]):
            raise ValueError(
                f"Training on one image of size {tuple(x.shape[2:])} leaves the deepest level a single value per "
                f"channel, which can't be normalized. Use a batch of 2 or a size of at least {2 * self.reduction}."
            )


def _validate_args(spatial_dims: int, in_channels: int, out_channels: int, features: Sequence[int]) -> None:
    if spatial_dims not in (2, 3):
        raise ValueError(f"Expected argument `spatial_dims` to be 2 or 3, but got {spatial_dims}.")
    for name, value in (("in_channels", in_channels), ("out_channels", out_channels)):
        if value < 1:
            raise ValueError(f"Expected argument `{name}` to be positive, but got {value}.")
    if len(features) < 2 or min(features) < 1:
        raise ValueError(
            f"Expected argument `features` to be at least 2 positive numbers of channels, but got {tuple(features)}."
        )
