"""The answer that stands first, on the page and in the terminal: scale, surprises, what is open."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from labproof import words
from labproof.judging import record
from labproof.page import scoreboard

MOST = 3  # surprises that are told


class Price(NamedTuple):
    """What it would take to decide: trainings beside those that there are, and their time."""

    trainings: int
    seconds: float  # NaN where no training of a cell has been timed

    def __str__(self) -> str:
        said = f"about {words.count(self.trainings, 'more training')}"
        if not math.isfinite(self.seconds):
            return said
        return f"{said}, {words.duration(self.seconds)} on one core"


def surprises(judged: Sequence[Mapping], most: int = MOST) -> list[Mapping]:
    """The lab's sentences that came out false, the strongest evidence first.

    By the p value, and where that is alike (Student's t leaves many near 0) by the effect; behind
    them those whose difference is too small to be named, which surprise less.
    """
    found = [
        entry for entry in judged if entry["verdict"] == record.NOT_REPRODUCED and not entry["ours"]
    ]

    def strength(entry: Mapping) -> tuple[bool, float, float]:
        p = 1.0 if entry["p"] is None else entry["p"]
        return _too_small(scoreboard.deciding(entry)), p, -abs(entry["effect"] or 0.0)

    return sorted(found, key=strength)[:most]


def _too_small(part: Mapping) -> bool:
    """Whether the whole interval lies within the least difference worth naming."""
    ends = (part["low"], part["high"])
    return bool(part.get("least")) and all(
        end is not None and abs(end) <= part["least"] for end in ends
    )


def price(entry: Mapping, seconds: Mapping[str, float]) -> Price | None:
    """What deciding one finding costs; None where it is decided, or no number of seeds would.

    Parameters
    ----------
    entry
        Of findings.json.
    seconds
        Cell -> time of one of its trainings.
    """
    return price_of_all([entry], seconds)


def price_of_all(judged: Sequence[Mapping], seconds: Mapping[str, float]) -> Price | None:
    """The same for all findings together; a training that several need counts once."""
    most: dict[str, int] = {}
    for entry in judged:
        for cell in entry["cells"]:
            most[cell] = max(most.get(cell, 0), _more(entry))
    return _sum({cell: more for cell, more in most.items() if more}, seconds)


def _more(entry: Mapping) -> int:
    """Seeds that are lacking; 0 where none is, or none would do."""
    needed = entry["seeds_needed"]
    if entry["verdict"] != record.UNDECIDED or not needed or needed > record.MOST_SEEDS:
        return 0
    return max(0, int(needed) - entry["n"])


def _sum(more: Mapping[str, int], seconds: Mapping[str, float]) -> Price | None:
    if not more:
        return None
    return Price(
        sum(more.values()), sum(n * seconds.get(cell, math.nan) for cell, n in more.items())
    )


def undecided(judged: Sequence[Mapping], seconds: Mapping[str, float]) -> list[str]:
    """Sentences on what is undecided, and what deciding it would cost."""
    open_ones = [entry for entry in judged if entry["verdict"] == record.UNDECIDED]
    if not open_ones:
        return ["Nothing is undecided."]
    payable = [entry for entry in open_ones if _more(entry)]
    rest = len(open_ones) - len(payable)
    said = [f"{len(open_ones)} of {words.count(len(judged), 'sentence')}."]
    if payable:
        total = price_of_all(payable, seconds)
        said.append(f"More seeds would decide {len(payable)}: {total}.")
        cheapest = min(payable, key=lambda entry: price(entry, seconds).trainings)
        if len(payable) > 1:
            said.append(f"The cheapest takes {price(cheapest, seconds)}.")
    if rest:
        left = "The others need" if payable else "They need" if rest > 1 else "It needs"
        said.append(f"{left} more validation data, or another question.")
    return said


def told(entry: Mapping) -> str:
    """A surprise in two sentences: what the lab wrote, and what came out."""
    decisive = scoreboard.decisive(entry)
    if entry["curve"] is not None:
        decisive = entry["reason"]
    return f"{decisive[0].upper()}{decisive[1:]}"


def scale(lab: Mapping) -> list[str]:
    """What a preset has made smaller, such as "48 of 128 px"; empty at the protocol's own size.

    Parameters
    ----------
    lab
        The resolved lab.
    """
    asked, datasets = lab.get("asked", {}), lab.get("datasets", {})
    protocol, cells = lab.get("protocol", {}), lab["cells"]
    told = [
        _scaled([(datasets[name]["size"], asked[name]["size"]) for name in asked], "px"),
        _scaled([(datasets[name]["train"], asked[name]["train"]) for name in asked], "images"),
    ]
    for key, unit in (("epochs", "epochs"), ("base", "maps in the first convolution")):
        told.append(
            _scaled(
                [
                    (cells[name][key], before[key])
                    for name, before in protocol.items()
                    if isinstance(before.get(key), int) and cells[name].get("network") != "mlp"
                ],
                unit,
            )
        )
    return [text for text in told if text]


def _scaled(pairs: Sequence[tuple[int, int]], unit: str) -> str:
    """`48 of 128 px`, or the least and the most where they differ; empty where none does."""
    changed = sorted({pair for pair in pairs if pair[0] != pair[1]}, key=lambda pair: pair[::-1])
    if not changed:
        return ""
    each = [
        f"{words.thousands(now)} of {words.thousands(before)}"
        for now, before in dict.fromkeys((changed[0], changed[-1]))
    ]
    return f"{(' to ' if len(changed) > 2 else ' or ').join(each)} {unit}"


def sources(lab: Mapping, images: Mapping[str, int]) -> list[str]:
    """Sentences on where the images are from, drawn ones first.

    Parameters
    ----------
    images
        Dataset -> how many images it has.
    """
    kinds = {name: source["kind"] for name, source in lab.get("sources", {}).items()}
    drawn = [name for name, kind in kinds.items() if kind == "phantom"]
    said = []
    if drawn:
        which = (
            "All images" if len(drawn) == len(kinds) else f"The images of {words.listing(drawn)}"
        )
        about = " or ".join(drawn)
        said.append(
            f"{which} were drawn by a program (phantoms). They show how the networks and the "
            f"measures behave; they prove nothing about {about}."
        )
    for name, kind in kinds.items():
        if kind == "phantom":
            continue
        source = lab["sources"][name]
        counts = [images.get(key, 0) for key, d in lab["datasets"].items() if d["source"] == name]
        where = source.get("path") or {"dermamnist": "DermaMNIST", "fracatlas": "FracAtlas"}.get(
            kind, kind
        )
        said.append(
            f"{name}: {words.count(max(counts, default=0), 'image')} from {where}, real ones, but "
            "not those that the report and the other groups used."
        )
    return said
