"""The page in a browser: whole pictures, no sideways scrolling, tabs by keyboard, no network."""

import re
from pathlib import Path

import pytest

from browsing import BROWSER, listen
from labproof.page import rendering

REPORT = Path(__file__).parents[2] / "report"
UNFOLD = "document.querySelectorAll('details').forEach(d => d.open = true)"
LIGHT, DARK = "rgb(253, 252, 250)", "rgb(21, 24, 28)"

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium, chromium-browser or google-chrome on PATH"
)


@pytest.fixture(
    scope="module",
    params=[
        "pandoc",
        pytest.param(
            "quarto",
            marks=pytest.mark.skipif(
                rendering.find_quarto() is None, reason="there is no working Quarto here"
            ),
        ),
    ],
)
def address(request, made):
    """The page of the fake results, as each renderer makes it."""
    if request.param == "pandoc":
        return made.html.as_uri()
    html = made.qmd.with_name("quarto.html")
    assert rendering.render(made.qmd, html, REPORT).startswith("Quarto")
    return html.as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page; by the end it must have asked for nothing and complained of nothing."""
    opened = []

    def visit(scheme="light", width=1280, unfolded=False, at=""):
        page, heard = listen(browser, scheme, width)
        page.goto(address + at)
        if unfolded:
            page.evaluate(UNFOLD)
        opened.append((page, heard))
        return page

    yield visit
    for page, heard in opened:
        page.close()
        assert heard == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_whole_and_in_its_width(visit, scheme, width):
    page = visit(scheme, width)
    # a picture in a closed tab is loaded as well: nothing is lazy
    pictures = page.evaluate("[...document.images].map(i => i.complete && i.naturalWidth > 0)")
    assert len(pictures) > 20 and all(pictures)
    for step in ("null", UNFOLD):
        page.evaluate(step)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        beyond = page.evaluate(
            """[...document.querySelectorAll('main p, main li, h1, h2, h3, figcaption, pre')]
               .filter(e => e.checkVisibility() && !e.closest('.scroll'))
               .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
               .map(e => e.textContent.slice(0, 60))"""
        )
        assert beyond == []


def test_follows_the_preference(visit):
    page = visit("light")
    for scheme, paper in (("light", LIGHT), ("dark", DARK)):
        page.emulate_media(color_scheme=scheme)
        has_paper(page, paper)
        charts = page.evaluate(
            "[...document.querySelectorAll('.chart img')].map(i => getComputedStyle(i).filter)"
        )
        photos = page.evaluate(
            "[...document.querySelectorAll('.photo img')].map(i => getComputedStyle(i).filter)"
        )
        assert len(photos) == 7 and set(photos) == {"none"}
        assert len(charts) > 20
        assert all(("invert" in f) == (scheme == "dark") for f in charts)
        check_contrast(page)


def test_the_toggle_of_quarto_wins(visit):
    page = visit("light")
    for scheme, chosen, paper in (("light", "dark", DARK), ("dark", "light", LIGHT)):
        page.emulate_media(color_scheme=scheme)
        has_paper(page, DARK if scheme == "dark" else LIGHT)
        page.evaluate(f"document.body.className = 'quarto-{chosen}'")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == paper
        inverted = page.evaluate("getComputedStyle(document.querySelector('.chart img')).filter")
        assert ("invert" in inverted) == (chosen == "dark")


def has_paper(page, paper):
    """Wait until the page has that colour: Quarto's script answers a changed preference later."""
    page.wait_for_function(
        "(paper) => getComputedStyle(document.body).backgroundColor === paper", arg=paper
    )


