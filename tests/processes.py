# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Functions and modules that are run in processes of their own, which do not import PyTorch and MONAI each time."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

# Processes are forked from one that has imported these, and has no threads. An interpreter that imports them anew takes
# six seconds of processor time.
_IMPORTED = ["monai.bundle", "monai_unet3plus.handlers", "monai_unet3plus.inferers", "monai_unet3plus.transforms"]


def run_in_processes(function: Callable[..., Any], *args: Any, world_size: int = 2) -> list[Any]:
    """
    Call a function in several processes that form a gloo group.

    Args:
        function: defined at the top of a module; finds its rank by ``torch.distributed.get_rank()``.
        args: its arguments.
        world_size: number of processes.

    Returns:
        the function's result in each, by rank.
    """
    method = _start_method()
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(_call, (world_size, folder, function, args), nprocs=world_size, start_method=method)
        return [torch.load(Path(folder) / f"{rank}.pt", weights_only=False) for rank in range(world_size)]


def run_python(
    command: Sequence[str],
    env: Mapping[str, str],
    check: bool = False,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
) -> subprocess.CompletedProcess:
    """
    A stand-in for :py:func:`subprocess.run` with ``python -m MODULE ...``.

    Args:
        command: the interpreter, ``-m``, the module and its arguments.
        env: environment variables of the process.
        check: not to be asked for.
        stdout: open file that gets both outputs. Defaults to None, those of this process.
        stderr: the same file.
    """
    _, option, module, *arguments = command
    assert (option, check, stdout) == ("-m", False, stderr), command
    process = mp.get_context(_start_method()).Process(
        target=_run_module, args=(module, arguments, dict(env), os.getcwd(), stdout and stdout.name)
    )
    process.start()
    process.join()
    return subprocess.CompletedProcess(command, process.exitcode)


def _start_method() -> str:
    if "forkserver" not in mp.get_all_start_methods():
        return "spawn"
    mp.set_forkserver_preload(_IMPORTED)
    return "forkserver"


def _call(rank: int, world_size: int, folder: str, function: Callable[..., Any], args: tuple) -> None:
    torch.set_num_threads(1)
    os.environ["LOCAL_RANK"] = str(rank)
    dist.init_process_group("gloo", init_method=f"file://{folder}/group", rank=rank, world_size=world_size)
    result = function(*args)
    torch.save(result, Path(folder) / f"{rank}.pt")
    if dist.is_initialized():  # a bundle's workflow has destroyed it by now
        dist.destroy_process_group()


def _run_module(module: str, arguments: list[str], env: dict[str, str], folder: str, output: str | None) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    if output is not None:
        with open(output, "ab", buffering=0) as file:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(file.fileno(), stream.fileno())
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
