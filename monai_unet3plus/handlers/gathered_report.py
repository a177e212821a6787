# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""One report of the runs of several processes, each over a shard of the cases."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist

from ..engines import CaseEvaluator
from ..utils.errors import InputError
from .inference_report import InferenceReport

__all__ = ["report_together"]


def report_together(evaluator: CaseEvaluator, report: InferenceReport) -> None:
    """
    Wait until all processes of a group have segmented their shards, and report on all cases in the first one.

    There the evaluator has the results of all processes then, by path. Other processes keep their own, and wait for
    the report, since launchers end the others when one ends with the status of failed cases. The reports of the shards
    go when that of all is written.

    Args:
        evaluator: of this process, after its run.
        report: that was attached to it, of its shard.

    Raises:
        InputError: When another process is gone; its masks are missing.
    """
    first = dist.get_rank() == 0
    shards: list[Any] = [None] * dist.get_world_size()
    written = [False]
    own = (evaluator.results, evaluator.not_tried, evaluator.started)
    try:
        dist.gather_object(own, shards if first else None)
        if first:
            evaluator.results = sorted((result for shard, _, _ in shards for result in shard), key=lambda r: r.image)
            evaluator.state.epoch_length = len(evaluator.results) + sum(not_tried for _, not_tried, _ in shards)
            evaluator.started = min(started for _, _, started in shards)
            written = [report.write(evaluator, shard=None)]
        dist.broadcast_object_list(written)
    except RuntimeError as e:  # the group's, of which a connection was closed
        raise InputError(
            "shard: another process of this run ended before its cases were done. Repeat the command: it leaves "
            "finished masks alone, makes those that are missing, and writes the report."
        ) from e
    if written[0]:
        report.remove()