def check_contrast(page):
    """Contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3) for text, quiet text, links and marks."""
    colours = page.evaluate(
        """['.badge.reproduced', '.badge.not-reproduced', '.badge.undecided', '.edge',
            '.shown summary', 'main p', 'figcaption', 'main p a', 'th', '.subtitle',
            '.nav-tabs .nav-link', '.nav-tabs .nav-link.active', '#TOC a', '.ci']
           .map(s => getComputedStyle(document.querySelector(s)).color)"""
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")

    def luminance(colour):
        parts = [int(x) / 255 for x in colour.strip("rgb()").split(",")]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in colours:
        dark, light = sorted([luminance(colour), luminance(paper)])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, colour


def test_tabs_by_keyboard(visit):
    page = visit(unfolded=True)
    tabs = page.locator(".panel-tabset").first.locator('[role="tab"]')
    panels = page.locator(".panel-tabset").first.locator('[role="tabpanel"]')
    assert panels.nth(0).is_visible() and not panels.nth(1).is_visible()
    tabs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert panels.nth(1).is_visible() and not panels.nth(0).is_visible()
    assert tabs.nth(1).evaluate("t => t === document.activeElement")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowRight")  # past the last: the first
    assert panels.nth(0).is_visible()
    page.keyboard.press("End")
    assert panels.last.is_visible()
    page.keyboard.press("Tab")  # leaves the tabs
    assert page.evaluate("document.activeElement.getAttribute('role')") != "tab"
    tabs.nth(0).click()
    assert panels.nth(0).is_visible() and not panels.nth(1).is_visible()


def test_the_scoreboard_is_filtered_by_keyboard(visit):
    page = visit(unfolded=True)
    group = page.get_by_role("group", name="Show in the table")
    choices = group.get_by_role("radio")
    assert choices.count() == 4
    rows = page.locator(".scoreboard tbody tr")
    total = rows.count()

    def shown():
        verdicts = [row.locator(".badge").inner_text() for row in rows.all() if row.is_visible()]
        return [verdict.replace("\xa0", " ").split(" ", 1)[1] for verdict in verdicts]

    assert len(shown()) == total
    choices.nth(0).focus()
    seen = 0
    for verdict in ("reproduced", "not reproduced", "undecided"):
        page.keyboard.press("ArrowRight")
        label = page.evaluate("document.activeElement.labels[0].textContent")
        assert verdict in label
        left = shown()
        assert set(left) == {verdict}
        assert int(label.split()[0]) == len(left)
        seen += len(left)
    assert seen == total
    assert page.locator(".scoreboard thead").is_visible()
    page.emulate_media(media="print")
    assert len(shown()) == total


def test_a_row_leads_to_its_sentence_and_the_details_open_by_keyboard(visit):
    page = visit("light", 390)
    page.locator("#all > summary").click()
    page.locator(".scoreboard").get_by_role("link", name="With dropout there is no").click()
    finding = page.locator("#finding-1a-dropout-none")
    assert 0 <= finding.bounding_box()["y"] < 300
    command = finding.locator("pre.command")
    assert command.is_visible()
    finding.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert not command.is_visible()
    page.keyboard.press("Enter")
    assert command.is_visible()
    assert "make finding ID=1a-dropout-none" in command.inner_text()


def test_drawings_are_hidden_from_screen_readers_and_their_numbers_are_not(visit):
    page = visit(unfolded=True)
    assert page.locator(".evidence").count() > 5
    assert page.locator(".evidence:not([aria-hidden='true'])").count() == 0
    part = page.locator("#finding-1a-plain-accuracy .part").first.aria_snapshot()
    assert "mean, 5" in part
    assert "Final training accuracy of 1a-plain about 0.9, within 0.03" in part


def test_contents_are_closed_on_a_telephone_and_lead_to_a_task(visit):
    assert visit("light", 1280).locator("#TOC ul").is_visible()
    page = visit("light", 390)
    if page.locator("#quarto-document-content").count():
        assert page.locator("#TOC-body").is_visible()
        return
    contents = page.locator("#TOC ul")
    assert not contents.is_visible()
    page.locator("#TOC summary").click()
    contents.get_by_role("link", name="Task 1b").click()
    assert not contents.is_visible()
    top = page.locator("#sec-task-1b h2").bounding_box()["y"]
    bar = page.locator("#TOC").bounding_box()["height"]
    assert bar <= top < 200
    assert page.locator("#TOC details").get_attribute("open") is None


@pytest.mark.parametrize("width", [1280, 390])
def test_what_scrolls_is_reached_by_keyboard_and_nothing_else_is(visit, width):
    page = visit(width=width, unfolded=True)
    page.wait_for_timeout(100)  # the observer has been called
    boxes = page.evaluate(
        """[...document.querySelectorAll('main *')]
           .filter(e => e.checkVisibility() && e.clientWidth > 0)
           .filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))
           .map(e => [e.scrollWidth > e.clientWidth, e.tabIndex === 0])"""
    )
    assert all(scrolls == reached for scrolls, reached in boxes)
    assert width == 1280 or sum(scrolls for scrolls, _ in boxes) > 10


def test_no_picture_has_a_role_without_a_text(visit):
    page = visit()
    assert page.evaluate("document.querySelectorAll('img[alt=\"\"]').length") > 8
    assert page.locator("img[role]:is([alt=''], [aria-label=''])").count() == 0


def test_printed_pages_show_every_tab_on_white(visit):
    page = visit("dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".finding pre").first.is_visible()
    assert not page.locator(".find").is_visible()
    # nothing is folded: what a summary stands before has its height; controls are not printed
    folded = "[...document.querySelectorAll('details:not(.explorer, nav *)')].filter(d => !d.open)"
    hidden = f"{folded}.filter(d => !d.lastElementChild.checkVisibility()).length"
    assert page.evaluate(f"{folded}.length") > 10 and page.evaluate(hidden) == 0
    assert not page.locator(".browse .controls").is_visible()
    assert page.locator('[role="tabpanel"]').nth(1).is_visible()
    assert not page.locator("#TOC").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.chart img')).filter") == "none"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(34, 38, 43)"


# --- the heatmaps' gallery ---------------------------------------------------------------------


def shown(page, part):
    return page.evaluate(
        f"[...document.querySelectorAll('.browse {part}')].filter(e => e.checkVisibility()).length"
    )


def test_the_gallery_is_browsed_by_keyboard(visit):
    page = visit(unfolded=True)
    assert shown(page, ".tile") == 4 and shown(page, ".heat") == 4
    visible = "[...document.querySelectorAll('.browse .heat:not([hidden])')]"
    assert page.evaluate(f"{visible}.map(e => e.dataset.method + e.dataset.seed)") == ["00"] * 4
    method = page.get_by_label("Maps by")
    method.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"{visible}.map(e => e.dataset.method)") == ["1"] * 4
    page.locator(".browse").get_by_label("Seed").select_option("4")
    assert page.evaluate(f"{visible}.map(e => e.dataset.seed)") == ["4"] * 4
    assert page.locator(".browse figcaption span:visible").first.inner_text().startswith("✗")


def test_the_gallery_shows_right_and_wrong_answers(visit):
    page = visit(unfolded=True)
    page.locator(".browse").get_by_label("Seed").select_option("4")
    answers = page.get_by_label("Answers")
    answers.select_option("wrong")
    assert shown(page, ".tile") == 1
    answers.select_option("right")
    assert shown(page, ".tile") == 3
    page.locator(".browse").get_by_label("Seed").select_option("0")
    answers.select_option("wrong")
    assert shown(page, ".tile") == 0
    assert page.locator(".browse").get_by_role("status").inner_text() == "No image is left."


def test_the_gallery_lets_the_layers_be_told_apart(visit):
    page = visit(unfolded=True)
    opacity = "getComputedStyle(document.querySelector('.browse .heat')).opacity"
    assert page.evaluate(opacity) == "1"
    page.get_by_label("opacity of the heatmap").focus()
    page.keyboard.press("Home")
    assert page.evaluate(opacity) == "0"
    seen = "getComputedStyle(document.querySelector('.browse .{}')).visibility"
    for label, part in (("outline of the zone", "outline"), ("image", "picture")):
        assert page.evaluate(seen.format(part)) == "visible"
        page.locator(".browse").get_by_label(label, exact=True).focus()
        page.keyboard.press("Space")
        assert page.evaluate(seen.format(part)) == "hidden"


def test_the_gallery_without_scripts_shows_the_first_maps(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.locator("#heat-8-vgg16-bone > summary").click()
    assert page.locator(".browse form").is_hidden()
    assert page.locator(".browse .heat:visible").count() == 4
    context.close()


def test_the_layers_lie_over_one_another(visit):
    for width in (1280, 390):
        page = visit(width=width, unfolded=True)
        boxes = page.evaluate(
            """[...document.querySelector('.browse .stack').children]
            .filter(e => e.checkVisibility())
            .map(e => e.getBoundingClientRect()).map(r => [r.x, r.y, r.width, r.height])"""
        )
        assert len(boxes) == 3 and all(box == boxes[0] for box in boxes)
        assert boxes[0][2] == boxes[0][3] > 100


# --- the report with its marks, and the way to the evidence --------------------------------------


def test_a_passage_is_marked_by_shape_and_word_and_unfolds_its_evidence(visit):
    page = visit()
    lines, marks = {}, {}
    for verdict in ("reproduced", "not-reproduced"):
        passage = page.locator(f".report .passage.{verdict}").first
        lines[verdict] = passage.evaluate("e => getComputedStyle(e).textDecorationStyle")
        marks[verdict] = passage.locator(".sign").inner_text()
        note = passage.locator(".note")
        assert not note.is_visible()
        passage.locator("a").focus()
        assert note.is_visible() and verdict.replace("-", " ") in note.inner_text()
        described = passage.locator("a").get_attribute("aria-describedby")
        assert described == note.get_attribute("id")
    assert lines == {"reproduced": "solid", "not-reproduced": "wavy"}
    assert marks == {"reproduced": "✓", "not-reproduced": "✗"}
    passage = page.locator(".report a[href='#finding-1a-dropout-better']")
    finding = page.locator("#finding-1a-dropout-better")
    assert finding.get_attribute("open") is None
    passage.focus()
    page.keyboard.press("Enter")
    finding.locator(".grounds").wait_for(state="visible")
    assert finding.get_attribute("open") is not None
    page.locator("#finding-1a-dropout-better > summary").click()
    passage.click()  # the same link again
    finding.locator(".grounds").wait_for(state="visible")


def test_the_address_says_what_is_shown_and_shows_what_it_says(visit):
    page = visit(at="#verdict=reproduced&task=1a")
    rows = page.locator(".scoreboard tbody tr:visible")
    assert rows.count() == 3 and page.locator("#all").get_attribute("open") is not None
    assert page.locator("#all .found").inner_text() == "3 of 5"
    page.get_by_label("Search").fill("VALIDATION overfits")
    assert rows.count() == 1
    assert page.evaluate("location.hash") == "#verdict=reproduced&task=1a&q=VALIDATION+overfits"
    page.get_by_role("button", name="Show all").click()
    rows.nth(4).wait_for()
    assert rows.count() == 5 and page.evaluate("location.hash") == ""
    page.locator(".find [name=cell]").select_option("8-vgg16-bone")
    assert rows.count() == 1 and page.evaluate("location.hash") == "#cell=8-vgg16-bone"


# Five questions that a new reader has, each answered in two actions at most, from the top.


@pytest.mark.parametrize("width", [1280, 390])
def test_without_an_action_whether_the_report_holds(visit, width):
    page = visit(width=width)
    tally = page.locator(".tally").inner_text().replace("\xa0", " ").split()
    assert " ".join(tally) == "3 ✓ reproduced 1 ✗ not reproduced 1 ? undecided"
    box = page.locator(".tally").bounding_box()
    assert box["y"] + box["height"] < 900


def test_two_actions_answer_how_two_cells_differ(visit):
    page = visit()
    page.locator("#TOC").get_by_role("link", name="Task 1a").click()
    task = page.locator("#sec-task-1a")
    assert task.locator("#fig-1a-curves").is_visible()  # side by side
    task.get_by_text("Final numbers beside the published ones").click()
    told = task.get_by_text("without dropout ends with a higher validation loss than with dropout")
    assert re.search(
        r"[\d.]+ \[.*\] against [\d.]+ \[.*\]; the intervals do not overlap",
        told.inner_text().replace("\xa0", " "),
    )
    numbers = task.locator("#tbl-1a")
    assert numbers.get_by_text("with dropout", exact=True).is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_two_actions_answer_how_to_make_this_page(visit, width):
    page = visit(width=width)
    contents = page.locator("#TOC, #TOC-body").filter(visible=True)
    if width == 390:
        contents.locator("summary").click()
    contents.get_by_role("link", name="how to reproduce this page").click()
    command = page.locator("#sec-versions pre.command").first
    assert command.is_visible() and command.bounding_box()["y"] < 900
    assert command.inner_text().startswith('make report PRESET=demo CONFIG="')


def test_from_the_top_two_actions_answer_why_it_is_undecided(visit):
    page = visit()
    page.locator(".tally .undecided").click()
    row = page.locator(".scoreboard tbody tr:visible")
    row.get_by_role("link").click()
    assert "Only a part of the interval" in page.locator("#finding-8-accuracy .said").inner_text()


def test_what_surprises_stands_on_the_first_screen(visit):
    for width in (1280, 390):
        page = visit(width=width)
        first = page.get_by_role("link", name="With dropout both accuracies are higher").first
        assert first.bounding_box()["y"] < 900
    first.click()
    page.locator("#finding-1a-dropout-better .grounds").wait_for(state="visible")


def test_contents_follow_and_the_search_has_its_key(visit):
    page = visit()
    if page.locator("#quarto-document-content").count():
        return  # Quarto's own contents follow by its own script
    page.locator("#sec-task-2a").evaluate("e => e.scrollIntoView()")
    page.locator("#TOC [aria-current]", has_text="Task 2a").wait_for()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("a/b")
    assert page.evaluate("document.activeElement.value") == "a/b"


def test_a_command_is_copied(visit):
    page = visit(at="#finding-1a-plain-accuracy")
    button = page.locator("#finding-1a-plain-accuracy .copy")
    button.click()
    page.locator(".copy", has_text=re.compile("Copied|Selected")).wait_for()


def test_the_page_is_short_until_it_is_unfolded(visit):
    height = "document.documentElement.scrollHeight"
    folded, unfolded = visit(), visit(unfolded=True)
    assert folded.evaluate(height) < unfolded.evaluate(height) / 2


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious(visit, scheme, width):
    """axe-core's rules for WCAG; what it calls minor or moderate may stay."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(scheme, width)
    for step in ("null", UNFOLD):
        page.evaluate(step)
        page.wait_for_timeout(100)  # boxes that scroll have been found
        found = axe.run(page).response
        assert len(found["passes"]) > 20
        serious = [e for e in found["violations"] if e["impact"] in ("serious", "critical")]
        assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
