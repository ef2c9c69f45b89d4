"""Pairs of images that show the same: equal pixels, or re-encoded, resized, turned, cropped.

In two steps. Every pair is compared by 8 x 8 and some more coefficients of the cosine transform of
both images made small (what a perceptual hash cuts to bits, here with their values): turning or
mirroring an image only swaps coefficients and their signs. The few pairs that are alike are then
laid over each other, and what remains after that has to agree in detail.
"""

import hashlib

import numpy as np
import pandas as pd
from PIL import Image
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

COLUMNS = ["first", "second", "kind", "correlation", "turn", "crop"]
# What has to be done to the first image of a pair to have the second. The order is that of
# `_turns`: transposed or not, rows reversed or not, columns reversed or not.
TURNS = (
    "",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180°",
    "mirrored along the diagonal",
    "turned by 90° clockwise",
    "turned by 90° anticlockwise",
    "mirrored along the other diagonal",
)
SMALL = 32  # pixels a side, for the coefficients
COEFFICIENTS = 10  # a side
# Two images of different things reach both only by chance. Measured on 1000 images each of two
# public sets (dermoscopy, radiographs) and of both phantoms, at 48 and 128 pixels: of those
# cropped by 5 %, at least 98 % lie above both; two films of one hand reach 0.983 in detail.
ALIKE = 0.92
IN_DETAIL = 0.985
FINE = 48  # pixels a side, for the detail
CROPS = (0.95, 0.9)  # sides of the windows that are tried, in shares of the image's
ROWS = 500  # images whose pairs are in memory at once


def find(images: np.ndarray) -> pd.DataFrame:
    """Find the pairs of images that are duplicates.

    Parameters
    ----------
    images
        uint8, N x H x H x C; may be a memory map. Colours are compared as grey.

    Returns
    -------
    DataFrame
        One row a pair: `first` < `second` (row numbers); `kind`, "exact" (equal pixels) or "near";
        `correlation` of the details, -1 to 1; `turn`, one of `TURNS`; `crop`, the side of what one
        shows of the other, as a share. Of equal images only the first is compared with others, so
        n equal ones make n - 1 pairs. A flat image is a duplicate of an equal one alone.
    """
    equal = _equal(images)
    distinct = np.setdiff1d(np.arange(len(images)), equal["second"].to_numpy(dtype=int))
    if len(distinct) < 2:
        return equal
    grey = np.stack([_grey(images[number]) for number in distinct])
    near = {}
    for whole, part, turn, window in _alike(grey):
        score, crop = _confirm(grey[whole], grey[part], turn, window)
        pair = tuple(sorted((int(distinct[whole]), int(distinct[part]))))
        if score >= IN_DETAIL and score > near.get(pair, (0,))[0]:
            # told as what is done to the first image
            told = turn if whole < part else _back(turn)
            near[pair] = (score, TURNS[told], crop)
    rows = [(*pair, "near", *found) for pair, found in near.items()]
    found = pd.DataFrame(rows, columns=COLUMNS)
    found = pd.concat([equal, found], ignore_index=True) if rows else equal
    return found.sort_values(["first", "second"], ignore_index=True)


def _equal(images: np.ndarray) -> pd.DataFrame:
    """Pairs with equal pixels, each with the first of its kind."""
    seen: dict[bytes, int] = {}
    rows = []
    for number, image in enumerate(images):
        first = seen.setdefault(hashlib.sha256(image.tobytes()).digest(), number)
        if first != number:
            rows.append((first, number, "exact", 1.0, "", 1.0))
    return pd.DataFrame(rows, columns=COLUMNS)


def _grey(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image.squeeze()).convert("L"))


def _window(grey: np.ndarray, window: tuple[float, float, float], size: int) -> np.ndarray:
    """A square window (left, top, side; shares of the image's side), made `size` pixels large."""
    side = len(grey)
    left, top, share = window
    box = (left * side, top * side, (left + share) * side, (top + share) * side)
    made = Image.fromarray(grey).resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(made, dtype=np.float32)


def _windows() -> list[tuple[float, float, float]]:
    """The whole image, and crops of it in nine places, near enough for any other."""
    return [
        (0.0, 0.0, 1.0),
        *(
            (left, top, side)
            for side in CROPS
            for left in np.linspace(0, 1 - side, 3)
            for top in np.linspace(0, 1 - side, 3)
        ),
    ]


