# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The trunk around the organs: table, skin, fat, muscle, bones, lungs and heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .patient import Contrast, Frame
from .shapes import (
    EVERYWHERE,
    Array,
    Points,
    Shape,
    Waves,
    capsule,
    cylinder,
    ellipsoid,
    half_space,
    inflate,
    intersect,
    roughen,
    smooth_min,
    subtract,
    union,
)

__all__ = ["FAT_HU", "Structure", "body", "bones", "chest", "table", "walls"]

FAT_HU = -102.0
_VERTEBRA_SPACING = 34.0
_RIB_SPACING = 27.0
_RIB_DEPTH = 6.0


@dataclass(frozen=True)
class Structure:
    """A shape to paint over those painted before.

    Attributes:
        shape: where.
        hu: mean HU.
        texture: standard deviation in HU of the slow variation inside.
        label: value for the label map, or None to leave the labels as they are.
        rigid: whether ``shape`` is in scanner mm rather than in the canonical body.
    """

    shape: Shape
    hu: float
    texture: float = 4.0
    label: int | None = 0
    rigid: bool = False


def table(frame: Frame, rng: np.random.Generator) -> list[Structure]:
    """Patient table under the back: mattress, shell and foam core, all slightly hollow."""
    top = -frame.scale[1] * _back(frame)
    hollow = float(rng.uniform(2e-4, 6e-4))

    def slab(upper: float, lower: float, half_width: float) -> Shape:
        def distance(p: Points) -> Array:
            height = p.y - np.float32(top) - np.float32(hollow) * p.x * p.x
            thick = np.maximum(height - np.float32(upper), np.float32(lower) - height)
            return np.maximum(thick, np.abs(p.x) - np.float32(half_width))

        limits = [[-half_width, half_width], [top + lower, top + upper + hollow * half_width**2], EVERYWHERE[2]]
        return Shape(distance, np.array(limits))

    shell = float(rng.uniform(-120, 150))
    return [
        Structure(slab(8, -10, 190), -930, 6, rigid=True),
        Structure(slab(-10, -44, 205), shell, 0, rigid=True),
        Structure(slab(-12.5, -41.5, 202), -910, 8, rigid=True),
    ]


def body(frame: Frame) -> Shape:
    """The body including the skin."""

    def distance(p: Points) -> Array:
        return -smooth_min(_fat_layer(frame, p) - p.rim, p.y + np.float32(_back(frame)), 25)

    x, y = (axis + frame.wall + 2 * frame.fat + 4 for axis in frame.half_axes)
    return Shape(distance, np.array([[-x, x], [-y, y], EVERYWHERE[2]]))


