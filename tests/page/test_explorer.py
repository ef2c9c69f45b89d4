"""The explorer: its numbers are the figures' and the table's, and it starts when it is asked to."""

import base64
import gzip
import json
import re
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from browsing import BROWSER, listen
from labproof import tables
from labproof.errors import LabError
from labproof.page import explorer, intervals, policy, vega
from labproof.page.figures import curves

REPORT = Path(__file__).parents[2] / "report"
LICENCES = (REPORT / "vega-licences.txt").read_text(encoding="utf-8")
NONE = pd.DataFrame(columns=["cell", "group", "metric", "value"])
HOSTILE = "<img src=x onerror='window.ran = 1'>"

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH")


def history(lengths=(12, 12, 12), **columns) -> pd.DataFrame:
    """Seeds 0, 2, 4, …; each column is a function of seed and epoch."""
    rows = [
        {"seed": 2 * i, "epoch": epoch, **{name: of(i, epoch) for name, of in columns.items()}}
        for i, length in enumerate(lengths)
        for epoch in range(1, length + 1)
    ]
    return pd.DataFrame(rows)


def falling(seed, epoch):
    return 1 / epoch + 0.013 * seed * (1 + epoch % 3)


def lab(cells) -> dict:
    return {"cells": {name: {"task": "one", "label": label} for name, label in cells.items()}}


def unpacked(text: str) -> str:
    return gzip.decompress(base64.b64decode(text)).decode()


# --- the data -----------------------------------------------------------------------------------


def test_the_data_are_the_figures(tmp_path):
    table = history((6, 6, 6), loss=falling, val_loss=lambda s, e: 1 + s / e, accuracy=falling)
    table.loc[4, "val_loss"] = np.inf
    table.to_csv(tmp_path / "a.csv", index=False)
    files = {"a": tmp_path / "a.csv", "untrained": tmp_path / "b.csv"}
    [cell] = json.loads(unpacked(explorer.packed(lab({"a": "A"}), files, None)))["cells"]
    _, drawn = curves.learning_curves({"a": table})
    assert cell["seeds"] == [0, 2, 4]
    for name in ("loss", "val_loss", "accuracy"):
        given = np.array(cell["columns"][name], dtype=float)
        shown = drawn[drawn["kind"] == "seed"].pivot(index="who", columns="epoch", values=name)
        shown = shown.to_numpy(dtype=float)
        np.testing.assert_allclose(given, np.where(np.isfinite(shown), shown, np.nan), rtol=5e-6)


def test_any_column_of_numbers_is_there_and_lengths_may_differ():
    table = history((2, 3), leaves=lambda s, e: 4 * e, phase=lambda s, e: "warm", loss=falling)
    [cell] = explorer.data(lab({"a": None}), {"a": table}, NONE)["cells"]
    assert cell["label"] == "a"
    assert cell["columns"]["leaves"] == [[4, 8], [4, 8, 12]]
    assert list(cell["columns"]) == ["leaves", "loss"]


def test_the_factors_are_students_t():
    cell = history((1,) * 5, loss=falling)
    t = explorer.data(lab({"a": "A"}), {"a": cell}, NONE)["t"]
    assert t[:2] == [None, None]
    assert t[2:] == pytest.approx([stats.t.ppf(0.975, n - 1) for n in (2, 3, 4, 5)])


def test_published_finals_of_its_cells_come_along():
    told = pd.DataFrame(
        [("a", "g", "loss", 0.5), ("b", "g", "loss", 0.6), ("a", "h", "loss", np.nan)],
        columns=NONE.columns,
    )
    found = explorer.data(lab({"a": "A"}), {"a": history(loss=falling)}, told)["published"]
    assert found == [{"cell": "a", "group": "g", "metric": "loss", "value": 0.5}]


def test_a_lab_without_a_training_has_no_explorer():
    assert explorer.packed(lab({}), {}, None) == ""


@pytest.mark.parametrize(
    ("measure", "shown"),
    [
        ("final_val_accuracy", "&show=accuracy"),
        ("overfitting", "&show=loss"),
        ("final(val_dice)", "&show=dice"),
        ("accuracy", ""),
        ("seconds", ""),
    ],
)
def test_an_address_names_cells_and_the_column_of_the_measure(measure, shown):
    assert explorer.address(["1a-plain", "1b"], measure) == f"#explore=1a-plain+1b{shown}"
    assert explorer.address([], measure) == ""


# --- the library in the page --------------------------------------------------------------------

