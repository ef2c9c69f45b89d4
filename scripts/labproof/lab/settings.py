"""Settings as a command line has them: those that it gives, and those that a page was made by."""

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import takewhile

import yaml

from labproof.errors import LabError
from labproof.lab.seeds import spell


def given(arguments: Sequence[str]) -> list[str]:
    """The settings among Snakemake's arguments, name=value each; LabError for what is none."""
    behind = arguments[arguments.index("--config") + 1 :] if "--config" in arguments else []
    found = list(takewhile(lambda word: not word.startswith("-"), behind))
    for word in found:
        if not re.match(r"[A-Za-z_]\w*=.", word):
            raise LabError(
                f'"{word}" is no setting. Write name=value, without blanks around the sign: '
                'CONFIG="preset=smoke seeds=10"'
            )
    return found


def words(lab: Mapping) -> list[str]:
    """Settings as `snakemake --config` takes them, unquoted: lab, preset, seeds, what is one's own.

    Phantoms as config.yaml has them are left out: sources are one's own where a folder or a
    published archive takes their place, and so is a backbone of the config.
    """
    own = {name: source for name, source in lab["sources"].items() if source["kind"] != "phantom"}
    found = [f"lab={lab['where']}", f"preset={lab['preset']}"]
    if not lab["planned"]:  # or each cell has its own
        found.append(f"seeds={spell(lab['seeds'])}")
    if own:
        found.append(f"sources={_flow(own)}")
    if lab["backbone"]["name"]:
        chosen = {key: lab["backbone"][key] for key in ("name", "weights")}
        found.append(f"backbone={_flow(chosen)}")
    return found


def snakemake(lab: Mapping, target: str = "") -> str:
    """The command for Snakemake itself, as a shell takes it."""
    target = f" -- {target}" if target else ""
    return f"snakemake --cores 4 --resources gpu=1 --config {shlex.join(words(lab))}{target}"


def make(lab: Mapping, target: str = "report", finding: str | None = None) -> str:
    """The command for make, such as make report PRESET=demo CONFIG="lab=lab3 seeds=5"."""
    given = [word for word in words(lab) if not word.startswith("preset=")]
    # a shell takes the quotes around CONFIG, make takes $$ for $, a second shell the inner quotes
    config = shlex.join(given).replace("$", "$$")
    for character in '\\"$`':
        config = config.replace(character, f"\\{character}")
    asked = f" ID={finding}" if finding else ""
    return f'make {target}{asked} PRESET={lab["preset"]} CONFIG="{config}"'


def _flow(value: Mapping) -> str:
    """YAML in one line, with spaces alone between its words."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=float("inf"), allow_unicode=True
    )
    return " ".join(text.split("\n")).strip()
