"""The list of measures, as Markdown: `docs/measures.md` is what this writes.

python -m labproof.judging.catalogue > docs/measures.md
"""

import inspect
import re

from labproof.judging.measures import KINDS, MEASURES
from labproof.lab import vocabulary

HEAD = """# Measures

What a claim in `findings.yaml` may say of a cell: `measure: NAME`. Written by
`python -m labproof.judging.catalogue`; a test holds it against the code.

A measure is one number a seed. Where it is taken of new examples, another sample of them would move
it, and that is counted where the cell's predictions tell by how much (`docs/verdicts.md`); where
they cannot, the verdict is over seeds alone, and says so.

## Measures of anything

Any column of a history, any number that a run told by name, any class. `best(x)` and
`epoch_of_best(x)` are the highest or the lowest of it, whichever is better by its name, of which
each part between `_`, `/`, `-` or blanks counts: more of {more};
less of {less}.
"""

NAMED = """
## Measures with a name of their own

Those of a history are cases of the kinds above, which may be written instead.
"""

RELATIONS = """
## What is claimed of them

| relation | says |
| --- | --- |
| `above: 0.8`, `below: 0.8`, with `by: 0.05` | the mean over seeds lies above, at least so far |
| `above: CELL`, `below: CELL`, with `by` | it lies above that of another cell, by so much |
| `above: CELL` with `times: 1.8` | it lies above 1.8 times that of the other: "80 % slower" |
| `below: CELL` with `times: 0.5` | it lies below half that of the other |
| `about: 0.8`, `similar_to: CELL`, with `within: 0.05` | it lies within a margin |
| `less: CELL` with `about: 0.04` and the like | so far above another: "it gains 4 points" |
| `less: CELL` with `above: CELL`, `other_less: CELL` | one gain above another: "more with BN" |
| `over_seeds: spread` with `below: 0.01` | how far the seeds spread, in place of their mean |
| the same with `above: CELL`, `times: 2` | more than twice as wide as those of the other |
| `best_of: [CELL, CELL]` | it is better than that of each of these; one part each |
| `ordered: [CELL, CELL, CELL]` | each cell's lies above the next one's; a part each, no `cell` |
| `alike: [CELL, CELL, CELL]` with `within: 0.02` | their range is smaller; a part each pair |
| `differ: [CELL, CELL, CELL]` with `by: 0.02` | the range is not: the opposite |
| `parts: [...]` | several claims at once |
| `shows: CURVE`, `lacks: CURVE` | all parts of what `curves` defines hold, or not all |

Of several parts all must be reproduced, each at its full level (Berger 1982); one that is not
reproduced, at a level shared among them (Bonferroni), makes the sentence not reproduced.
"""

TAKEN = {
    "histories": "history",
    "predictions": "predictions",
    "scalars": "numbers told",
    "facts": "facts",
    "heatmaps": "heatmaps",
    "interventions": "interventions",
}
WRITTEN = {
    "": "{kind}",
    "column": "{kind}(COLUMN)",
    "columns": "{kind}(COLUMN - COLUMN)",
    "scalar": "{kind}(NAME)",
    "class": "{kind}(K)",
}


def write() -> str:
    """The whole page."""
    listed = {
        "more": _listing(vocabulary.MORE),
        "less": _listing(vocabulary.LESS),
    }
    kinds = [
        (
            WRITTEN[kind.takes].format(kind=name),
            kind.measure.table,
            kind.measure.parameter,
            KINDS[name][0],
        )
        for name, kind in vocabulary.KINDS.items()
    ]
    cases = {name: case for case, name in vocabulary.CASES.items()}
    named = [
        (name, measure.table, measure.parameter, MEASURES[name].of, cases.get(name, ""))
        for name, measure in vocabulary.MEASURES.items()
    ]
    return "".join(
        [
            HEAD.format(**listed),
            _table(("measure", "taken of", "`at`", "what it is"), kinds),
            NAMED,
            _table(("measure", "taken of", "`at`", "what it is", "the same"), named),
            RELATIONS,
        ]
    )


def _table(head: tuple, rows: list) -> str:
    lines = ["", f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for name, table, parameter, function, *case in rows:
        same = [f"`{x}`" if x else "" for x in case]
        cells = [f"`{name}`", TAKEN[table], parameter, _said(function), *same]
        lines.append(f"| {' | '.join(cells)} |".replace("  ", " "))
    return "\n".join(lines) + "\n"


def _said(function) -> str:
    """The first paragraph of its docstring, as one line of a table."""
    text = inspect.getdoc(function).partition("\n\n")[0]
    return re.sub(r"\s+", " ", text).replace("|", r"\|").rstrip(".")


def _listing(known: str) -> str:
    return ", ".join(known.split("|"))


if __name__ == "__main__":
    print(write(), end="")
