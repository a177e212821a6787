# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Functions that the bundle's configs call: a training that is alone in its folder, and the exit status of a run."""

from __future__ import annotations

import gc
import logging
from contextlib import nullcontext

import torch.distributed as dist
from monai.config import PathLike
from monai.engines import Trainer

from ..engines import CaseEvaluator
from ..utils.command import EXIT_NOTHING_DONE, is_command
from ..utils.folder_lock import locked_folder

__all__ = ["EXIT_SOME_FAILED", "CasesFailedError", "exit_with_status", "run_training"]

logger = logging.getLogger(__name__)

EXIT_SOME_FAILED = 3


class CasesFailedError(RuntimeError):
    """
    Some cases of a run have no mask, or lack a file beside it; ``failures`` has the reason for each image.
    """

    failures: dict[str, str]


def run_training(trainer: Trainer, ckpt_dir: PathLike) -> None:
    """
    Run a trainer that is alone in the folder of its checkpoints. Of several processes, the first one locks it.

    Args:
        trainer: the trainer.
        ckpt_dir: folder of its checkpoints.

    Raises:
        InputError: When another training is at work there.
    """
    first = not dist.is_initialized() or dist.get_rank() == 0
    with locked_folder(ckpt_dir, "ckpt_dir") if first else nullcontext():
        trainer.run()


def exit_with_status(evaluator: CaseEvaluator) -> None:
    """
    Sum up a run over cases: the last lines of the log are those to look at, those that failed, and their number.

    Args:
        evaluator: after its run.

    Raises:
        SystemExit: In a command, with status 3 if some cases failed, lack a file beside the mask that was asked for, or
            were not tried, 1 if no case has a mask.
        CasesFailedError: In another program, if some cases failed, lack such a file, or were not tried.
    """
    if is_command():
        gc.freeze()  # else the interpreter looks at each object of PyTorch and MONAI before it ends, for a second
    for result in evaluator.results:
        for organ, facts in result.organs.items():
            if facts.get("flags"):
                logger.warning("look at: %s  %s: %s", result.image, organ, "; ".join(facts["flags"]))
    failures, done = evaluator.failures, evaluator.succeeded
    total = done + len(failures) + evaluator.not_tried
    incomplete = [result for result in evaluator.results if result.missing]
    if done == total and not incomplete:
        logger.info("%d of %d cases segmented", done, total)
        return
    width = max(map(len, failures), default=0)
    for path, reason in failures.items():
        logger.error("failed: %-*s  %s", width, path, reason.removeprefix(f"{path}: "))
    for result in incomplete:
        reason = "; ".join(remark.removeprefix(f"{result.image}: ") for remark in result.remarks)
        failures = {**failures, result.image: f"its {result.missing} is missing: {reason}"}
        logger.error("no %s: %s  %s", result.missing, result.image, reason)
    counts = f"{done} of {total} cases segmented, {len(evaluator.failures)} failed"
    counts += f", {len(incomplete)} without a file that was asked for" if incomplete else ""
    counts += f", {evaluator.not_tried} not tried" if evaluator.not_tried else ""
    logger.error("%s", counts)
    if not is_command():
        error = CasesFailedError(counts)
        error.failures = failures
        raise error
    raise SystemExit(EXIT_SOME_FAILED if done else EXIT_NOTHING_DONE)
