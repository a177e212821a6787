# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Records beside the masks that tell whether a mask is up to date."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monai.config import PathLike

from .. import __version__
from ..utils.files import compute_sha256, remove_leftovers, replacing
from ..utils.folder_lock import locked_folder
from ..utils.image_files import image_state
from ..utils.settings import settings_to_json
from .paths import check_mask_paths, dicom_seg_path, mask_path, picture_path, record_path

__all__ = ["MaskRecords"]


class MaskRecords:
    """
    Knows which masks in a folder are those that a run would make again, so that it need not.

    Beside each mask, NAME_seg.nii.gz, lies its record, NAME_seg.json: size and time of the image's files before they
    were read, hash of the weights when the run began, settings, and this package's version. A mask counts as done if
    its record equals the one that a new run would write. There may be a picture of it, NAME_seg.webp, and a DICOM SEG,
    NAME_seg.dcm, which go with it.

    Methods that take an image take the path of its file, or of the folder of its DICOM series.

    Args:
        output_dir: folder for the masks.
        dataset_dir: folder that the images are in.
        postfix: end of the masks' names.
        weights: file of weights, or None if there is none.
        settings: all other settings that influence masks, see :py:func:`settings_to_json`. Defaults to None.
        overwrite: whether to count no mask as done. Defaults to False.
        shard: "3/8" for a run of the third of eight shards, beside which those of the others may be at work. Defaults
            to None, all cases.
    """

    def __init__(
        self,
        output_dir: PathLike,
        dataset_dir: PathLike,
        postfix: str = "seg",
        weights: PathLike | None = None,
        settings: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        shard: str | None = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.dataset_dir = dataset_dir
        self.postfix = postfix
        self.weights = weights
        self.settings = settings_to_json(settings or {})
        self.overwrite = overwrite
        self.shard = shard
        self._run: dict[str, Any] | None = None

    def get_mask_path(self, image: PathLike) -> Path:
        """Where the mask of an image is or will be."""
        return mask_path(image, self.dataset_dir, self.output_dir, self.postfix)

    def get_picture_path(self, image: PathLike) -> Path:
        """Where a picture of the mask of an image is or will be."""
        return picture_path(image, self.dataset_dir, self.output_dir, self.postfix)

    def get_dicom_seg_path(self, image: PathLike) -> Path:
        """Where the DICOM SEG of an image's mask is or will be."""
        return dicom_seg_path(image, self.dataset_dir, self.output_dir, self.postfix)

    def check_images(self, images: Iterable[Any]) -> list[Any]:
        """
        Refuse images whose masks would go to one file.

        Args:
            images: paths; others, such as volumes in memory, are passed over.

        Returns:
            the images.

        Raises:
            InputError: When there are such, as images of one name from several folders outside ``dataset_dir``.
        """
        listed = list(images)
        paths = [image for image in listed if isinstance(image, (str, os.PathLike))]
        check_mask_paths(paths, self.dataset_dir, self.output_dir, self.postfix)
        return listed

    def describe_run(self) -> dict[str, Any]:
        """The part that all records of this run share: package, weights and settings."""
        if self._run is None:
            digest = None if self.weights is None else compute_sha256(self.weights)
            run = {"package": f"monai_unet3plus {__version__}", "weights_sha256": digest, "settings": self.settings}
            self._run = json.loads(json.dumps(run))
        return self._run

    def is_done(self, image: PathLike) -> bool:
        """Whether an image has the mask that this run would make."""
        mask = self.get_mask_path(image)
        if self.overwrite or not mask.is_file():
            return False
        try:
            record = json.loads(record_path(mask).read_text(encoding="utf-8"))
            return {key: record.get(key) for key in ("image", *self.describe_run())} == self._record(image)
        except (OSError, ValueError, AttributeError):
            return False

    def start(self, image: PathLike) -> None:
        """
        Remove record, picture and DICOM SEG of a mask that is about to be replaced, and leftovers of a killed run.
        """
        mask = self.get_mask_path(image)
        self._forget(image)
        for path in (mask, *self._companions(image)):
            remove_leftovers(path)

    def finish(
        self, image: PathLike, organs: Mapping[str, Any] | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        """
        Write the record of a mask that was saved.

        Args:
            organs: facts about each organ's mask.
            state: of the image's files before they were read, see :py:func:`image_state`. Defaults to None, as they
                are now, which is right if they have not changed since.
        """
        record = {**self._record(image, state), "organs": organs or {}}
        with replacing(record_path(self.get_mask_path(image))) as path:
            path.write_text(json.dumps(record, indent=4), encoding="utf-8")

    def read_organs(self, image: PathLike) -> dict[str, Any]:
        """Read the facts about each organ from the record of a finished mask."""
        return json.loads(record_path(self.get_mask_path(image)).read_text(encoding="utf-8")).get("organs", {})

    def set_aside(self, image: PathLike) -> Path | None:
        """
        Rename an older mask of a case that failed, so that nobody takes it for the new one; its picture and its
        DICOM SEG go.

        Returns:
            the new path, or None if there was no mask.
        """
        mask = self.get_mask_path(image)
        self._forget(image)
        if not mask.is_file():
            return None
        aside = mask.with_name(f"{mask.name}.outdated")
        os.replace(mask, aside)
        return aside

    @contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other runs off the folder, but for those of other shards. A run that was killed leaves no lock behind: the
        system drops it.

        Raises:
            InputError: When another run is at work there, or the folder can't be written to.
        """
        self._run = None  # of an earlier run, perhaps by other weights
        if self.weights is None or os.path.isfile(self.weights):
            self.describe_run()  # now, since a training may replace the weights while this run goes on
        with locked_folder(self.output_dir, "output_dir", self.shard):
            yield

    def _forget(self, image: PathLike) -> None:
        for path in self._companions(image):
            path.unlink(missing_ok=True)

    def _companions(self, image: PathLike) -> list[Path]:
        """The files that belong to a mask, and are wrong beside another."""
        record = record_path(self.get_mask_path(image))
        return [record, self.get_picture_path(image), self.get_dicom_seg_path(image)]

    def _record(self, image: PathLike, state: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {"image": image_state(image) if state is None else dict(state), **self.describe_run()}
