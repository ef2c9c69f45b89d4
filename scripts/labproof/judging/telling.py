"""A finding as plain text for a terminal."""

from collections.abc import Mapping

from labproof import words
from labproof.judging import stuck, verdicts
from labproof.lab import leaves


def tell(entry: Mapping) -> str:
    """One finding as plain text for a terminal, some lines."""
    lines = [f"{entry['id']}: {entry['statement']}", "", f"  {entry['verdict'].upper()}"]
    if len(entry["parts"]) > 1:
        lines[-1] += f". {entry['reason']}"
    if entry["curve"]:
        claimed = "does not" if entry["negated"] else "does"
        lines += ["", f"  {entry['curve'].capitalize()} means: {entry['means']}."]
        lines += [f"  The sentence claims that it {claimed} show."]
    elif entry["negated"]:
        lines += ["", "  The sentence claims that not all of this holds."]
    for part in entry["parts"]:
        lines += [
            "",
            f"  {part['claim'][0].upper()}{part['claim'][1:]}: {_part_verdict(part, entry)}",
        ]
        if part["estimate"] is not None:
            what = leaves.kind(part)
            lines.append(
                f"    {what} {words.number(part['estimate'])}, {_interval(part)}"
                f"{words.count(part['n'], 'seed')}"
            )
        lines.append(f"    {part['reason']}")
        for cell, count in part["stuck"]["cells"].items():
            share = f"[{words.number(count['low'], 2)}, {words.number(count['high'], 2)}]"
            if count["stuck"]:
                lines.append(f"    {stuck.told(cell, count)}, a share in {share}")
        if part["stuck"]["turns"]:
            lines.append("    It rests on there being no stuck seed: as many as so few do not")
            lines.append("    exclude would turn it")
        for cell, values in part["values"].items():
            each = [x if isinstance(x, str) else words.number(x) for x in values.values()]
            lines.append(f"    {cell}: {', '.join(each)}")
    for text in entry["warnings"]:
        lines += ["", f"  Its data carry a warning. {text[0].upper()}{text[1:]}."]
    return "\n".join(lines).replace(words.NBSP, " ") + "\n"


def _part_verdict(part: Mapping, entry: Mapping) -> str:
    """The verdict of a part; of a definition, which the sentence may deny, whether it holds."""
    if entry["curve"] is None and not entry["negated"]:
        return part["verdict"]
    holds = {verdicts.REPRODUCED: "holds", verdicts.NOT_REPRODUCED: "does not hold"}
    return holds.get(part["verdict"], part["verdict"])


def _interval(part: Mapping) -> str:
    """The interval of the last look with its level, where there is one."""
    if not part["looks"]:
        return ""
    last = part["looks"][-1]
    low, high = ("?" if last[key] is None else words.number(last[key]) for key in ("low", "high"))
    return f"{100 * (1 - 2 * last['level']):.3g} % interval [{low}, {high}], "
