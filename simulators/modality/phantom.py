"""A made chest and upper abdomen in Hounsfield units. No real person, no real image.

Coordinates are millimetres in the patient system (PS3.3 C.7.6.2): x to the patient's left, y to the
back, z to the head; z = 0 is the top slice. Shapes are ellipsoids, tubes and shells; the same
arguments always give the same pixels.
"""

# ruff: noqa: PLR2004 - the numbers are measures of a body

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

FIELD_MM: Final = 360.0
LOWEST, HIGHEST = -1024, 3071

AIR, FAT, MUSCLE, LUNG = -1000.0, -95.0, 52.0, -850.0


@dataclass(frozen=True)
class Ellipsoid:
    """Centre and half axes in millimetres, and what it is filled with (HU)."""

    x: float
    y: float
    z: float
    rx: float
    ry: float
    rz: float
    hu: float


LUNGS: Final = (
    Ellipsoid(-72, -8, -112, 58, 76, 122, LUNG),
    Ellipsoid(74, -4, -112, 54, 74, 118, LUNG),
)
ORGANS: Final = (
    Ellipsoid(18, -34, -128, 56, 46, 56, 48),  # heart muscle
    Ellipsoid(30, -36, -130, 34, 28, 40, 150),  # its chambers, with contrast medium
    Ellipsoid(-62, -8, -238, 88, 74, 64, 112),  # liver under the right dome
    Ellipsoid(96, 32, -232, 32, 44, 42, 122),  # spleen
    Ellipsoid(52, -38, -236, 42, 30, 34, 30),  # stomach
    Ellipsoid(50, -52, -232, 26, 12, 22, -950),  # the gas in it
)


