"""Images changed in one place: what a network's answer hangs on is what it cannot do without.

A heatmap shows where a network looks; that it needs what it sees there is shown by taking it away.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

AS_IT_IS = "as it is"
MARKER_OUT, MARKER_MOVED = "marker painted out", "marker in the other class's place"
ZONE_OUT, ELSEWHERE = "zone painted out", "as much painted out elsewhere"
BORDER = 1 / 8  # of a side: what counts as the image's border
ROOM = 0.02  # of a side, around a marker: its ink is blurred


def versions(
    images: np.ndarray, zones: np.ndarray | None, records: pd.DataFrame
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Change each image in every way that is known of it.

    Parameters
    ----------
    images
        N x H x W x C, uint8.
    zones
        N x H x W, non-zero inside; None where no zone is known.
    records
        N rows; `marker_x0`, `marker_y0`, `marker_x1`, `marker_y1` (shares of the sides, NaN where
        there is none) where the images have markers whose height tells the class.

    Returns
    -------
    dict
        Name -> (images, rows): the changed images, and which of the N have it. A marker is moved
        upside down about the middle of the image, where those of the other class have it. The zone
        is painted out, and as a control its mirror image (top to bottom, or left to right where
        the two would meet).
    """
    made = {AS_IT_IS: (images, np.arange(len(images)))}
    boxes = marker_boxes(records, images.shape[1:3])
    if boxes is not None and boxes.any():
        rows = np.flatnonzero(boxes.any(axis=(1, 2)))
        out = [paint_out(images[k], boxes[k]) for k in rows]
        made[MARKER_OUT] = (np.stack(out), rows)
        moved = [_moved(images[k], clean, boxes[k]) for k, clean in zip(rows, out, strict=True)]
        made[MARKER_MOVED] = (np.stack(moved), rows)
    if zones is not None and zones.any():
        rows = np.flatnonzero(zones.any(axis=(1, 2)))
        made[ZONE_OUT] = (np.stack([paint_out(images[k], zones[k]) for k in rows]), rows)
        other = [_elsewhere(zones[k] > 0) for k in rows]
        made[ELSEWHERE] = (
            np.stack([paint_out(images[k], area) for k, area in zip(rows, other, strict=True)]),
            rows,
        )
    return made


def marker_boxes(records: pd.DataFrame, size: tuple[int, int]) -> np.ndarray | None:
    """Where the markers are, N x H x W bool, with room for their blurred edge; None: not known."""
    names = ["marker_x0", "marker_y0", "marker_x1", "marker_y1"]
    if not set(names) <= set(records):
        return None
    rows, columns = ((np.arange(side) + 0.5) / side for side in size)
    x0, y0, x1, y1 = (records[name].to_numpy(dtype=float)[:, None] for name in names)
    across = (columns >= x0 - ROOM) & (columns <= x1 + ROOM)  # NaN is never in
    down = (rows >= y0 - ROOM) & (rows <= y1 + ROOM)
    return down[:, :, None] & across[:, None, :]


def paint_out(image: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Fill an area (H x W, non-zero inside) of an image (H x W x C, uint8) from its surroundings.

    Each pixel becomes the mean of its neighbours (the discrete Laplace equation, so a ramp goes on
    through the area), plus noise of the surroundings' grain, so that no smooth patch remains to be
    seen. The noise is drawn from a fixed seed.
    """
    inside = np.asarray(area) > 0
    if not inside.any() or inside.all():
        return image.copy()
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    here, there, known = [], [], np.zeros((inside.sum(), image.shape[2]))
    count = np.zeros(inside.sum())
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        rows, columns = np.nonzero(inside)
        to = [rows + step * (axis == 0), columns + step * (axis == 1)]
        on = (to[0] >= 0) & (to[0] < inside.shape[0]) & (to[1] >= 0) & (to[1] < inside.shape[1])
        own, to = number[rows[on], columns[on]], [to[0][on], to[1][on]]
        np.add.at(count, own, 1)
        free = number[to[0], to[1]] >= 0
        here.append(own[free])
        there.append(number[to[0][free], to[1][free]])
        np.add.at(known, own[~free], image[to[0][~free], to[1][~free]].astype(float))
    here, there = np.concatenate(here), np.concatenate(there)
    links = sparse.coo_matrix((np.ones(len(here)), (here, there)), (len(count), len(count)))
    filled = spsolve((sparse.diags(count) - links).tocsc(), known).reshape(len(count), -1)
    around = ndimage.binary_dilation(inside, iterations=6) & ~inside
    grain = image.astype(float) - ndimage.uniform_filter(image.astype(float), (3, 3, 1))
    spread = np.median(np.abs(grain[around]), axis=0) * 1.4826
    noise = np.random.default_rng(0).normal(size=(len(count), 1)) * spread
    made = image.copy()
    made[inside] = np.clip(np.round(filled + noise), 0, 255).astype(np.uint8)
    return made


def shares(heatmap: np.ndarray, zone: np.ndarray | None, marker: np.ndarray | None) -> dict:
    """Where the energy of a map (H x W, non-negative) lies: shares of its sum, 0..1.

    `zone`, `marker`, `border` (the outer eighth of each side) and `rest`; what is in two counts for
    the first. NaN for what is not known, and all for a map that is zero or not finite.
    """
    border = np.ones(heatmap.shape, bool)
    rows, columns = (round(BORDER * side) for side in heatmap.shape)
    border[rows : heatmap.shape[0] - rows, columns : heatmap.shape[1] - columns] = False
    total, found = heatmap.sum(dtype=float), {}
    if not np.isfinite(total) or not total:
        return dict.fromkeys(("zone", "marker", "border", "rest"), float("nan"))
    free = np.ones(heatmap.shape, bool)
    for name, area in (("zone", zone), ("marker", marker), ("border", border), ("rest", free)):
        if area is None:
            found[name] = float("nan")
            continue
        part = free & (np.asarray(area) > 0)
        found[name] = float(heatmap[part].sum(dtype=float) / total)
        free = free & ~part
    return found


def answers(
    probability: Mapping[str, np.ndarray],
    made: Mapping[str, tuple[np.ndarray, np.ndarray]],
    labels: np.ndarray,
    numbers: np.ndarray,
) -> pd.DataFrame:
    """What a network said of each version: intervention, image, label, probability (of label 1)."""
    parts = [
        pd.DataFrame(
            {
                "intervention": name,
                "image": numbers[rows],
                "label": labels[rows],
                "probability": probability[name],
            }
        )
        for name, (_, rows) in made.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _moved(image: np.ndarray, clean: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The marker taken from its box and laid into the mirrored one, in the same shape."""
    made = clean.copy()
    rows = np.flatnonzero(box.any(axis=1))
    columns = np.flatnonzero(box.any(axis=0))
    to = len(image) - 1 - rows[::-1]  # the same strip, upside down about the middle
    patch = np.ix_(rows, columns)
    ink = image[patch].astype(float) - clean[patch]
    place = np.ix_(to, columns)
    made[place] = np.clip(clean[place] + np.maximum(ink, 0), 0, 255).astype(np.uint8)
    return made


def _elsewhere(zone: np.ndarray) -> np.ndarray:
    """The zone mirrored to where it meets itself least."""
    turned = [zone[::-1], zone[:, ::-1], np.roll(zone, len(zone) // 2, axis=0)]
    return min(turned, key=lambda area: (area & zone).sum())
