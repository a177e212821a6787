# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Label an organ in cases that do not annotate it, where a network finds it again after the image was changed a little.

    python -m monai_unet3plus.experiments.self_labels --datalist_file LIST --checkpoint WEIGHTS --organ spleen \\
        --source msd_liver_slices --work_dir WORK --output NEW

Each image is segmented twice: as it is, and shifted, smoothed and with noise. If both masks of the organ agree and are
of one piece, the first becomes the label of the organ, next to the labels that the case has. In NEW these cases
annotate the organ too. A case without the organ in the mask stays as it is: the network may have missed it. For a
measure by folds, take weights that have not seen the patients who are tested.
"""

from __future__ import annotations

import logging
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import gaussian_filter, label

from ..masks.paths import mask_path
from ..utils.files import replacing
from .bundle_process import run_bundle
from .case_lists import Case, read_list, write_list
from .command_line import add_bundle_options, add_label_options, make_parser, start_log

logger = logging.getLogger(__name__)

_SHIFT = 8  # voxels along the first two axes
_SMOOTHING, _NOISE = 0.9, 12.0  # voxels, HU
_LEAST_PIECE = 0.95  # share of the largest piece in the mask


def main() -> None:
    """Write the labels and the list."""
    parser = make_parser("experiments.self_labels", __doc__)
    add_label_options(parser, 0.9, "the mask of the changed image")
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights of the network that labels")
    parser.add_argument("--least_voxels", type=int, default=250, help="smallest size of the organ")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for images, masks and labels")
    add_bundle_options(parser, "the bundle's inference")
    args = parser.parse_args()
    start_log()

    cases = read_list(args.datalist_file)
    chosen = {
        f"case_{number:05d}.nii.gz": case
        for number, case in enumerate(cases)
        if args.organ not in case.get("annotated", args.organs) and args.source in (None, case["source"])
    }
    for number, (name, case) in enumerate(chosen.items()):
        image = nib.Nifti1Image.from_filename(case["image"])
        for folder, changed in (("same", image), ("changed", change(image, seed=number))):
            with replacing(args.work_dir / folder / "images" / name) as unfinished:
                nib.save(changed, unfinished)
    masks: dict[str, list[np.ndarray]] = {name: [] for name in chosen}
    for folder in ("same", "changed"):
        images, output = args.work_dir / folder / "images", args.work_dir / folder / "masks"
        options = {"dataset_dir": images, "output_dir": output, "checkpoint": args.checkpoint, "report_pictures": False}
        run_bundle(args.bundle_root, "inference", {**options, **dict(args.overrides)})
        for name in chosen:
            masks[name].append(
                np.asarray(nib.Nifti1Image.from_filename(mask_path(images / name, images, output)).dataobj)
            )
    value = args.organs.index(args.organ) + 1
    labelled = 0
    for name, case in chosen.items():
        same, changed = (mask == value for mask in masks[name])
        if is_certain(same, np.roll(changed, (-_SHIFT, -_SHIFT), (0, 1)), args.least_dice, args.least_voxels):
            add_label(case, same, value, args.work_dir / "labels" / name)
            case["annotated"] = [organ for organ in args.organs if organ in {*case["annotated"], args.organ}]
            labelled += 1
    write_list(cases, args.output)
    logger.info("labels of the %s: %d new, of %d cases without", args.organ, labelled, len(chosen))


def change(image: nib.Nifti1Image, seed: int) -> nib.Nifti1Image:
    """
    Shift, smooth and add noise, within the image's own range of intensities.

    Args:
        image: a CT in HU.
        seed: of the noise.
    """
    values = np.asarray(image.dataobj, dtype=np.float32)
    moved = gaussian_filter(np.roll(values, (_SHIFT, _SHIFT), (0, 1)), (_SMOOTHING, _SMOOTHING, 0))
    noise = np.random.default_rng(seed).normal(0, _NOISE, values.shape)
    changed = np.clip(moved + noise, values.min(), values.max())
    return nib.Nifti1Image(changed.astype(np.int16), image.affine)


def is_certain(mask: np.ndarray, again: np.ndarray, least_dice: float, least_voxels: int) -> bool:
    """
    Whether a mask is large enough, of one piece, and found again.

    Args:
        mask: the organ in the image.
        again: the organ in the changed image, moved back.
        least_dice: of both.
        least_voxels: of the mask.
    """
    if mask.sum() < least_voxels:
        return False
    dice = 2 * (mask & again).sum() / (mask.sum() + again.sum())
    sizes = np.bincount(label(mask)[0].ravel())[1:]
    return bool(dice >= least_dice and sizes.max() >= _LEAST_PIECE * sizes.sum())


def add_label(case: Case, mask: np.ndarray, value: int, path: Path) -> None:
    """Write the case's label map with one more organ; existing labels are kept."""
    before = nib.Nifti1Image.from_filename(case["label"])
    values = np.asarray(before.dataobj).astype(np.uint8)
    values[mask & (values == 0)] = value
    with replacing(path) as unfinished:
        nib.save(nib.Nifti1Image(values, before.affine), unfinished)
    case["label"] = str(path.resolve())


if __name__ == "__main__":
    main()
