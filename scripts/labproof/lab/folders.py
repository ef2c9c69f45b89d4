"""Where a lab's folder lies, what it is called, and whether its author's code may run."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from labproof.errors import LabError
from labproof.lab.validation import problem, suggest

LABS = Path("config/labs")
# What names may be, of labs and cells as of files: they become parts of paths and command lines.
NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
RECORD = "lab.txt"  # in results/{lab}/: the folder whose results they are
TRUSTED = Path(".snakemake/labproof.trusted")  # a folder a line


def called(root: Path) -> list[str]:
    """Names of the labs under config/labs/."""
    folders = (folder for folder in (root / LABS).iterdir() if folder.is_dir())
    return sorted(folder.name for folder in folders if re.fullmatch(NAME, folder.name))


def find(lab: str, root: Path) -> tuple[Path, Path]:
    """A lab's folder as messages name it, and what it is relative to.

    `lab` is a name under config/labs/ of the project at `root`, or else the path of a folder.
    """
    if re.fullmatch(NAME, lab) and (root / LABS / lab).is_dir():
        return LABS / lab, root
    return Path(os.path.normpath(Path(lab).expanduser())), Path()


def name_of(lab: str) -> str:
    """The name that a lab has by its folder."""
    return Path(os.path.abspath(Path(lab).expanduser())).name


def check(lab: str, root: Path) -> None:
    """LabError unless there is such a lab, by a name that a folder of results can have."""
    folder, base = find(lab, root)
    if not (base / folder / "tasks.yaml").is_file():
        for found, mend in (
            (base / folder / "tasks.yml", "Call it tasks.yaml, to be read."),
            (base / folder, "is a file. Name the lab's folder, which holds its tasks.yaml."),
        ):
            if found.is_file():
                raise LabError(f"{found}: {mend}")
        known = called(root)
        cause = (
            f'"{lab}": there is no such folder in config/labs/, and no folder of this path that '
            f"holds a tasks.yaml.{suggest(lab, known)} A lab of your own begins with: make lab "
            "NAME=my-lab"
        )
        raise problem(Path("config/config.yaml"), ["lab"], cause, known[0] if known else None)
    check_name(folder)


def check_name(folder: Path) -> None:
    """LabError unless a lab can be called as this folder is."""
    name = name_of(str(folder))
    if not re.fullmatch(NAME, name):
        mended = re.sub(r"[^a-z0-9]+", "-", _plain(name).lower()).strip("-") or "my-lab"
        raise LabError(
            f"{folder}: a lab has the name of its folder, and {name} cannot be one: it is small "
            f"letters and digits in groups joined by -. Call the folder {mended}."
        )


def _plain(name: str) -> str:
    """The name without accents."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def key_of(lab: str, root: Path) -> str:
    """What tells two labs of one name apart: the folder, relative where it is below this one."""
    folder, base = find(lab, root)
    place = Path(os.path.abspath(base / folder))
    here = Path.cwd()
    return place.relative_to(here).as_posix() if place.is_relative_to(here) else str(place)


def check_results(lab: str, root: Path, results: Path) -> None:
    """LabError where the results of this lab's name are of a lab in another folder."""
    record, mine = results / RECORD, key_of(lab, root)
    theirs = record.read_text(encoding="utf-8").strip() if record.is_file() else mine
    if theirs != mine and (Path(theirs) / "tasks.yaml").is_file():
        raise LabError(
            f"{results}: these are the results of the lab in {theirs}, and you ask for the one in "
            f"{mine}, which has the same name. Give one of the two folders another name, or move "
            f"{results} away."
        )


def record(lab: str, root: Path, results: Path) -> None:
    """Write down whose results they are, as `check_results` reads it."""
    results.mkdir(parents=True, exist_ok=True)
    (results / RECORD).write_text(key_of(lab, root) + "\n", encoding="utf-8")


def untrusted(lab: Mapping, root: Path) -> str:
    """What a lab that waits for trust would run, in words; empty where it waits for none.

    A lab that runs commands does, unless it is the project's own or has been trusted.
    """
    commands = {cell["run"]["command"] for cell in lab["cells"].values() if cell.get("run")}
    place = str(Path(os.path.abspath(lab["folder"])))
    own = Path(os.path.abspath(root)) / LABS
    if not any(commands) or Path(place).is_relative_to(own):
        return ""
    trusted = TRUSTED.read_text(encoding="utf-8").splitlines() if TRUSTED.is_file() else []
    if place in trusted:
        return ""
    shown = "".join(f"    {command}\n" for command in sorted(filter(None, commands)))
    return (
        f"{lab['folder']}: this lab is not one of the project's own, and to run it is to run its "
        f"author's code, with all that you may do on this machine:\n\n{shown}"
    )


def check_trust(lab: Mapping, root: Path, said: str | None) -> None:
    """LabError where a lab waits for trust; see `untrusted`.

    Parameters
    ----------
    lab
        The resolved lab.
    said
        What the config says under `trust`: the lab's name trusts it from now on.
    """
    told = untrusted(lab, root)
    if told and said == lab["name"]:
        trust(lab["folder"])
    elif told:
        raise LabError(
            f"{told}\nIf you trust it, say so once: --config trust={lab['name']} "
            f'(make report LAB={lab["where"]} CONFIG="trust={lab["name"]}").'
        )


def trust(folder: Path | str) -> None:
    """From now on the code of the lab in this folder may run."""
    TRUSTED.parent.mkdir(exist_ok=True)
    with TRUSTED.open("a", encoding="utf-8") as file:
        file.write(f"{os.path.abspath(folder)}\n")