FRAME = '<html><head></head><body><script>1</script><b id="explorer-data"></b></body></html>'


def test_the_policy_lets_the_library_in_by_its_hash_and_nothing_else():
    before = policy.with_policy(FRAME, "", [])
    after = vega.put(before, "let lib = '</script>';", LICENCES)
    rules = [re.search(r'content="(default-src[^"]*)"', page)[1] for page in (before, after)]
    assert re.sub(r" 'sha256-[^']+'$", "", rules[1]) == rules[0]
    assert "unsafe-eval" not in rules[1] and "blob:" not in rules[1]
    block = re.search(r'<script type="application/gzip" id="vega-library">([^<]*)</script>', after)
    assert unpacked(block[1]) == "let lib = '</script>';"
    assert "University of Washington Interactive Data Lab" in after and "--" not in LICENCES


def test_a_page_without_an_explorer_stays_as_it_is():
    assert vega.put("<body></body>", "1", LICENCES) == "<body></body>"


def test_a_page_without_a_policy_takes_no_library():
    with pytest.raises(LabError, match="no policy"):
        vega.put(FRAME, "1", "")


# --- in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def library(pytestconfig):
    """The library, bundled once for as long as pytest's cache is kept: it takes seconds."""
    import vl_convert

    folder = pytestconfig.cache.mkdir("vega-library")
    file = folder / f"{vl_convert.__version__}.js"
    if not file.is_file():
        vega.write(file)
    return file.read_text(encoding="utf-8")


@pytest.fixture
def visit(browser, library, tmp_path):
    """Open a page: that of the fake results, or one that is an explorer of these cells alone."""
    opened = []

    def of_cells(histories, labels, published):
        shell = jinja2.Template((REPORT / "_explorer.html.jinja").read_text(encoding="utf-8"))
        data = json.dumps(explorer.data(lab(labels), histories, published))
        body = shell.render(explorer=vega.packed(data))
        style, own = (
            (REPORT / name).read_text(encoding="utf-8") for name in ("style.css", "explore.js")
        )
        text = (
            f"<!doctype html><html lang=en><head><title>T</title><style>{style}</style></head>"
            f"<body><main>{body}</main><script>{own}</script></body></html>"
        )
        return policy.with_policy(text, text, [own])

    def visit(made=None, *, scheme="light", width=1280, at="", histories=None, labels=None,
              published=NONE):  # fmt: skip
        if made:
            text = made.html.read_text(encoding="utf-8")
        else:
            labels = labels or {name: name.upper() for name in histories}
            text = of_cells(histories, labels, published)
        file = tmp_path / f"{len(opened)}.html"
        file.write_text(vega.put(text, library, LICENCES), encoding="utf-8")
        page, heard = listen(browser, scheme, width)
        page.goto(file.as_uri() + at)
        opened.append((page, heard))
        return page

    yield visit
    for page, heard in opened:
        page.close()
        assert heard == []


def start(page):
    """Unfold the explorer and wait for its drawing."""
    if not page.locator("#explore[open]").count():
        page.locator("#explore > summary").click()
    drawn(page)


def drawn(page):
    page.locator("#explore .drawn canvas").wait_for()
    page.locator("#explore .finals table").wait_for()


