"""The lab's prose with its judged passages marked: underlined by verdict, a note, a way on."""

from collections.abc import Mapping, Sequence

from labproof import words
from labproof.page.scoreboard import BADGES


def paragraphs(blocks: Sequence[Mapping], judged: Mapping[str, Mapping]) -> list[dict]:
    """Paragraphs and lists of one task.

    Parameters
    ----------
    blocks
        Of `lab.prose.read`, escaped.
    judged
        Id -> what `scoreboard.finding` gives; a passage without one stays plain.

    Returns
    -------
    list of dict
        `text`, Markdown, and `findings`, those of its passages, in their order.
    """
    found: list[dict] = []
    item = False
    for block in blocks:
        text = "".join(
            " " * piece["space"] + _passage(piece["words"], judged.get(piece["finding"]))
            for piece in block["pieces"]
        )
        own = [judged[piece["finding"]] for piece in block["pieces"] if piece["finding"] in judged]
        if block["item"] and item:
            found[-1]["text"] += f"\n- {text}"
            found[-1]["findings"] += own
        else:
            found.append({"text": f"- {text}" if block["item"] else text, "findings": own})
        item = block["item"]
    return found


def _passage(text: str, finding: Mapping | None) -> str:
    if finding is None:
        return text
    mark, name = BADGES[finding["verdict"]]
    note = f"**{finding['verdict']}**: {finding['decisive']}"
    return (
        f'[[{text}{words.NBSP}[{mark}]{{.sign aria-hidden="true"}}]'
        f'(#finding-{finding["id"]}){{.judged aria-describedby="note-{finding["id"]}"}}'
        f'[{note}]{{#note-{finding["id"]} .note role="tooltip"}}]{{.passage .{name}}}'
    )
