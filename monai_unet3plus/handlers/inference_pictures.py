# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of each mask of an inference run, in three planes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ignite.engine import Engine
from monai.data.meta_tensor import MetaTensor
from monai.engines import IterationEvents
from monai.utils import CommonKeys, convert_to_numpy

from ..engines import CaseResult
from ..utils.errors import describe_error
from ..utils.orientation import ras_affine, ras_view
from ..visualize import save_planes

__all__ = ["InferencePictures"]

logger = logging.getLogger(__name__)


class InferencePictures:
    """
    Draws a picture of each mask of a :py:class:`CaseEvaluator` in three planes, see
    :py:func:`monai_unet3plus.visualize.save_planes`.

    It lies beside the mask, see :py:class:`monai_unet3plus.masks.records.MaskRecords`; a case that is not in a file
    has none. The postprocessing has to leave a label map on the file's grid, ``(1, H, W, D)``, and "image" on
    that grid, in any orientation. A picture that can't be drawn is warned of, and the mask stays.

    Args:
        organs: names of the organs, in the order of their values.
        window: Hounsfield units that became 0 and 1 in "image", for the text below the picture.
    """

    def __init__(self, organs: Sequence[str], window: Sequence[float]) -> None:
        self.organs = list(organs)
        self.window = window

    def attach(self, engine: Engine) -> None:
        """Attach to a CaseEvaluator."""
        engine.add_event_handler(IterationEvents.MODEL_COMPLETED, self)

    def __call__(self, engine: Any) -> None:
        case = engine.current.image
        records = engine.get_records(case)
        if records is None:
            return
        (output,) = engine.state.output
        image, mask = output[CommonKeys.IMAGE], output[CommonKeys.PRED]
        # after the mask, so that a run that is killed between them leaves no new picture beside an older mask
        engine.after_saving.append(partial(self._draw, image, mask, records.get_picture_path(case), engine.current))

    def _draw(self, image: MetaTensor, mask: MetaTensor, path: Path, result: CaseResult) -> None:
        try:
            affine = ras_affine(convert_to_numpy(mask.affine), mask.shape[1:])
            note = f"window {self.window[0]:g} to {self.window[1]:g} HU"
            save_planes(_view(image), _view(mask), self.organs, affine, path, note=note)
        except Exception as e:  # a picture that fails must not cost the mask
            logger.debug("picture failed", exc_info=True)
            remark = f"{result.image}: no picture was drawn: {describe_error(e)}"
            logger.warning("%s", remark)
            result.remarks.append(remark)


def _view(volume: MetaTensor) -> np.ndarray:
    # no copy on a CPU, in whatever order the voxels lie, of which a picture needs few
    return ras_view(volume.as_tensor()[0].detach().cpu().numpy(), convert_to_numpy(volume.affine))[0]
