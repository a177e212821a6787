# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Checks of an image file before it is loaded. They run in a process of their own, see :py:mod:`.reader_process`.

Nothing here needs PyTorch or MONAI, whose import takes seconds.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import stat
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...utils.errors import InputError, last_line
from ...utils.image_files import image_state, is_nifti, starts_like_dicom
from .dicom_pixels import read_pixels
from .dicom_series import find_ct_stack
from .itk_reader import open_reader
from .packed import check_packing, is_packed, unpacked_size, zlib_size
from .stated_grid import read_fields
from .volume import Volume, dicom_volume, itk_volume, nifti_volume

__all__ = ["check_file", "serve"]

_NO_RESCALE = {"slope": 1.0, "offset": 0.0}
_MIB = 2**20
_CHUNK = _MIB
_BESIDES_VOXELS = 1024 * _MIB


def serve() -> None:
    """
    Answer requests until the standard input ends: a line of JSON, ``{"path": ..., "max_voxels": ..., "time_limit":
    ..., "keep": ...}``, is answered with a line ``{"reason": ..., "volume": ...}``. The reason is null for a file that
    can be read. If it is to be kept, the volume is null no more, but has the fields of :py:class:`.volume.Volume` and
    of its array shape and type of number; the numbers follow, first axis fastest.

    A file that takes longer than the time limit in seconds, in any library, ends this process.
    """
    import nibabel  # noqa: F401  here, while nobody waits

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print to the standard output
    for line in sys.stdin:
        request = json.loads(line)
        if hasattr(signal, "setitimer"):  # not on Windows
            signal.setitimer(signal.ITIMER_REAL, request["time_limit"])
        reason, volume = None, None
        try:
            volume = check_file(request["path"], request["max_voxels"], _allow_memory, request["keep"])
        except InputError as e:
            reason = str(e)
        except MemoryError:
            reason = f"{request['path']}: expected a volume, but reading it takes more memory than its header says."
        except Exception as e:  # libraries raise all kinds for damaged files
            reason = f"{request['path']}: expected a volume, but found {last_line(e)}"
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        _answer(answers, reason, volume)
        del volume  # before the next one is read


def _answer(answers: BinaryIO, reason: str | None, volume: Volume | None) -> None:
    if volume is None:
        answers.write(json.dumps({"reason": reason, "volume": None}).encode() + b"\n")
    else:
        fields = {"file": volume.file, "affine": volume.affine.tolist(), "warnings": volume.warnings}
        fields |= {"unstated": volume.unstated, "shape": volume.array.shape, "dtype": volume.array.dtype.str}
        fields["state"] = volume.state
        answers.write(json.dumps({"reason": None, "volume": fields}).encode() + b"\n")
        answers.write(np.ascontiguousarray(volume.array.T).data.cast("B"))
    answers.flush()


def check_file(
    path: str, max_voxels: int, before_reading: Callable[[int], None] | None = None, keep: bool = False
) -> Volume | None:
    """
    Read a volume as a trial, the header first.

    Args:
        path: a file, or the folder of a DICOM series.
        max_voxels: files that claim more voxels are refused before memory is allocated for them.
        before_reading: called with the number of bytes that the voxels take, before ITK reads them. Defaults to None.
        keep: whether to return the volume. Defaults to False.

    Raises:
        InputError: When it can't be read, or is no image with one number per voxel, and if it is kept, also when its
            grid is not usable.
    """
    try:
        is_folder = os.path.isdir(path)
        if not is_folder:
            _check_regular(path)
        state = image_state(path) if keep else None  # before it is read: what comes later is not in the volume
        if not is_folder and is_nifti(path):
            volume = _check_nifti(path, max_voxels, keep)
        elif is_folder or starts_like_dicom(path):
            volume = _check_dicom(path, max_voxels, before_reading, keep)
        else:
            volume = _check_by_itk(path, max_voxels, before_reading, keep)
        return None if volume is None else replace(volume, state=state)
    except OSError as e:
        if e.errno is None:
            raise
        raise InputError(f"{path}: can't be read: {os.strerror(e.errno)}.") from e


def _check_regular(path: str) -> None:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: expected a regular file.")
    if status.st_size == 0:
        raise InputError(f"{path}: expected a volume, but the file is empty.")
    with open(path, "rb"):
        pass


def _check_nifti(path: str, max_voxels: int, keep: bool) -> Volume | None:
    import nibabel as nib

    check_packing(path)
    try:
        image: Any = nib.load(path)
        kind, header_bytes = image.get_data_dtype(), image.dataobj.offset
    except FileNotFoundError as e:
        raise InputError(f"{path}: expected its voxels in a file .img beside it, but there is none.") from e
    except (ValueError, nib.spatialimages.HeaderDataError) as e:
        raise InputError(f"{path}: expected a NIfTI file, but its header is damaged ({last_line(e)}).") from e
    except nib.filebasedimages.ImageFileError as e:
        raise InputError(f"{path}: expected a NIfTI file, but found another or a damaged one.") from e
    except (EOFError, gzip.BadGzipFile, zlib.error) as e:
        raise InputError(f"{path}: expected a whole packed file, but found {last_line(e)}") from e
    if not isinstance(image, nib.Nifti1Pair):
        raise InputError(
            f"{path}: expected a NIfTI file, but found Analyze 7.5, which does not say where left and right are."
        )
    if kind.fields is not None or kind.kind not in "iuf":
        raise InputError(f"{path}: expected one real number per voxel, but found {_colours(kind)}.")
    expected = header_bytes + _bounded(path, image.shape, max_voxels) * kind.itemsize
    file = str(image.file_map["image"].filename)
    unpacked = np.empty(expected, np.uint8) if keep and is_packed(file) else None
    found = unpacked_size(file, expected, None if unpacked is None else unpacked.data)
    if found < expected:
        raise InputError(
            f"{path}: expected {expected} bytes, as its header says ({_times(image.shape)}), but found {found}. "
            "Is it cut off?"
        )
    if not keep:
        return None
    voxels = None if unpacked is None else np.ndarray(image.shape, kind, unpacked.data, header_bytes, order="F")
    return nifti_volume(path, image, voxels)