def walls(frame: Frame, contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Skin, subcutaneous fat, muscular wall and the fat that fills the trunk cavity."""
    outside = body(frame)
    ripple = Waves(rng, 3.0, (30, 80))

    def muscle_distance(p: Points) -> Array:
        frontal = np.clip(p.y / np.float32(frame.half_axes[1]), 0, 1)
        thickness = np.float32(frame.wall) * (1 - np.float32(0.3) * frontal)
        return p.rim - thickness - ripple(p.x, p.y, p.z)

    muscle = intersect(Shape(muscle_distance, outside.box), inflate(outside, -4))
    return [
        Structure(outside, 10, 6),
        Structure(inflate(outside, -2), FAT_HU, 7),
        Structure(muscle, contrast.muscle, 9),
        Structure(cavity(0), FAT_HU, 9),
    ]


def cavity(gap: float) -> Shape:
    """The trunk cavity less ``gap`` mm: inside the wall and off the spine with its muscles."""
    back_muscles = union(cylinder((0, -84), (30, 34)), cylinder((0, -96), (62, 22)), 14)
    return subtract(half_space("rim", -gap, above=False), inflate(back_muscles, gap), 8)


def chest(frame: Frame, contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Diaphragm, lungs with vessels, and heart."""
    mediastinum = union(cylinder((-4, 40), (26, 70)), cylinder((-4, -40), (22, 60)), 12)
    space = subtract(cavity(1.5), roughen(mediastinum, Waves(rng, 5.0, (60, 120))), 14)
    lungs = intersect(space, half_space("dome", 2, above=True), 3)
    lung_hu = float(rng.uniform(-880, -780))
    shift = rng.normal(0, 4, size=3)
    heart_center = np.array([-26, 26, 102]) + shift
    heart = intersect(ellipsoid(heart_center, (56, 48, 50), (0, 18, -20)), half_space("dome", 1.5, above=True), 6)
    chambers = [
        ellipsoid(heart_center + (-22, -2, 6), (24, 26, 32), (0, 18, -20)),
        ellipsoid(heart_center + (20, 8, 4), (22, 24, 32), (0, 18, -20)),
    ]
    pericardium = intersect(inflate(heart, 5), half_space("dome", 1, above=True))
    blood = 0.5 * (contrast.aorta + contrast.vein)
    return [
        Structure(intersect(cavity(0), _shell("dome", 2.5)), contrast.muscle, 6),
        Structure(lungs, lung_hu, 30),
        *(Structure(intersect(branch, lungs), 20, 10) for branch in _lung_vessels(rng)),
        Structure(pericardium, FAT_HU, 6),
        Structure(heart, contrast.muscle + 0.25 * max(blood - contrast.muscle, 0), 6),
        *(Structure(chamber, blood, 5) for chamber in chambers),
    ]


def bones(rng: np.random.Generator) -> list[Structure]:
    """Ribs with their cartilage, sternum and spine, cortical bone around marrow."""
    offsets = rng.uniform(0, 1, size=2) * (_VERTEBRA_SPACING, _RIB_SPACING)
    cortical, marrow = float(rng.uniform(320, 480)), float(rng.uniform(140, 230))
    vertebra = intersect(cylinder((0, -62), (21, 17)), _repeated(offsets[0], 13), 4)
    arch = intersect(union(cylinder((0, -87), (17, 14)), _processes(offsets[0]), 5), _repeated(offsets[0], 15), 3)
    rib = _ribs(offsets[1], 1)
    sternum = intersect(ellipsoid((0, 94, 110), (22, 8, 75)), half_space("rim", 12, above=False))
    return [
        Structure(_ribs(offsets[1], 1.3), 95, 8),
        Structure(rib, cortical, 40),
        Structure(inflate(rib, -2.2), marrow, 30),
        Structure(sternum, cortical - 80, 30),
        Structure(inflate(sternum, -2.5), marrow, 25),
        Structure(cylinder((0, -62), (20, 16)), 85, 8),
        Structure(arch, cortical - 40, 40),
        Structure(vertebra, cortical, 30),
        Structure(inflate(vertebra, -2), marrow, 25),
        Structure(cylinder((0, -87), (10.5, 8.5)), 5, 8),
        Structure(cylinder((0, -87), (6, 5)), 38, 4),
    ]


def _back(frame: Frame) -> float:
    """Distance in canonical mm from the middle of the body to the back, which the table flattens a little."""
    return 0.97 * (frame.half_axes[1] + frame.wall + 0.7 * frame.fat + 2)


def _fat_layer(frame: Frame, p: Points) -> Array:
    """Distance in mm from the inner trunk wall to the skin: more fat at the flanks and front, more further down."""
    lateral = np.minimum(np.abs(p.x) / np.float32(frame.half_axes[0]), 1)
    lower = 1 - np.clip(p.z, -120, 120) / np.float32(400)
    fat = np.float32(frame.fat) * (np.float32(0.8) + np.float32(0.5) * lateral * lateral) * lower
    return np.float32(frame.wall + 2) + fat


def _shell(field: str, half_thickness: float) -> Shape:
    """Sheet around the zero level of a field of :class:`Points`."""
    return intersect(half_space(field, half_thickness, above=False), half_space(field, -half_thickness, above=True))


def _folded(z: Array, offset: float, spacing: float) -> Array:
    """Distance in mm along z to the nearest of evenly spaced levels."""
    return np.abs((z - np.float32(offset)) % np.float32(spacing) - np.float32(spacing / 2))


def _repeated(offset: float, half_height: float) -> Shape:
    """Slabs of ``2 * half_height`` mm, one for each vertebra."""
    return Shape(lambda p: _folded(p.z, offset, _VERTEBRA_SPACING) - np.float32(half_height), EVERYWHERE)


def _processes(offset: float) -> Shape:
    """Transverse and spinous processes of all vertebrae."""

    def distance(p: Points) -> Array:
        z = _folded(p.z, offset, _VERTEBRA_SPACING)
        aside = np.maximum(np.abs(p.x) - np.float32(33), 0)
        transverse = np.sqrt(aside**2 + (p.y + np.float32(84)) ** 2 + z * z) - np.float32(5)
        behind = np.maximum(np.abs(p.y + np.float32(100)) - np.float32(9), 0)
        spinous = np.sqrt(p.x * p.x + behind**2 + np.maximum(z - np.float32(7), 0) ** 2) - np.float32(4)
        return np.minimum(transverse, spinous)

    return Shape(distance, np.array([[-40.0, 40.0], [-115.0, -78.0], EVERYWHERE[2]]))


def _ribs(offset: float, reach: float) -> Shape:
    """All ribs: rods inside the trunk wall that sink from the spine to the front.

    Args:
        offset: shift of the ribs along z in mm.
        reach: length over the length of the bony part.
    """

    def distance(p: Points) -> Array:
        # turn runs from 0 at the spine to 1 at the sternum
        turn = (1 + p.y * np.float32(1.5) / np.sqrt(p.x**2 + (p.y * np.float32(1.5)) ** 2 + 1)) / 2
        origin = p.z + np.float32(80) * turn
        along_z = _folded(origin, offset, _RIB_SPACING)
        across = (p.rim - np.float32(_RIB_DEPTH)) * np.float32(1.6)
        rod = np.sqrt(across**2 + along_z**2) - np.float32(7)
        length = np.float32(reach) * np.clip(np.float32(0.72) + origin * np.float32(0.006), 0, np.float32(0.72))
        return np.maximum(np.maximum(rod, (turn - length) * 120), (np.float32(0.03) - turn) * 120)

    return Shape(distance, EVERYWHERE)


def _lung_vessels(rng: np.random.Generator) -> list[Shape]:
    """Tapering vessels that fan out from both lung roots."""
    vessels = []
    for side in (-1, 1):
        for _ in range(9):
            root = np.array([side * 34, -8, 95]) + rng.normal(0, 8, size=3)
            tip = np.array([side * rng.uniform(60, 110), rng.uniform(-55, 55), rng.uniform(10, 120)])
            vessels.append(capsule(root, tip, float(rng.uniform(2.5, 4.5)), 1.0))
    return vessels
