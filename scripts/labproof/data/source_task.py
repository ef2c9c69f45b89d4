"""The procedural source task: images of shapes and textures, drawn from a seed, in 24 classes.

What a backbone learns before it is frozen and used on other images (Yosinski et al. 2014,
arXiv:1411.1792), where no published weights can be fetched. Three families:

- blobs: an outline (smooth, lobed, ragged) times a filling (even, speckled, netted, patched);
- lines: straight in four orientations; zigzag, arc, stepped, crossed;
- tubes of two walls: plain, bent, bulging, interrupted.

These are parts of skin and bone pictures, never the whole: no class is a kind of lesion or of
fracture, no line crosses a tube, and nothing here knows the target classes. Colour (half of the
images are grey), polarity (dark on light or the reverse), position, size, uneven light, blur and
noise vary in every class alike, so that none of them tells the class.
"""

from functools import cache

import numpy as np
from scipy import ndimage

OUTLINES = ("smooth", "lobed", "ragged")
FILLINGS = ("even", "speckled", "netted", "patched")
ANGLES = {"level": 0, "rising": 45, "upright": 90, "falling": 135}  # degrees, anticlockwise
COURSES = ("zigzag", "arc", "stepped", "crossed")
WALLS = ("plain", "bent", "bulging", "interrupted")

CLASSES: tuple[str, ...] = (
    *(f"blob-{outline}-{filling}" for outline in OUTLINES for filling in FILLINGS),
    *(f"line-{course}" for course in (*ANGLES, *COURSES)),
    *(f"tube-{wall}" for wall in WALLS),
)


