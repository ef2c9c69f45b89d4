"""How many seeds each cell is granted, and why: `plan.json`, written before what it grants trains.

A dict:

- `ladder`, the one-sided `levels` of its looks, and `order`, the seeds in the order in which every
  cell gets them
- `budget`: seconds that may be spent on steps behind the first, and `spent`, the estimate of those
  that are granted
- `claims`: hash of what the findings claim, at the first look; `changed`: whether they claim
  something else at a later one. Of several reports: the hash of each, and the names of those that
  claim something else, or have come since
- `cells`: cell -> how many seeds, of the first cell of each training, or of each run of the user's
  code that trains several
- `looks`: how many times cells were granted more
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from labproof import provenance, whole
from labproof.errors import LabError
from labproof.lab import costs, trainings

UNITS = {"h": 3600, "min": 60, "s": 1}
WORDS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)min)?(?:(\d+(?:\.\d+)?)s)?")
KEYS = {"ladder", "levels", "order", "budget", "spent", "claims", "changed", "cells", "looks"}


def seconds(words: str) -> float:
    """A time in words, such as "90s", "20min" or "1h30min", as seconds; LabError for others."""
    found = WORDS.fullmatch("".join(str(words).split()))
    if not found or not any(found.groups()):
        raise LabError(
            f'budget: "{words}" is no time. Write a number with its unit, h, min or s: '
            "BUDGET=20min, BUDGET=1h30min; BUDGET=0s for the first look alone"
        )
    return sum(
        float(number) * unit
        for number, unit in zip(found.groups(), UNITS.values(), strict=True)
        if number
    )


def read(file: Path) -> dict | None:
    """What stands in plan.json; None where there is none, LabError where it is not whole."""
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or set(found) != KEYS:
            raise ValueError("no plan of seeds")
    except ValueError as error:
        raise LabError(
            f"{file}: this is not what was planned ({error}); it was cut or edited. Delete it: the "
            "next run begins with the first step, and trains nothing that is there"
        ) from None
    return found


def write(file: Path, plan: Mapping) -> None:
    """Write plan.json: the old one or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole.write(file, [json.dumps(plan, indent=1).encode() + b"\n"])


def order(chosen: Sequence[int], ladder: Sequence[int]) -> list[int]:
    """The chosen seeds, and behind them the smallest others, up to the last step."""
    taken, found, next_one = set(chosen), list(chosen), 0
    while len(found) < ladder[-1]:
        if next_one not in taken:
            found.append(next_one)
        next_one += 1
    return found


def begin(lab: Mapping, budget: float, levels: Sequence[float]) -> dict:
    """The plan before the first look: for every cell the step that the preset's seeds reach.

    `levels`: of a look at each step of at least two seeds, as `judging.ladder` gives them.
    """
    first = max(step for step in lab["ladder"] if step <= len(lab["seeds"]))
    cells = {trainings.granted_as(lab["cells"], name): first for name in lab["cells"]}
    return {
        "ladder": lab["ladder"],
        "levels": [float(f"{level:.4g}") for level in levels],
        "order": order(lab["seeds"], lab["ladder"]),
        "budget": budget,
        "spent": 0.0,
        "claims": claimed(lab),
        "changed": [] if lab["reports"] else False,
        "cells": cells,
        "looks": 0,
    }


def claimed(lab: Mapping) -> str | dict[str, str]:
    """Hash of what the findings claim of which cells, margins too; their wording does not count.

    Of several reports, one for each.
    """

    def told(claims: Mapping) -> str:
        return provenance.data_hash([[entry["id"], entry["claim"]] for entry in claims["findings"]])

    if lab["reports"]:
        return {name: told(report) for name, report in lab["reports"].items()}
    return told(lab)


def changed(lab: Mapping, before: Mapping) -> bool | list[str]:
    """Whether, or in which reports, something else is claimed than a plan began with."""
    now, then = claimed(lab), before["claims"]
    if isinstance(now, str):
        return bool(before["changed"]) or now != then
    then = then if isinstance(then, dict) else {}
    known = before["changed"] if isinstance(before["changed"], list) else []
    return sorted({*known, *(name for name in now if then.get(name) != now[name])})


def seeds_of(
    plan: Mapping, cells: Mapping[str, Mapping], chosen: Sequence[int], ladder: Sequence[int]
) -> dict[str, list[int]]:
    """Cell -> its seeds; a cell that the plan does not know has those of the first step.

    LabError where the preset's seeds or ladder are others than when the plan was made.
    """
    if plan["ladder"] != list(ladder) or plan["order"] != order(chosen, ladder):
        raise LabError(
            "plan.json was made for other seeds or another ladder than the preset has now, and "
            "looks hold together only on the ladder that they began with. Put these back, or "
            "delete the preset's plan.json, and the next run begins at the first step"
        )
    first = plan["ladder"][0]
    return {
        name: plan["order"][: plan["cells"].get(trainings.granted_as(cells, name), first)]
        for name in cells
    }


