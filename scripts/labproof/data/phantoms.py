"""Phantoms: skin lesions and broken femora drawn from a seed, with the truth known.

A phantom is made in two steps. `scene` draws every random number that shapes it, before any pixel
and without knowing the size; `draw` renders the scene on a fine grid and averages that down to the
size asked for. So one phantom looks the same at any size, in any order, in any process. Only the
sensor's grain depends on the size.

Lengths are in units of the image's side: x to the right, y down, both from 0 to 1.
Phantoms teach how networks train. They prove nothing about skin or bone.
"""

import cmath
import math
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw
from scipy.special import expit, ndtr, ndtri

from labproof.errors import LabError

CLASSES = {"skin": ("nevus", "melanoma"), "bone": ("NFF", "AFF")}

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

SMALLEST = 16  # pixels; below that a fracture is no longer a line
_CODES = {"skin": 1, "bone": 2}  # keep the kinds' random streams apart
_GRID = 192  # the fine grid has at least this many points a side, and twice the image's
_INK = 1024  # side of the canvas for hairs and letters, whose lines are thin

# Each ABCD criterion sees the latent through noise of this standard deviation. Whoever reads all
# four without error is then right in Phi(d / 2 / sqrt(1 + 0.7**2 / 4)) = 0.836 of the cases at the
# default overlap, a little less than whoever knows the latent.
_CRITERION_NOISE = 0.7


@dataclass(frozen=True)
class Phantom:
    """One drawn phantom.

    `image` is uint8, size x size x channels. `zone` is bool, size x size: the lesion's outline
    filled, or the neighbourhood of the fracture. `facts` are scalars, see `scene`.
    """

    image: np.ndarray
    zone: np.ndarray
    facts: dict


def separation(overlap):
    """Distance d of two unit normal densities that share the area `overlap` (0 < overlap <= 1).

    The shared area is 2 Phi(-d / 2) (Inman and Bradley 1989, doi:10.1080/03610928908830127).
    """
    return -2 * ndtri(overlap / 2)


def best_accuracy(overlap):
    """Accuracy of the best classifier that knows the skin latent: Phi(d / 2) = 1 - overlap / 2.

    For two equally frequent classes with densities N(-d/2, 1) and N(d/2, 1), that classifier is
    the threshold at 0, and it is right with probability Phi(d / 2). No classifier of the pixels can
    do better on average, as the pixels depend on the class through the latent alone.
    """
    return float(ndtr(separation(overlap) / 2))


def scene(kind, *, label, index, seed, **settings):
    """Draw what a phantom shows, without drawing it: a dict of parameters, with `facts` among them.

    `label` is an index into CLASSES[kind]; `index` and `seed` are integers from 0; `settings` are
    those of SETTINGS[kind]. Every setting uses the same random numbers, so that a setting changes
    what it names and nothing else.

    Facts of skin: `latent` (standard normal about -d/2 or d/2, see `best_accuracy`) and what it
    drives, each from 0 to 1: `asymmetry`, `border`, `colour`, `diameter`. Facts of bone: `side` of
    the body (L or R); `angle` of the fracture line against the transverse, in degrees;
    `displacement` in shaft widths; `comminuted` (0 or 1); `marker_agrees` (0 or 1) and the marker's
    box `marker_x0`, `marker_y0`, `marker_x1`, `marker_y1` (all NaN if there is no marker).

    Raises LabError for an unknown kind or setting and for a value out of range.
    """
    settings = _checked(kind, settings)
    if label not in (0, 1):
        raise LabError(f"label: {label!r} is not a class of {kind}; use 0 or 1")
    for name, value in (("index", index), ("seed", seed)):
        _check_integer(name, value, 0)
    rng = np.random.default_rng([_CODES[kind], seed, index, label])
    return _plain({"skin": _skin_scene, "bone": _bone_scene}[kind](rng, label, **settings))


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
        image, zone = _draw_skin(what, size, grain)
        if channels == 1:
            image = np.asarray(Image.fromarray(image).convert("L"))[..., None]
    else:
        image, zone = _draw_bone(what, size, grain)
        image = np.repeat(image[..., None], channels, axis=2)
    return Phantom(image, zone, what["facts"])


