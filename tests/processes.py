# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def run_in_processes(function: Callable[..., Any], *args: Any, world_size: int = 2) -> list[Any]:
    """
    Call a function in several processes that form a gloo group.

    Args:
        function: defined at the top of a module; finds its rank by ``torch.distributed.get_rank()``.
        args: its arguments.
        world_size: number of processes.

    Returns:
        what the function returned in each, by rank.
    """
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(_call, (world_size, folder, function, args), nprocs=world_size)
        return [torch.load(Path(folder) / f"{rank}.pt", weights_only=False) for rank in range(world_size)]


def _call(rank: int, world_size: int, folder: str, function: Callable[..., Any], args: tuple) -> None:
    torch.set_num_threads(1)
    os.environ["LOCAL_RANK"] = str(rank)
    dist.init_process_group("gloo", init_method=f"file://{folder}/group", rank=rank, world_size=world_size)
    result = function(*args)
    torch.save(result, Path(folder) / f"{rank}.pt")
    if dist.is_initialized():  # a bundle's workflow has destroyed it by now
        dist.destroy_process_group()
