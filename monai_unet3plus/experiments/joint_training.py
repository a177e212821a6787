# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train the networks of several folds, and one of all patients, from one stream of slabs, in a given time.

    python -m monai_unet3plus.experiments.joint_training --datalist_file LIST --work_dir WORK --minutes 6 --final

On a GPU a training waits for its transforms, which run on the processor. Here each slab is made once, and the networks
draw from the newest 4096 slabs at random, without those of their own fold's patients. Each network has its own process,
because a GPU also waits for the processor that starts its steps. Networks, loss, optimizer and transforms are those of
the bundle's train.json with synthesis.json. The slabs need 1.2 GB of shared memory (``docker run --shm-size``).

The weights lie where ``monai_unet3plus.experiments.cross_validation``, which evaluates them, looks for those of a
training that is finished: WORK/fold_0/models and so on. Until the time is over, they are saved every 30 seconds in
WORK/fold_0/models.unfinished.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as mp
import torch.nn as nn
from monai.bundle import ConfigParser

from ..data.splits import sampling_weights, split_cases
from ..handlers.checkpoint import save_weights
from ..networks.weights.file import load_weights
from ..utils.errors import InputError
from .bundle_process import LAST_WEIGHTS, find_finished_weights, find_unfinished
from .case_lists import find_root, read_list
from .command_line import add_bundle_options, make_parser, start_log
from .slab_buffer import SlabBuffer, make_slab_loader

logger = logging.getLogger(__name__)

_BUFFER = 4096  # slabs
_NEWEST = 0.004  # share of the newest weights in their average
_WARM_UP = 0.02  # share of the time in which the learning rate rises
_REPORT = 30  # seconds


def main() -> None:
    """Train."""
    parser = make_parser("experiments.joint_training", __doc__)
    parser.add_argument("--datalist_file", type=Path, required=True, help="list of cases with folds")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--minutes", type=float, required=True, help="time to train, without reading the cases")
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3, 4], help="folds to train a network for")
    parser.add_argument("--final", action="store_true", help="also train a network on the patients of all folds")
    parser.add_argument("--start_from", type=Path, help="weights that all networks start from")
    parser.add_argument(
        "--start_one_from",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "FILE"),
        help="weights that one of them, fold_0 or final, starts from",
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that make slabs")
    add_bundle_options(parser)
    args = parser.parse_args()
    start_log()

    names: dict[str, int | None] = {f"fold_{fold}": fold for fold in args.folds}
    if args.final:
        names["final"] = None
    if not names:
        parser.error("nothing to train: expected numbers after --folds, or --final")
    if args.minutes <= 0:
        parser.error(f"minutes: expected a number above 0, but got {args.minutes:g}.")
    cases = read_list(args.datalist_file)
    folders = {name: args.work_dir / name / "models" for name in names}
    try:
        for fold in args.folds:  # raises where it can't be held out, or leaves nothing to draw
            sampling_weights(split_cases(cases, "fold", fold=fold)[0])
        starts = find_starts(list(names), args.start_from, args.start_one_from)
    except InputError as e:
        parser.error(str(e))
    for folder in folders.values():
        if find_finished_weights(folder):
            parser.error(f"work_dir: {folder} has the weights of a training that is finished, not replaced.")
    overrides = {
        "dataset_dir": find_root(cases),
        "datalist_file": str(args.datalist_file.resolve()),
        "split": "all",
        "output_dir": str(args.work_dir),
        **dict(args.overrides),
    }
    jobs = [Job(name, fold, starts[name], folders[name], args.bundle_root, overrides) for name, fold in names.items()]
    failed = train_together(jobs, 60 * args.minutes, args.workers)
    if failed:
        parser.exit(1, f"These trainings failed: {', '.join(failed)}.\n")


def find_starts(names: Sequence[str], shared: Path | None, own: Sequence[Sequence[str]]) -> dict[str, Path | None]:
    """
    Find the weights that each network starts from.

    Args:
        names: of the networks.
        shared: file for all of them. None for weights drawn by the seed.
        own: name of a network and file, for some of them.

    Raises:
        InputError: When a file does not exist, or no network has the name.
    """
    unknown = [name for name, _ in own if name not in names]
    if unknown:
        raise InputError(f"start_one_from: expected the name of a network, {', '.join(names)}, but got {unknown[0]}.")
    files = [("start_from", shared), *(("start_one_from", Path(file)) for _, file in own)]
    for argument, file in files:
        if file and not file.is_file():
            raise InputError(f"{argument}: expected a file of weights, but {file} does not exist.")
    return {**dict.fromkeys(names, shared), **{name: Path(file) for name, file in own}}


def read_config(bundle: Path, overrides: Mapping[str, Any]) -> ConfigParser:
    """The configs of a training by the bundle with other values for variables."""
    config = ConfigParser()
    config.read_config([str(bundle / "configs" / f"{name}.json") for name in ("train", "synthesis")])
    config.update({"bundle_root": str(bundle), **overrides})
    return config


@dataclass
class Job:
    """
    One of the trainings.

    Args:
        name: of the network.
        fold: patients of this fold are not learnt from. None for a network of all patients.
        start_from: file of the weights to start from. None for those drawn by the seed.
        models: folder for the weights.
        bundle_root: folder of the bundle.
        overrides: values of the configs' variables.
    """

    name: str
    fold: int | None
    start_from: Path | None
    models: Path
    bundle_root: Path
    overrides: Mapping[str, Any]


