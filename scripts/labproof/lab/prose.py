"""report.md -> the lab's prose, task by task, with the passages that findings judge.

The file is plain text: `## 1a` begins what was written of task 1a, a blank line ends a paragraph,
`- ` begins an item of a list. A judged passage is a span with its finding's id,
`[it does not converge]{finding=1a-unconverged}`; each finding at most once. All else is text.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from labproof.errors import LabError
from labproof.lab.validation import suggest

FILE = "report.md"
PASSAGE = re.compile(r"\[([^\[\]]*)\]\{([^{}]*)\}")
JUDGED_BY = re.compile(r"""\s*finding=(["']?)([^\s"']+)\1\s*""")
SPACE = re.compile(r"\s+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
EXAMPLE = "Write [words]{finding=id}, all of it in one paragraph."


def read(
    file: str, root: Path, tasks: Collection[str], findings: Collection[str]
) -> dict[str, list[dict]] | None:
    """The prose of the file `root / file` as `parse` gives it, or None where there is no such file.

    LabError where it is no text, or as `parse` raises it.
    """
    path = root / file
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LabError(f"{file}: is not text in UTF-8. Save it as UTF-8.") from None
    return parse(text, file, tasks, findings)


def parse(
    text: str, file: str, tasks: Collection[str], findings: Collection[str]
) -> dict[str, list[dict]]:
    """The prose of a lab's report.

    Parameters
    ----------
    file
        What messages call it.
    tasks, findings
        The names that headings and passages may use.

    Returns
    -------
    dict
        Task -> its blocks, in order, "" for what stands before the first heading. A block has
        `item`, whether it is one of a list, and `pieces`: `words`, `space` (whether one stands
        before them) and `finding`, the id of what judges them, or None.

    Raises
    ------
    LabError
        A heading names no task, or a passage is malformed, names no finding or one that another
        passage has; with the line.
    """
    found: dict[str, list[dict]] = {"": []}
    task, seen, first = "", set(), {}
    for line, block in _blocks(text):
        if block.startswith("#"):
            task = _task(block, f"{file}, line {line}", tasks)
            if task in seen:
                raise LabError(f'{file}, line {line}: task "{task}" has a heading already.')
            seen.add(task)
            found[task] = []
            continue
        item = block.startswith("- ")
        parts = list(_parts(block[2:] if item else block, f"{file}, line ", line, findings))
        for _, name, place in parts:
            if name in first:
                raise LabError(
                    f'{file}, line {place}: the finding "{name}" judges the passage of line '
                    f"{first[name]} already. Let one passage have it."
                )
            if name is not None:
                first[name] = place
        found[task].append({"item": item, "pieces": _pieces(parts)})
    return found


def passages(prose: Mapping[str, list[dict]]) -> list[str]:
    """Ids of the findings that judge a passage, in the order of the text."""
    pieces = (piece for blocks in prose.values() for block in blocks for piece in block["pieces"])
    return [piece["finding"] for piece in pieces if piece["finding"] is not None]


def unjudged(prose: Mapping[str, list[dict]]) -> tuple[int, int]:
    """(sentences in which no passage is judged, all sentences) of the prose."""
    plain = total = 0
    for block in (block for blocks in prose.values() for block in blocks):
        text = ""
        for piece in block["pieces"]:
            words = piece["words"] if piece["finding"] is None else "\ufffc"
            text += " " * piece["space"] + words
        for sentence in SENTENCE.split(text.strip()):
            total += 1
            plain += "\ufffc" not in sentence
    return plain, total


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of each heading, paragraph and item."""
    start, lines = 0, []
    for number, line in enumerate([*text.replace("\r\n", "\n").split("\n"), ""], 1):
        begins = line.startswith(("#", "- "))
        if lines and (begins or not line.strip() or lines[0].startswith("#")):
            yield start, "\n".join(lines)
            lines = []
        if line.strip():
            start = start if lines else number
            lines.append(line if lines else line.lstrip())


def _task(heading: str, place: str, tasks: Collection[str]) -> str:
    level, _, name = heading.partition(" ")
    name = name.strip()
    if level != "##" or name not in tasks:
        cause = f"a heading has two signs and the name of a task: ## {next(iter(tasks))}"
        if level == "##":
            cause = f'there is no task "{name}".{suggest(name, tasks)}'
        raise LabError(f"{place}: {cause}")
    return name


def _parts(
    text: str, place: str, line: int, findings: Collection[str]
) -> Iterator[tuple[str, str | None, int]]:
    """(words, finding or None, line) of each part of a block that begins on a line."""

    def at(position: int) -> int:
        return line + text.count("\n", 0, position)

    def plain(start: int, end: int) -> Iterator[tuple[str, None, int]]:
        loose = re.search(r"\{\s*finding\b", text[start:end])
        if loose:
            cause = "a passage is malformed: its id has no words in brackets right before it."
            raise LabError(f"{place}{at(start + loose.start())}: {cause} {EXAMPLE}")
        yield text[start:end], None, at(start)

    end = 0
    for found in PASSAGE.finditer(text):
        yield from plain(end, found.start())
        end, where = found.end(), f"{place}{at(found.start())}"
        judged = JUDGED_BY.fullmatch(found[2])
        if not judged or not found[1].strip():
            raise LabError(f"{where}: a passage is malformed: {found[0]!r}. {EXAMPLE}")
        if judged[2] not in findings:
            cause = f'there is no finding "{judged[2]}".{suggest(judged[2], findings)}'
            raise LabError(f"{where}: {cause}")
        yield found[1], judged[2], at(found.start())
    yield from plain(end, len(text))


def _pieces(parts: list[tuple[str, str | None, int]]) -> list[dict]:
    """The parts without the spaces at their ends, which are told beside them."""
    pieces, space = [], False
    for words, finding, _ in parts:
        words = SPACE.sub(" ", words)
        space = space or words.startswith(" ")
        if words.strip():
            pieces.append({"words": words.strip(), "space": space, "finding": finding})
            space = words.endswith(" ")
    return pieces
