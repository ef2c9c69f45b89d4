"""What a partial report lacks, and why: the cells' missing seeds, with the cause from the logs."""

import re
from collections.abc import Mapping
from pathlib import Path

from labproof import words
from labproof.lab import trainings
from labproof.lab.seeds import seeds_of
from labproof.paths import Results
from labproof.running import DONE

ERROR = "labproof.errors.LabError: "


def find(lab: Mapping, results: Results) -> list[dict]:
    """The blocks that are not there, each as a plain dict.

    Parameters
    ----------
    lab
        The resolved lab.
    results
        The paths of the preset's results.

    Returns
    -------
    list of dict
        `cell`; `seeds` (list); `cause`, a sentence without its full stop; `log`, the file that
        tells more, relative to the results folder, or None where nothing was begun.
    """
    found = []
    for name in lab["cells"]:
        trained = trainings.trained_as(lab["cells"], name)
        for block in lab["blocks"][name]:
            if Path(results.block(trained, block, "history")).is_file():
                continue
            cause, log = _cause(results, _chain(results, lab["cells"], trained, block))
            found.append({"cell": name, "seeds": seeds_of(block), "cause": cause, "log": log})
    return found


def told(gap: Mapping) -> str:
    """A gap in words, such as "1b-bn lacks seeds 0, 1 and 2: train_block was not begun"."""
    which = "seeds" if len(gap["seeds"]) > 1 else "seed"
    listed = words.listing([str(seed) for seed in gap["seeds"]], 10)
    return f"{gap['cell']} lacks {which} {listed}: {gap['cause']}"


def _chain(results: Results, cells: Mapping, name: str, block: str) -> list[tuple[str, tuple]]:
    """(what a job makes, its rule and wildcards) of all jobs that a block needs, in their order."""
    cell = cells[name]
    if cell.get("run"):
        leader = cell["run"]["shares"] or name
        made = [(results.block(leader, block, "history"), ("run_command", leader, block))]
        if leader != name:
            made.append((results.block(name, block, "history"), ("run_command", name, block)))
        return made
    dataset, backbone, shorter = cell["dataset"], cell["backbone"], cell["continues"]
    own = (results.block(name, block, "history"), ("train_block", name, block))
    if shorter:
        return [*_chain(results, cells, shorter, block), own]
    chain = [(results.dataset(dataset), ("prepare_dataset", dataset))]
    if backbone:
        chain.append((results.backbone(backbone), ("train_backbone", backbone)))
        features = results.features(backbone, dataset)
        chain.append((features, ("extract_features", backbone, dataset)))
    return [*chain, own]


def failures(results: Results, since: float) -> list[dict]:
    """The jobs whose logs tell a failure, written after a time, in seconds since the epoch.

    Each as `job`, its rule and wildcards in words; `cause`, as of `find`; `log`, its file.
    """
    logs = Path(results.log("x")).parent
    reports = Path(results.of_report("x").root).parent
    files = [*logs.rglob("*.log"), *reports.glob("*/logs/**/*.log")]
    found = []
    for file in sorted(files, key=lambda file: file.stat().st_mtime):
        if file.stat().st_mtime < since:
            continue
        told = _told_by(file)
        if told:
            parts = file.relative_to(logs.parent).with_suffix("").parts
            job = " ".join(part for part in parts if part not in ("logs", reports.name))
            found.append({"job": job, "cause": told, "log": str(file)})
    return found


def _told_by(file: Path) -> str:
    """What a log says of a failure, as a sentence without its subject; empty where it says none."""
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    last = text.splitlines()[-1].strip() if text else ""
    if DONE in text.splitlines():  # whatever its program printed on the way
        return ""
    if "Traceback (most recent call last)" in text:
        # the exception, with all its lines, behind the last frame
        error = re.split(r"\n(?=[\w.]+(?:: |$))", text)[-1]
        return f"failed: {' '.join(error.split()).removeprefix(ERROR).rstrip('.')}"
    if re.match(r"SIG\w+: ", last):
        return f"was stopped by {last}"
    if last.startswith("its time is nearly over: "):
        return f"was stopped, since {last}"
    return ""


def _cause(results: Results, chain: list[tuple[str, tuple]]) -> tuple[str, str | None]:
    """Why the first missing thing of a chain is missing, and its log."""
    job = next(job for made, job in chain if not Path(made).exists())
    rule, file = job[0], Path(results.log(*job))
    if not file.is_file():
        return f"{rule} was not begun", None
    log = file.relative_to(results.root).as_posix()
    told = _told_by(file)
    if told:
        return f"{rule} {told}", log
    lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if DONE in lines:
        return f"{rule} was done, and its files are gone since; running again makes them", log
    where = f" after: {lines[-1].strip()}" if lines else ""
    return f"{rule} ended without a word, as when it is killed or lacks memory{where}", log