def draw(count: int, *, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` images of `size` x `size` pixels.

    Image i depends on (seed, i, size) alone: a shorter draw is the beginning of a longer one.

    Returns
    -------
    images
        uint8, count x size x size x 3.
    labels
        int64, count, index into `CLASSES`. They take turns (0, 1, … 23, 0, …), so classes are
        balanced to within one image; permute before training.
    """
    labels = np.arange(count) % len(CLASSES)
    images = np.empty((count, size, size, 3), np.uint8)
    for number, label in enumerate(labels):
        images[number] = _picture(CLASSES[label], size, np.random.default_rng([seed, number]))
    return images, labels


def _picture(name: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """One image of a class, uint8, size x size x 3."""
    family, *kind = name.split("-")
    cover, tone = {"blob": _blob, "line": _line, "tube": _tube}[family](kind, size, rng)
    ground, figure, second = _colours(rng)
    paint = figure + tone[..., None] * (second - figure)
    relief = 0.12 * rng.uniform() * _field(size, rng.uniform(0.08, 0.4), rng)
    x, y = _grid(size)
    light = 1 + rng.uniform(-0.2, 0.2) * x + rng.uniform(-0.2, 0.2) * y
    light -= rng.uniform(0, 0.25) * (x**2 + y**2) / 2
    image = ground * (1 + relief[..., None])
    image = image + cover[..., None] * (paint - image)
    image = image * light[..., None]
    if rng.uniform() < 0.5:
        blur = rng.uniform(0, 0.012) * size
        image = ndimage.gaussian_filter(image, (blur, blur, 0))
    noise = rng.standard_normal((size, size, 1), np.float32)
    image = image + rng.uniform(0.005, 0.04) * noise
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


def _blob(kind: list[str], size: int, rng: np.random.Generator):
    """Cover (0 to 1) and tone (0: first colour, 1: second colour) of a filled outline."""
    outline, filling = kind
    x, y = _place(size, rng, spread=0.25)
    radius, angle = np.hypot(x, y * rng.uniform(1, 1.5)), np.arctan2(y, x)
    swing = np.zeros_like(radius)
    if outline == "lobed":
        swing = rng.uniform(0.16, 0.3) * np.cos(rng.integers(3, 6) * angle + rng.uniform(0, 6.3))
    if outline == "ragged":
        for wave in range(5, 14):
            swing += rng.normal(0, 0.055) * np.cos(wave * angle + rng.uniform(0, 6.3))
        swing += 0.09 * _field(size, 0.06, rng)
    else:
        swing += rng.uniform(0, 0.05) * np.cos(2 * angle + rng.uniform(0, 6.3))
    edge = rng.uniform(0.03, 0.12)
    cover = _step(rng.uniform(0.4, 0.75) * (1 + swing) - radius, edge)
    if filling == "even":
        tone = 0.1 * _field(size, 0.3, rng) + rng.uniform(0, 0.3)
    elif filling == "speckled":
        grain = _field(size, rng.uniform(0.035, 0.06), rng)
        tone = _step(grain - rng.uniform(0.8, 1.2), 0.15)
    elif filling == "netted":
        mesh = _field(size, rng.uniform(0.08, 0.13), rng)
        tone = np.exp(-((mesh / rng.uniform(0.2, 0.35)) ** 2))
    else:
        patch = _field(size, rng.uniform(0.25, 0.4), rng)
        tone = _step(patch - np.median(patch[cover > 0.5]), 0.12)
    return cover * rng.uniform(0.75, 1), np.clip(tone, 0, 1)


def _line(kind: list[str], size: int, rng: np.random.Generator):
    """Cover and tone of a thin line; only the four straight classes fix its direction."""
    (course,) = kind
    straight = course in ANGLES
    turn = np.radians(ANGLES[course] + rng.uniform(-14, 14)) if straight else None
    along, across = _place(size, rng, spread=0.3, turn=turn)
    if course == "zigzag":
        period = rng.uniform(0.35, 0.6)
        wave = np.abs((along / period + rng.uniform()) % 1 - 0.5) - 0.25
        across = across - wave * period * rng.uniform(0.8, 1.4)
    elif course == "arc":
        across = across - rng.uniform(0.5, 1.1) * along**2 + 0.15
    elif course == "stepped":
        across = across - rng.uniform(0.14, 0.25) * np.where(along > 0, 1, -1)
    width = rng.uniform(0.035, 0.08)
    reach = rng.uniform(0.45, 1.1)
    cover = np.exp(-((across / width) ** 2)) * _step(reach - np.abs(along), 0.05)
    if course == "crossed":
        lean = rng.uniform(0.9, 2.2)
        other = across * np.cos(lean) - along * np.sin(lean)
        far = np.abs(along * np.cos(lean) + across * np.sin(lean))
        cover = np.maximum(cover, np.exp(-((other / width) ** 2)) * _step(reach - far, 0.05))
    return cover * rng.uniform(0.6, 1), np.full((size, size), rng.uniform(0, 0.25))


def _tube(kind: list[str], size: int, rng: np.random.Generator):
    """Cover and tone of two walls with a lighter or darker channel between them."""
    (wall,) = kind
    along, across = _place(size, rng, spread=0.2)
    if wall == "bent":
        across = across - rng.uniform(0.3, 0.6) * (along**2 - 0.3)
    half = rng.uniform(0.28, 0.5) * (1 + rng.uniform(-0.1, 0.1) * along)
    middle = rng.uniform(-0.4, 0.4)
    if wall == "bulging":
        bump = np.exp(-(((along - middle) / rng.uniform(0.15, 0.25)) ** 2))
        half = half + rng.uniform(0.12, 0.22) * bump * (across > 0)
    thick = rng.uniform(0.05, 0.11)
    walls = np.exp(-(((np.abs(across) - half) / thick) ** 2))
    channel = rng.uniform(0.1, 0.5) * _step(half - np.abs(across), 0.05)
    cover = np.maximum(walls, channel)
    if wall == "interrupted":
        cover = cover * _step(np.abs(along - middle) - rng.uniform(0.12, 0.25), 0.04)
    return cover * rng.uniform(0.7, 1), np.clip(0.1 * _field(size, 0.1, rng) + 0.3, 0, 1)


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ground, figure and second colour (RGB, 0 to 1), told apart in brightness; half are grey."""
    ground = rng.uniform(0.45, 0.85)
    step = rng.uniform(0.18, 0.38)
    second = step * rng.choice([-0.6, 1.9])
    levels = np.array([ground, ground - step, ground - step + second])
    levels = np.clip(levels, 0.05, 0.95)
    if rng.uniform() < 0.5:
        levels = 1 - levels
    colours = np.repeat(levels[:, None], 3, axis=1)
    if rng.uniform() < 0.5:
        common = rng.normal(0, 0.08, 3)
        own = rng.normal(0, 0.05, (3, 3))
        colours = colours + common + own
    return tuple(np.clip(colours, 0.02, 0.98))


@cache
def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x to the right, y upwards, both -1 to 1 from edge to edge, at the pixels' centres."""
    centres = (2 * np.arange(size) + 1) / size - 1
    return np.meshgrid(centres, -centres)


def _place(size: int, rng: np.random.Generator, *, spread: float, turn: float | None = None):
    """The grid, moved by up to `spread` and turned (radians; any direction where None)."""
    x, y = _grid(size)
    x, y = x - rng.uniform(-spread, spread), y - rng.uniform(-spread, spread)
    turn = rng.uniform(0, 2 * np.pi) if turn is None else turn
    return x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)


def _field(size: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth Gaussian noise, mean 0, deviation 1; `scale` is its grain as a part of the image."""
    noise = rng.standard_normal((size, size), np.float32)
    noise = ndimage.gaussian_filter(noise, scale * size / 2, mode="wrap", truncate=3)
    return (noise - noise.mean()) / (noise.std() + 1e-9)


def _step(value: np.ndarray, softness: float) -> np.ndarray:
    """0 below zero, 1 above it, with a soft edge about `softness` wide (Hermite smoothstep)."""
    ramp = np.clip(value / (2 * softness) + 0.5, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)
