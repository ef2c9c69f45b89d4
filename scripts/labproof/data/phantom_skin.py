"""Skin lesions whose ABCD criteria follow one latent, which alone knows the class."""

import cmath
import math

import numpy as np
from scipy.special import ndtr, ndtri

from labproof.data.canvas import as_bytes, field, fine_grid, lattice, ramp, reduce, strokes

CLASSES = ("nevus", "melanoma")

# Each ABCD criterion sees the latent through noise of this standard deviation. Whoever reads all
# four without error is then right in Phi(d / 2 / sqrt(1 + 0.7**2 / 4)) = 0.836 of the cases at the
# default overlap, a little less than whoever knows the latent.
_CRITERION_NOISE = 0.7


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


def scene(rng, label, overlap):
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
        "edge_fields": (lattice(rng, 10), lattice(rng, 24), lattice(rng, 56)),
        "edge": 0.03 + 0.14 * border,
        "softness": rng.uniform(0.12, 0.5),
        # Pigment
        "density": rng.uniform(0.45, 1.3),
        "pigment": (rng.uniform(0.35, 0.8), 1.0, rng.uniform(1.0, 1.4)),
        "lean": 0.75 * asymmetry * rng.uniform(0.6, 1.2),
        "lean_turn": rng.uniform(0, 2 * np.pi),
        "centre_weight": rng.uniform(-0.25, 0.5),
        "mottle": (lattice(rng, 12), lattice(rng, 32), rng.uniform(0.06, 0.2)),
        "network": (lattice(rng, 62), rng.uniform(0, 0.4)),
        "dots": (lattice(rng, 48), rng.uniform(0.2, 1.0) if rng.random() < 0.4 else 0.0),
        "variegation": colour,
        "islands": [lattice(rng, cells) for cells in (8, 7, 6, 6)],
        "levels": list(rng.uniform((0.4, 0.5, 0.6, 0.7), (0.9, 1.1, 1.3, 1.5))),
        # Skin, light and what lies on it
        "tone": (red, red * green, red * min(green * rng.uniform(0.9, 1.14), 0.94)),
        "blotches": (lattice(rng, 5), lattice(rng, 26), lattice(rng, 90)),
        "blotchy": rng.uniform(0.3, 1.1),
        "freckles": (lattice(rng, 26), rng.uniform(2.2, 3.6)),
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


def draw(what, size, grain):
    """Render a scene: (size x size x 3, uint8; the inside of the lesion, bool)."""
    factor, points, x, y = fine_grid(size)

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
    coarse, middling, fine = (field(knots, points) for knots in what["edge_fields"])
    depth += what["edge"] * (coarse + 0.5 * middling + 0.25 * fine)
    # Keep the lesion off the image's border.
    depth -= 40 * np.maximum(np.maximum(abs(x - 0.5), abs(y - 0.5)) - 0.36, 0) ** 2
    cover = ramp(depth / what["softness"] + 0.5)

    # Pigment: optical densities, which add up; light falls off exponentially in them.
    coarse, fine, amount = what["mottle"]
    pigment = 1 + amount * (field(coarse, points) + field(fine, points))
    knots, amount = what["network"]
    pigment += amount * (np.exp(-((1.4 * field(knots, points)) ** 2)) - 0.45)
    knots, amount = what["dots"]
    if amount:
        pigment += amount * ramp(field(knots, points) - 1.3)
    pigment += what["centre_weight"] * np.clip(depth, 0, 1)
    lean = u * math.cos(what["lean_turn"]) + v * math.sin(what["lean_turn"])
    pigment += what["lean"] * np.clip(lean, -1, 1)
    dark, pale, red, veil = (
        what["variegation"] * ramp(field(knots, points) - level)
        for knots, level in zip(what["islands"], what["levels"], strict=True)
    )
    pigment += 1.8 * dark - 1.0 * pale
    pigment = np.maximum(pigment, 0.08) * cover * what["density"]

    # Skin: uneven blood and melanin, some freckles.
    broad, middling, fine = (what["blotchy"] * field(knots, points) for knots in what["blotches"])
    blood = 0.04 * broad + 0.018 * middling + 0.012 * fine + 0.55 * red * cover
    knots, level = what["freckles"]
    pigment += 0.2 * ramp(field(knots, points) - level) + 0.015 * (fine + middling)

    # Light: a slope, a fall-off towards the border, sometimes the edge of the dermatoscope's tube.
    slope, turn = what["light"]
    light = 1 + slope * ((x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn))
    far = np.sqrt((x - 0.5) ** 2 + 0.72 * (y - 0.5) ** 2)
    light *= 1 - what["falloff"] * (far / 0.66) ** 2
    if what["tube"] is not None:
        light *= 1 - 0.97 * ramp((far - what["tube"]) / 0.035 + 0.5)
    for bubble_x, bubble_y, radius in what["bubbles"]:
        away = np.sqrt((x - bubble_x) ** 2 + (y - bubble_y) ** 2) / radius
        light += 0.13 * np.exp(-(((away - 1) / 0.2) ** 2)) - 0.05 * (away < 1)

    veil = 0.5 * veil * cover
    image = np.empty((size, size, 3), np.float32)
    absorbs = zip(what["pigment"], (0.2, 1.0, 0.8), what["tone"], (88, 98, 122), strict=True)
    for channel, (melanin, haemoglobin, tone, blue_grey) in enumerate(absorbs):
        skin = tone * np.exp(-melanin * pigment - haemoglobin * blood)
        image[..., channel] = reduce(light * (skin + veil * (blue_grey - skin)), factor)

    if what["hairs"]:
        hair = 0.85 * strokes(size, what["hairs"])[..., None]
        shade = reduce(np.minimum(light, 1), factor)[..., None]
        image += hair * (shade * what["hair_colour"] - image)
    # Part of the grain is common to the colours, as in a demosaiced photograph.
    noise = grain.standard_normal((size, size, 4), np.float32)
    image += what["grain"] * (noise[..., :1] + 0.5 * noise[..., 1:])
    return as_bytes(image), reduce((depth > 0).astype(np.float32), factor) >= 0.5
