"""Phantoms: skin lesions and broken femora drawn from a seed, with the truth known.

A phantom is made in two steps. `scene` draws every random number that shapes it, before any pixel
and without knowing the size; `draw` renders the scene on a fine grid and averages that down to the
size asked for. So one phantom looks the same at any size, in any order, in any process. Only the
sensor's grain depends on the size.

Lengths are in units of the image's side: x to the right, y down, both from 0 to 1.
Phantoms teach how networks train. They prove nothing about skin or bone.
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd
from PIL import Image

from labproof.data import phantom_bone, phantom_skin
from labproof.errors import LabError

CLASSES = {"skin": phantom_skin.CLASSES, "bone": phantom_bone.CLASSES}

# The settings of each kind, in the words of JSON Schema.
SETTINGS = {
    "skin": {
        "overlap": {
            "type": "number",
            "default": 0.3,
            "exclusiveMinimum": 0,
            "maximum": 1,
            "description": "Area that the latent's two class densities share. The best possible "
            "accuracy is 1 - overlap / 2: 0.3 gives 0.85, 1 gives chance.",
        },
    },
    "bone": {
        "marker": {
            "type": "number",
            "default": 0.95,
            "minimum": 0,
            "maximum": 1,
            "description": "Share of films whose burned-in marker agrees with the class; in the "
            "others it disagrees, so 0.5 tells nothing. 0 draws no marker at all.",
        },
        "visibility": {
            "type": "number",
            "default": 1,
            "exclusiveMinimum": 0,
            "maximum": 10,
            "description": "How clearly the fracture shows: scales its gap, displacement and beak. "
            "Near 0 the bone looks whole, whatever its class.",
        },
    },
}

FINAL = 10**9  # index of the first final phantom: beyond all that are trained or validated on
SMALLEST = 16  # pixels; below that a fracture is no longer a line
_CODES = {"skin": 1, "bone": 2}  # keep the kinds' random streams apart


@dataclass(frozen=True)
class Phantom:
    """One drawn phantom.

    `image` is uint8, size x size x channels. `zone` is bool, size x size: the lesion's outline
    filled, or the neighbourhood of the fracture. `facts` are scalars, see `scene`.
    """

    image: np.ndarray
    zone: np.ndarray
    facts: dict


def scene(kind, *, label, index, seed, **settings):
    """Draw what a phantom shows, without drawing it: a dict of parameters, with `facts` among them.

    `label` is an index into CLASSES[kind]; `index` and `seed` are integers from 0; `settings` are
    those of SETTINGS[kind]. Every setting uses the same random numbers, so that a setting changes
    what it names and nothing else.

    Facts of skin: `latent` (standard normal about -d/2 or d/2, see `phantom_skin.best_accuracy`)
    and what it drives, each from 0 to 1: `asymmetry`, `border`, `colour`, `diameter`. Facts of
    bone: `side` of the body (L or R); `angle` of the fracture line against the transverse, in
    degrees; `displacement` in shaft widths; `comminuted` (0 or 1); `marker_agrees` (0 or 1) and the
    marker's box `marker_x0`, `marker_y0`, `marker_x1`, `marker_y1` (all NaN if there is no marker).

    Raises LabError for an unknown kind or setting and for a value out of range.
    """
    settings = _checked(kind, settings)
    if label not in (0, 1):
        raise LabError(f"label: {label!r} is not a class of {kind}; use 0 or 1")
    for name, value in (("index", index), ("seed", seed)):
        _check_integer(name, value, 0)
    rng = np.random.default_rng([_CODES[kind], seed, index, label])
    return _plain({"skin": phantom_skin, "bone": phantom_bone}[kind].scene(rng, label, **settings))


def draw(kind, *, label, index, seed, size, channels, **settings):
    """Draw one phantom of `size` x `size` pixels (from 16) with 1 or 3 `channels`.

    Skin has colour with 3 channels, and one channel is its luminance (ITU-R BT.601); bone is grey
    in both. The other arguments, the facts and the errors are those of `scene`.
    """
    _check_integer("size", size, SMALLEST)
    if channels not in (1, 3):
        raise LabError(f"channels: {channels!r} cannot be drawn; use 1 (grey) or 3 (colour)")
    what = scene(kind, label=label, index=index, seed=seed, **settings)
    grain = np.random.default_rng([_CODES[kind], seed, index, label, size])
    if kind == "skin":
        image, zone = phantom_skin.draw(what, size, grain)
        if channels == 1:
            image = np.asarray(Image.fromarray(image).convert("L"))[..., None]
    else:
        image, zone = phantom_bone.draw(what, size, grain)
        image = np.repeat(image[..., None], channels, axis=2)
    return Phantom(image, zone, what["facts"])


def draw_dataset(kind, *, train, validation, final=0, size, channels, seed, **settings):
    """Draw a whole dataset: images, zones and records, train first.

    `train`, `validation` and `final` are numbers of images (from 0, the first two together from 1).
    Labels alternate, so an even split is balanced and an odd one has one image more of class 0.
    Training phantoms have even indices, validation phantoms odd ones, final ones those from `FINAL`
    on: no phantom is in two splits, and a larger split begins with the smaller one's phantoms.

    Returns uint8 N x size x size x channels, uint8 N x size x size (1 inside the zone) and a
    DataFrame with the columns image, split, label, class, source, then the facts.
    """
    _check_integer("train", train, 0)
    _check_integer("validation", validation, 0)
    _check_integer("final", final, 0)
    if train + validation == 0:
        raise LabError("train, validation: both are 0; ask for at least one image")
    images, zones, records = [], [], []
    for split, count, first, step in (
        ("train", train, 0, 2),
        ("validation", validation, 1, 2),
        ("final", final, FINAL, 1),
    ):
        for number in range(count):
            label, index = number % 2, first + number * step
            phantom = draw(
                kind,
                label=label,
                index=index,
                seed=seed,
                size=size,
                channels=channels,
                **settings,
            )
            records.append(
                {
                    "image": len(images),
                    "split": split,
                    "label": label,
                    "class": CLASSES[kind][label],
                    "source": f"phantom {kind} seed {seed} index {index}",
                    **phantom.facts,
                }
            )
            images.append(phantom.image)
            zones.append(phantom.zone)
    return np.stack(images), np.stack(zones).astype(np.uint8), pd.DataFrame(records)


# Checks


def _check_integer(name, value, least):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise LabError(f"{name}: {value!r} is not an integer from {least} on")


def _checked(kind, settings):
    """Fill in the defaults of `kind`, after checking what was given against SETTINGS."""
    if kind not in CLASSES:
        raise LabError(f"kind: no phantoms of {kind!r}; choose from {', '.join(CLASSES)}")
    known = SETTINGS[kind]
    for name, value in settings.items():
        if name not in known:
            raise LabError(f"{name}: {kind} has no such setting; it has {', '.join(known)}")
        low = known[name].get("minimum", known[name].get("exclusiveMinimum"))
        high = known[name]["maximum"]
        number = isinstance(value, Real) and not isinstance(value, bool)
        if (
            not number
            or not low <= value <= high
            or ("exclusiveMinimum" in known[name] and value == low)
        ):
            relation = "above" if "exclusiveMinimum" in known[name] else "from"
            raise LabError(
                f"{name}: {value!r} is out of range; use a number {relation} {low} up to {high}"
            )
    return {name: settings.get(name, rule["default"]) for name, rule in known.items()}


def _plain(value):
    """Turn numpy's scalars into Python's, which do not widen float32 pixels to float64."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
