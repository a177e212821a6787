# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The random patient: body frame (coordinates, trunk wall, diaphragm) and contrast phase.

Anatomy is written once, in a canonical body of fixed size; a :class:`Frame` maps millimetres of the scanner to it
through a size per axis and a smooth random deformation, which makes every patient a different one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .shapes import Array, Points, Waves, smooth_min

__all__ = ["Contrast", "Frame", "random_contrast", "random_frame"]


@dataclass(frozen=True)
class Dome:
    """One vault of the diaphragm: the paraboloid ``z = top - drop * rho**2`` over an elliptical footprint, in mm."""

    center: tuple[float, float]
    radii: tuple[float, float]
    top: float
    drop: float

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance to the vault in mm (negative below), accurate to first order."""
        u = (x - np.float32(self.center[0])) / np.float32(self.radii[0])
        v = (y - np.float32(self.center[1])) / np.float32(self.radii[1])
        height = z - np.float32(self.top) + np.float32(self.drop) * (u * u + v * v)
        steepness = np.float32(4 * self.drop**2) * ((u / self.radii[0]) ** 2 + (v / self.radii[1]) ** 2)
        return np.asarray(height / np.sqrt(1 + steepness), dtype=np.float32)


@dataclass(frozen=True)
class Frame:
    """Map from scanner coordinates (RAS+ mm about the middle of the body) to the canonical body.

    Attributes:
        scale: patient size over canonical size for x, y and z.
        half_axes: half width and half depth of the canonical trunk cavity in mm.
        roundness: exponent of the superellipse that bounds the trunk; 2 is an ellipse.
        wall: thickness of the muscular trunk wall in mm.
        fat: mean thickness of the subcutaneous fat in mm.
        domes: vaults of the diaphragm.
        warp: displacement along x, y and z in mm.
    """

    scale: tuple[float, float, float]
    half_axes: tuple[float, float]
    roundness: float
    wall: float
    fat: float
    domes: tuple[Dome, ...]
    warp: tuple[Waves, Waves, Waves]

    def points(self, x: Array, y: Array, z: Array) -> Points:
        """Sample the canonical body on a scanner grid.

        Args:
            x: float32 ``(nx,)`` coordinates in mm, RAS+.
            y: float32 ``(ny,)``.
            z: float32 ``(nz,)``.

        Returns:
            Points of shape ``(nz, nx, ny)``.
        """
        grid = (x[None, :, None], y[None, None, :], z[:, None, None])
        cx, cy, cz = ((axis + wave(*grid)) / np.float32(size) for axis, wave, size in zip(grid, self.warp, self.scale))
        return Points(cx, cy, cz, self._rim(cx, cy, cz), self._dome(cx, cy, cz))

    def rigid_points(self, x: Array, y: Array, z: Array) -> Points:
        """Like :meth:`points` for things outside the body: neither scaled nor bent, without trunk or diaphragm."""
        bx, by, bz = np.broadcast_arrays(x[None, :, None], y[None, None, :], z[:, None, None])
        nowhere = np.broadcast_to(np.float32(np.inf), bx.shape)
        return Points(bx, by, bz, rim=nowhere, dome=nowhere)

    def _rim(self, x: Array, y: Array, z: Array) -> Array:
        """Radial distance in mm to the trunk cavity's outline, which narrows towards the shoulders."""
        high = np.maximum(z - np.float32(10), 0)
        narrowing = 1 - np.float32(1.1e-5) * high * high
        u = np.abs(x) / (np.float32(self.half_axes[0]) * narrowing)
        v = np.abs(y) / np.float32(self.half_axes[1])
        power = np.float32(self.roundness)
        scaled = (u**power + v**power) ** (1 / power) + np.float32(1e-6)
        return np.asarray(np.sqrt(x * x + y * y) * (1 - 1 / scaled), dtype=np.float32)

    def _dome(self, x: Array, y: Array, z: Array) -> Array:
        total = self.domes[0].distance(x, y, z)
        for dome in self.domes[1:]:
            total = smooth_min(total, dome.distance(x, y, z), 10)
        return total


@dataclass(frozen=True)
class Contrast:
    """Mean HU of the tissues that take up contrast medium, in one phase of one patient."""

    liver: float
    spleen: float
    aorta: float
    vein: float
    kidney: float
    muscle: float


# (probability, HU range of liver, of spleen less liver, of aorta, portal and hepatic veins, kidney and muscle)
_PHASES = (
    (0.15, (46, 66), (-10, 4), (36, 46), (34, 44), (28, 38), (46, 60)),
    (0.20, (60, 85), (18, 55), (220, 330), (80, 125), (120, 180), (52, 68)),
    (0.50, (92, 128), (-16, 12), (130, 180), (140, 185), (150, 200), (58, 80)),
    (0.15, (76, 102), (-12, 10), (95, 125), (95, 125), (140, 190), (58, 78)),
)


def random_contrast(rng: np.random.Generator) -> Contrast:
    """Draw a contrast phase (native, arterial, portal venous or late) and the HU that go with it."""
    phase = _PHASES[rng.choice(len(_PHASES), p=[p[0] for p in _PHASES])]
    liver, spleen, aorta, vein, kidney, muscle = (float(rng.uniform(*limits)) for limits in phase[1:])
    return Contrast(liver, max(liver + spleen, 45.0), aorta, vein, kidney, muscle)


def random_frame(rng: np.random.Generator) -> Frame:
    """Draw body size, build and deformation."""
    size = rng.normal(1.0, 0.05)
    scale = np.clip(size * rng.normal(1.0, 0.04, size=3), 0.88, 1.14)
    domes = (
        Dome((67 + rng.normal(0, 3), 10 + rng.normal(0, 4)), (78, 88), 76 + rng.normal(0, 5), 98),
        Dome((-66 + rng.normal(0, 3), 6 + rng.normal(0, 4)), (76, 86), 64 + rng.normal(0, 7), 95),
        Dome((-4, 34), (74, 66), 52 + rng.normal(0, 4), 60),
    )
    return Frame(
        scale=(float(scale[0]), float(scale[1]), float(scale[2])),
        half_axes=(float(rng.uniform(122, 134)), float(rng.uniform(80, 92))),
        roundness=float(rng.uniform(2.1, 2.5)),
        wall=float(rng.uniform(13, 18)),
        fat=float(rng.uniform(8, 30)),
        domes=domes,
        warp=(Waves(rng, 9.0, (150, 330)), Waves(rng, 8.0, (150, 330)), Waves(rng, 9.0, (150, 330))),
    )
