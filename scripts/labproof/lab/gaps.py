"""What a partial report lacks, and why: the cells' missing seeds, with the cause from the logs."""

import re
from collections.abc import Mapping
from pathlib import Path

from labproof import words
from labproof.lab.seeds import seeds_of

ERROR = "labproof.errors.LabError: "


def find(lab: Mapping, results: Path) -> list[dict]:
    """The blocks that are not there, each as a plain dict.

    Parameters
    ----------
    lab
        The resolved lab.
    results
        The preset's results folder.

    Returns
    -------
    list of dict
        `cell`; `seeds` (list); `cause`, a sentence without its full stop; `log`, the file that
        tells more, relative to the results folder, or None where nothing was begun.
    """
    found = []
    for name in lab["cells"]:
        for block in lab["blocks"]:
            if (results / f"blocks/{name}/{block}/history.csv").is_file():
                continue
            cause, log = _cause(results, _chain(lab["cells"], name, block))
            found.append({"cell": name, "seeds": seeds_of(block), "cause": cause, "log": log})
    return found


def told(gap: Mapping) -> str:
    """A gap in words, such as "1b-bn lacks seeds 0, 1 and 2: train_block was not begun"."""
    which = "seeds" if len(gap["seeds"]) > 1 else "seed"
    listed = words.listing([str(seed) for seed in gap["seeds"]], 10)
    return f"{gap['cell']} lacks {which} {listed}: {gap['cause']}"


def _chain(cells: Mapping, name: str, block: str) -> list[tuple[str, str]]:
    """(what a job makes, its log) of all jobs that a block needs, in their order."""
    cell = cells[name]
    dataset, backbone, shorter = cell["dataset"], cell["backbone"], cell["continues"]
    if shorter:
        chain = _chain(cells, shorter, block)
        return [*chain, (f"blocks/{name}/{block}/history.csv", f"train_block/{name}/{block}")]
    chain = [(f"datasets/{dataset}", f"prepare_dataset/{dataset}")]
    if backbone:
        chain.append((f"backbones/{backbone}", f"train_backbone/{backbone}"))
        features = f"{backbone}/{dataset}"
        chain.append((f"features/{features}", f"extract_features/{features}"))
    return [*chain, (f"blocks/{name}/{block}/history.csv", f"train_block/{name}/{block}")]


def _cause(results: Path, chain: list[tuple[str, str]]) -> tuple[str, str | None]:
    """Why the first missing thing of a chain is missing, and its log."""
    job = next(job for made, job in chain if not (results / made).exists())
    log = f"logs/{job}.log"
    rule = job.split("/")[0]
    if not (results / log).is_file():
        return f"{rule} was not begun", None
    text = (results / log).read_text(encoding="utf-8", errors="replace").strip()
    last = text.splitlines()[-1].strip() if text else ""
    if "Traceback (most recent call last)" in text:
        # the exception, with all its lines, behind the last frame
        error = re.split(r"\n(?=[\w.]+(?:: |$))", text)[-1]
        return f"{rule} failed: {' '.join(error.split()).removeprefix(ERROR).rstrip('.')}", log
    if re.match(r"SIG\w+: |its time is nearly over: ", last):
        return f"{rule} was stopped by {last}", log
    where = f" after: {last}" if last else ""
    return f"{rule} ended without a word, as when it is killed or lacks memory{where}", log