def draw_dataset(kind, *, train, validation, size, channels, seed, **settings):
    """Draw a whole dataset: images, zones and records, train first.

    `train` and `validation` are numbers of images (from 0, together from 1). Labels alternate, so
    an even split is balanced and an odd one has one image more of class 0. Training phantoms have
    even indices and validation phantoms odd ones: no phantom is in both, and a larger split begins
    with the smaller one's phantoms.

    Returns uint8 N x size x size x channels, uint8 N x size x size (1 inside the zone) and a
    DataFrame with the columns image, split, label, class, source, then the facts.
    """
    _check_integer("train", train, 0)
    _check_integer("validation", validation, 0)
    if train + validation == 0:
        raise LabError("train, validation: both are 0; ask for at least one image")
    images, zones, records = [], [], []
    for odd, (split, count) in enumerate((("train", train), ("validation", validation))):
        for number in range(count):
            label, index = number % 2, 2 * number + odd
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


# Tools


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


def _lattice(rng, cells):
    """Knots of a smooth random field that varies over lengths of about 1 / cells."""
    return rng.standard_normal((cells + 3, cells + 3)).astype(np.float32)


def _field(lattice, points):
    """Smooth noise from its knots, points x points, mean 0 and standard deviation about 1."""
    basis = _spline(points, lattice.shape[0] - 3)
    return basis @ lattice @ basis.T


