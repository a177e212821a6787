# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Records beside the masks that tell whether a mask is up to date."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monai.config import PathLike

from .. import __version__
from ..utils.files import remove_leftovers, replacing, sha256_of
from ..utils.folder_lock import locked_folder
from ..utils.image_files import image_state
from ..utils.settings import described
from .paths import mask_path, picture_path

__all__ = ["MaskRecords"]


class MaskRecords:
    """
    Knows which masks in a folder are those that a run would make again, so that it need not.

    Beside each mask, NAME_seg.nii.gz, lies its record, NAME_seg.json: size and time of the image's files, hash of the
    weights, settings, and this package's version. A mask counts as done if its record says what a new one would say.
    There may be a picture of it, NAME_seg.webp, which goes with it.

    Args:
        output_dir: folder for the masks.
        dataset_dir: folder that the images are in.
        postfix: what the masks' names end in.
        weights: file of weights, or None if there is none.
        settings: whatever else decides what a mask looks like, see :py:func:`described`. Defaults to None.
        overwrite: whether to count no mask as done. Defaults to False.
    """

    def __init__(
        self,
        output_dir: PathLike,
        dataset_dir: PathLike,
        postfix: str = "seg",
        weights: PathLike | None = None,
        settings: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.dataset_dir = dataset_dir
        self.postfix = postfix
        self.weights = weights
        self.settings = described(settings or {})
        self.overwrite = overwrite
        self._run: dict[str, Any] | None = None

    def mask_of(self, image: PathLike) -> Path:
        """
        Where the mask of an image is or will be.

        Args:
            image: the image's file, or the folder of its DICOM series.
        """
        return mask_path(image, self.dataset_dir, self.output_dir, self.postfix)

    def picture_of(self, image: PathLike) -> Path:
        """
        Where a picture of the mask of an image is or will be.

        Args:
            image: the image's file, or the folder of its DICOM series.
        """
        return picture_path(image, self.dataset_dir, self.output_dir, self.postfix)

    def describe_run(self) -> dict[str, Any]:
        """What the records of this run have in common: package, weights and settings."""
        if self._run is None:
            digest = None if self.weights is None else sha256_of(self.weights)
            run = {"package": f"monai_unet3plus {__version__}", "weights_sha256": digest, "settings": self.settings}
            self._run = json.loads(json.dumps(run))
        return self._run

    def is_done(self, image: PathLike) -> bool:
        """
        Whether an image has the mask that this run would make.

        Args:
            image: the image's file, or the folder of its DICOM series.
        """
        mask = self.mask_of(image)
        if self.overwrite or not mask.is_file():
            return False
        try:
            record = json.loads(_record_of(mask).read_text(encoding="utf-8"))
            return {key: record.get(key) for key in ("image", *self.describe_run())} == self._record(image)
        except (OSError, ValueError, AttributeError):
            return False

    def start(self, image: PathLike) -> None:
        """
        Forget record and picture of a mask that is about to be replaced, and remove what a killed run left of them.

        Args:
            image: the image's file, or the folder of its DICOM series.
        """
        mask = self.mask_of(image)
        self._forget(image)
        for path in (mask, _record_of(mask), self.picture_of(image)):
            remove_leftovers(path)

    def finish(self, image: PathLike, organs: Mapping[str, Any] | None = None) -> None:
        """
        Write the record of a mask that was saved.

        Args:
            image: the image's file, or the folder of its DICOM series.
            organs: what was found out about each organ's mask.
        """
        record = {**self._record(image), "organs": organs or {}}
        with replacing(_record_of(self.mask_of(image))) as path:
            path.write_text(json.dumps(record, indent=4), encoding="utf-8")

    def organs_of(self, image: PathLike) -> dict[str, Any]:
        """
        What the record of a mask that is done says about each organ.

        Args:
            image: the image's file, or the folder of its DICOM series.
        """
        return json.loads(_record_of(self.mask_of(image)).read_text(encoding="utf-8")).get("organs", {})

    def set_aside(self, image: PathLike) -> Path | None:
        """
        Rename an older mask of a case that failed, so that nobody takes it for the new one; a picture of it goes.

        Args:
            image: the image's file, or the folder of its DICOM series.

        Returns:
            the new path, or None if there was no mask.
        """
        mask = self.mask_of(image)
        self._forget(image)
        if not mask.is_file():
            return None
        aside = mask.with_name(f"{mask.name}.outdated")
        os.replace(mask, aside)
        return aside

    @contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other runs off the folder. A run that was killed leaves no lock behind: the system drops it.

        Raises:
            InputError: When another run is at work there, or the folder can't be written to.
        """
        with locked_folder(self.output_dir, "output_dir"):
            yield

    def _forget(self, image: PathLike) -> None:
        for path in (_record_of(self.mask_of(image)), self.picture_of(image)):
            path.unlink(missing_ok=True)

    def _record(self, image: PathLike) -> dict[str, Any]:
        return {"image": image_state(image), **self.describe_run()}


def _record_of(mask: Path) -> Path:
    return mask.with_name(mask.name.removesuffix(".nii.gz") + ".json")
