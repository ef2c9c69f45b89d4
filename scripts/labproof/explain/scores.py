"""Heatmaps held against a known zone, and beside it what maps without a preference score."""

import numpy as np
from scipy import ndimage

# Zhang et al. 2018 allow 15 pixels on photographs of about 224: so in shares of a side.
TOLERANCE = 15 / 224
CENTRE = 0.25  # deviation of the centre prior, in shares of a side


def score(heatmap: np.ndarray, zone: np.ndarray) -> dict[str, float]:
    """Hold one map H x W, non-negative, against its zone H x W (non-zero inside).

    energy: the share of the map's sum that lies inside the zone, 0..1 (energy-based pointing game,
        Wang et al. 2020, doi:10.1109/CVPRW50498.2020.00020).
    pointing: 1 if the map's maximum lies inside the zone or within `TOLERANCE` of it, else 0
        (pointing game, Zhang et al. 2018, doi:10.1007/s11263-017-1059-x); where several pixels
        share the maximum, the share of them that does.
    overlap: intersection over union, 0..1, of the zone and as many of the map's hottest pixels;
        of pixels that share the last place, each counts by its chance to be drawn.
    precision: average precision, 0..1, of the pixels as a ranking for "lies in the zone".

    An all-zero map is a constant one, without a preference, and scores as that does. All are NaN
    for a map that is not finite, as a network with NaN weights gives it, and for a zone that is
    empty.

    Raises ValueError if the shapes differ or the map has a negative value.
    """
    if heatmap.shape != zone.shape:
        raise ValueError(f"the map is {heatmap.shape}, its zone {zone.shape}: upsample the map")
    if (heatmap < 0).any():
        raise ValueError("the map has a negative value")
    within = np.asarray(zone) > 0
    if not np.isfinite(heatmap).all() or not within.any():
        return dict.fromkeys(NAMES, float("nan"))
    energy = heatmap.sum(dtype=float)
    return {
        "energy": float(heatmap[within].sum(dtype=float) / energy) if energy else within.mean(),
        "pointing": float(near(within)[heatmap == heatmap.max()].mean()),
        "overlap": _overlap(heatmap, within),
        "precision": _precision(heatmap.ravel(), within.ravel()),
    }


def by_area(zone: np.ndarray) -> dict[str, float]:
    """What `score` is on average for maps that know nothing: where a map is hot is left to chance.

    For energy and precision the zone's share of the area a; for pointing that of the zone with its
    tolerance; for overlap a / (2 - a), of two sets of the share a that meet by chance.
    """
    within = np.asarray(zone) > 0
    area = float(within.mean())
    if not area:
        return dict.fromkeys(NAMES, float("nan"))
    return {
        "energy": area,
        "pointing": float(near(within).mean()),
        "overlap": area / (2 - area),
        "precision": area,
    }


def centre_map(size: tuple[int, int]) -> np.ndarray:
    """A map that points at the centre, H x W, 0..1: what a photographer's aim alone scores."""
    rows, columns = (((np.arange(side) + 0.5) / side - 0.5) / CENTRE for side in size)
    return np.exp(-(rows[:, None] ** 2 + columns**2) / 2).astype(np.float32)


def near(zone: np.ndarray) -> np.ndarray:
    """The zone and what lies within `TOLERANCE` of it, H x W bool."""
    distance = ndimage.distance_transform_edt(~np.asarray(zone, dtype=bool))
    return distance <= TOLERANCE * min(zone.shape)


def curves(model_score, image: np.ndarray, heatmap: np.ndarray, *, steps: int = 16) -> dict:
    """Deletion and insertion (Petsiuk et al. 2018, arXiv:1806.07421, section 3.2).

    The pixels are taken in the order of the map, hottest first, in `steps` equal parts; of pixels
    that are equally hot, in the order of the rows. Deletion puts the image's mean colour in their
    place, insertion puts them into a blurred image.

    Parameters
    ----------
    model_score
        Images (2 (steps + 1) x H x W x C) -> the target's probability of each.
    image
        H x W x C, scaled as the model takes it.

    Returns
    -------
    dict
        `deletion`, `insertion`: area under the probability against the share of pixels, 0..1. A
        map that finds the evidence has a low deletion and a high insertion.
    """
    order = np.argsort(-heatmap.ravel(), kind="stable")
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    place = place.reshape(heatmap.shape)[..., None]
    taken = np.linspace(0, len(order), steps + 1).round()[:, None, None, None] > place
    blur = 0.08 * min(heatmap.shape)
    blurred = ndimage.gaussian_filter(image, (blur, blur, 0))
    mean = image.mean(axis=(0, 1))
    frames = [np.where(taken, mean, image), np.where(taken, image, blurred)]
    probability = np.asarray(model_score(np.concatenate(frames).astype(image.dtype)))
    halves = zip(("deletion", "insertion"), np.split(probability, 2), strict=True)
    return {key: float(np.trapezoid(half, dx=1 / steps)) for key, half in halves}


def _precision(heatmap: np.ndarray, within: np.ndarray) -> float:
    """The precision at each pixel of the zone, on average; equally hot pixels come together."""
    order = np.argsort(-heatmap, kind="stable")
    found = np.cumsum(within[order])
    last = np.flatnonzero(np.diff(heatmap[order], append=np.nan))  # of each heat
    gained = np.diff(found[last], prepend=0)
    return float(np.sum(gained * found[last] / (last + 1)) / found[-1])


def _overlap(heatmap: np.ndarray, within: np.ndarray) -> float:
    count = int(within.sum())
    edge = np.partition(heatmap.ravel(), -count)[-count]
    above, level = heatmap > edge, heatmap == edge
    share = (count - above.sum()) / level.sum()
    shared = (above & within).sum() + share * (level & within).sum()
    return float(shared / (2 * count - shared))


NAMES = ("energy", "pointing", "overlap", "precision")
