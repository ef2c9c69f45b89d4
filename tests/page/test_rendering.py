"""Quarto's syntax through Pandoc and the filter; the page as one file; the choice of renderer."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from labproof.errors import LabError
from labproof.page import rendering

REPORT = Path(__file__).parents[2] / "report"
NBSP = "\u00a0"
SAMPLE = """---
title: Sample
subtitle: All that the page uses
---

## First {#sec-first}

See @tbl-numbers, [@fig-a; @fig-b] and [the first](#sec-first).

::: {.callout-warning title="Mind"}
Body of the callout.
:::

| a | b |
|:--|--:|
| 1 | a very long line that would make Pandoc give this table relative widths of its columns |

: A table. {#tbl-numbers}

::: {.panel-tabset}
#### One

Inside one.

#### Two

![Second.](a.svg){#fig-b .chart fig-alt="Picture b"}
:::

::: {layout-ncol="2"}
![First.](a.svg){#fig-a .chart .wide fig-alt="Picture a"}

Beside it.
:::

By [Quarto or Pandoc]{.renderer}.
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'


class Structure(HTMLParser):
    """Headings, captions, and the numbers of pictures and tables of a page."""

    def __init__(self):
        super().__init__()
        self.headings, self.captions, self.inside, self.text = [], [], None, ""
        self.pictures = self.tables = 0

    def handle_starttag(self, tag, attrs):
        if tag in ("h2", "h3", "figcaption"):
            self.inside, self.text = tag, ""
        elif tag in ("img", "svg"):
            self.pictures += "figure-img" in str(attrs) or tag == "img"
        self.tables += tag == "table"

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag == self.inside:
            text = " ".join(self.text.split())
            (self.captions if tag == "figcaption" else self.headings).append(text)
            self.inside = None


def structure(html: str) -> Structure:
    seen = Structure()
    seen.feed(html)
    return seen


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    (folder / "a.svg").write_text(SVG, encoding="utf-8")
    (folder / "sample.qmd").write_text(SAMPLE, encoding="utf-8")
    rendering.with_pandoc(folder / "sample.qmd", folder / "sample.html", REPORT)
    return (folder / "sample.html").read_text(encoding="utf-8")


@pytest.fixture
def page(made):
    """(source, page by Pandoc) of the fake results."""
    return made.qmd, made.html


def test_callout(sample):
    callout = re.search(r'<div class="callout callout-warning".*?Body of the callout', sample, re.S)
    assert 'role="note"' in callout.group() and "<strong>Mind</strong>" in callout.group()


def test_references_and_captions_share_their_numbers(sample):
    # fig-b comes first in the document, so it is the first figure
    for identifier, label in [
        ("tbl-numbers", "Table 1"),
        ("fig-a", "Figure 2"),
        ("fig-b", "Figure 1"),
    ]:
        label = label.replace(" ", NBSP)
        assert re.search(rf'<a\s+href="#{identifier}"\s+class="quarto-xref">{label}</a>', sample)
        assert sample.count(f'id="{identifier}"') == 1
    captions = structure(sample).captions
    assert captions == ["Table 1: A table.", "Figure 1: Second.", "Figure 2: First."]


def test_table_keeps_no_widths(sample):
    assert "<col" not in sample
    assert re.search(r'<figure id="tbl-numbers".*?</figcaption>.*?<table', sample, re.S)


def test_tabs_are_tied_to_their_panels(sample):
    tabs = re.findall(r'role="tab" id="(.*?)" aria-controls="(.*?)" aria-selected="(.*?)"', sample)
    assert tabs == [
        ("tabset-1-1-tab", "tabset-1-1", "true"),
        ("tabset-1-2-tab", "tabset-1-2", "false"),
    ]
    for tab, panel, _ in tabs:
        attributes = re.search(rf'<div id="{panel}"([^>]*)>', sample).group(1)
        assert 'role="tabpanel"' in attributes and f'aria-labelledby="{tab}"' in attributes
    assert "<h4" not in sample


def test_grid_and_its_columns(sample):
    assert re.search(r'class="quarto-layout-panel"\s+style="--columns: 2"', sample)


def test_alternative_text_and_classes_of_a_figure(sample):
    assert 'alt="Picture a"' in sample and 'alt="Picture b"' in sample
    figure = re.search(r'<figure id="fig-a"[^>]*>', sample).group()
    assert "chart" in figure and "wide" in figure


@pytest.mark.parametrize(
    ("text", "cause"),
    [("See @fig-nowhere.", "fig-nowhere"), ("![a](a.svg){#fig-x}\n\n![b](a.svg){#fig-x}", "fig-x")],
)
def test_a_reference_that_fails_stops_the_page(tmp_path, text, cause):
    (tmp_path / "a.svg").write_text(SVG, encoding="utf-8")
    (tmp_path / "bad.qmd").write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match=cause):
        rendering.with_pandoc(tmp_path / "bad.qmd", tmp_path / "bad.html", REPORT)


def test_page_loads_nothing_from_elsewhere(page):
    html = page[1].read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert not re.search(r"url\((?!data:|#)|@import", html)
    assert "<script src" not in html


def test_page_holds_what_the_source_holds(page):
    qmd, html = (path.read_text(encoding="utf-8") for path in page)
    seen = structure(html)
    figures = qmd.count("{#fig-")
    assert seen.pictures == figures + qmd.count("<img ")  # the gallery's, in raw HTML
    assert seen.tables == qmd.count("{#tbl-")
    assert len(seen.captions) == figures + qmd.count("<figcaption") + seen.tables
    titles = [
        re.sub(r" \{#.*", "", line[3:].strip()) for line in re.findall(r"^###? .*", qmd, re.M)
    ]
    assert [h.replace(NBSP, " ") for h in seen.headings] == [t.strip() for t in titles]


def test_same_source_same_bytes(page, monkeypatch):
    again = page[1].with_name("again.html")
    monkeypatch.setattr(rendering, "find_quarto", lambda: None)
    rendering.render(page[0], again, REPORT)
    assert again.read_bytes() == page[1].read_bytes()


# --- which program ---------------------------------------------------------------------------


def program(folder: Path, body: str) -> Path:
    """A stand-in for Quarto."""
    path = folder / "quarto"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def only(monkeypatch, folder: Path) -> None:
    """Let Quarto be looked for in one folder."""
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(rendering.sys, "executable", str(folder / "python"))


@pytest.fixture
def source(tmp_path):
    (tmp_path / "a.svg").write_text(SVG, encoding="utf-8")
    qmd = tmp_path / "index.qmd"
    qmd.write_text(SAMPLE, encoding="utf-8")
    return qmd


@pytest.mark.parametrize("body", ["exit 1", "echo broken", "exit 0"])
def test_a_quarto_that_does_not_tell_its_version_is_not_used(monkeypatch, tmp_path, body):
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, body)
    only(monkeypatch, folder)
    assert rendering.find_quarto() is None


def test_quarto_renders_when_it_works(monkeypatch, source, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    stub = '<head></head><p>By <span class="renderer">Quarto or Pandoc</span></p>'
    program(folder, f"[ $1 = --version ] && echo 9.9.1 && exit\necho '{stub}' > $6")
    only(monkeypatch, folder)
    html = tmp_path / "elsewhere" / "page.html"
    assert rendering.render(source, html, REPORT) == "Quarto 9.9.1"
    written = html.read_text(encoding="utf-8")
    assert written.endswith('</head><p>By <span class="renderer">Quarto 9.9.1</span></p>\n')
    assert "script-src 'none'" in written


def test_pandoc_renders_when_quarto_fails(monkeypatch, source, tmp_path, capsys):
    folder = tmp_path / "bin"
    folder.mkdir()
    red = r"printf '\033[31mno deno\033[39m\n'"
    program(folder, f"[ $1 = --version ] && echo 9.9.1 && exit\n{red} >&2; exit 3")
    only(monkeypatch, folder)
    html = tmp_path / "page.html"
    name = rendering.render(source, html, REPORT)
    assert re.fullmatch(r"Pandoc [\d.]+", name)
    assert f'By <span class="renderer">{name}</span>.' in html.read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert "no deno" in said and "\x1b" not in said


@pytest.mark.skipif(rendering.find_quarto() is None, reason="there is no working Quarto here")
def test_quarto_and_pandoc_make_the_same_page(page, tmp_path):
    """Headings, pictures, tables and captions; Quarto counts nothing that Pandoc does not."""
    qmd = page[0]
    html = qmd.with_name("quarto.html")
    rendering.with_quarto(qmd, html, rendering.find_quarto()[0])
    ours, theirs = (
        structure(path.read_text(encoding="utf-8").replace(NBSP, " ")) for path in (page[1], html)
    )
    assert set(ours.headings) <= set(theirs.headings)
    assert ours.captions == theirs.captions
    assert ours.pictures == theirs.pictures
    assert ours.tables == theirs.tables
