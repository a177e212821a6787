# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Signed-distance shapes: the geometric vocabulary of the phantom.

A :class:`Shape` is a function from :class:`Points` to a signed distance in mm (negative inside) together with a box
that is sure to hold its inside. Shapes are combined with :func:`union`, :func:`subtract`, :func:`intersect`,
:func:`inflate` and :func:`roughen`; boxes follow along, so a renderer needs to evaluate a shape only near itself.
Distances are exact or accurate to first order at the surface, which is all that soft occupancy needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "Array",
    "Points",
    "Shape",
    "Vector",
    "Waves",
    "capsule",
    "cylinder",
    "ellipsoid",
    "half_space",
    "inflate",
    "intersect",
    "roughen",
    "smooth_min",
    "subtract",
    "tube",
    "union",
]

Array = npt.NDArray[Any]
Vector = Sequence[float] | Array
EVERYWHERE: Array = np.array([[-np.inf, np.inf]] * 3)


@dataclass(frozen=True)
class Points:
    """Sample points of the canonical body, all arrays float32 of one common shape ``(z, x, y)``, in mm.

    Attributes:
        x: towards the patient's right.
        y: towards the front.
        z: towards the head.
        rim: signed distance to the inner surface of the trunk wall, negative inside the trunk cavity.
        dome: signed distance to the diaphragm, negative on the abdominal side.
    """

    x: Array
    y: Array
    z: Array
    rim: Array
    dome: Array

    def crop(self, window: tuple[slice, slice, slice]) -> Points:
        """Return the points of a window as views.

        Args:
            window: slices along the three array axes.
        """
        return Points(self.x[window], self.y[window], self.z[window], self.rim[window], self.dome[window])


@dataclass(frozen=True)
class Shape:
    """A region of the canonical body.

    Attributes:
        distance: maps points to the signed distance in mm, negative inside.
        box: array ``(3, 2)``, lower and upper limit in mm of x, y and z; nothing of the region lies outside.
    """

    distance: Callable[[Points], Array]
    box: Array


