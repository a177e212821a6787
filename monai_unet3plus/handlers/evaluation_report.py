# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The report of an evaluation: scores of each case and organ, their summary, an HTML page."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time
from typing import Any

import torch.distributed as dist
from ignite.engine import Engine, Events
from monai.config import PathLike

from ..masks.paths import picture_path
from ..metrics.mask_facts import mask_facts, mask_flags
from ..metrics.organ_scores import organ_scores, score_names
from ..metrics.summary import OrganSummary, summarize
from ..report import EvaluatedCase, evaluation_page, get_weights_warning, versions, write_page
from ..report.schema import write_cases, write_summary
from ..utils.files import compute_sha256
from ..utils.process_group import gather_entries
from ..utils.settings import settings_to_json
from .evaluated_cases import case_name, iterate_cases

__all__ = ["EvaluationReport"]

logger = logging.getLogger(__name__)

Scores = dict[str, float | None]


class EvaluationReport:
    """
    Compares prediction and label of every case and organ, in mm and ml, and writes tables and a page.

    The evaluator's postprocessing has to leave items with "image", "pred" and "label", of which the last two are
    MetaTensors with one mask per organ, ``(K, H, W, D)``, on the file's own grid, where ``Invertd`` puts them.
    Spacing and the axis along head and feet are read from their affine. A label filled with 255 says that the case
    does not annotate the organ; it gets no row. With :py:class:`PresenceVerdicts` before it the classifier's accuracy
    is reported too.

    At the end of a run, ``output_dir`` gets

    - ``cases.csv``, a row for each case and organ. "nan" means that the value is not defined, as a distance to an
      empty mask, and a blank that it was not measured. See :py:mod:`monai_unet3plus.metrics` for the definitions.
    - ``summary.json`` and ``summary.csv``, statistics for each organ, see :py:func:`monai_unet3plus.metrics.summarize`.
    - ``report.html``, the same for people to read: a page that holds the cases' pictures
      (:py:class:`EvaluationPictures`) and needs nothing else. It says too which masks to look at, as
      :py:class:`QualityFlags` does. Of a run that ends early, in one process, it shows the cases until then; the other
      files are not written.

    With ``torch.distributed`` the cases of all ranks are gathered and the first rank writes. A case counts once, also
    if a sampler repeats it. Every rank has to run its evaluator, and MONAI skips the run of one without cases: use
    ``DistributedSampler(even_divisible=True)``, which repeats some.

    Args:
        output_dir: folder for the files.
        organs: names of the organs, in the order of the masks.
        dataset_dir: folder that the images are in; cases are named by their path below it.
        tolerance_mm: of the surface Dice. Defaults to 2 mm.
        weights: file of the weights that are evaluated, for the page. Defaults to None.
        settings: further settings for the page, see :py:func:`settings_to_json`. Defaults to None.
        metadata: content of the bundle's ``metadata.json``, which may warn of the weights it was delivered with.
            Defaults to None.
    """

    def __init__(
        self,
        output_dir: PathLike,
        organs: Sequence[str],
        dataset_dir: PathLike,
        tolerance_mm: float = 2.0,
        weights: PathLike | None = None,
        settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.organs = list(organs)
        self.dataset_dir = dataset_dir
        self.tolerance_mm = tolerance_mm
        self.weights = weights
        self.settings = settings_to_json(settings or {})
        self.metadata = metadata
        self._cases: dict[str, EvaluatedCase] = {}
        self._started = 0.0
        self._weights_sha256: str | None = None

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI evaluator."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._measure)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._fail)

    def __call__(self, engine: Engine) -> None:
        """Gather the scores of all ranks; the first writes them to files and the log."""
        cases = dict(sorted(gather_entries(self._cases).items()))
        if dist.is_available() and dist.is_initialized() and dist.get_rank() > 0:
            return
        summaries = self._summarize(cases)
        self._write({name: case.scores for name, case in cases.items()}, summaries)
        self._write_page(cases, summaries)
        logger.info("evaluation: %s, %s", self.output_dir / "cases.csv", self.output_dir / "report.html")

    def _start(self, engine: Engine) -> None:
        self._cases, self._started = {}, time()
        # now, since a training may replace the file before the end
        weights = self.weights
        self._weights_sha256 = compute_sha256(weights) if weights is not None and Path(weights).is_file() else None

    def _fail(self, engine: Engine, error: BaseException) -> None:
        if not (dist.is_available() and dist.is_initialized()):
            missing = (engine.state.epoch_length or 0) - len(self._cases)
            self._write_page(self._cases, self._summarize(self._cases), missing)
        raise error

    def _measure(self, engine: Engine) -> None:
        for case in iterate_cases(engine, self.organs):
            found = self._cases[case_name(case.file, self.dataset_dir)] = EvaluatedCase(case.file)
            for k, truth in case.truth.items():
                prediction, margins = case.prediction[k], None if case.presence is None else case.presence[k]
                found.scores[self.organs[k]] = organ_scores(prediction, truth, case.spacing, margins, self.tolerance_mm)
                found.flags[self.organs[k]] = mask_flags(self.organs[k], mask_facts(prediction, case.spacing, margins))

    def _summarize(self, cases: Mapping[str, EvaluatedCase]) -> dict[str, OrganSummary]:
        return {
            organ: summarize({name: case.scores[organ] for name, case in cases.items() if organ in case.scores})
            for organ in self.organs
        }

    def _write_page(
        self, cases: Mapping[str, EvaluatedCase], summaries: Mapping[str, OrganSummary], not_evaluated: int = 0
    ) -> None:
        run = {
            "started": self._started,
            "seconds": time() - self._started,
            "versions": versions(),
            "weights_sha256": self._weights_sha256,
            "warning": get_weights_warning(self._weights_sha256, self.metadata),
            "settings": self.settings,
        }
        pictures = [
            picture_path(case.file, self.dataset_dir, self.output_dir, "differences") for case in cases.values()
        ]
        write_page(evaluation_page(cases, summaries, pictures, run, not_evaluated), self.output_dir / "report.html")

    def _write(self, cases: Mapping[str, Mapping[str, Scores]], summaries: Mapping[str, OrganSummary]) -> None:
        names = score_names(self.tolerance_mm)
        write_cases(self.output_dir / "cases.csv", cases, names)
        write_summary(self.output_dir, summaries, self.tolerance_mm)
        for organ, summary in summaries.items():
            worst = {} if summary["worst_case"] is None else cases[summary["worst_case"]][organ]
            logger.info("%s: %s", organ, _sentence(summary, worst))


def _sentence(summary: OrganSummary, worst: Mapping[str, float | None]) -> str:
    if not summary["cases"]:
        return "no case annotates it"

    def mean(name: str, pattern: str) -> str:
        value = summary["metrics"][name]["mean"]
        return "not defined" if value is None else pattern.format(value)

    surface = next(name for name in summary["metrics"] if name.startswith("surface_dice_"))
    parts = [f"Dice {mean('dice', '{:.3f}')}"]
    if summary["metrics"]["dice"]["std"] is not None:
        parts[0] += f" ± {summary['metrics']['dice']['std']:.3f}"
    parts.append(f"HD95 {mean('hausdorff_distance_95_mm', '{:.1f} mm')}")
    parts.append(f"surface Dice {mean(surface, '{:.3f}')}")
    parts.append(f"volume error {mean('volume_error_ml', '{:+.1f} ml')}")
    parts.append(f"over-segmented slices {mean('over_segmentation', '{:.1%}')}")
    if summary["metrics"]["presence_accuracy"]["n"]:
        parts.append(f"presence accuracy {mean('presence_accuracy', '{:.1%}')}")
    cases = "1 case" if summary["cases"] == 1 else f"{summary['cases']} cases"
    text = f"{', '.join(parts)}; mean of {cases}, worst {summary['worst_case']} (Dice {worst['dice']:.3f})"
    empty = {"nothing predicted": summary["empty_predictions"], "nothing annotated": summary["empty_truths"]}
    for reason, names_of_cases in empty.items():
        if names_of_cases:
            text += f"; {reason} in {len(names_of_cases)}: {', '.join(names_of_cases)}"
    return text
