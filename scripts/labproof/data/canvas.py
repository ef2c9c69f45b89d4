"""What phantoms are drawn with: smooth random fields, a fine grid, strokes."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

GRID = 192  # the fine grid has at least this many points a side, and twice the image's
INK = 1024  # side of the canvas for hairs and letters, whose lines are thin


@lru_cache(maxsize=64)
def _spline(points, cells):
    """Uniform cubic B-spline basis: points x (cells + 3), scaled so that noise keeps its size."""
    place = (np.arange(points) + 0.5) / points * cells
    cell = np.minimum(place.astype(int), cells - 1)
    u = place - cell
    weights = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, 1 + 3 * u * (1 + u - u**2), u**3])
    basis = np.zeros((points, cells + 3), np.float32)
    for step in range(4):
        basis[np.arange(points), cell + step] = weights[step] / 6
    # The mean over u of the sum of the squared weights is 151 / 315.
    return basis / np.float32(np.sqrt(151 / 315))


def lattice(rng, cells):
    """Knots of a smooth random field that varies over lengths of about 1 / cells."""
    return rng.standard_normal((cells + 3, cells + 3)).astype(np.float32)


def field(lattice, points):
    """Smooth noise from its knots, points x points, mean 0 and standard deviation about 1."""
    basis = _spline(points, lattice.shape[0] - 3)
    return basis @ lattice @ basis.T


def fine_grid(size):
    """Factor by which the fine grid is finer, its number of points, and its x and y."""
    factor = max(2, -(-GRID // size))
    points = size * factor
    x = ((np.arange(points) + 0.5) / points).astype(np.float32)
    return factor, points, x[None, :], x[:, None]


def reduce(values, factor):
    """Average blocks of factor x factor points."""
    total = sum(values[step::factor] for step in range(1, factor)) + values[::factor]
    total = sum(total[:, step::factor] for step in range(1, factor)) + total[:, ::factor]
    return total / factor**2


def ramp(values):
    """Smooth step from 0 at 0 to 1 at 1 (Hermite's cubic)."""
    u = np.clip(values, 0, 1)
    return u * u * (3 - 2 * u)


def strokes(size, lines):
    """Coverage 0..1 of polylines, each (points in units, width in units), size x size."""
    side = max(INK, size)
    canvas = Image.new("L", (side, side))
    pen = ImageDraw.Draw(canvas)
    for points, width in lines:
        points = [(float(x) * side, float(y) * side) for x, y in points]
        pen.line(points, fill=255, width=max(1, round(width * side)), joint="curve")
    return np.asarray(canvas.resize((size, size), Image.Resampling.BOX), np.float32) / 255


def as_bytes(values):
    """Values as uint8, cut off at 0 and 255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