def _plain(value):
    """Turn numpy's scalars into Python's, which do not widen float32 pixels to float64."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _grid(size):
    """Factor by which the fine grid is finer, its number of points, and its x and y."""
    factor = max(2, -(-_GRID // size))
    points = size * factor
    x = ((np.arange(points) + 0.5) / points).astype(np.float32)
    return factor, points, x[None, :], x[:, None]


def _reduce(values, factor):
    """Average blocks of factor x factor points."""
    total = sum(values[step::factor] for step in range(1, factor)) + values[::factor]
    total = sum(total[:, step::factor] for step in range(1, factor)) + total[:, ::factor]
    return total / factor**2


def _ramp(values):
    """Smooth step from 0 at 0 to 1 at 1 (Hermite's cubic)."""
    u = np.clip(values, 0, 1)
    return u * u * (3 - 2 * u)


def _ink(size, strokes):
    """Coverage 0..1 of polylines, each (points in units, width in units), size x size."""
    side = max(_INK, size)
    canvas = Image.new("L", (side, side))
    pen = ImageDraw.Draw(canvas)
    for points, width in strokes:
        line = [(float(x) * side, float(y) * side) for x, y in points]
        pen.line(line, fill=255, width=max(1, round(width * side)), joint="curve")
    return np.asarray(canvas.resize((size, size), Image.Resampling.BOX), np.float32) / 255


def _bytes(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


# Skin


def _skin_scene(rng, label, overlap):
    """A lesion whose ABCD criteria all follow one latent; everything else is chance.

    ABCD: asymmetry, border, colour, diameter (Friedman et al. 1985, doi:10.3322/canjclin.35.3.130).
    """
    distance = separation(overlap)
    latent = (label - 0.5) * distance + rng.standard_normal()
    seen = latent + _CRITERION_NOISE * rng.standard_normal(4)
    # As if by rank among all lesions: 0 is the most harmless there is, 1 the most suspect.
    spread = np.sqrt(1 + _CRITERION_NOISE**2 + distance**2 / 4)
    asymmetry, border, colour, diameter = ndtr(seen / spread)

    radius = 0.14 + 0.15 * diameter
    stretch = np.sqrt(rng.uniform(1, 1.45))
    loose = 0.3 * (0.4 - radius)
    red = rng.uniform(190, 240)
    green = rng.uniform(0.64, 0.88)
    hairs = rng.integers(1, 14) if rng.random() < 0.4 else 0
    comb = rng.uniform(0, np.pi)
    return {
        "facts": {
            "latent": latent,
            "asymmetry": asymmetry,
            "border": border,
            "colour": colour,
            "diameter": diameter,
        },
        # Outline
        "centre": list(rng.uniform(0.5 - loose, 0.5 + loose, 2)),
        "radii": (radius * stretch, radius / stretch),
        "turn": rng.uniform(0, np.pi),
        "lobes": list((0.02 + 0.16 * asymmetry) * rng.uniform(0.6, 1.2, 3)),
        "lobe_turns": list(rng.uniform(0, 2 * np.pi, 3)),
        "edge_fields": (_lattice(rng, 10), _lattice(rng, 24), _lattice(rng, 56)),
        "edge": 0.03 + 0.14 * border,
        "softness": rng.uniform(0.12, 0.5),
        # Pigment
        "density": rng.uniform(0.45, 1.3),
        "pigment": (rng.uniform(0.35, 0.8), 1.0, rng.uniform(1.0, 1.4)),
        "lean": 0.75 * asymmetry * rng.uniform(0.6, 1.2),
        "lean_turn": rng.uniform(0, 2 * np.pi),
        "centre_weight": rng.uniform(-0.25, 0.5),
        "mottle": (_lattice(rng, 12), _lattice(rng, 32), rng.uniform(0.06, 0.2)),
        "network": (_lattice(rng, 62), rng.uniform(0, 0.4)),
        "dots": (_lattice(rng, 48), rng.uniform(0.2, 1.0) if rng.random() < 0.4 else 0.0),
        "variegation": colour,
        "islands": [_lattice(rng, cells) for cells in (8, 7, 6, 6)],
        "levels": list(rng.uniform((0.4, 0.5, 0.6, 0.7), (0.9, 1.1, 1.3, 1.5))),
        # Skin, light and what lies on it
        "tone": (red, red * green, red * min(green * rng.uniform(0.9, 1.14), 0.94)),
        "blotches": (_lattice(rng, 5), _lattice(rng, 26), _lattice(rng, 90)),
        "blotchy": rng.uniform(0.3, 1.1),
        "freckles": (_lattice(rng, 26), rng.uniform(2.2, 3.6)),
        "light": (rng.uniform(0, 0.22), rng.uniform(0, 2 * np.pi)),
        "falloff": rng.uniform(0.05, 0.3),
        "tube": rng.uniform(0.5, 0.62) if rng.random() < 0.22 else None,
        "hairs": [_hair(rng, comb) for _ in range(hairs)],
        "hair_colour": np.array([1, 0.7, 0.55], np.float32) * rng.uniform(30, 120),
        "bubbles": [
            (*rng.uniform(0, 1, 2), rng.uniform(0.008, 0.03))
            for _ in range(rng.integers(1, 6) if rng.random() < 0.15 else 0)
        ],
        "grain": rng.uniform(1, 3),
    }


def _hair(rng, comb):
    """One hair as a stroke: a quadratic Bezier curve that lies roughly along the comb's angle."""
    middle = rng.uniform(0, 1, 2)
    turn = comb + rng.normal(0, 0.45)
    half = rng.uniform(0.1, 0.5) * np.array([np.cos(turn), np.sin(turn)])
    bend = rng.normal(0, 0.08, 2)
    u = np.linspace(-1, 1, 17)[:, None]
    return middle + u * half + (1 - u * u) * bend, rng.uniform(0.0025, 0.0055)


def _draw_skin(what, size, grain):
    factor, points, x, y = _grid(size)

    # Outline: an ellipse with a few lobes, roughened by noise; `depth` is 0 on it, 1 at the centre.
    dx, dy = x - what["centre"][0], y - what["centre"][1]
    cos, sin = math.cos(what["turn"]), math.sin(what["turn"])
    u = (dx * cos + dy * sin) / what["radii"][0]
    v = (dy * cos - dx * sin) / what["radii"][1]
    q = np.sqrt(u * u + v * v) + 1e-6
    ray = (u + 1j * v) / q
    first, second, third = (
        lobe * cmath.exp(1j * turn)
        for lobe, turn in zip(what["lobes"], what["lobe_turns"], strict=True)
    )
    reach = 1 + (ray * (first + ray * (second + ray * third))).real
    depth = 1 - q / np.maximum(reach, 0.3)
    coarse, middling, fine = (_field(knots, points) for knots in what["edge_fields"])
    depth += what["edge"] * (coarse + 0.5 * middling + 0.25 * fine)
    # Keep the lesion off the image's border.
    depth -= 40 * np.maximum(np.maximum(abs(x - 0.5), abs(y - 0.5)) - 0.36, 0) ** 2
    cover = _ramp(depth / what["softness"] + 0.5)

    # Pigment: optical densities, which add up; light falls off exponentially in them.
    coarse, fine, amount = what["mottle"]
    pigment = 1 + amount * (_field(coarse, points) + _field(fine, points))
    knots, amount = what["network"]
    pigment += amount * (np.exp(-((1.4 * _field(knots, points)) ** 2)) - 0.45)
    knots, amount = what["dots"]
    if amount:
        pigment += amount * _ramp(_field(knots, points) - 1.3)
    pigment += what["centre_weight"] * np.clip(depth, 0, 1)
    lean = u * math.cos(what["lean_turn"]) + v * math.sin(what["lean_turn"])
    pigment += what["lean"] * np.clip(lean, -1, 1)
    dark, pale, red, veil = (
        what["variegation"] * _ramp(_field(knots, points) - level)
        for knots, level in zip(what["islands"], what["levels"], strict=True)
    )
    pigment += 1.8 * dark - 1.0 * pale
    pigment = np.maximum(pigment, 0.08) * cover * what["density"]

    # Skin: uneven blood and melanin, some freckles.
    broad, middling, fine = (what["blotchy"] * _field(knots, points) for knots in what["blotches"])
    blood = 0.04 * broad + 0.018 * middling + 0.012 * fine + 0.55 * red * cover
    knots, level = what["freckles"]
    pigment += 0.2 * _ramp(_field(knots, points) - level) + 0.015 * (fine + middling)

    # Light: a slope, a fall-off towards the border, sometimes the edge of the dermatoscope's tube.
    slope, turn = what["light"]
    light = 1 + slope * ((x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn))
    far = np.sqrt((x - 0.5) ** 2 + 0.72 * (y - 0.5) ** 2)
    light *= 1 - what["falloff"] * (far / 0.66) ** 2
    if what["tube"] is not None:
        light *= 1 - 0.97 * _ramp((far - what["tube"]) / 0.035 + 0.5)
    for bubble_x, bubble_y, radius in what["bubbles"]:
        away = np.sqrt((x - bubble_x) ** 2 + (y - bubble_y) ** 2) / radius
        light += 0.13 * np.exp(-(((away - 1) / 0.2) ** 2)) - 0.05 * (away < 1)

    veil = 0.5 * veil * cover
    image = np.empty((size, size, 3), np.float32)
    absorbs = zip(what["pigment"], (0.2, 1.0, 0.8), what["tone"], (88, 98, 122), strict=True)
    for channel, (melanin, haemoglobin, tone, blue_grey) in enumerate(absorbs):
        skin = tone * np.exp(-melanin * pigment - haemoglobin * blood)
        image[..., channel] = _reduce(light * (skin + veil * (blue_grey - skin)), factor)

    if what["hairs"]:
        hair = 0.85 * _ink(size, what["hairs"])[..., None]
        shade = _reduce(np.minimum(light, 1), factor)[..., None]
        image += hair * (shade * what["hair_colour"] - image)
    # Part of the grain is common to the colours, as in a demosaiced photograph.
    noise = grain.standard_normal((size, size, 4), np.float32)
    image += what["grain"] * (noise[..., :1] + 0.5 * noise[..., 1:])
    return _bytes(image), _reduce((depth > 0).astype(np.float32), factor) >= 0.5


# Bone


def _bone_scene(rng, label, marker, visibility):
    """A femoral shaft seen from the front, broken in one of the two ways.

    AFF: from the lateral cortex, transverse or short oblique, a beak at the cortex, little
    displaced, not comminuted, at times incomplete. NFF: oblique or spiral, displaced, at times
    comminuted (Shane et al. 2014, doi:10.1002/jbmr.1998). All else is drawn alike for both.
    """
    side = "LR"[rng.integers(2)]
    width = rng.uniform(0.085, 0.125)
    cortex = width * rng.uniform(0.26, 0.38)
    sign = list(rng.choice([-1, 1], 3))
    if CLASSES["bone"][label] == "AFF":
        slope = np.tan(np.radians(rng.uniform(0, 22)))
        back = slope * rng.uniform(0.85, 1)
        displacement, bend, beak = rng.uniform(0, 0.1), rng.uniform(0, 5), rng.uniform(0.35, 0.7)
        wedge = False
        # How far across the line goes from the lateral cortex, in half widths; -3 is through.
        reach = rng.uniform(-0.5, 0.5) if rng.random() < 0.3 else -3
    else:
        slope = np.tan(np.radians(rng.uniform(42, 66)))
        # The back wall breaks along nearly the same slant, or in a spiral the other way.
        back = slope * (rng.uniform(0.5, 1) if rng.random() < 0.6 else rng.uniform(-1, -0.2))
        displacement, bend, beak = rng.uniform(0.05, 0.35), rng.uniform(0, 8), 0.0
        wedge = bool(rng.random() < 0.35)
        reach = -3
    whole = reach > -1
    displacement = 0.0 if whole else min(displacement * visibility, 0.8)
    bend = 0.0 if whole else min(bend * visibility, 20)

    agrees = rng.random() < marker
    strokes, box = _marker(rng, side, top=label == int(agrees))
    if marker == 0:
        strokes, box, agrees = [], (np.nan,) * 4, np.nan
    return {
        "facts": {
            "side": side,
            "angle": sign[0] * np.degrees(np.arctan(slope)),
            "displacement": displacement,
            "comminuted": int(wedge),
            "marker_agrees": float(agrees),
            **dict(zip(("marker_x0", "marker_y0", "marker_x1", "marker_y1"), box, strict=True)),
        },
        "marker": strokes,
        "ink": rng.uniform(215, 255),
        # Shaft
        "mirror": 1 if side == "R" else -1,
        "centre": rng.uniform(0.42, 0.58),
        "tilt": rng.uniform(-0.2, 0.2),
        "bow": rng.uniform(-0.02, 0.1),
        "width": width,
        "cortex": cortex,
        "flare": list(rng.uniform(0.2, 1.2, 2)),
        "marrow": rng.uniform(0, 0.2),
        "trabeculae": (_lattice(rng, 44), _lattice(rng, 110), rng.uniform(0.01, 0.05)),
        # Fracture; the lateral side is where s is positive
        "height": rng.uniform(-0.14, 0.14),
        "slopes": (sign[0] * slope, sign[0] * back),
        "rough": (_lattice(rng, 24), _lattice(rng, 70), rng.uniform(0.003, 0.006)),
        "gap": min(rng.uniform(0.006, 0.014) * visibility, 0.06),
        "reach": reach * width,
        "shift": sign[1] * displacement * 2 * width,
        "slide": rng.uniform(-0.2, 0.4) * displacement * 2 * width,
        "bend": sign[2] * np.radians(bend),
        "beak": min(beak * visibility, 1.5) * cortex,
        "beak_length": rng.uniform(0.03, 0.05),
        "endosteal": rng.uniform(0.2, 1),
        "wedge": wedge,
        "wedge_side": rng.choice([-1, 1]),
        "wedge_steep": rng.uniform(0.45, 1.0),
        "wedge_shift": min(rng.uniform(0.05, 0.3) * visibility, 1) * width,
        "wedge_bend": np.radians(min(rng.uniform(2, 10) * visibility, 30)) * rng.choice([-1, 1]),
        # Thigh and film
        "thigh": (rng.uniform(-0.12, 0.06), rng.uniform(0.3, 0.52), rng.uniform(-0.3, 0.1)),
        "muscle": (rng.uniform(0.7, 0.9), _lattice(rng, 5), _lattice(rng, 16)),
        "soft": rng.uniform(0.2, 0.42),
        "hard": rng.uniform(6, 13),
        "exposure": rng.uniform(0.8, 1.3),
        "base": rng.uniform(6, 28),
        "heel": list(rng.uniform(-0.2, 0.2, 2)),
        "window": (*rng.uniform(0, 0.06, 4), rng.normal(0, 0.012)),
        "frame": rng.uniform(0, 14) if rng.random() < 0.85 else rng.uniform(150, 235),
        "grain": rng.uniform(1.5, 4),
    }


def _marker(rng, side, top):
    """A film marker: strokes, and the box (x0, y0, x1, y1) that holds them.

    The letter is the body's side, which tells nothing of the class. The archive does: one sets the
    letter beside an upright bar near the upper border, the other over a level bar near the lower
    border.
    """
    height = rng.uniform(0.095, 0.125)
    pen, wide = 0.2 * height, 0.62 * height
    long, tall = wide + 2 * pen, height + 2 * pen
    left, upper = rng.uniform(0.03, 0.07, 2)
    left = left if rng.random() < 0.5 else 1 - left - long
    upper = upper if top else 1 - upper - tall
    right, lower = left + long, upper + tall
    x0, x1 = left + pen / 2, left + wide - pen / 2  # the letter's pen strokes run inside its box
    y0, y1 = upper + pen / 2, upper + height - pen / 2
    if side == "L":
        letter = [[(x0, upper), (x0, y1), (left + wide, y1)]]
    else:
        half = (y0 + y1) / 2
        radius = (half - y0) / 2
        turns = np.linspace(-np.pi / 2, np.pi / 2, 9)
        bowl = [(x1 + radius * (np.cos(a) - 1), y0 + radius * (np.sin(a) + 1)) for a in turns]
        letter = [
            [(x0, upper), (x0, upper + height)],
            [(x0, y0), *bowl, (x0, half)],
            [((x0 + x1) / 2, half), (x1, y1)],
        ]
    if top:
        bar = [(right - pen / 2, upper), (right - pen / 2, lower)]
    else:
        bar = [(left, lower - pen / 2), (right, lower - pen / 2)]
    return [(line, pen) for line in (*letter, bar)], (left, upper, right, lower)


def _shaft(what, s, t, texture):
    """Bone that a ray passes through at s across and t along the shaft: a tube's chord length."""
    proximal, distal = what["flare"]
    outer = what["width"] * (
        1 + (proximal * np.minimum(t, 0) ** 2 + distal * 2 * np.maximum(t, 0) ** 2)
    )
    inner = outer - what["cortex"] * (1 - 0.9 * t * t)
    bump = what["beak"] * np.exp(-(((t - what["height"]) / what["beak_length"]) ** 2)) * (s > 0)
    outside = 1 - (s / (outer + bump)) ** 2
    inside = 1 - (s / np.maximum(inner - what["endosteal"] * bump, 0.01)) ** 2
    bone = outer * np.sqrt(np.maximum(outside, 0))
    canal = inner * np.sqrt(np.maximum(inside, 0))
    return bone * (1 + 0.3 * texture) - canal * (1 - what["marrow"] - texture)


def _draw_bone(what, size, grain):
    factor, points, x, y = _grid(size)
    sharp = 0.002  # half a line's blur: focus, motion, screen

    # Shaft coordinates: s across, towards the lateral side, t along, towards the knee.
    across, along = what["mirror"] * (x - what["centre"]), y - 0.5
    cos, sin = math.cos(what["tilt"]), math.sin(what["tilt"])
    straight, t = across * cos - along * sin, across * sin + along * cos
    s = straight + what["bow"] * (4 * t * t - 0.3)

    height = what["height"]
    coarse, fine, amount = what["rough"]
    rough = amount * (_field(coarse, points) + 0.6 * _field(fine, points))
    coarse, fine, amount = what["trabeculae"]
    texture = amount * (_field(coarse, points) + _field(fine, points))

    def moved(shift, slide, turn):
        """Coordinates in a fragment that was turned about the fracture's middle and shifted."""
        if shift == slide == turn == 0:
            return s, t
        cos, sin = math.cos(turn), math.sin(turn)
        ds, dt = s - shift, t - height - slide
        return cos * ds + sin * dt, height + cos * dt - sin * ds

    def wedge(s, t):
        """Share of the ray in the third fragment, a triangle with its base on one cortex."""
        inwards = what["wedge_side"] * s - 0.1 * what["width"]
        return expit((inwards - what["wedge_steep"] * abs(t - height) + rough) / sharp)

    # The proximal fragment stays and the distal one moves. The film shows the break of the front
    # and of the back wall, each through half of the bone.
    bone, zone = 0, False
    for end, move in ((-1, (0, 0, 0)), (1, (what["shift"], what["slide"], what["bend"]))):
        here_s, here_t = moved(*move)
        open_gap = what["gap"] / 2 * expit((here_s - what["reach"]) / (3 * sharp))
        lengths = _shaft(what, here_s, here_t, texture)
        part = 0
        for slope in what["slopes"]:
            past = here_t - height - slope * here_s - rough * math.hypot(1, slope)
            part = part + expit((end * past - open_gap * math.hypot(1, slope)) / sharp) / 2
            near = abs(past) < (0.03 + what["gap"]) * math.hypot(1, slope)
            zone = zone | (near & (lengths > 0) & (here_s > what["reach"]))
        if what["wedge"]:
            part = part * (1 - wedge(here_s, here_t))
        bone = bone + lengths * part
    if what["wedge"]:
        here = moved(what["wedge_side"] * what["wedge_shift"], 0, what["wedge_bend"])
        chip = _shaft(what, *here, texture) * wedge(*here)
        bone = bone + chip
        zone = zone | (chip > 0.01)

    # Thigh: a muscle inside a layer of fat.
    middle, half, taper = what["thigh"]
    share, broad, fibre = what["muscle"]
    off = ((straight - middle) / (half * (1 + taper * t))) ** 2
    muscle = np.sqrt(np.maximum(1 - off / share**2, 0))
    muscle *= 1 + 0.05 * _field(broad, points) + 0.02 * _field(fibre, points)
    tissue = 0.65 * np.sqrt(np.maximum(1 - off, 0)) + 0.35 * muscle

    # Film: brightness follows what the rays passed through, and saturates.
    dose = what["soft"] * tissue + what["hard"] * bone
    dose *= what["exposure"] * (1 + what["heel"][0] * (x - 0.5) + what["heel"][1] * (y - 0.5))
    image = what["base"] + 235 * (1 - np.exp(-dose))
    left, upper, right, lower, skew = what["window"]
    inside = np.minimum(x - left + skew * y, 1 - right - x - skew * y)
    inside = np.minimum(inside, np.minimum(y - upper - skew * x, 1 - lower - y + skew * x))
    image = what["frame"] + expit(inside / 0.003) * (image - what["frame"])

    noise = grain.standard_normal((size, size), np.float32)
    image = _bytes(_reduce(image, factor) + what["grain"] * noise)
    if what["marker"]:
        image = _bytes(image + _ink(size, what["marker"]) * (what["ink"] - image))
    return image, _reduce(zone.astype(np.float32), factor) >= 0.5
