# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The contests of ``tests.benchmarks.gpu``: one network against the published one, for one row or two of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch
from monai.inferers import SliceInferer, SlidingWindowInferer
from torch import nn
from torch.profiler import ProfilerActivity, profile

from monai_unet3plus.experiments.compare.cost import count_flops
from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks import load_published_weights, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map
from tests.benchmarks.gpu_page import Table
from tests.benchmarks.paired import matmul_flops, ratio, seconds, spread, train_step
from tests.benchmarks.whole_ct import JudgedByBrightness, made_ct
from tests.memory import peak_bytes
from tests.networks.published import State, published_forward, published_shapes, random_state, require_gradients

PRECISIONS = ("float32", "TF32", "bfloat16")
PUBLISHED, OURS, COMPILED, CHANNELS_LAST = "published network", "ours", "ours, compiled", "ours, channels last"
EIGHT = ", 8 slices at a time"
SHOWN = 15  # kernels of the profile

Step = Callable[[], None]


class Contests:
    """
    Makes the steps of a run; each fills rows of a table.

    Args:
        device: where to compute.
        size: height and width of the images and windows.
        widths: channels of the five levels.
        slices: of the whole CT.
        rounds: how often each contestant is timed.
        batches: images at once.
        backend: of ``torch.compile``, or None for PyTorch's own.
    """

    def __init__(
        self,
        device: str,
        size: int,
        widths: tuple[int, ...],
        slices: int,
        rounds: int,
        batches: Sequence[int],
        backend: str | None,
    ) -> None:
        self.device = device
        self.size = size
        self.widths = widths
        self.slices = slices
        self.rounds = rounds
        self.training_batch = max(batches[:2])
        self.compile_kwargs = {"backend": backend} if backend else {}
        self.peaks: dict[str, float] = {}

    def measure_peaks(self) -> dict[str, float]:
        """Rates of large matrix products by precision, in FLOP per second; measured once for all shares."""
        for precision in PRECISIONS:
            with computing_in(precision):
                dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
                self.peaks[precision] = matmul_flops(dtype, 8192 if self.device == "cuda" else 64, device=self.device)
        return self.peaks

    @torch.inference_mode()
    def profile_forward(self, batch: int) -> str:
        """The section on where the time of a forward pass in bfloat16 goes, kernel by kernel."""
        network = self._prepared({}, "bfloat16", False)
        images = self._images(batch)
        for _ in range(3):
            network(images)
        on_gpu = self.device == "cuda"
        activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
        with profile(activities=activities) as profiler:
            self._waiting(lambda: network(images))()
        name = "self_device_time_total" if on_gpu else "self_cpu_time_total"
        events = sorted(profiler.key_averages(), key=lambda event: -getattr(event, name))
        total = sum(getattr(event, name) for event in events) or 1.0
        rows = [
            f"| `{event.key[:90]}` | {event.count} | {getattr(event, name) / 1e3:.3f} ms "
            f"| {getattr(event, name) / total:.0%} |"
            for event in events[:SHOWN]
        ]
        head = "| | calls | time | share |\n|---|---|---|---|\n"
        title = f"\n## Where a forward pass goes: batch {batch}, bfloat16, not compiled\n\n"
        return title + head + "\n".join(rows) + f"\n\nAll together {total / 1e3:.3f} ms.\n"

    def forward(self, table: Table, batch: int, precision: str, name: str) -> Step:
        """A step that compares a forward pass."""

        @torch.inference_mode()
        def step() -> None:
            state = self._state("UNet_3Plus")
            network = self._prepared(state, precision, name == COMPILED)
            cast = self._cast(state, precision)
            images = self._images(batch)
            lower = images.to(_dtype(precision))
            run = {PUBLISHED: lambda: published_forward(cast, lower), name: lambda: network(images)}
            run[name]()
            _require_compiled(network)
            work = count_flops(run[name]) if name == OURS else self._work(precision, batch)
            self._compare(table, (str(batch), precision), run, batch, precision, work)

        return step

    def training(self, table: Table, precision: str, name: str) -> Step:
        """A step that compares a training step."""

        def step() -> None:
            state = self._state("UNet_3Plus_DeepSup")
            ours = UNet3Plus(features=self.widths, deep_supervision=True)
            ours = load_published_weights(ours, state).to(self.device).train()
            forward: Callable[..., Any] = ours
            if name == CHANNELS_LAST:
                ours.to(memory_format=torch.channels_last)
            if name == COMPILED:
                forward = torch.compile(ours, fullgraph=True, dynamic=False, **self.compile_kwargs)
            require_gradients(state)
            images = self._images(self.training_batch)
            target = (images[:, :1] > 0.5).float()

            def train(predict: Callable[[], list[torch.Tensor]]) -> None:
                if precision == "bfloat16":
                    predict = torch.autocast(self.device, torch.bfloat16)(predict)
                train_step(predict, target, (*state.values(), *ours.parameters()))

            run = {
                PUBLISHED: lambda: train(lambda: published_forward(state, images).logits),
                name: lambda: train(lambda: forward(images)),
            }
            work = count_flops(lambda: train(lambda: ours(images)))
            self._compare(table, (precision,), run, self.training_batch, precision, work)

        return step

    def whole_ct(self, table: Table, precision: str, name: str) -> Step:
        """A step that compares a whole CT."""

        @torch.inference_mode()
        def step() -> None:
            state = self._state("UNet_3Plus_DeepSup_CGM")
            options = {"deep_supervision": True, "classification_guided": True}
            network = self._prepared(state, precision, name == COMPILED, **options)
            guided = JudgedByBrightness(network)
            plain = self._cast({key: state[key] for key in published_shapes("UNet_3Plus", self.widths)}, precision)
            side = self.size * 8 // 5  # 512 for windows of 320
            volume = torch.from_numpy(made_ct(self.slices)[:side, :side])[None, None].to(self.device)
            windows = {"roi_size": (self.size,) * 2, "sw_batch_size": 32, "overlap": 0.25, "mode": "gaussian"}
            published = SliceInferer(**windows, spatial_dim=2)

            def theirs(image: torch.Tensor) -> torch.Tensor:
                return published_forward(plain, image.to(_dtype(precision))).logits[0].float()

            def ours(slices: int) -> None:
                inner = SlidingWindowInferer(**windows)
                AdjacentSliceInferer(inner, slice_batch_size=slices, postprocess=logits_to_label_map)(volume, guided)

            run: dict[str, Step] = {PUBLISHED: lambda: published(volume.expand(-1, 3, -1, -1, -1), theirs)}
            if name == OURS:
                run[name] = lambda: ours(1)
            run[name + EIGHT] = lambda: ours(8)
            with computing_in(precision):
                found = seconds({key: self._waiting(f) for key, f in run.items()}, max(self.rounds // 2, 3))
            _require_compiled(network)
            for key, values in found.items():
                if key != PUBLISHED or name == OURS:
                    table.fill((precision, key), spread(values), ratio(values, found[PUBLISHED]))

        return step

    def _compare(
        self,
        table: Table,
        row: tuple[str, ...],
        run: dict[str, Callable[[], object]],
        images: int,
        precision: str,
        work: int,
    ) -> None:
        """Fill the rows of one network, and of the published one beside which it is not compiled."""
        (name,) = run.keys() - {PUBLISHED}
        with computing_in(precision):
            found = seconds({key: self._waiting(f) for key, f in run.items()}, self.rounds, warm_up=3)
            memory = {key: peak_bytes(f, self.device) for key, f in run.items() if name != COMPILED}
        for key, values in found.items():
            if key == PUBLISHED and name != OURS:
                continue
            cells = [f"{images / median(values):.1f}", ratio(values, found[PUBLISHED]), "", ""]
            if memory:
                cells[2:] = [f"{memory[key] / 2**30:.2f} GiB", f"{memory[key] / memory[PUBLISHED]:.2f}"]
            if key != PUBLISHED and precision in self.peaks:
                cells.append(f"{work / median(values) / self.peaks[precision]:.0%}")
            table.fill((*row, key), *cells)

    def _work(self, precision: str, batch: int) -> int:
        """FLOP of a forward pass that is not compiled."""
        network, images = self._prepared({}, precision, False), self._images(batch)
        return count_flops(lambda: network(images))

    def _prepared(self, state: State, precision: str, compiled: bool, **options: Any) -> nn.Module:
        network = UNet3Plus(features=self.widths, **options)
        if state:
            load_published_weights(network, state)
        dtype = torch.bfloat16 if precision == "bfloat16" else None
        return prepare_for_inference(network.to(self.device), dtype, compiled, self.compile_kwargs)

    def _state(self, variant: str) -> State:
        state = random_state(published_shapes(variant, self.widths))
        return {name: tensor.to(self.device) for name, tensor in state.items()}

    def _cast(self, state: State, precision: str) -> State:
        return {key: x.to(_dtype(precision)) if x.is_floating_point() else x for key, x in state.items()}

    def _images(self, batch: int) -> torch.Tensor:
        return torch.rand(batch, 3, self.size, self.size, device=self.device)

    def _waiting(self, run: Callable[[], object]) -> Step:
        """A function that is done when the GPU is."""

        def synchronized() -> None:
            run()
            if self.device == "cuda":
                torch.cuda.synchronize()

        return synchronized


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Allow TF32 or not, and set PyTorch back afterwards."""
    switches = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = precision == "TF32"
    try:
        yield
    finally:
        for switch, value in zip(switches, before):
            switch.allow_tf32 = value


def _dtype(precision: str) -> torch.dtype:
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _require_compiled(network: nn.Module) -> None:
    """
    Raises:
        RuntimeError: When a network was not compiled although it should have been.
    """
    failures = getattr(network, "compile_failures", [])
    if failures:
        raise RuntimeError(failures[0])
