# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Unlabelled abdominal organs: stomach, bowel, pancreas, kidneys and great vessels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .patient import Contrast
from .shapes import Shape, Vector, Waves, capsule, ellipsoid, half_space, inflate, intersect, roughen, tube, union
from .trunk import FAT_HU, Structure, cavity

__all__ = ["bowel", "fat_plane", "jitter", "kidneys", "pancreas", "stomach", "vessels"]

_GAS_HU = -960.0


def jitter(rng: np.random.Generator, path: Sequence[Vector], spread: float) -> list[list[float]]:
    """Move every point (mm) of a path by a normal deviate of ``spread`` mm."""
    return [[float(c) for c in np.asarray(point) + rng.normal(0, spread, size=3)] for point in path]


def fat_plane(shape: Shape, rng: np.random.Generator, thickness: float, variation: float) -> Structure:
    """Layer of fat around an organ, absent where thickness plus variation is below 0, so that neighbours touch.

    Args:
        shape: the organ.
        rng: source of the variation.
        thickness: mean in mm.
        variation: largest deviation from it in mm.
    """
    return Structure(roughen(shape, Waves(rng, variation, (45, 110)), thickness), FAT_HU, 8)


def stomach(contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Stomach wall, contents (food, water or oral contrast medium) and the gas above them."""
    fundus, corpus, antrum, pylorus = jitter(rng, [(-58, -14, 34), (-62, 18, -8), (-14, 40, -40), (26, 26, -34)], 6)
    size = float(rng.uniform(0.7, 1.2))
    outline = union(
        ellipsoid(fundus, (36 * size, 34 * size, 36 * size)),
        union(capsule(fundus, corpus, 30 * size, 26 * size), capsule(corpus, antrum, 25 * size, 16), 14),
        16,
    )
    outline = union(outline, capsule(antrum, pylorus, 15, 9), 12)
    outline = intersect(roughen(outline, Waves(rng, 3.0, (40, 90))), _reachable(2), 4)
    lumen = inflate(outline, -float(rng.uniform(3, 5)))
    contents = ((40, 95, 22), (5, 18, 4), (120, 280, 25))[rng.choice(3, p=(0.65, 0.2, 0.15))]
    level = float(rng.uniform(0, 50))
    return [
        fat_plane(outline, rng, 0.5, 3.0),
        Structure(outline, contrast.muscle + 12, 7),
        Structure(lumen, float(rng.uniform(*contents[:2])), contents[2]),
        Structure(intersect(lumen, half_space("y", level, above=True)), _GAS_HU, 5),
    ]


def bowel(contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Colon with stool and gas, duodenum, and loops of small bowel in the lower abdomen."""
    ascending = jitter(rng, [(92, -14, -190), (94, -6, -100), (72, 34, -88)], 5)
    transverse = [ascending[-1], *jitter(rng, [(20, 62, -100), (-40, 58, -84), (-88, 14, -36)], 6)]
    descending = [transverse[-1], *jitter(rng, [(-104, -22, -76), (-100, -22, -190)], 4)]
    parts: list[Structure] = []
    for path, radius in ((ascending, 22), (transverse, 18), (descending, 15)):
        haustra = Waves(rng, 4.0, (24, 40))
        parts += _loop(roughen(tube(path, radius + float(rng.normal(0, 2))), haustra), path, contrast, rng, 0.5)
    for _ in range(34):
        center = np.array([rng.uniform(-75, 75), rng.uniform(-8, 66), rng.uniform(-185, -48)])
        bend = jitter(rng, [center], 16)[0]
        path = [*jitter(rng, [center], 20), bend, *jitter(rng, [center], 20)]
        parts += _loop(tube(path, float(rng.uniform(9, 14))), path, contrast, rng, 0.2)
    duodenum = jitter(rng, [(26, 26, -34), (44, 8, -42), (42, -8, -82), (0, -12, -92)], 3)
    return parts + _loop(tube(duodenum, 12), duodenum, contrast, rng, 0.2)


def pancreas(contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Pancreas, about as bright as the liver, from the duodenum to the hilum of the spleen."""
    head, neck, corpus, tail = jitter(rng, [(28, 4, -58), (6, 16, -36), (-34, 2, -22), (-70, -20, -4)], 3)
    gland = union(union(capsule(head, neck, 14, 9), capsule(neck, corpus, 9, 9), 5), capsule(corpus, tail, 9, 10), 5)
    gland = roughen(gland, Waves(rng, 2.0, (15, 30)))
    return [Structure(gland, 0.9 * contrast.liver + float(rng.uniform(-6, 14)), 9)]


def kidneys(contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Kidneys with medulla and sinus, in perirenal fat that is thin where they touch liver and spleen."""
    parts: list[Structure] = []
    for center, tilt in (((60, -42, -62), 14), ((-60, -42, -42), -14)):
        (place,) = jitter(rng, [center], 5)
        size = rng.normal(1, 0.06)
        kidney = ellipsoid(place, (27 * size, 25 * size, 52 * size), (12, tilt, 0))
        inwards = -np.sign(place[0])
        hilum = ellipsoid(np.array(place) + (inwards * 16, 8, 0), (16, 9, 24), (12, tilt, inwards * 30))
        parts += [
            fat_plane(kidney, rng, 1.5, 5.0),
            Structure(kidney, contrast.kidney, 6),
            Structure(inflate(kidney, -8), contrast.kidney - 0.12 * max(contrast.kidney - 40, 0), 14),
            Structure(hilum, FAT_HU + 10, 15),
            Structure(inflate(hilum, -5), 25, 12),
        ]
    return parts


def vessels(contrast: Contrast, rng: np.random.Generator) -> list[Structure]:
    """Aorta, inferior vena cava, mesenteric and portal trunks and oesophagus."""
    aorta = tube(jitter(rng, [(-16, -44, 190), (-14, -38, 60), (-8, -32, -60), (-6, -32, -190)], 2), 11)
    cava = tube(jitter(rng, [(20, -28, 58), (24, -28, 0), (18, -32, -80), (16, -34, -190)], 2), 12)
    mesenteric = tube(jitter(rng, [(6, -4, -30), (4, 10, -90), (6, 18, -150)], 3), 5)
    gullet = tube(jitter(rng, [(-6, -24, 190), (-12, -20, 70), (-34, -8, 36)], 2), 9)
    return [
        fat_plane(aorta, rng, 2.0, 3.0),
        Structure(gullet, contrast.muscle, 8),
        Structure(mesenteric, contrast.vein, 4),
        Structure(cava, 0.7 * contrast.vein + 0.3 * contrast.muscle, 4),
        Structure(aorta, contrast.aorta, 4),
    ]


def _reachable(gap: float) -> Shape:
    """The abdominal cavity: inside the wall and below the diaphragm, less ``gap`` mm."""
    return intersect(cavity(gap), half_space("dome", -gap, above=False))


def _loop(
    shape: Shape, path: list[list[float]], contrast: Contrast, rng: np.random.Generator, gas: float
) -> list[Structure]:
    """Bowel wall, contents and, with probability ``gas``, a pocket of gas in front of the contents."""
    outline = intersect(shape, _reachable(1))
    lumen = inflate(outline, -float(rng.uniform(2, 3)))
    parts = [
        Structure(inflate(outline, 1.5), FAT_HU, 8),
        Structure(outline, contrast.muscle + float(rng.uniform(0, 35)), 6),
        Structure(lumen, float(rng.uniform(5, 110)), float(rng.uniform(5, 20))),
    ]
    if rng.random() < gas:
        level = float(np.mean([point[1] for point in path]) + rng.uniform(-4, 8))
        parts.append(Structure(intersect(lumen, half_space("y", level, above=True)), _GAS_HU, 5))
    return parts