def _turns(block: np.ndarray, axes: tuple[int, int], signs: np.ndarray | None = None) -> list:
    """The eight turned and mirrored versions of images, or of their coefficients by `signs`."""
    rows, columns = axes
    made = []
    for start in (block, np.swapaxes(block, rows, columns)):
        for over_rows in (False, True):
            for over_columns in (False, True):
                turned = start
                for axis, asked in ((rows, over_rows), (columns, over_columns)):
                    if asked and signs is None:
                        turned = np.flip(turned, axis)
                    elif asked:
                        shape = [1] * block.ndim
                        shape[axis] = -1
                        turned = turned * signs.reshape(shape)
                made.append(turned)
    return made


def _back(turn: int) -> int:
    """The number of the turn that takes another one back."""
    return {5: 6, 6: 5}.get(turn, turn)


def _alike(grey: np.ndarray):
    """Pairs (whole, part, turn, window) whose coefficients are alike, each at its best.

    The whole image, turned, is compared with each window of the part.
    """
    count = len(grey)

    def coefficients(window):
        small = np.stack([_window(image, window, SMALL) for image in grey])
        made = dctn(small, axes=(1, 2), norm="ortho")[:, :COEFFICIENTS, :COEFFICIENTS]
        made[:, 0, 0] = 0  # brightness
        return made

    whole = coefficients((0.0, 0.0, 1.0))
    # each coefficient by its spread, or the common layout of a data set would make all alike
    spread = np.sqrt((whole**2).mean(axis=0))
    spread = np.sqrt((spread**2 + spread.T**2) / 2)
    spread[0, 0] = 1
    spread += 1e-6 * spread.max()

    def direction(block):
        flat = (block / spread).reshape(count, -1)
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        return (flat / np.where(length > 0, length, 1)).astype(np.float32)

    signs = (-1.0) ** np.arange(COEFFICIENTS)
    turned = [direction(block) for block in _turns(whole, (1, 2), signs)]
    best: dict[tuple[int, int], tuple] = {}
    for window in _windows():
        parts = direction(whole if window[2] == 1 else coefficients(window)).T
        for turn, directions in enumerate(turned):
            for start in range(0, count, ROWS):
                likeness = directions[start : start + ROWS] @ parts
                for row in np.flatnonzero(likeness.max(axis=1) > ALIKE):
                    for part in np.flatnonzero(likeness[row] > ALIKE):
                        pair, score = (start + int(row), int(part)), float(likeness[row, part])
                        if pair[0] != pair[1] and score > best.get(pair, (0,))[0]:
                            best[pair] = (score, turn, window)
    for (first, second), (score, turn, window) in best.items():
        # which of the two is the part
        if score >= best.get((second, first), (0,))[0]:
            yield first, second, turn, window


def _confirm(whole, part, turn: int, window) -> tuple[float, float]:
    """Correlation of the details where the window lies best, and the window's side.

    The window is moved and scaled by steps of Gauss and Newton (Lucas & Kanade 1981), since a
    hundredth of the side more or less decides whether details meet.
    """
    target = _detail(_turns(_window(whole, (0.0, 0.0, 1.0), FINE), (0, 1))[turn])
    place = np.array(window)
    best = (-1.0, 1.0)
    axis = (np.arange(FINE) + 0.5) / FINE
    for step in range(6):
        found = _detail(_window(part, tuple(place), FINE))
        score = _correlation(target, found)
        best = max(best, (score, float(place[2])))
        if score > 0.999 or (step == 2 and score < 0.8):
            break
        by_row, by_column = np.gradient(found, 1 / FINE)
        by_row, by_column = by_row / place[2], by_column / place[2]
        # how the window's content moves with left, top and side; and contrast
        moves = [by_column, by_row, by_column * axis + by_row * axis[:, None], found]
        change, *_ = np.linalg.lstsq(
            np.stack([move.ravel() for move in moves], axis=1), (target - found).ravel(), rcond=None
        )
        place = place + np.clip(change[:3], -0.03, 0.03)
        place[2] = np.clip(place[2], 0.8, 1)
        place[:2] = np.clip(place[:2], 0, 1 - place[2])
    return best


def _detail(image: np.ndarray) -> np.ndarray:
    """What is neither noise nor layout: a band of spatial frequencies, of one contrast."""
    band = gaussian_filter(image, 0.7) - gaussian_filter(image, 3)
    return band / (band.std() + 1e-6)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / scale) if scale > 0 else 0.0