class Training:
    """
    A network in training.

    Args:
        config: of the training.
        start_from: file of the weights to start from. Defaults to None: those drawn by the seed.
    """

    def __init__(self, config: ConfigParser, start_from: Path | None = None) -> None:
        self.steps, self.counted = 0, 0
        torch.manual_seed(config["seed"])
        self.device = torch.device(config.get_parsed_content("device"))
        self.network: nn.Module = config.get_parsed_content("network").train()
        if start_from:
            self.network.load_state_dict(load_weights(start_from, "start_from"))
        self.loss = config.get_parsed_content("loss")
        self.optimizer = config.get_parsed_content("optimizer")
        self.learning_rate = float(config["learning_rate"])
        self.average = deepcopy(self.network)
        pairs = zip(self.average.state_dict().values(), self.network.state_dict().values())
        self.averaged = [(average, newest) for average, newest in pairs if average.is_floating_point()]
        self.bfloat16 = self.device.type == "cuda" or config.get_parsed_content("bfloat16")
        self.total = torch.zeros((), device=self.device)

    def learn(self, images: torch.Tensor, masks: torch.Tensor, progress: float) -> None:
        """
        Take a step.

        Args:
            images: ``(B, C, H, W)``, half precision, values about 0 to 1.
            masks: ``(B, K, H, W)``, uint8, 0 or 1, and 255 in all of a mask where the organ is not annotated.
            progress: share of the training that is over, from 0 to 1.
        """
        self.steps, self.counted = self.steps + 1, self.counted + 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * min(progress / _WARM_UP, 1) * (1 - progress) ** 0.9
        if self.device.type == "cuda":
            images, masks = images.pin_memory(), masks.pin_memory()
        images, masks = (tensor.to(self.device, non_blocking=True) for tensor in (images, masks))
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            outputs = self.network(images.float())
        loss = self.loss(outputs, masks)
        loss.backward()
        self.optimizer.step()
        share = max(_NEWEST, 3 / (self.steps + 2))  # at first the average is mostly of the last quarter
        for average, newest in self.averaged:
            average.lerp_(newest, share)
        self.total += loss.detach()

    def report(self) -> str:
        """Steps and the mean loss since the last report, as text."""
        mean = float(self.total) / max(self.counted, 1)
        self.total.zero_()
        self.counted = 0
        return f"{self.steps} steps, loss {mean:.4f}"


def train_together(jobs: Sequence[Job], seconds: float, workers: int) -> list[str]:
    """
    Train networks for some time, each in a process.

    Args:
        jobs: the trainings.
        seconds: from a training's first step on.
        workers: processes that make slabs.

    Returns:
        names of trainings that failed.
    """
    batches = iter(make_slab_loader(read_config(jobs[0].bundle_root, jobs[0].overrides), workers))
    batch = next(batches)
    buffer = SlabBuffer(_BUFFER, batch[0][0], batch[1][0])
    context = mp.get_context("spawn")  # CUDA does not outlive a fork
    processes = [context.Process(target=train, args=(job, buffer, seconds), daemon=True) for job in jobs]
    for process in processes:
        process.start()
    begun = reported = time.monotonic()
    while any(process.is_alive() for process in processes):
        buffer.add(*batch)
        batch = next(batches)
        if time.monotonic() - reported >= _REPORT:
            reported = time.monotonic()
            logger.info("%.0f slabs per second", int(buffer.written) / (reported - begun))
    logger.info("%d slabs in %.0f s", int(buffer.written), time.monotonic() - begun)
    return [job.name for job, process in zip(jobs, processes) if process.exitcode]


def train(job: Job, buffer: SlabBuffer, seconds: float) -> None:
    """
    Train a network from the slabs of a buffer.

    Args:
        job: the training.
        buffer: that another process fills.
        seconds: time to train, from the first step on.

    Raises:
        SystemExit: When the process that fills the buffer has ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one ends it
    start_log()
    torch.backends.cudnn.benchmark = True
    config = read_config(job.bundle_root, job.overrides)
    training, generator = Training(config, job.start_from), torch.Generator().manual_seed(config["seed"])
    organs, batch_size = list(config["organs"]), int(config["batch_size"])
    unfinished, parent = find_unfinished(job.models), mp.parent_process()
    start = reported = time.monotonic()
    while (now := time.monotonic()) - start < seconds or not training.steps:
        if parent and not parent.is_alive():  # killed, so that it could not end this process
            raise SystemExit(1)
        drawn = buffer.draw(batch_size, job.fold, generator)
        if drawn is None:  # too few slabs yet
            time.sleep(0.1)
            if not training.steps:
                start = reported = time.monotonic()
            continue
        training.learn(*drawn, progress=min((now - start) / seconds, 1.0))
        if now - reported >= _REPORT:
            reported = now
            save_weights(training.average.state_dict(), unfinished / LAST_WEIGHTS, organs)
            logger.info("%s, %.0f s: %s", job.name, now - start, training.report())
    save_weights(training.average.state_dict(), unfinished / LAST_WEIGHTS, organs)
    logger.info("%s, %.0f s: %s", job.name, time.monotonic() - start, training.report())
    os.replace(unfinished, job.models)


if __name__ == "__main__":
    main()
