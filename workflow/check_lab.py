"""What is understood of a lab, in seconds: nothing is trained. make check LAB=path/to/lab."""

import re
import sys
from pathlib import Path

from snakemake.cli import parse_config
from snakemake.utils import update_config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from labproof import paths, words
from labproof.errors import LabError
from labproof.lab import commands, costs, folders, leaves, plan, settings
from labproof.lab.vocabulary import MEASURES

ROOT = Path(__file__).resolve().parents[1]


def told(lab: dict) -> list[str]:
    """The lines."""
    seeds = words.listing([str(seed) for seed in lab["seeds"]], 10)
    runs = len(lab["cells"]) * len(lab["seeds"])
    return [
        f"{lab['name']}: {lab['title']}",
        f"  folder {lab['folder']}; results under {paths.of_resolved(lab).root}",
        f"  preset {lab['preset']}, seeds {seeds}: {words.count(len(lab['cells']), 'cell')}, "
        f"{words.count(runs, 'training')}",
        "",
        "Cells",
        *(line for name, cell in lab["cells"].items() for line in _cell(lab, name, cell)),
        "",
        "Sentences, and what each is judged by",
        *(line for entry in lab["findings"] for line in _sentence(entry)),
        "",
        *_hints(lab),
    ]


def _cell(lab: dict, name: str, cell: dict) -> list[str]:
    if not cell.get("run"):
        told = f"{cell['network']} on {cell['dataset']}, {words.count(cell['epochs'], 'epoch')}"
        return [f"  {name}: {told}"]
    run, first = cell["run"], lab["seeds"][0]
    values = commands.fields(name, cell, first, "OUT")
    if run["given"]:
        files = [commands.filled(run["given"], {**values, "seed": seed}) for seed in lab["seeds"]]
        gone = [file for file in files if not (Path(lab["folder"]) / file).is_file()]
        missing = f"; MISSING: {words.listing(gone)}" if gone else ""
        return [
            f"  {name}: {words.count(len(files), 'history', 'histories')} as {files[0]}{missing}"
        ]
    folder = Path(lab["folder"])
    there = [path.relative_to(folder).as_posix() for path in commands.files(run, folder)]
    lines = [f"  {name}: {' '.join(commands.words(run['command'], values))}"]
    if there:
        lines.append(f"      with {words.listing(there, 8)}")
    if run["environment"]:
        lines.append(f"      in an environment that is made of {run['environment']}, once")
    fits, stages = commands.fits(run)
    if fits:
        mean = "the mean of " if len(fits) > 1 and not stages else ""
        once = f"the run of {run['shares']}" if run["shares"] else "this run"
        row = ", one training in a row" if stages else ""
        named = f"{'fit' if len(fits) == 1 else 'fits'} {words.listing(fits)}"
        lines.append(f"      {mean}{named} of {once}{row}")
    return lines


def _sentence(entry: dict) -> list[str]:
    lines = [f"  {entry['id']}: {entry['statement']}"]
    return lines + _claim(entry["claim"], "      ")


def _claim(claim: dict, indent: str) -> list[str]:
    if "parts" not in claim:
        return [f"{indent}{leaves.words(claim)}"]
    inner = indent + "  " * claim["negated"]
    parts = [line for part in claim["parts"] for line in _claim(part, inner)]
    return [f"{indent}not all of:", *parts] if claim["negated"] else parts


def _hints(lab: dict) -> list[str]:
    found = []
    used = {cell for entry in lab["findings"] for cell in entry["cells"]}
    idle = [name for name in lab["cells"] if name not in used]
    if idle:
        found.append(f"No sentence is about {words.listing(idle)}.")
    own = [cell for cell in lab["cells"].values() if cell.get("run") and cell["run"]["command"]]
    if any(not _takes_seed(cell["run"], Path(lab["folder"])) for cell in own):
        found.append(
            "A command has no {seed} and is not run by python -m labproof.run: its code must read "
            "LABPROOF_SEED."
        )
    if own:
        measured = costs.measured_in(paths.of_resolved(lab), lab)
        seconds = sum(
            costs.of_command(name, cell, measured) * len(lab["seeds"])
            for name, cell in lab["cells"].items()
            if cell.get("run")
        )
        found.append(
            f"All trainings take about {words.duration(seconds)} of one core, as earlier ones did."
            if measured
            else "What a training takes is known after the first: make estimate."
        )
        try:
            folders.check_trust(lab, ROOT, None)
        except LabError as error:
            found.append(str(error))
    return found


def check_given(lab: dict) -> list[str]:
    """What the histories that are there already hold, and which sentences they do not tell of.

    LabError where one of them is not there, or is of no use.
    """
    if not any((cell.get("run") or {}).get("given") for cell in lab["cells"].values()):
        return []
    import pandas as pd  # for such labs alone

    from labproof.judging import measures
    from labproof.training import outcomes

    commands.check_given(lab)
    histories, lines, hints = {}, [], []
    for name, cell in lab["cells"].items():
        if not cell["run"]["given"]:
            continue
        tables = []
        for seed in lab["seeds_of"][name]:
            file = commands.filled(cell["run"]["given"], {"cell": name, "seed": seed})
            tables.append(outcomes.given(Path(lab["folder"]) / file, cell, seed).history)
        histories[name] = pd.concat(tables)
        if not cell["run"]["deterministic"]:
            outcomes.check_seeds(histories[name], name)
        epochs, told = min(map(len, tables)), histories[name].columns.drop(["seed", "epoch"])
        lines.append(f"  {name}: {words.count(epochs, 'epoch')} of {words.listing(told, 12)}")
    for entry in lab["findings"]:
        terms = [term for leaf in leaves.leaves(entry["claim"]) for term in leaves.terms(leaf)]
        for term in terms:
            if term.cell not in histories:
                continue
            table, why = MEASURES[term.measure].table, ""
            if table != "histories":
                why = f"histories alone are given, and {term.measure} is of its {table}"
            elif measures.over_seeds(histories[term.cell], term.measure, term.at).isna().any():
                why = measures.why_missing(histories[term.cell], term.measure)
            if why:
                hints.append(f"{entry['id']} stays undecided. Of {term.cell}: {why}.")
                break
    return ["Histories that are there", *lines, "", *hints]


def _takes_seed(run: dict, folder: Path) -> bool:
    """Whether a run is told its seed: by its command, or by what its code says that it reads."""
    if re.search(r"\{seed\}|\{config\}|labproof\.run", run["command"]):
        return True
    code = [
        path
        for path in commands.files(run, folder)
        if path.suffix in commands.CODE and path.is_file()
    ]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in code]
    return any(re.search(r"LABPROOF_SEED|labproof\.run import begin", text) for text in texts)


def main(arguments: list[str]) -> None:
    """Print it."""
    try:
        config = plan.read_config(ROOT)
        update_config(config, parse_config(settings.given(arguments)))
        config = plan.overridden(config, plan.read_config(ROOT), ROOT)
        lab = plan.resolve(config, ROOT)
        folders.check_results(config["lab"], ROOT, Path(paths.of_resolved(lab).root).parent)
    except LabError as error:
        sys.exit(f"\n{error}\n")
    print("\n".join(told(lab)).replace(words.NBSP, " "))
    try:
        print("\n".join(check_given(lab)).replace(words.NBSP, " "))
    except LabError as error:
        sys.exit(f"\n{error}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
