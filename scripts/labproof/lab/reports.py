"""The reports of a lab: findings.yaml, the one; or findings/*.yaml, one each, on the same cells.

Beside findings.yaml its prose is report.md, beside findings/anna.yaml it is findings/anna.md. With
several, findings.yaml may hold what they share: `least` and `curves`, which a report may set anew.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from labproof.errors import LabError
from labproof.lab import claims, prose, validation
from labproof.lab.folders import NAME
from labproof.lab.validation import problem

FILE = "findings.yaml"
FOLDER = "findings"
SCHEMA = "findings.schema.yaml"
SHARED = ("least", "curves")


def read(
    folder: Path, base: Path, schemas: validation.Schemas, tasks: Mapping, cells: Mapping
) -> dict:
    """What a lab's reports claim: `findings`, `curves`, `prose` and `reports` of a resolved lab.

    Parameters
    ----------
    folder
        The lab's, as messages name it, relative to `base`.
    tasks, cells
        The resolved lab's.

    Raises
    ------
    LabError
        For the first thing that is wrong in one of the files.
    """
    files = sorted((base / folder / FOLDER).glob("*.yaml"))
    for path in sorted((base / folder / FOLDER).glob("*.yml")):
        raise LabError(f"{folder / FOLDER / path.name}: call it {path.stem}.yaml, to be read.")
    if not files:
        written = validation.read(folder / FILE, base)
        schemas.check(written, SCHEMA, folder / FILE)
        text = folder / prose.FILE
        return {**_claimed(written, tasks, cells, folder / FILE, text, base), "reports": {}}
    if (base / folder / prose.FILE).is_file():
        raise LabError(
            f"{folder / prose.FILE}: of several reports each has its own text beside its claims, "
            f"as {folder / FOLDER / files[0].stem}.md. Move it there."
        )
    found, shared = {}, {}
    for path in files:
        file = folder / FOLDER / path.name
        if not re.fullmatch(NAME, path.stem):
            raise LabError(
                f"{file}: a report has the name of its file, and {path.stem} cannot be one: it is "
                "small letters and digits in groups joined by -."
            )
        written = validation.read(file, base)
        schemas.check(written, SCHEMA, file)
        if not found:
            shared = _shared(folder / FILE, base, schemas, written["findings"], tasks, cells)
        both = {key: {**shared.get(key, {}), **written.get(key, {})} for key in SHARED}
        text = file.with_suffix(".md")
        found[path.stem] = _claimed({**written, **both}, tasks, cells, file, text, base)
    return {
        "findings": [
            {**entry, "id": f"{name}/{entry['id']}"}
            for name, report in found.items()
            for entry in report["findings"]
        ],
        "curves": {},
        "prose": None,
        "reports": found,
    }


def _claimed(
    written: Mapping, tasks: Mapping, cells: Mapping, file: Path, text: Path, base: Path
) -> dict:
    claimed = claims.resolve(written, tasks, cells, file)
    ids = [entry["id"] for entry in claimed["findings"]]
    return {**claimed, "prose": prose.read(str(text), base, tasks, ids)}


def _shared(
    file: Path, base: Path, schemas: validation.Schemas, findings: list, tasks: Mapping, cells
) -> dict:
    """What stands in findings.yaml beside several reports; `findings`, of one, stand in for it."""
    if not (base / file).is_file():
        return {}
    shared = validation.read(file, base)
    if isinstance(shared, Mapping) and "findings" in shared:
        cause = (
            f"the findings of this lab stand in {FOLDER}/*.yaml, one file a report. Move these to "
            f"one of its own there, and leave here what all share: {' and '.join(SHARED)}."
        )
        raise problem(file, ["findings"], cause)
    schemas.check(
        {"findings": findings, **shared} if isinstance(shared, Mapping) else shared, SCHEMA, file
    )
    claims.resolve({**shared, "findings": []}, tasks, cells, file)
    return shared
