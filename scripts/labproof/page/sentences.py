"""The sentences of the report that the numbers choose.

No sentence here is true of every run: each asks an interval over seeds before it speaks.
"""

import numpy as np

from labproof.words import NBSP, Estimate, count, estimate, listing, number, percent


def about_cell(name: str, values: dict[str, Estimate], dropout: float, chance: float) -> list[str]:
    """What one cell's curves show.

    Parameters
    ----------
    name
        What the sentences call the cell.
    values
        Estimates by measure, with `validation_trend` (change of the validation loss over the
        second half of the run, nats).
    dropout
        The cell's dropout rate; above 0 the training accuracy is measured with it active.
    chance
        Accuracy of always naming the larger class.
    """
    gap, trend = values["overfitting"], values["validation_trend"]
    if gap.sign is None:
        one = "one seed gives" if gap.n == 1 else f"{count(gap.n, 'seed')} give"
        return [
            f"**{name}**: {one} no interval, so nothing here can be told from chance "
            f"(validation loss less training loss: {number(gap.mean)})."
        ]
    moves = {
        1: f"rises by {estimate(trend.size)} over the second half of the run",
        -1: f"still falls by {estimate(trend.size)} over the second half of the run",
        0: f"may be level over the second half of the run ({estimate(trend)})",
        None: "has no measurable trend",
    }[trend.sign]
    apart = estimate(gap.size)
    if gap.sign > 0 and trend.sign == 1:
        said = [
            f"**{name}** overfits: the validation loss ends {apart} above the training loss, "
            f"and it {moves}."
        ]
    elif gap.sign > 0:
        said = [
            f"**{name}** ends with the validation loss {apart} above the training loss; "
            f"the validation loss {moves}."
        ]
    elif gap.sign < 0:
        said = [
            f"**{name}** does not overfit: the validation loss ends {apart} below the training "
            f"loss; it {moves}."
        ]
    else:
        said = [
            f"**{name}**: whether it overfits, {count(gap.n, 'seed')} do not tell (validation "
            f"loss less training loss is {estimate(gap)}); the validation loss {moves}."
        ]
    slope = values["slope"]
    if slope.sign == -1:
        said.append(
            f"The training loss still falls at the end, by {percent(slope.size, 1)} "
            "per tenth of the run: not converged."
        )
    elif slope.sign == 1:
        said.append(
            f"The training loss rises at the end, by {percent(slope, 1)} per tenth of the run."
        )
    elif slope.sign == 0:
        said.append(
            f"The training loss may be level at the end ({percent(slope, 1)} per tenth of the run)."
        )
    difference = values["accuracy_gap"]
    active = ", which is measured with dropout active" if dropout else ""
    if difference.sign == 1:
        said.append(
            f"Validation accuracy is {estimate(difference)} above training accuracy{active}."
        )
    elif difference.sign == -1:
        said.append(f"Validation accuracy is {estimate(difference.size)} below training accuracy.")
    accuracy = values["final_val_accuracy"]
    if accuracy.low <= chance <= accuracy.high:
        said.append(
            f"Its validation accuracy, {estimate(accuracy)}, cannot be told from "
            f"always naming one class ({number(chance)})."
        )
    elif accuracy.high < chance:
        said.append(
            f"Its validation accuracy, {estimate(accuracy)}, is worse than "
            f"always naming one class ({number(chance)})."
        )
    return said


def one_class(stuck: int, seeds: int) -> str | None:
    """Says how many seeds gave every validation example the same class; None if none did."""
    if not stuck:
        return None
    return f"In {stuck} of {count(seeds, 'seed')} it gives every validation example the same class."


def order(first: str, second: str, a: Estimate, b: Estimate, what: str, digits: int = 3) -> str:
    """Orders two cells by a measure, or says why their seeds do not."""
    both = f"{estimate(a, digits)} against {estimate(b, digits)}"
    if a.sign is None or b.sign is None:
        return (
            f"{what.capitalize()}: **{first}** against **{second}**, {both}; "
            "without intervals these cannot be ordered."
        )
    if a.low > b.high or b.low > a.high:
        way = "higher" if a.low > b.high else "lower"
        return (
            f"**{first}** ends with a {way} {what} than **{second}**: {both}; "
            "the intervals do not overlap."
        )
    return (
        f"{what.capitalize()} does not order **{first}** and **{second}**: {both}; "
        f"the intervals overlap at {count(min(a.n, b.n), 'seed')}."
    )


def place(value: Estimate, published: list[float]) -> str | None:
    """Where an interval lies against the range of published numbers.

    Returns `inside` (wholly), `reaches` (in part), `above`, `below`; None where one is missing.
    """
    known = [x for x in published if np.isfinite(x)]
    if not known or value.sign is None:
        return None
    low, high = min(known), max(known)
    if value.low > high:
        return "above"
    if value.high < low:
        return "below"
    return "inside" if low <= value.low and value.high <= high else "reaches"