def until(page, condition):
    """Wait for a condition; Playwright's own way needs what the policy forbids."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(condition)


def rows(page, name):
    return pd.DataFrame(page.evaluate(f"document.querySelector('#explore').view.data('{name}')"))


def written(page):
    """Cell -> the texts of its row in the table of finals."""
    found = page.evaluate(
        """[...document.querySelectorAll('#explore tbody tr')]
           .map(r => [r.dataset.cell, ...[...r.cells].map(c => c.textContent)])"""
    )
    return {name: texts for name, *texts in found}


@needs_browser
def test_the_page_shows_the_figures_numbers_and_the_tables(visit, made):
    page = visit(made, at="#sec-summary")
    assert page.evaluate("typeof window.vegaEmbed") == "undefined"  # nothing runs before it is open
    start(page)
    names = ["1a-plain", "1a-dropout"]
    histories = {name: tables.read(made.folder / f"histories/{name}.csv") for name in names}
    _, csv = curves.learning_curves(histories)
    lines = rows(page, "lines")
    assert len(lines) == 2 * 2 * 20
    for name, history in histories.items():
        mean = csv[(csv["cell"] == name) & (csv["kind"] == "mean")]
        for split, column in (("training", "loss"), ("validation", "val_loss")):
            mine = lines[(lines["cell"] == name) & (lines["split"] == split)]
            np.testing.assert_allclose(mine["value"], mean[column], rtol=1e-5)
            low, high = stats.t.interval(
                0.95,
                4,
                loc=history.groupby("epoch")[column].mean(),
                scale=history.groupby("epoch")[column].sem(),
            )
            np.testing.assert_allclose(mine[["low", "high"]].T, [low, high], rtol=1e-4)
        finals = intervals.estimates(history)
        for place, measure in ((1, "final_loss"), (2, "final_val_loss")):
            value = finals[measure]
            told = f"{value.mean:.3f}[{value.low:.3f},\xa0{value.high:.3f}]"
            assert written(page)[name][place] == told


@needs_browser
def test_a_link_shows_what_its_sender_saw(visit, made):
    page = visit(made, at="#explore=1b-bn+8-vgg16-bone&show=accuracy&as=seeds&without=training")
    drawn(page)
    lines = rows(page, "lines")
    assert lines["cell"].unique().tolist() == ["1b-bn", "8-vgg16-bone"]
    assert set(lines["split"]) == {"validation"} and len(lines) == 2 * 5 * 20
    table = tables.read(made.folder / "histories/1b-bn.csv")
    np.testing.assert_allclose(
        lines[lines["cell"] == "1b-bn"]["value"], table["val_accuracy"], rtol=5e-6
    )
    assert page.locator("form.find [name=cell]").input_value() == ""  # not the sentences' filter
    page.get_by_role("checkbox", name="with dropout", exact=True).check()
    until(page, "location.hash.includes('1a-dropout')")
    said = page.evaluate("location.hash")
    assert said == "#explore=1b-bn+8-vgg16-bone+1a-dropout&show=accuracy&as=seeds&without=training"
    link = page.locator("a[href='#explore=2a-dropout+2a-spatial']")
    assert link.is_visible()
    link.click()
    page.locator("#explore tr[data-cell='2a-spatial']").wait_for()
    assert list(written(page)) == ["2a-dropout", "2a-spatial"]


@needs_browser
def test_from_the_top_two_actions_show_how_two_cells_differ(visit, made):
    page = visit(made)
    page.get_by_role("link", name="With dropout both accuracies are higher").first.click()
    page.locator("#finding-1a-dropout-better .to-explorer a").click()
    drawn(page)
    assert list(written(page)) == ["1a-dropout", "1a-plain"]
    assert page.locator("#explore [name=show]").input_value() == "accuracy"


@needs_browser
def test_curves_and_table_are_linked(visit):
    cells = {"a": history(loss=falling), "b": history(loss=lambda s, e: 2 + falling(s, e))}
    page = visit(histories=cells)
    start(page)
    focus = "document.querySelector('#explore').view.signal('focus')"
    behind = page.locator("#explore tr.behind")
    page.get_by_role("button", name="one · B").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(focus) == ["b"] and behind.get_attribute("data-cell") == "a"
    page.keyboard.press("Enter")
    assert page.evaluate(focus) == [] and behind.count() == 0
    page.locator("#explore tr[data-cell='a']").hover()
    assert page.evaluate(focus) == ["a"]
    box = page.locator("#explore canvas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 90)  # close to the upper curve
    page.locator("#explore tr.behind[data-cell='a']").wait_for()
    assert page.evaluate(focus) == ["b"]
    assert "one · B" in page.locator("#vg-tooltip-element.visible").inner_text()

    # a brush over the first epochs: the table tells their means
    page.mouse.move(box["x"] + 60, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 360, box["y"] + 200, steps=4)
    page.mouse.up()
    until(page, "location.hash.includes('epochs=')")
    first, last = map(int, re.search(r"epochs=(\d+)\+(\d+)", page.url).groups())
    assert first == 1 and 2 < last < 12
    brushed = cells["a"].query("epoch <= @last").groupby("seed")["loss"].mean()
    assert written(page)["a"][1].startswith(f"{brushed.mean():.3f}[")
    np.testing.assert_allclose(
        rows(page, "finals").query("cell == 'a'")["value"], brushed, rtol=1e-5
    )
    page.get_by_role("button", name="Final epochs").click()
    until(page, "!location.hash.includes('epochs=')")
    final = cells["a"].query("epoch == 12")["loss"]
    assert written(page)["a"][1].startswith(f"{final.mean():.3f}[")
    page.get_by_label("Epochs").fill("11")
    until(page, "location.hash.includes('epochs=11+12')")


@needs_browser
def test_odd_labs(visit):
    """One epoch and seed; ragged; a column that only one cell has; a gap; strange names."""
    cells = {
        "short": history((1,), leaves=lambda s, e: 4.0),
        "ragged": history((3, 5), loss=falling, val_loss=falling),
        "broken": history(
            (4, 4), loss=lambda s, e: np.nan if s and e > 2 else 1.0, val_loss=falling
        ),
    }
    labels = {"short": "short", "ragged": HOSTILE, "broken": "broken"}
    published = pd.DataFrame([("ragged", HOSTILE, "loss", 0.7)], columns=NONE.columns)
    page = visit(histories=cells, labels=labels, published=published)
    start(page)
    assert page.get_by_label("Curves of").input_value() == "leaves"
    assert written(page)["short"][1] == "4.000"
    assert not page.locator("#explore .splits").is_visible()
    page.get_by_label("Curves of").select_option("loss")
    page.locator("#explore th", has_text="val_loss").wait_for()
    found = written(page)
    assert found["short"][1:3] == ["–", "–"] and found["broken"][1] == "–"
    ends = [1 / 3, 1 / 5 + 0.013 * 3]
    assert found["ragged"][1].startswith(f"{np.mean(ends):.3f}[")
    assert "not finite in 1 of 2 seeds" in page.locator("#explore .remark").inner_text()
    lines = rows(page, "lines").query("cell == 'broken' and split == 'training'")
    assert lines["value"].tolist() == [1.0] * 4 and lines["n"].tolist() == [2, 2, 1, 1]
    assert HOSTILE in page.locator("#explore tbody").inner_text()
    assert HOSTILE in rows(page, "published")["group"].tolist()
    page.get_by_role("radio", name="each seed").check()
    until(page, "location.hash.includes('as=seeds')")
    page.get_by_role("checkbox", name="logarithmic").check()
    until(page, "location.hash.includes('log=yes')")
    box = page.locator("#explore canvas").bounding_box()
    for x in range(60, int(box["width"]), 60):
        page.mouse.move(box["x"] + x, box["y"] + 120)
    assert page.evaluate("window.ran") is None
    assert page.locator("#explore img, #vg-tooltip-element img").count() == 0
    for name in ("training", "validation"):
        page.get_by_role("checkbox", name=name).uncheck()
    page.get_by_text("Nothing to draw").wait_for()


@needs_browser
def test_more_cells_than_colours(visit):
    page = visit(histories={f"c{i}": history((2, 2), loss=falling) for i in range(10)})
    start(page)
    assert len(written(page)) == 8  # at first
    page.get_by_role("checkbox", name="C9").check()
    page.locator("#explore tr[data-cell='c9']").wait_for()
    looks = page.evaluate(
        """[...document.querySelectorAll('#explore .swatch')]
           .map(s => s.style.color + s.querySelector('path + path').getAttribute('d'))"""
    )
    assert len(set(looks)) == 9


@needs_browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious_and_all_is_in_its_width(visit, made, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(made, scheme=scheme, width=width, at="#explore=1a-plain+1a-dropout")
    drawn(page)
    page.wait_for_timeout(200)
    found = axe.run(page, context="#explore").response
    assert len(found["passes"]) > 8
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    canvas = page.locator("#explore canvas").bounding_box()
    drawing = page.locator("#explore .drawn").bounding_box()
    assert canvas["width"] <= drawing["width"] + 1 and canvas["height"] > 200
    page.emulate_media(media="print")
    assert not page.locator("#explore").is_visible()
    assert not page.locator(".to-explorer").first.is_visible()


@needs_browser
def test_another_scheme_is_drawn_anew(visit):
    page = visit(histories={"a": history(loss=falling)})
    start(page)
    tint = "document.querySelector('#explore').view.scale('color').range()[0]"
    assert page.evaluate(tint) == "rgb(0, 114, 178)"  # as training is in the figures
    page.emulate_media(color_scheme="dark")
    until(page, f"{tint} === 'rgb(86, 180, 233)'")
    page.evaluate("document.body.className = 'quarto-light'")  # Quarto's own switch
    until(page, f"{tint} === 'rgb(0, 114, 178)'")


@needs_browser
def test_without_the_library_or_scripts_nothing_is_offered(browser, made):
    page, heard = listen(browser)
    page.goto(made.html.as_uri())
    assert not page.locator("#explore").is_visible()
    assert not page.locator(".to-explorer").first.is_visible()
    page.close()
    assert heard == []
