"""report.md: passages and their findings, and what is wrong told with its line."""

import contextlib
import re
from pathlib import Path

import pytest

from labproof.errors import LabError
from labproof.lab import plan, prose

ROOT = Path(__file__).parents[2]
TEXT = """Before all tasks.

## 1a

Plain words, then [a passage
over two lines]{finding=one}. A sentence that [brackets] nothing
judged.
- an item with [two]{finding="two"}, and [three]{ finding=three }
- another item
## 2
[Whole]{finding=four}
"""
FINDINGS = ["one", "two", "three", "four", "five"]


def parse(text: str) -> dict:
    return prose.parse(text, "labs/x/report.md", ["1a", "2"], FINDINGS)


def joined(block: dict) -> str:
    return "".join(" " * piece["space"] + piece["words"] for piece in block["pieces"])


def test_passages_keep_their_order_their_task_and_the_text_around_them():
    found = parse(TEXT)
    assert list(found) == ["", "1a", "2"]
    assert prose.passages(found) == ["one", "two", "three", "four"]
    assert [block["item"] for block in found["1a"]] == [False, True, True]
    # without the marks the text is what it was
    bare = re.sub(r"\]\{[^}]*\}", "]", TEXT)
    for blocks in found.values():
        for block in blocks:
            whole = " ".join(bare.replace("[brackets]", "(brackets)").split())
            whole = re.sub(r"[\[\]]", "", whole)
            assert joined(block).replace("[brackets]", "(brackets)") in whole
    assert joined(found["1a"][0]).endswith("A sentence that [brackets] nothing judged.")


def test_sentences_that_nothing_judges_are_counted():
    # before; "Plain words … lines." is judged; "A sentence …" is not; two items; one whole
    assert prose.unjudged(parse(TEXT)) == (3, 6)
    assert prose.unjudged(parse("One. [Two. Three]{finding=one}? Four!")) == (2, 3)


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        ("a\n\n[b]{finding=fve}", 3, 'no finding "fve". Did you mean "five"'),
        ("[a]{finding=one}\nb\n[c]{finding=one}", 3, "of line 1 already"),
        ("a [b]{.c} d", 1, "malformed"),
        ("a\n[ ]{finding=one}", 2, "malformed"),
        ("a\nb {finding=one}", 2, "no words in brackets"),
        ("[a [b]{finding=one} c]{finding=two}", 1, "no words in brackets"),
        ("[a\n\nb]{finding=one}", 3, "no words in brackets"),
        ("a\n[b]{finding=}", 2, "malformed"),
        ("a\n\n## 1b", 3, 'no task "1b". Known: 1a, 2'),
        ("## 1a\n\n# Other", 3, "## 1a"),
        ("## 1a\n\n## 1a", 3, "has a heading already"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, line, cause):
    with pytest.raises(LabError) as told:
        parse(text)
    assert str(told.value).startswith(f"labs/x/report.md, line {line}: ")
    assert cause in str(told.value)


def test_the_prose_of_the_lab_has_each_of_its_sentences_once():
    """Of lab 3, every sentence that the lab wrote and none of our own."""
    lab = plan.resolve(plan.read_config(ROOT), ROOT, preset="smoke")
    theirs = [entry["id"] for entry in lab["findings"] if not entry["ours"]]
    assert sorted(prose.passages(lab["prose"])) == sorted(theirs)
    tasks = {entry["id"]: entry["task"] for entry in lab["findings"]}
    for task, blocks in lab["prose"].items():
        assert {tasks[name] for name in prose.passages({task: blocks})} <= {task}


def test_a_lab_without_a_report_has_none(tmp_path):
    assert prose.read("report.md", tmp_path, ["1a"], []) is None
    (tmp_path / "report.md").write_bytes(b"\xff\xfe")
    with pytest.raises(LabError, match="UTF-8"):
        prose.read("report.md", tmp_path, ["1a"], [])


def test_any_text_is_read_or_refused():
    """No text ends in anything but blocks or a LabError."""
    for text in ("", "\n\n", "[", "]{", "[a](b)", "{", "- ", "-", "#", "[a]{b", "\u2028## 1a"):
        with contextlib.suppress(LabError):
            parse(text)
    assert parse("") == {"": []}