def beside_published(name: str, value: Estimate, published: list[float], digits: int = 3) -> str:
    """Sets a cell's validation accuracy beside the published ones; empty where none is known."""
    where = place(value, published)
    if where is None:
        return ""
    known = sorted(x for x in published if np.isfinite(x))
    if known[0] == known[-1]:
        runs = "one run" if len(known) == 1 else count(len(known), "run")
        span = f"the published {number(known[0], digits)} ({runs})"
        reaches = f"holds {span}"
    else:
        span = (
            f"the published {number(known[0], digits)} to {number(known[-1], digits)} "
            f"({count(len(known), 'single run')})"
        )
        reaches = f"overlaps {span}"
    verb = {
        "above": f"lies above {span}",
        "below": f"lies below {span}",
        "inside": f"lies inside {span}",
        "reaches": reaches,
    }[where]
    return (
        f"**{name}**: the interval of the validation accuracy, {estimate(value, digits)}, {verb}."
    )


def heat(inside: Estimate, area: float, difference: Estimate) -> str:
    """Whether heatmaps prefer the zone: share of the heat inside it against its share of area."""
    facts = (
        f"{percent(inside, 1)} of the heat lies inside the known zone, "
        f"which is {number(100 * area, 1)}{NBSP}% of the image"
    )
    if difference.sign is None:
        return f"{facts}; without an interval over seeds this may be chance."
    if difference.sign == 0:
        return (
            f"{facts}; the difference, {percent(difference, 1)}, may be 0 at "
            f"{count(difference.n, 'seed')}, so the maps are not seen to prefer the zone."
        )
    more = "more" if difference.sign > 0 else "less"
    return f"{facts}: {percent(difference.size, 1)} {more} than an even map would put there."


def summary(cells: list[dict]) -> list[str]:
    """Three to six sentences on all cells together.

    Parameters
    ----------
    cells
        One dict a cell: `name`, `values` (estimates by measure), `published` (list of validation
        accuracies), `chance`.
    """
    told = [c for c in cells if c["values"]["overfitting"].sign is not None]
    if not cells:
        return ["No cell has been trained yet."]
    said = []
    accuracy = {c["name"]: c["values"]["final_val_accuracy"] for c in cells}
    lowest = min(accuracy, key=lambda name: accuracy[name].mean)
    highest = max(accuracy, key=lambda name: accuracy[name].mean)
    if len(cells) > 1:
        said.append(
            f"Over {count(len(cells), 'cell')} the final validation accuracy runs from "
            f"{estimate(accuracy[lowest])} (`{lowest}`) to {estimate(accuracy[highest])} "
            f"(`{highest}`)."
        )
    if not told:
        return [*said, "No cell has two seeds, so no number here has an interval."]
    chance = [
        c["name"]
        for c in told
        if c["values"]["final_val_accuracy"].low
        <= c["chance"]
        <= c["values"]["final_val_accuracy"].high
    ]
    if chance:
        said.append(
            f"{count(len(chance), 'cell')} cannot be told from always naming one class: "
            f"{listing([f'`{x}`' for x in chance])}."
        )
    over = [
        c
        for c in told
        if c["values"]["overfitting"].sign == 1 and c["values"]["validation_trend"].sign == 1
    ]
    over.sort(key=lambda c: -c["values"]["overfitting"].mean)
    if over:
        most = over[0]
        said.append(
            f"{len(over)} of {count(len(told), 'cell')} "
            f"{'overfits' if len(over) == 1 else 'overfit'} (validation loss above training loss, "
            f"and rising): {'' if len(over) == 1 else 'most of all '}`{most['name']}`, "
            f"by {estimate(most['values']['overfitting'])}."
        )
    else:
        said.append(
            f"None of {count(len(told), 'cell')} overfits, if that means a validation loss above "
            "the training loss, and rising."
        )
    falling = [c["name"] for c in told if c["values"]["slope"].sign == -1]
    said.append(
        f"The training loss still falls at the end in {len(falling) or 'none'} of "
        f"{count(len(told), 'cell')}."
    )
    placed = [(c["name"], place(accuracy[c["name"]], c["published"])) for c in told]
    placed = [(name, where) for name, where in placed if where]
    if placed:
        within = [name for name, where in placed if where in ("inside", "reaches")]
        sides = [
            f"{side} it in {listing([f'`{n}`' for n, where in placed if where == side])}"
            for side in ("below", "above")
            if any(where == side for _, where in placed)
        ]
        rest = f"; it lies {' and '.join(sides)}" if sides else ""
        said.append(
            f"Beside the published numbers, our interval of the validation accuracy meets their "
            f"range in {len(within)} of {count(len(placed), 'cell')}{rest}."
        )
    widest = max(told, key=lambda c: accuracy[c["name"]].high - accuracy[c["name"]].low)
    wide = accuracy[widest["name"]]
    said.append(
        f"Seeds differ most in `{widest['name']}`, where the interval of the validation "
        f"accuracy is {number(wide.high - wide.low)} wide at {count(wide.n, 'seed')}."
    )
    return said
