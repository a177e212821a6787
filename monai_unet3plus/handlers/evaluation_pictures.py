# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of each evaluated case, with the slices in which prediction and label differ most."""

from __future__ import annotations

from collections.abc import Sequence

from ignite.engine import Engine, Events
from monai.config import PathLike

from ..masks.paths import picture_path
from ..metrics import dice
from ..visualize import save_differences
from .evaluated_cases import Case, case_name, iterate_cases

__all__ = ["EvaluationPictures"]


class EvaluationPictures:
    """
    Draws a picture of every case: the slices in which prediction and label differ most, with both outlines.

    It is put where the case's mask goes, as ``<name>_differences.webp``. The evaluator's postprocessing has to leave
    items as :py:class:`EvaluationReport` needs them, "image" in the same orientation as its file or any other.

    Args:
        output_dir: folder for the pictures.
        organs: names of the organs, in the order of the masks.
        dataset_dir: folder that the images are in.
        window: values of "image" shown as black and white. Defaults to (0, 1), the network's input range.
    """

    def __init__(
        self, output_dir: PathLike, organs: Sequence[str], dataset_dir: PathLike, window: Sequence[float] = (0.0, 1.0)
    ) -> None:
        self.output_dir = output_dir
        self.organs = list(organs)
        self.dataset_dir = dataset_dir
        self.window = window

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI evaluator."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """
        Raises:
            ValueError: When an image does not have the shape of its masks.
        """
        for case in iterate_cases(engine, self.organs):
            self._draw(case)

    def _draw(self, case: Case) -> None:
        if case.image.shape != case.prediction.shape[1:]:
            raise ValueError(
                f"{case.file}: expected the image on the grid of its masks, {case.prediction.shape[1:]}, but got "
                f"{case.image.shape}. Let Invertd bring the image back too."
            )
        masks = {self.organs[k]: (truth, case.prediction[k]) for k, truth in case.truth.items()}
        scores = [f"{organ} Dice {dice(prediction, truth):.3f}" for organ, (truth, prediction) in masks.items()]
        save_differences(
            case.image,
            masks,
            case.affine,
            picture_path(case.file, self.dataset_dir, self.output_dir, "differences"),
            self.window,
            f"{case_name(case.file, self.dataset_dir)}: {', '.join(scores) or 'no organ annotated'}",
        )
