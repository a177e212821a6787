# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether code may look at values and modules now, which a recorded graph could not follow."""

from __future__ import annotations

import torch
from torch.autograd import forward_ad

__all__ = ["is_eager"]


def is_eager() -> bool:
    """
    Whether plain PyTorch runs: no graph is recorded or compiled, and no transform of ``torch.func``, such as ``vmap``,
    or forward differentiation is at work.
    """
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return False
    return not torch._C._are_functorch_transforms_active() and forward_ad._current_level < 0