def _check_by_itk(
    path: str, max_voxels: int, before_reading: Callable[[int], None] | None, keep: bool
) -> Volume | None:
    import SimpleITK

    reader = open_reader(path)
    try:
        reader.ReadImageInformation()
        kind, components = SimpleITK.GetPixelIDValueAsString(reader.GetPixelID()), reader.GetNumberOfComponents()
        bits = re.match(r"\d+", kind)
        if components != 1 or not bits:
            raise InputError(f"{path}: expected one real number per voxel, but found {components} ({kind}).")
        voxels = _bounded(path, reader.GetSize(), max_voxels)
        if path.lower().endswith((".mha", ".mhd")):
            _check_meta_image(path, voxels * int(bits.group()) // 8)
        if before_reading is not None:
            before_reading(voxels * 8)
        image = reader.Execute()
    except RuntimeError as e:
        raise InputError(f"{path}: expected a {Path(path).suffix} volume, but found: {last_line(e)}") from e
    return itk_volume(path, image) if keep else None


def _check_meta_image(path: str, expected: int) -> None:
    """ITK takes packed voxels that are damaged, or too few, and leaves out a rescaling, without a word."""
    stated = read_fields(path)
    rescale = [float(stated.get(f"elementtointensityfunction{name}", unit)) for name, unit in _NO_RESCALE.items()]
    if rescale != list(_NO_RESCALE.values()):
        raise InputError(
            f"{path}: expected voxels in Hounsfield units, but its header says that they are to be multiplied by "
            f"{rescale[0]:g} and {rescale[1]:g} to be added (ElementToIntensityFunction), which no reader does."
        )
    with open(path, "rb") as file:
        fields: dict[str, str] = {}
        while "ElementDataFile" not in fields:
            name, equals, value = file.readline(_CHUNK).partition(b"=")
            if not equals:
                return  # ITK will give the reason
            fields[os.fsdecode(name.strip())] = os.fsdecode(value.strip())
        place, packed = fields["ElementDataFile"], fields.get("CompressedData", "").lower() == "true"
        if place == "LOCAL":
            found = zlib_size(path, file, expected) if packed else os.path.getsize(path) - file.tell()
        else:
            data = os.path.join(os.path.dirname(path), place)
            if not os.path.exists(data) and ("LIST" in place or "%" in place):  # a file per slice, which ITK looks for
                return
            with open(data, "rb") as other:
                found = zlib_size(path, other, expected) if packed else os.path.getsize(data)
            if not packed and found > expected and fields.get("HeaderSize", "0") == "0":
                raise InputError(
                    f"{path}: expected {expected} bytes of voxels in {place}, as its header says, but found {found}. "
                    "Do the voxels begin later (HeaderSize)?"
                )
    if found < expected:
        raise InputError(
            f"{path}: expected {expected} bytes of voxels, as its header says, but found {found}. Is it cut off?"
        )


def _check_dicom(path: str, max_voxels: int, before_reading: Callable[[int], None] | None, keep: bool) -> Volume | None:
    stack = find_ct_stack(path)
    voxels = _bounded(path, (*stack.frames[0].shape, len(stack.frames)), max_voxels)
    if before_reading is not None:
        before_reading(voxels * 8)
    if keep:
        return dicom_volume(path, stack)
    read_pixels(stack.frames)
    return None


def _bounded(path: str, shape: Sequence[int], max_voxels: int) -> int:
    voxels = 1
    for size in shape:
        voxels *= max(int(size), 0)
    if voxels == 0:
        raise InputError(f"{path}: expected a volume with voxels, but found none ({_times(shape)}).")
    if voxels > max_voxels:
        raise InputError(
            f"{path}: expected at most {max_voxels} voxels, but its header claims {_times(shape)}. "
            "Not read; if it is right, raise max_voxels."
        )
    return voxels


def _allow_memory(voxel_bytes: int) -> None:
    """Limit the growth of this process to the size of the voxels, read and unpacked."""
    statm = Path("/proc/self/statm")
    if not statm.exists():  # other systems than Linux
        return
    import resource

    size = int(statm.read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = size + 2 * voxel_bytes + _BESIDES_VOXELS
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _colours(kind: Any) -> str:
    return f"{len(kind.fields)} (a colour image)" if kind.fields else f"the type {kind}"


def _times(shape: Sequence[int]) -> str:
    return " x ".join(str(int(size)) for size in shape)
