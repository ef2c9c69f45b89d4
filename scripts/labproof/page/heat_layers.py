"""A cell's maps as pictures: layers for the page's gallery, overlays, and what the sheet shows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from labproof.explain import heatmaps
from labproof.explain.survey import Answers, Survey
from labproof.page import overlays
from labproof.page.figures.heatmaps import Explained


def write(
    answers: Sequence[Answers],
    survey: Survey,
    classes: Sequence[str],
    shown: Sequence[int],
    folder: Path,
) -> list[Explained]:
    """Write the layers and overlays of some images, and gallery.csv, the list of the layers.

    Parameters
    ----------
    classes
        Names of the classes, by label.
    shown
        Rows of the survey's images.

    Returns
    -------
    list of Explained
        For the contact sheet: each of the images once, in the eyes of one seed after the other.
    """
    _pictures(survey, shown, folder)
    listed = [row for each in answers for row in _layers(each, survey, shown, folder)]
    whole = dict.fromkeys(["image", "label", "predicted", "seed"], int)
    pd.DataFrame(listed).astype(whole).to_csv(folder / "gallery.csv", index=False)
    sheet = [item for each in answers for item in _overlays(each, survey, classes, shown, folder)]
    each = len(sheet) // len(answers)
    return [sheet[place % len(answers) * each + place] for place in range(each)]


def _pictures(survey: Survey, shown: Sequence[int], folder: Path) -> None:
    """The images themselves, and the outlines of their zones."""
    for row in shown:
        number = survey.numbers[row]
        overlays.save(overlays.picture(survey.raw[row]), folder / f"gallery/{number}.png")
        if survey.zones is not None and survey.zones[row].any():
            zone = overlays.outline(survey.zones[row])
            overlays.save(zone, folder / f"gallery/{number}-zone.png")


def _scaled(answers: Answers, survey: Survey, method: str, shown: Sequence[int]) -> dict:
    """Row -> map, 0 to 1, as large as its image, of those that are shown and were made."""
    places, small = answers.maps[method]
    large = heatmaps.normalise(heatmaps.upsample(small, survey.raw.shape[1:3]))
    return {row: large[list(places).index(row)] for row in shown if row in places}


def _layers(answers: Answers, survey: Survey, shown: Sequence[int], folder: Path) -> list[dict]:
    listed = []
    for m, method in enumerate(answers.maps):
        for row, heatmap in _scaled(answers, survey, method, shown).items():
            name = f"gallery/{m}-{answers.seed}-{survey.numbers[row]}.png"
            overlays.save(overlays.heat(np.nan_to_num(heatmap)), folder / name)
            about = {**answers.about.loc[row], "seed": answers.seed}
            listed.append({**about, "method": method, "heat": name})
    return listed


def _overlays(
    answers: Answers, survey: Survey, classes: Sequence[str], shown: Sequence[int], folder: Path
) -> list[Explained]:
    """Lay the first method's maps over their images."""
    sheet = []
    method = next(iter(answers.maps))
    for row, heatmap in _scaled(answers, survey, method, shown).items():
        zone = None if survey.zones is None else survey.zones[row]
        about, number = answers.about.loc[row], survey.numbers[row]
        overlay = overlays.overlay(survey.raw[row], np.nan_to_num(heatmap), zone)
        overlay.save(folder / f"{answers.seed}-{number}.png")
        sheet.append(
            Explained(
                f"image {number}, seed {answers.seed}",
                survey.raw[row],
                heatmap,
                classes[int(about["label"])],
                classes[int(about["predicted"])],
                float(max(about["probability"], 1 - about["probability"])),
                zone,
            )
        )
    return sheet
