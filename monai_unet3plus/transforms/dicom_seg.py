# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Masks as DICOM Segmentation objects."""

from __future__ import annotations

import logging
import os
from collections.abc import Hashable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from monai.config import KeysCollection, PathLike
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from monai.utils import convert_to_numpy

from .. import __version__
from ..data.reading.dicom_series import find_ct_stack
from ..masks.paths import dicom_seg_path
from ..utils.case_remarks import add_remark
from ..utils.errors import InputError, describe_error
from ..utils.files import replacing
from ..utils.image_files import starts_like_dicom
from .checks import get_filename

__all__ = ["SaveDicomSeg", "SaveDicomSegd", "is_dicom"]

logger = logging.getLogger(__name__)

_OWN_SCHEME = "99UNET3PLUS"  # of organs that SNOMED CT has under another name; the standard wants "99" first
_MAKER = "monai_unet3plus"
# the identifiers by which the object refers to its source
_REFERRED_TO = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")


class SaveDicomSeg(Transform):
    """
    Write the label map of a DICOM series as a DICOM Segmentation object too, beside the NIfTI mask, as ``.dcm``.

    It refers to each slice of the series. Patient, study and frame of reference are the series' own, series and
    instance are new. Each organ is a segment, with its code of SNOMED CT where that has one of this name, and is said
    to be made by an algorithm. highdicom makes it, which the extra ``dicom`` installs. To be used after the label map
    is back on its file's grid. Masks of other files are passed over, with a warning, and so is a series of which no
    object can be made, as one that lacks identifiers, or written, as on a full disk. Of a multi-frame object the frames
    are referred to.

    Args:
        organs: names of the organs, in order: the first is 1 in the label map.
        output_dir: folder for the files.
        dataset_dir: folder that the images are in.
        postfix: end of the names. Defaults to "seg".

    Raises:
        InputError: When highdicom is not installed.
    """

    def __init__(
        self, organs: Sequence[str], output_dir: PathLike, dataset_dir: PathLike, postfix: str = "seg"
    ) -> None:
        if find_spec("highdicom") is None:
            raise InputError(
                "dicom_seg: expected the package highdicom, but it is not installed: pip install highdicom."
            )
        self.organs = list(organs)
        self.output_dir = output_dir
        self.dataset_dir = dataset_dir
        self.postfix = postfix

    def __call__(self, img: MetaTensor) -> MetaTensor:
        """Write the file as :py:meth:`save` does, and log the warning."""
        warning = self.save(img)
        if warning:
            logger.warning("%s", warning)
        return img

    def save(self, img: MetaTensor) -> str:
        """
        Args:
            img: label map of shape ``(1, X, Y, Z)``.

        Returns:
            a warning, empty if the file was written.
        """
        source = get_filename(img)
        if not is_dicom(source):
            return f"{source}: is no DICOM series, so no DICOM SEG is written"
        labels = np.asarray(convert_to_numpy(img), dtype=np.uint8)[0].T  # columns are first, slices last
        try:
            segmentation = self._segmentation(*_place_on_sources(source, labels))
        except InputError as e:
            reason = str(e).removeprefix(f"{source}: ")
            return f"{source}: no DICOM SEG is written: {reason}"
        except Exception as e:  # of highdicom and pydicom, whatever their kind: it must not cost the mask
            logger.debug("highdicom failed", exc_info=True)
            return f"{source}: no DICOM SEG is written, as highdicom refuses the series: {describe_error(e)}"
        path = dicom_seg_path(source, self.dataset_dir, self.output_dir, self.postfix)
        try:
            with replacing(path) as unfinished:
                segmentation.save_as(unfinished)
        except Exception as e:
            return f"{path} can't be written: {describe_error(e)}"
        return ""

    def _segmentation(self, slices: Sequence[Any], labels: np.ndarray) -> Any:
        import highdicom as hd  # here, since it takes half a second, which who wants NIfTI alone can do without
        from pydicom.sr.codedict import codes

        algorithm = hd.AlgorithmIdentificationSequence(
            name="UNet 3+", version=__version__, family=codes.DCM.ArtificialIntelligence
        )
        segments = [
            hd.seg.SegmentDescription(
                segment_number=number,
                segment_label=organ,
                segmented_property_category=codes.SCT.AnatomicalStructure,
                segmented_property_type=_find_code(organ),
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
                algorithm_identification=algorithm,
            )
            for number, organ in enumerate(self.organs, start=1)
        ]
        return hd.seg.Segmentation(
            source_images=slices,
            pixel_array=labels,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=segments,
            series_instance_uid=hd.UID(),
            series_number=int(slices[0].get("SeriesNumber") or 0) + 1000,  # behind those of the scanner
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer=_MAKER,
            manufacturer_model_name=_MAKER,
            software_versions=__version__,
            device_serial_number=__version__,  # a program has none, but the standard wants one
            series_description=f"Segmentation of {', '.join(self.organs)}"[:64],
        )


class SaveDicomSegd(MapTransform):
    """Dictionary-based wrapper of :py:class:`SaveDicomSeg`, with its arguments."""

    def __init__(
        self,
        keys: KeysCollection,
        organs: Sequence[str],
        output_dir: PathLike,
        dataset_dir: PathLike,
        postfix: str = "seg",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.saver = SaveDicomSeg(organs, output_dir, dataset_dir, postfix)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        d = dict(data)
        for key in self.key_iterator(d):
            warning = self.saver.save(d[key])
            if warning:
                add_remark(d, logger, warning)
        return d


def is_dicom(source: str) -> bool:
    """Whether an image is a DICOM file or the folder of a series."""
    return os.path.isdir(source) or (os.path.isfile(source) and starts_like_dicom(source))


def _place_on_sources(source: str, labels: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """
    The headers that a mask refers to, and its slices in their order: one for each file, or all frames of a single file,
    of which those that are no part of the CT have no label.
    """
    import pydicom

    frames = find_ct_stack(source).frames
    files = list(dict.fromkeys(frame.file for frame in frames))
    headers = [pydicom.dcmread(file, stop_before_pixels=True, force=True) for file in files]
    missing = sorted({name for header in headers for name in _REFERRED_TO if not header.get(name)})
    if missing:
        raise InputError(f"{source}: expected {', '.join(missing)} in each file, but found none.")
    expected = (len(frames), *frames[0].shape[::-1])
    if labels.shape != expected:
        raise InputError(f"{source}: expected a mask of {expected}, but found {labels.shape}.")
    if len(files) == len(frames):
        return headers, labels
    if len(files) > 1:
        raise InputError(f"{source}: expected one file or one for each slice, but found {len(files)} files.")
    placed = np.zeros((int(headers[0].NumberOfFrames), *labels.shape[1:]), np.uint8)
    placed[[frame.index for frame in frames]] = labels
    return headers, placed


def _find_code(organ: str) -> Any:
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    name = "".join(word.capitalize() for word in organ.replace("_", " ").split())
    if name in dir(codes.SCT):
        return getattr(codes.SCT, name)
    return CodedConcept(value=organ[:16], scheme_designator=_OWN_SCHEME, meaning=organ[:64])
