# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The labelled organs, and the list of everything that makes up one patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .patient import Contrast, Frame, random_contrast, random_frame
from .shapes import Shape, Waves, capsule, ellipsoid, half_space, inflate, intersect, roughen, subtract, tube, union
from .trunk import FAT_HU, Structure, body, bones, cavity, chest, table, walls
from .viscera import bowel, fat_plane, jitter, kidneys, pancreas, stomach, vessels

__all__ = ["LIVER", "SPLEEN", "Anatomy", "random_anatomy"]

LIVER, SPLEEN = 1, 2


@dataclass(frozen=True)
class Anatomy:
    """One random patient.

    Attributes:
        frame: map from scanner to canonical coordinates.
        body: outline with the skin.
        organs: union of the labelled organs, before neighbours cut into them.
        structures: everything there is, in the order of painting.
    """

    frame: Frame
    body: Shape
    organs: Shape
    structures: tuple[Structure, ...]


def random_anatomy(rng: np.random.Generator) -> Anatomy:
    """Draw a patient.

    Args:
        rng: the only source of randomness; one state gives one patient.
    """
    frame, contrast = random_frame(rng), random_contrast(rng)
    liver, spleen = _liver(rng), _spleen(rng)
    structures = [
        *table(frame, rng),
        *walls(frame, contrast, rng),
        *chest(frame, contrast, rng),
        *bowel(contrast, rng),
        *pancreas(contrast, rng),
        *stomach(contrast, rng),
        fat_plane(spleen, rng, -0.4, 2.4),
        Structure(spleen, contrast.spleen, 4, SPLEEN),
        fat_plane(liver, rng, -0.4, 2.4),
        Structure(liver, contrast.liver, 5, LIVER),
        *_inside_liver(liver, contrast, rng),
        *kidneys(contrast, rng),
        *vessels(contrast, rng),
        *bones(rng),
    ]
    return Anatomy(frame, body(frame), union(liver, spleen), tuple(structures))


def _liver(rng: np.random.Generator) -> Shape:
    """Liver: large right lobe under the right dome, thin left lobe across the midline, hollow lower surface."""
    size = float(np.clip(rng.normal(1.02, 0.045), 0.95, 1.11))
    (right,) = jitter(rng, [(66, -4, -6)], 4)
    (left,) = jitter(rng, [(-6, 42, 26)], 5)
    right_lobe = ellipsoid(right, (72 * size, 84 * size, (90 + rng.normal(0, 8)) * size), (0, -6, 8))
    left_lobe = ellipsoid(left, ((76 + rng.normal(0, 10)) * size, 36 * size, 27 * size), (-18, 14, -12))
    (hollow,) = jitter(rng, [(8, -14, -76)], 5)
    lobes = subtract(union(right_lobe, left_lobe, 22), ellipsoid(hollow, (66, 74, 82), (0, 12, 0)), 14)
    lobes = subtract(lobes, ellipsoid((12, 66, -14), (5, 40, 26), (0, 0, -12)), 5)
    lobes = roughen(lobes, Waves(rng, 4.0, (60, 140)))
    return intersect(intersect(lobes, cavity(0.8), 6), half_space("dome", -1.5, above=False), 6)


def _spleen(rng: np.random.Generator) -> Shape:
    """Spleen: a slice of ellipsoid against the left rear wall, hollowed by stomach and kidney."""
    size = float(np.clip(rng.normal(1.02, 0.06), 0.92, 1.14))
    center, hollow = jitter(rng, [(-88, -36, 12), (-42, 8, 4)], 2.5)
    bulk = ellipsoid(center, (44 * size, 56 * size, 58 * size), (18, 0, -14))
    organ = subtract(bulk, ellipsoid(hollow, (44 - 4 * size, 50, 80)), 9)
    organ = roughen(organ, Waves(rng, 3.0, (40, 90)))
    return intersect(intersect(organ, cavity(0.8), 5), half_space("dome", -1.5, above=False), 5)


def _inside_liver(liver: Shape, contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Vessels and lesions, which stay labelled liver, and the gallbladder and fat at the porta, which do not."""
    parts = [Structure(shape, contrast.vein, 3, None) for shape in _liver_vessels(rng)]
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.45 else 0):
        center = rng.uniform((20, -50, -60), (110, 50, 50))
        radii = rng.uniform(3, 18) * rng.uniform(0.8, 1.2, size=3)
        hu = max(contrast.liver - float(rng.uniform(25, 90)), 5.0)
        lesion = roughen(ellipsoid(center, radii), Waves(rng, 1.5, (12, 30)))
        parts.append(Structure(intersect(lesion, inflate(liver, -1)), hu, 7, None))
    neck, fundus = jitter(rng, [(36, 14, -28), (52, 46, -52)], 4)
    gallbladder = capsule(neck, fundus, float(rng.uniform(6, 9)), float(rng.uniform(11, 17)))
    porta = tube(jitter(rng, [(4, 0, -34), (30, 2, -16)], 3), 11)
    return [
        *parts,
        Structure(subtract(porta, inflate(liver, -9), 4), FAT_HU, 8),
        Structure(inflate(gallbladder, 2), contrast.muscle, 6),
        Structure(gallbladder, float(rng.uniform(2, 20)), 3),
    ]


def _liver_vessels(rng: np.random.Generator) -> list[Shape]:
    """Hepatic veins that join the vena cava under the diaphragm, and the portal vein with its branches."""
    cava = (22, -28, 44)
    tips = jitter(rng, [(100, -20, 2), (74, 42, 6), (8, 50, 24)], 7)
    veins = [capsule(cava, tip, 6, 2) for tip in tips]
    trunk, hilum = jitter(rng, [(4, -2, -34), (32, 2, -10)], 3)
    forks = jitter(rng, [(70, -4, 4), (2, 36, 14)], 5)
    portal = [capsule(trunk, hilum, 7, 7), *(capsule(hilum, fork, 6, 4) for fork in forks)]
    twigs = [capsule(forks[0], tip, 4, 1.5) for tip in jitter(rng, [(104, -14, -36), (92, 34, -22), (84, -44, 30)], 7)]
    return [*veins, *portal, *twigs]