class Waves:
    """A smooth random function of position: the sum of a few plane waves.

    Args:
        rng: source of the directions, phases and wavelengths.
        amplitude: bound of the absolute value, in the unit of the function.
        wavelengths: shortest and longest wavelength in mm.
        count: number of waves.
    """

    def __init__(
        self, rng: np.random.Generator, amplitude: float, wavelengths: tuple[float, float], count: int = 4
    ) -> None:
        directions = rng.normal(size=(count, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self.amplitude = amplitude
        self._vectors = 2 * np.pi * directions / rng.uniform(*wavelengths, size=(count, 1))
        self._phases = rng.uniform(0, 2 * np.pi, size=count)

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        """Evaluate at coordinates in mm that broadcast against each other; returns float32 of the common shape."""
        total = np.float32(0)
        for (kx, ky, kz), phase in zip(self._vectors.astype(np.float32), self._phases.astype(np.float32)):
            total = total + np.sin(kx * x + ky * y + (kz * z + phase))
        return np.asarray(total * np.float32(self.amplitude / len(self._phases)), dtype=np.float32)


def smooth_min(a: Array, b: Array, blend: float) -> Array:
    """Minimum of two distances with the crease rounded over ``blend`` mm (0 gives the plain minimum)."""
    if blend == 0:
        return np.minimum(a, b)
    overlap = np.maximum(np.float32(blend) - np.abs(a - b), 0)
    return np.minimum(a, b) - overlap * overlap * np.float32(0.25 / blend)


def ellipsoid(center: Vector, radii: Vector, angles: Vector = (0, 0, 0)) -> Shape:
    """Ellipsoid turned about its centre.

    Args:
        center: x, y, z in mm.
        radii: semi-axes in mm before turning.
        angles: degrees about the x, y and z axis, applied in this order.
    """
    rotation = _rotation(angles).astype(np.float32)
    cx, cy, cz = (np.float32(c) for c in center)
    tiny = np.float32(1e-6)

    def distance(p: Points) -> Array:
        x, y, z = p.x - cx, p.y - cy, p.z - cz
        level, slope = np.float32(0), np.float32(0)
        for row, radius in zip(rotation.T, radii):
            along = (row[0] * x + row[1] * y + row[2] * z) / np.float32(radius)
            square = along * along
            level, slope = level + square, slope + square / np.float32(radius * radius)
        # the tiny terms give the finite limit at the centre, where both roots vanish
        scaled = np.sqrt(level)
        return (scaled - 1) * (scaled + tiny) / (np.sqrt(slope) + tiny / np.float32(min(radii)))

    half = np.sqrt(((_rotation(angles) * np.asarray(radii)) ** 2).sum(axis=1))
    return Shape(distance, np.stack([np.asarray(center) - half, np.asarray(center) + half], axis=1))


def capsule(start: Vector, end: Vector, radius: float, end_radius: float | None = None) -> Shape:
    """Round-ended rod from ``start`` to ``end`` (mm) whose radius may change linearly to ``end_radius`` (mm)."""
    last = radius if end_radius is None else end_radius
    ax, ay, az = (np.float32(c) for c in start)
    vx, vy, vz = (np.float32(e - s) for s, e in zip(start, end))
    square = np.float32(max(float(vx * vx + vy * vy + vz * vz), 1e-6))

    def distance(p: Points) -> Array:
        x, y, z = p.x - ax, p.y - ay, p.z - az
        along = np.clip((x * vx + y * vy + z * vz) / square, 0, 1)
        x, y, z = x - along * vx, y - along * vy, z - along * vz
        return np.sqrt(x * x + y * y + z * z) - (np.float32(radius) + np.float32(last - radius) * along)

    ends, widest = np.array([start, end], dtype=float), max(radius, last)
    return Shape(distance, np.stack([ends.min(axis=0) - widest, ends.max(axis=0) + widest], axis=1))


def tube(path: Sequence[Vector], radius: float, blend: float = 6) -> Shape:
    """Pipe of one radius (mm) along a polyline of x, y, z points (mm), its bends rounded over ``blend`` mm."""
    pipe = capsule(path[0], path[1], radius)
    for start, end in zip(path[1:-1], path[2:]):
        pipe = union(pipe, capsule(start, end, radius), blend)
    return pipe


def cylinder(center: Vector, radii: Vector) -> Shape:
    """Endless elliptical cylinder along z with centre ``(x, y)`` and semi-axes ``(x, y)`` in mm."""
    (cx, cy), (rx, ry) = center, radii

    def distance(p: Points) -> Array:
        x, y = (p.x - np.float32(cx)) / np.float32(rx), (p.y - np.float32(cy)) / np.float32(ry)
        scaled = np.sqrt(x * x + y * y)
        slope = np.sqrt((x / np.float32(rx)) ** 2 + (y / np.float32(ry)) ** 2)
        return (scaled - 1) * (scaled + np.float32(1e-6)) / (slope + np.float32(1e-6 / min(rx, ry)))

    return Shape(distance, np.array([[cx - rx, cx + rx], [cy - ry, cy + ry], EVERYWHERE[2]]))


def half_space(axis: str, limit: float, above: bool) -> Shape:
    """All points whose coordinate or distance is above (or below) a limit.

    Args:
        axis: one attribute name of :class:`Points`: "x", "y", "z", "rim" or "dome".
        limit: in mm.
        above: keep the points above the limit if true, those below it if false.
    """
    sign = np.float32(-1 if above else 1)

    def distance(p: Points) -> Array:
        return sign * (getattr(p, axis) - np.float32(limit))

    box = EVERYWHERE.copy()
    if axis in "xyz":
        box["xyz".index(axis), 0 if above else 1] = limit
    return Shape(distance, box)


def union(a: Shape, b: Shape, blend: float = 0) -> Shape:
    """Points in ``a`` or ``b``; the crease is filled over ``blend`` mm."""
    box = np.stack([np.minimum(a.box[:, 0], b.box[:, 0]) - blend, np.maximum(a.box[:, 1], b.box[:, 1]) + blend], axis=1)
    return Shape(lambda p: smooth_min(a.distance(p), b.distance(p), blend), box)


def intersect(a: Shape, b: Shape, blend: float = 0) -> Shape:
    """Points in both ``a`` and ``b``; the edge is rounded over ``blend`` mm."""
    box = np.stack([np.maximum(a.box[:, 0], b.box[:, 0]), np.minimum(a.box[:, 1], b.box[:, 1])], axis=1)
    return Shape(lambda p: -smooth_min(-a.distance(p), -b.distance(p), blend), box)


def subtract(a: Shape, b: Shape, blend: float = 0) -> Shape:
    """Points in ``a`` but not in ``b``; the edge is rounded over ``blend`` mm."""
    return Shape(lambda p: -smooth_min(-a.distance(p), b.distance(p), blend), a.box)


def inflate(shape: Shape, margin: float) -> Shape:
    """Move the surface outwards by ``margin`` mm (inwards if negative)."""
    return Shape(lambda p: shape.distance(p) - np.float32(margin), shape.box + np.array([-margin, margin]))


def roughen(shape: Shape, waves: Waves, margin: float = 0) -> Shape:
    """Move the surface outwards by ``margin`` mm plus the local value of ``waves`` in mm."""
    reach = margin + waves.amplitude
    return Shape(
        lambda p: shape.distance(p) - (waves(p.x, p.y, p.z) + np.float32(margin)), shape.box + np.array([-reach, reach])
    )


def _rotation(angles: Vector) -> Array:
    """Rotation matrix of angles in degrees about the x, y and z axis, applied in this order."""
    (sx, sy, sz), (cx, cy, cz) = np.sin(np.radians(angles)), np.cos(np.radians(angles))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)
