"""Films of broken femora, atypical or not, with a marker that may tell the class."""

import math

import numpy as np
from scipy.special import expit

from labproof.data.canvas import as_bytes, field, fine_grid, lattice, reduce, strokes

CLASSES = ("NFF", "AFF")  # a normal and an atypical fracture of the femur


def scene(rng, label, marker, visibility):
    """A femoral shaft seen from the front, broken in one of the two ways.

    AFF: from the lateral cortex, transverse or short oblique, a beak at the cortex, little
    displaced, not comminuted, at times incomplete. NFF: oblique or spiral, displaced, at times
    comminuted (Shane et al. 2014, doi:10.1002/jbmr.1998). All else is drawn alike for both.
    """
    side = "LR"[rng.integers(2)]
    width = rng.uniform(0.085, 0.125)
    cortex = width * rng.uniform(0.26, 0.38)
    sign = list(rng.choice([-1, 1], 3))
    if CLASSES[label] == "AFF":
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
        "trabeculae": (lattice(rng, 44), lattice(rng, 110), rng.uniform(0.01, 0.05)),
        # Fracture; the lateral side is where s is positive
        "height": rng.uniform(-0.14, 0.14),
        "slopes": (sign[0] * slope, sign[0] * back),
        "rough": (lattice(rng, 24), lattice(rng, 70), rng.uniform(0.003, 0.006)),
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
        "muscle": (rng.uniform(0.7, 0.9), lattice(rng, 5), lattice(rng, 16)),
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


def draw(what, size, grain):
    """Render a scene: (size x size, uint8; the fracture's neighbourhood, bool)."""
    factor, points, x, y = fine_grid(size)
    sharp = 0.002  # half a line's blur: focus, motion, screen

    # Shaft coordinates: s across, towards the lateral side, t along, towards the knee.
    across, along = what["mirror"] * (x - what["centre"]), y - 0.5
    cos, sin = math.cos(what["tilt"]), math.sin(what["tilt"])
    straight, t = across * cos - along * sin, across * sin + along * cos
    s = straight + what["bow"] * (4 * t * t - 0.3)

    height = what["height"]
    coarse, fine, amount = what["rough"]
    rough = amount * (field(coarse, points) + 0.6 * field(fine, points))
    coarse, fine, amount = what["trabeculae"]
    texture = amount * (field(coarse, points) + field(fine, points))

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
    muscle *= 1 + 0.05 * field(broad, points) + 0.02 * field(fibre, points)
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
    image = as_bytes(reduce(image, factor) + what["grain"] * noise)
    if what["marker"]:
        image = as_bytes(image + strokes(size, what["marker"]) * (what["ink"] - image))
    return image, reduce(zone.astype(np.float32), factor) >= 0.5
