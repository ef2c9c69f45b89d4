"""A small page in Quarto's shapes (quarto.html): its style is guarded where Quarto is not."""

import re
from pathlib import Path

import pytest

from browsing import BROWSER, listen
from labproof.page.policy import with_policy

REPORT = Path(__file__).parents[2] / "report"
CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(x => x / 255)
    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let under = element, paper;
  do { paper = rgb(getComputedStyle(under).backgroundColor); under = under.parentElement; }
  while (paper[3] === 0 && under);
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(paper)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    style, own = ((REPORT / name).read_text(encoding="utf-8") for name in ("style.css", "page.js"))
    page = Path(__file__).with_name("quarto.html").read_text(encoding="utf-8")
    page = page.replace("/* style.css */", style).replace("/* page.js */", own)
    file = tmp_path_factory.mktemp("shapes") / "page.html"
    file.write_text(with_policy(page, own, [own]), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def visit(browser, address):
    opened = []

    def visit(scheme="light", width=1280):
        page, heard = listen(browser, scheme, width)
        page.goto(address)
        opened.append((page, heard))
        return page

    yield visit
    for page, heard in opened:
        page.close()
        assert heard == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "part",
    [
        ".nav-link.active",
        ".nav-tabs .nav-link",
        "pre code",
        "pre.command code",
        "td code",
        "p code",
    ],
)
def test_tabs_and_code_stand_out(visit, scheme, part):
    assert visit(scheme).evaluate(CONTRAST, part) >= 4.5


@pytest.mark.parametrize("width", [1280, 390])
def test_a_finding_keeps_its_colour_its_height_and_its_command_whole(visit, width):
    page = visit(width=width)
    style = "(part) => Object.assign({}, getComputedStyle(document.querySelector(part)))"
    finding, sentence = (page.evaluate(style, part) for part in (".finding", ".finding .sentence"))
    assert finding["marginBottom"] == "0px"
    assert sentence["color"] == page.evaluate(style, "body")["color"]
    page.locator(".finding > summary").click()
    grounds = page.evaluate(style, ".grounds")
    assert (grounds["borderTopWidth"], grounds["backgroundColor"]) == ("0px", "rgba(0, 0, 0, 0)")
    hidden = "(e) => e.scrollWidth - e.clientWidth"
    assert page.locator("pre.command").evaluate(hidden) == 0


def test_on_a_phone_the_contents_are_a_line_that_unfolds(visit):
    page = visit(width=390)
    link = page.locator("#TOC-body a")
    assert not link.is_visible()
    page.locator("#TOC-body summary").click()
    assert link.is_visible()
    assert page.get_by_role("navigation", name="Contents").count() == 1


def test_the_toggle_says_what_it_is(visit):
    assert visit().get_by_role("link", name="Light or dark").is_visible()


def test_text_has_the_size_that_the_page_gives_it(visit):
    page = visit()
    assert page.evaluate("getComputedStyle(document.querySelector('main p')).fontSize") == "17px"


def test_print_shows_every_pane_and_no_controls(visit):
    page = visit()
    page.emulate_media(media="print")
    for part in ("#one", "#two", "#inside"):
        assert page.locator(part).is_visible(), part
    for part in (".nav-tabs", "#TOC", "#TOC-body", ".controls", ".quarto-color-scheme-toggle"):
        assert not page.locator(part).is_visible(), part


def test_contents_are_there_at_every_width(visit):
    wide, narrow = visit(width=1280), visit(width=390)
    assert wide.locator("#TOC").is_visible() and not wide.locator("#TOC-body").is_visible()
    assert narrow.locator("#TOC-body").is_visible()


def test_the_tabs_stand_on_their_line_and_it_is_whole(visit):
    page = visit()
    box, bar = (page.locator(part).bounding_box() for part in (".panel-tabset", ".nav-tabs"))
    assert bar["width"] == box["width"] > 0
    tab = page.locator(".nav-link.active[role=tab]").bounding_box()
    assert abs(tab["y"] + tab["height"] - bar["y"] - bar["height"]) <= 2


def test_the_first_stop_leads_past_the_contents(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    box = page.locator(".skip").bounding_box()
    assert box["x"] > 0 and box["y"] > 0
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#quarto-document-content"


@pytest.mark.parametrize(("scheme", "line"), [("light", (31, 95, 153)), ("dark", (140, 188, 236))])
def test_lines_of_the_contents_are_of_the_scheme(visit, scheme, line):
    colour = "getComputedStyle(document.querySelector('#TOC a.active')).borderLeftColor"
    assert visit(scheme).evaluate(colour) == "rgb({}, {}, {})".format(*line)


def test_a_callout_is_a_note(visit):
    assert visit().get_by_role("note").inner_text() == "Mind."


def test_captions_of_tables_and_the_first_heading(visit):
    page = visit()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('figcaption')).textAlign") == "left"
    )
    title, first = (page.locator(part).bounding_box() for part in ("h1", "section h2"))
    assert first["y"] - title["y"] - title["height"] > 50


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_chosen_scheme_is_kept_at_a_reload_from_disk(visit, scheme, other):
    page = visit(scheme)
    chosen = "document.body.className"
    assert page.evaluate(chosen) == f"quarto-{scheme}"
    page.locator(".quarto-color-scheme-toggle").click()
    assert page.evaluate(chosen) == f"quarto-{other}"
    page.reload()
    assert page.evaluate(chosen) == f"quarto-{other}"
    page.locator(".quarto-color-scheme-toggle").click()
    page.wait_for_timeout(50)  # what was chosen is kept a moment later
    page.reload()
    assert page.evaluate(chosen) == f"quarto-{scheme}"


def test_quartos_own_colours_are_the_pages():
    """What Quarto mixes its parts from, in each scheme, against the variables of the style."""
    style = (REPORT / "style.css").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"--(\w+): light-dark\((#\w+, #\w+)\)", style))
    for place, scheme in enumerate(("light", "dark")):
        text = (REPORT / f"{scheme}.scss").read_text(encoding="utf-8")
        ours = {name: value.split(", ")[place] for name, value in pairs.items()}
        told = dict(re.findall(r"\$([\w-]+): (#\w+);", text))
        assert told == {
            "body-bg": ours["paper"],
            "body-color": ours["ink"],
            "link-color": ours["accent"],
            "primary": ours["accent"],
            "code-block-bg": ours["raised"],
            "code-bg": ours["raised"],
        }