@dataclass(frozen=True)
class Tube:
    """A vessel or airway: a straight stretch between two points, thinning from r0 to r1."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    r0: float
    r1: float
    hu: float


@dataclass(frozen=True)
class Phantom:
    """One made body. ``nodule_mm`` is the radius of a round shadow in the right upper lobe."""

    matrix: int = 512
    seed: int = 1
    nodule_mm: float = 0.0
    noise_hu: float = 13.0

    @cached_property
    def axis(self) -> Plane:
        """Pixel centres along one side, in millimetres."""
        step = FIELD_MM / self.matrix
        return ((np.arange(self.matrix) + 0.5) * step - FIELD_MM / 2).astype(np.float32)

    @property
    def spacing_mm(self) -> float:
        """Distance of pixel centres."""
        return FIELD_MM / self.matrix

    @cached_property
    def trees(self) -> tuple[Tube, ...]:
        """Vessels of both lungs, from the hilum outwards, and the airways."""
        rng = np.random.default_rng(self.seed)
        branches = [_branch(rng, side) for side in (-1, 1) for _ in range(46)]
        airways = [
            Tube((0, -8, 20), (0, -4, -78), 8.5, 8.0, AIR),
            Tube((0, -4, -78), (-38, 2, -108), 7.0, 4.5, AIR),
            Tube((0, -4, -78), (40, 4, -112), 6.5, 4.0, AIR),
        ]
        great = [
            Tube((16, 42, -52), (6, 48, -300), 12.5, 10.5, 168),
            Tube((-8, -26, -52), (0, -20, -118), 15.0, 15.0, 172),
            Tube((-8, -26, -50), (16, 42, -54), 13.0, 12.5, 170),
            Tube((-26, -24, 10), (-24, -22, -100), 9.0, 9.5, 140),
        ]
        return (*branches, *great, *airways)

    def slice_hu(self, z: float, thickness: float, number: int) -> NDArray[np.int16]:
        """One axial slice, (matrix, matrix) HU. ``number`` seeds its noise."""
        x, y = self.axis[None, :], self.axis[:, None]
        hu = np.full((self.matrix, self.matrix), AIR, np.float32)
        self._table(hu, x, y)
        body, wall = _ellipse(x, y, 164, 112), _ellipse(x, y, 148, 97)
        hu[body < 1] = FAT
        hu[wall < 1] = MUSCLE
        self._ribs(hu, x, y, z)
        for lung in LUNGS:
            self._fill(hu, x, y, z, lung)
        for organ in ORGANS:
            self._fill(hu, x, y, z, organ)
        self._spine(hu, x, y, z)
        for tube in self.trees:
            self._tube(hu, z, thickness, tube)
        if self.nodule_mm:
            size = self.nodule_mm
            nodule = Ellipsoid(-84, -22, -66, size, size, size, 36)
            self._fill(hu, x, y, z, nodule)
        return self._scanned(_soft(hu), body < 1, number)

    def _scanned(self, hu: Plane, body: Mask, number: int) -> NDArray[np.int16]:
        """Noise of a scanner with a soft kernel: correlated, quieter in air."""
        rng = np.random.default_rng([self.seed, number])
        noise = _soft(rng.standard_normal(hu.shape, dtype=np.float32))
        noise *= self.noise_hu / float(noise.std())
        hu += noise * np.where(body, np.float32(1), np.float32(0.4))
        hu[(self.axis[None, :] ** 2 + self.axis[:, None] ** 2) > (FIELD_MM / 2) ** 2] = LOWEST
        return np.clip(np.rint(hu), LOWEST, HIGHEST).astype(np.int16)

    def _fill(self, hu: Plane, x: Plane, y: Plane, z: float, shape: Ellipsoid) -> None:
        left = 1 - ((z - shape.z) / shape.rz) ** 2
        if left <= 0:
            return
        rx, ry = shape.rx * left**0.5, shape.ry * left**0.5
        hu[((x - shape.x) / rx) ** 2 + ((y - shape.y) / ry) ** 2 < 1] = shape.hu

    def _ribs(self, hu: Plane, x: Plane, y: Plane, z: float) -> None:
        """Twelve pairs that run down to the front, and the breastbone."""
        shell = _ellipse(x, y, 141, 91)
        forward = np.arctan2(-y, np.abs(x)) / np.pi + 0.5
        phase = ((-z + 8 - forward * 74) / 25.0) % 1.0
        bone = (shell > 0.89) & (shell < 1.0) & (phase < 0.36) & (forward < 0.86)
        hu[bone] = 420
        hu[bone & (shell > 0.92) & (shell < 0.97)] = 190
        if -182 < z < -28:
            breastbone = _ellipse(x, y + 86, 19, 6)
            hu[breastbone < 1] = 380
            hu[breastbone < 0.5] = 170

    def _spine(self, hu: Plane, x: Plane, y: Plane, z: float) -> None:
        level = (-z % 27.0) / 27.0
        is_disc = level > 0.78
        vertebra = _ellipse(x, y - 60, 20, 16)
        hu[vertebra < 1] = 95 if is_disc else 520
        hu[vertebra < 0.74] = 75 if is_disc else 210
        arch = (_ellipse(x, y - 84, 17, 12) < 1) | (_ellipse(x, y - 97, 4, 11) < 1)
        hu[arch] = MUSCLE if is_disc else 430
        hu[_ellipse(x, y - 82, 9, 8) < 1] = 22

    def _table(self, hu: Plane, x: Plane, y: Plane) -> None:
        top = _ellipse(x, y - 40, 230, 92)
        hu[(top > 1.0) & (top < 1.05) & (y > 108) & (np.abs(x) < 170)] = -420
        hu[(top >= 1.05) & (top < 1.22) & (y > 108) & (np.abs(x) < 170)] = -880

    def _tube(self, hu: Plane, z: float, thickness: float, tube: Tube) -> None:
        """Discs along the stretch of the tube that lies in this slice, each drawn in its patch."""
        low, high = sorted((tube.start[2], tube.end[2]))
        if not low - tube.r0 < z < high + tube.r0:
            return
        start, end = np.asarray(tube.start), np.asarray(tube.end)
        for share in np.linspace(0, 1, 48):
            centre = start + share * (end - start)
            radius = tube.r0 + share * (tube.r1 - tube.r0)
            left = radius**2 - max(0.0, abs(centre[2] - z) - thickness / 2) ** 2
            if left > 0:
                self._disc(hu, float(centre[0]), float(centre[1]), left**0.5, tube.hu)

    def _disc(self, hu: Plane, cx: float, cy: float, radius: float, value: float) -> None:
        step, half = self.spacing_mm, FIELD_MM / 2
        rows = slice(*(max(0, int((cy + side * radius + half) / step) + side) for side in (-1, 1)))
        cols = slice(*(max(0, int((cx + side * radius + half) / step) + side) for side in (-1, 1)))
        inside = (self.axis[None, cols] - cx) ** 2 + (self.axis[rows, None] - cy) ** 2 < radius**2
        hu[rows, cols][inside] = value


def _branch(rng: np.random.Generator, side: int) -> Tube:
    """One vessel from the hilum of a lung to somewhere within it."""
    out = rng.uniform(0.35, 0.86)
    angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(-1, 1)
    flat = out * float(np.sqrt(1 - 0.7 * height**2))
    end = (
        side * 73 + 46 * flat * float(np.cos(angle)),
        -6 + 62 * flat * float(np.sin(angle)),
        -110 + 92 * height,
    )
    hilum = (
        side * (36 + rng.uniform(-6, 6)),
        4 + rng.uniform(-10, 10),
        -106 + rng.uniform(-14, 14),
    )
    return Tube(hilum, end, rng.uniform(2.6, 4.6), rng.uniform(0.5, 1.1), 62)


def _ellipse(x: Plane, y: Plane, rx: float, ry: float) -> Plane:
    """Squared distance from the origin in units of the half axes: below 1 is inside."""
    squared: Plane = (x / np.float32(rx)) ** 2 + (y / np.float32(ry)) ** 2
    return squared


def _soft(image: Plane) -> Plane:
    """Weighted mean with the four neighbours: partial volume at edges, grain in noise."""
    soft = image * np.float32(0.4)
    soft[1:] += image[:-1] * np.float32(0.15)
    soft[:-1] += image[1:] * np.float32(0.15)
    soft[:, 1:] += image[:, :-1] * np.float32(0.15)
    soft[:, :-1] += image[:, 1:] * np.float32(0.15)
    soft[0] += image[0] * np.float32(0.15)
    soft[-1] += image[-1] * np.float32(0.15)
    soft[:, 0] += image[:, 0] * np.float32(0.15)
    soft[:, -1] += image[:, -1] * np.float32(0.15)
    return soft
