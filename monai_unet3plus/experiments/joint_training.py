# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train the networks of several folds, and one of all patients, from one stream of slabs, in a given time.

    python -m monai_unet3plus.experiments.joint_training --datalist_file LIST --work_dir WORK --minutes 6 --final

On a GPU a training waits for its transforms, which run on the processor. Here each slab is made once, and every network
learns from it, except that of the patient's own fold. Networks, loss, optimizer and transforms are those of the
bundle's train.json with synthesis.json. The weights lie where ``monai_unet3plus.experiments.cross_validation``, which
evaluates them, looks for those of a training that is finished: WORK/fold_0/models and so on.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
import torch.nn as nn
from monai.bundle import ConfigParser
from monai.data import DataLoader
from torch.utils.data import Dataset, WeightedRandomSampler

from ..data.splits import sampling_weights
from ..handlers.checkpoint import save_weights
from ..networks.weights.file import load_weights
from .bundle_process import LAST_WEIGHTS
from .case_lists import find_root, read_list
from .command_line import add_bundle_options, make_parser, start_log

logger = logging.getLogger(__name__)

_NEWEST = 0.004  # share of the newest weights in their average
_ENDLESS = 1_000_000  # slabs, more than anyone waits for


def main() -> None:
    """Train."""
    parser = make_parser("experiments.joint_training", __doc__)
    parser.add_argument("--datalist_file", type=Path, required=True, help="list of cases with folds")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--minutes", type=float, required=True, help="time to train, without reading the cases")
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3, 4], help="folds to train a network for")
    parser.add_argument("--final", action="store_true", help="also train a network on the patients of all folds")
    parser.add_argument(
        "--other_features", type=int, nargs=5, help="also train a network of these widths for the first of the folds"
    )
    parser.add_argument("--start_from", type=Path, help="weights that all of them start from")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that make slabs")
    add_bundle_options(parser)
    args = parser.parse_args()
    start_log()

    cases = read_list(args.datalist_file)
    root = find_root(cases)
    overrides = {
        "dataset_dir": root,
        "datalist_file": str(args.datalist_file.resolve()),
        "split": "all",
        "output_dir": str(args.work_dir),
        **dict(args.overrides),
    }
    wanted: list[tuple[str, int | None, dict[str, Any]]] = [(f"fold_{fold}", fold, {}) for fold in args.folds]
    if args.other_features:
        wanted.append((f"fold_{args.folds[0]}_other", args.folds[0], {"features": args.other_features}))
    if args.final:
        wanted.append(("final", None, {}))
    config = read_config(args.bundle_root, overrides)
    torch.backends.cudnn.benchmark = True
    trainings = [
        Training(name, fold, read_config(args.bundle_root, {**overrides, **own}), args.start_from)
        for name, fold, own in wanted
    ]
    train_together(trainings, make_loader(config, args.workers), 60 * args.minutes)
    for training in trainings:
        training.save(args.work_dir / training.name / "models" / LAST_WEIGHTS, list(config["organs"]))


def read_config(bundle: Path, overrides: Mapping[str, Any]) -> ConfigParser:
    """The configs of a training by the bundle with other values for variables."""
    config = ConfigParser()
    config.read_config([str(bundle / "configs" / f"{name}.json") for name in ("train", "synthesis")])
    config.update({"bundle_root": str(bundle), **overrides})
    return config


class Slabs(Dataset):
    """Slabs as a network takes them, of few bytes: image in half precision, masks in 8 bit, and the patient's fold."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        made = self.dataset[index]
        slab = made[0] if isinstance(made, list) else made
        image, masks = (torch.as_tensor(slab[key]).as_subclass(torch.Tensor) for key in ("image", "label"))
        return image.half(), masks.to(torch.uint8), self.dataset.data[index]["fold"]


def make_loader(config: ConfigParser, workers: int) -> DataLoader:
    """Endless batches, of the training's cases by their weights."""
    dataset = config.get_parsed_content("train#dataset")
    sampler = WeightedRandomSampler(sampling_weights(dataset.data), num_samples=_ENDLESS)
    sizes = {"batch_size": config["batch_size"], "num_workers": workers}
    return DataLoader(Slabs(dataset), sampler=sampler, pin_memory=torch.cuda.is_available(), **sizes)


class Training:
    """
    A network in training.

    Args:
        name: of the folder for its weights.
        fold: patients of this fold are not learnt from. None for a network of all patients.
        config: of the training.
        start_from: file of the weights to start from. Defaults to None: those drawn by the seed.
    """

    def __init__(self, name: str, fold: int | None, config: ConfigParser, start_from: Path | None = None) -> None:
        self.name, self.fold, self.steps = name, fold, 0
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
        self.batch_size = int(config["batch_size"])
        self.waiting: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.total, self.counted = torch.zeros((), device=self.device), 0

    def learn(self, images: torch.Tensor, masks: torch.Tensor, folds: torch.Tensor, progress: float) -> None:
        """
        Take steps on slabs, without those of patients of the own fold; slabs that make no full batch wait.

        Args:
            images: ``(B, C, H, W)``, on the device.
            masks: ``(B, K, H, W)``, on the device.
            folds: ``(B,)``, on the CPU.
            progress: share of the training that is over, from 0 to 1.
        """
        own = [index for index, fold in enumerate(folds.tolist()) if self.fold is None or fold != self.fold]
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * (1 - progress) ** 0.9
        self.waiting += [(images[index], masks[index]) for index in own]
        while len(self.waiting) >= self.batch_size:
            taken, self.waiting = self.waiting[: self.batch_size], self.waiting[self.batch_size :]
            self._step(*(torch.stack(tensors) for tensors in zip(*taken)))

    def _step(self, images: torch.Tensor, masks: torch.Tensor) -> None:
        self.steps, self.counted = self.steps + 1, self.counted + 1
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
        return f"{self.name} {self.steps} steps, loss {mean:.4f}"

    def save(self, path: Path, organs: Sequence[str]) -> None:
        """Save the average of the weights, with the names of the organs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        save_weights(self.average.state_dict(), path, organs)


def train_together(trainings: Sequence[Training], loader: DataLoader, seconds: float) -> None:
    """
    Train networks for some time.

    Args:
        trainings: the networks.
        loader: batches of images, masks and folds, without end.
        seconds: from the first batch on.
    """
    slabs, device = 0, trainings[0].device
    start = reported = -1.0
    for images, masks, folds in loader:
        now = time.monotonic()
        if start < 0:
            start = reported = now
        if now - start >= seconds:
            break
        images, masks = (tensor.to(device, non_blocking=True) for tensor in (images, masks))
        for training in trainings:
            training.learn(images, masks, folds, (now - start) / seconds)
        slabs += len(folds)
        if now - reported >= 30:
            reported = now
            logger.info("%3.0f s, %d slabs: %s", now - start, slabs, "; ".join(s.report() for s in trainings))
    logger.info("%d slabs in %.0f s: %s", slabs, seconds, "; ".join(s.report() for s in trainings))


if __name__ == "__main__":
    main()
