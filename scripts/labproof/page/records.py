"""findings.json -> what machines read: a table, a badge, and ClaimReview for the page's head."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from labproof.judging import record

COLUMNS = (
    "id",
    "task",
    "verdict",
    "statement",
    "measure",
    "estimate",
    "low",
    "high",
    "n",
    "p",
    "p_adjusted",
    "seeds_needed",
    "ours",
    "cells",
    "reason",
)
# schema.org's Rating wants a number; the words beside it are what is meant.
RATINGS = {record.NOT_REPRODUCED: 1, record.UNDECIDED: 2, record.REPRODUCED: 3}
# What could end a script element, a raw block of Markdown or a string of Quarto's.
UNSAFE = {char: f"\\u{ord(char):04x}" for char in "<>&`\u2028\u2029"}
LETTER = 6.6  # pixels that a letter of a badge is wide, on average


def write(source: Path, table: Path, badge: Path, drawn: Path) -> None:
    """Write findings.csv, badge.json (shields.io's endpoint) and badge.svg from findings.json."""
    entries = record.read(source)
    for file, text in (
        (table, as_csv(entries)),
        (badge, json.dumps(shield(entries), ensure_ascii=False) + "\n"),
        (drawn, as_svg(shield(entries))),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")


def as_csv(entries: Sequence[Mapping]) -> str:
    """One line a finding; a gap is what is not known, cells are joined by spaces."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for entry in entries:
        row = {**entry, "cells": " ".join(entry["cells"])}
        lines.writerow([row[name] for name in COLUMNS])
    return text.getvalue()


def shield(entries: Sequence[Mapping]) -> dict:
    """The tally as shields.io's endpoint takes it, of the lab's own sentences.

    https://shields.io/badges/endpoint-badge
    """
    found = [entry["verdict"] for entry in entries if not entry["ours"]]
    counts = {verdict: found.count(verdict) for verdict in RATINGS}
    colour = "lightgrey"
    if counts[record.NOT_REPRODUCED]:
        colour = "orange"
    elif found and counts[record.REPRODUCED] == len(found):
        colour = "brightgreen"
    told = f"{counts[record.REPRODUCED]} of {len(found)} reproduced"
    if counts[record.NOT_REPRODUCED]:
        told += f", {counts[record.NOT_REPRODUCED]} not"
    return {"schemaVersion": 1, "label": "lab report", "message": told, "color": colour}


def as_svg(badge: Mapping) -> str:
    """A badge drawn, as shields.io draws its flat ones."""
    fill = {"lightgrey": "#6b6b6b", "orange": "#a8500b", "brightgreen": "#1d6b3a"}[badge["color"]]
    label, message = escape(badge["label"]), escape(badge["message"])
    left, right = (round(LETTER * len(badge[key]) + 10) for key in ("label", "message"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{label}: {message}"><title>{label}: {message}</title>'
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{fill}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        f'text-anchor="middle"><text x="{left / 2:g}" y="14">{label}</text>'
        f'<text x="{left + right / 2:g}" y="14">{message}</text></g></svg>\n'
    )


def of_page(title: str, source: Path) -> str:
    """The JSON-LD of a findings.json, whose text is data there too: see `claim_reviews`."""
    return claim_reviews(title, record.read(source))


def claim_reviews(title: str, entries: Sequence[Mapping]) -> str:
    """The lab's own sentences as JSON-LD, to stand in a script element of the page.

    https://schema.org/ClaimReview
    """
    reviews = [
        {
            "@type": "ClaimReview",
            "url": f"#finding-{entry['id']}",
            "claimReviewed": entry["statement"],
            "reviewRating": {
                "@type": "Rating",
                "ratingValue": RATINGS[entry["verdict"]],
                "worstRating": 1,
                "bestRating": 3,
                "alternateName": entry["verdict"],
                "ratingExplanation": entry["reason"],
            },
            "itemReviewed": {
                "@type": "Claim",
                "appearance": {"@type": "CreativeWork", "name": title},
            },
            "author": {"@type": "SoftwareApplication", "name": "Labproof"},
        }
        for entry in entries
        if not entry["ours"]
    ]
    text = json.dumps({"@context": "https://schema.org", "@graph": reviews}, ensure_ascii=True)
    for char, safe in UNSAFE.items():
        text = text.replace(char, safe)
    return text.replace("{{", "{\\u007b")  # Quarto's shortcodes begin so, and no JSON but in text