def behind(cells: Mapping[str, Mapping], names: Iterable[str]) -> set[str]:
    """The trainings of some cells, with those of fewer epochs that they go on from."""
    found = set()
    for name in names:
        name = trainings.granted_as(cells, name)
        while name and name not in found:
            found.add(name)
            name = cells[name]["continues"]
    return found


def cost(lab: Mapping, plan: Mapping, names: Iterable[str], step: int, measured) -> float:
    """Seconds of one core that bring these trainings to a step, with their heatmaps."""
    total = 0.0
    then = {**lab, "seeds_of": dict.fromkeys(lab["cells"], plan["order"][:step])}
    for name in names:
        more = step - plan["cells"].get(name, lab["ladder"][0])
        if more <= 0:
            continue
        rule = "run_command" if lab["cells"][name].get("run") else "train_block"
        wildcards = {"cell": name, "block": f"0-{more - 1}"}
        runs = more if rule == "run_command" else 1
        total += runs * costs.job(rule, wildcards, then, measured)
        for other, cell in lab["cells"].items():
            if cell["heatmaps"] and trainings.granted_as(lab["cells"], other) == name:
                total += costs.job("draw_heatmaps", {"cell": other}, then, measured)
    return total


def choose(lab: Mapping, plan: Mapping, chances: Sequence, measured, cores: int) -> dict:
    """The plan after a look: the steps that bring the most decisions a second, within the budget.

    Parameters
    ----------
    chances
        Of the undecided sentences, as `judging.spending.chances` gives them.
    measured
        What trainings took, see `costs.per_image`.
    cores
        That train side by side; the budget is time on the wall.

    A way is a sentence and one of its steps, with every other sentence that its cells bring to a
    step; its rate is the sum of their chances over its seconds. The way of the highest rate is gone
    as far as its next step, then the next best. A look has a price of its own, so further ways
    come along while their rate is above that of the whole look (marginal value theorem, Charnov
    1976, Theor Popul Biol 9:129). A step that decides its sentence in less than a tenth of cases
    is no way. The plan is as it was where nothing is worth its time.
    """
    now = {**plan, "cells": dict(plan["cells"])}
    spent, worth = costs.LOOK, 0.0
    while True:
        ways = _ways(lab, now, chances, measured, cores)
        ways = [way for way in ways if plan["spent"] + spent + way.price <= plan["budget"]]
        if not ways:
            break
        best = max(ways, key=lambda way: (way.worth / way.price, way.names))
        if worth and best.worth / best.price < worth / spent:
            break
        price = cost(lab, now, best.names, best.step, measured) / cores
        for name in best.names:
            now["cells"][name] = max(now["cells"].get(name, 0), best.step)
        spent, worth = spent + price, worth + best.worth * price / best.price
    if now["cells"] == plan["cells"]:
        return dict(plan)
    return {**now, "spent": round(plan["spent"] + spent, 1), "looks": plan["looks"] + 1}


class Way(NamedTuple):
    """Some trainings brought to a step, by way of the next one."""

    names: tuple[str, ...]
    step: int  # the next
    price: float  # seconds on the wall until the last
    worth: float  # decisions that may be hoped for


def _ways(lab, plan, chances, measured, cores) -> list[Way]:
    """Every way that is open; none of a sentence whose next look is granted already."""
    trained = {each.id: tuple(sorted(behind(lab["cells"], each.cells))) for each in chances}

    def has(each, step, names=()):
        return all(
            name in names or plan["cells"].get(name, lab["ladder"][0]) >= step
            for name in trained[each.id]
        )

    waits = [each for each in chances if not has(each, min(each.later))]
    sharing = {}
    for each in waits:
        for name in trained[each.id]:
            sharing.setdefault(name, {})[each.id] = each
    found = []
    for each in waits:
        names = trained[each.id]
        others = {key: other for name in names for key, other in sharing[name].items()}.values()
        for step, chance in each.later.items():
            if chance < 0.1:
                continue
            reached = [
                [p for n, p in other.later.items() if n <= step and has(other, n, names)]
                for other in others
            ]
            worth = sum(max(chances_of, default=0.0) for chances_of in reached)
            price = cost(lab, plan, names, step, measured) / cores
            found.append(Way(names, min(each.later), max(price, 1e-9), worth))
    return found


def told(before: Mapping, after: Mapping) -> str:
    """What a look has granted, in a line."""
    more = {
        name: (before["cells"].get(name, 0), n)
        for name, n in after["cells"].items()
        if n > before["cells"].get(name, 0)
    }
    if not more:
        return "No cell gets more seeds: nothing that the budget holds would decide a sentence."
    minutes = math.ceil((after["spent"] - before["spent"]) / 60)
    listed = ", ".join(f"{name} {old} to {new}" for name, (old, new) in more.items())
    return f"Next, seeds of {listed}: about {minutes} min."
