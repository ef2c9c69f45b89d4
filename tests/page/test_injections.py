"""Text of strangers on the page: it is shown and does nothing, and the policy stops what would."""

import base64
import copy
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

import fake_results
from browsing import BROWSER, listen
from labproof.data import audit
from labproof.judging import record
from labproof.page import escaped_tables, policy, rendering, report
from labproof.page.escaping import literal, sentence

REPORT = Path(__file__).parents[2] / "report"
RUN = "window.ran=1"
INJECTIONS = [
    f"<script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"<svg/onload={RUN}>",
    f"</title></details></main><script>{RUN}</script>",
    f"<!-- --!><script>{RUN}</script> -->",
    f"[click](javascript:{RUN})",
    f"[x]{{onmouseover={RUN}}} [y]{{.z style='position:fixed'}}",
    f'" onerror="{RUN}" x="',
    f'"}} onerror={RUN} {{#id',
    f"`<script>{RUN}</script>`{{=html}}",
    f"\n\n```{{=html}}\n<script>{RUN}</script>\n```\n\n",
    f"\n```\n<script>{RUN}</script>",
    "![a](http://127.0.0.1:9/pixel.png) ![b](//127.0.0.1:9/pixel.png)",
    "![](file:///etc/passwd){#fig-x} [a]: http://127.0.0.1:9",
    "{{< include /etc/passwd >}} {{< meta title >}}",
    "@nobody [@fig-nowhere; -@x] [^1] ^[a note] x] [y",
    "$\\frac{1}{2}$ \\input{/etc/passwd} $$x$$",
    "{{ lab }} {% raw %} <# x #> {{ ''.__class__ }}",
    "a | b || c \\| d\n| e | f |\n|---|---|",
    "\n---\ntitle: x\nheader-includes: <script>1</script>\n---\n",
    "\n# Heading\n\n::: {.callout-note}\n- item\n1. one\n> quote\n:::",
    "**open *mixed `code ** ~~del~~ ==mark== ^up^ ~down~ _e_",
    "a \x1b[31m \u202edlrow &lt;b&gt; &amp; &#60;b>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<base href='http://127.0.0.1:9/'><meta http-equiv=refresh content='0;url=http://127.0.0.1:9'>",
    "<style>@import 'http://127.0.0.1:9/x.css';</style><form action=http://127.0.0.1:9><button>",
]


@pytest.mark.parametrize("name", ["1a-plain", "final_val_accuracy", "lab report", "0-4", "3.9.1"])
def test_names_and_plain_words_stay(name):
    assert literal(name) == name


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("*a* b", "<em>a</em> b"),
        ("**a b**", "<strong>a b</strong>"),
        ("`a|<b>`", "<code>a&#124;&#60;b&#62;</code>"),
        ("2 * 3 * 4", "2 &#42; 3 &#42; 4"),
        ("*a", "&#42;a"),
        ("1. a", "1&#46; a"),
        ("don't 'say' a...", "don't &#39;say&#39; a.&#46;&#46;"),
        ("a\n\n# b", "a &#35; b"),
        ("a\0b\x1b \u202ec \ud800", "ab c"),
    ],
)
def test_a_sentence_has_emphasis_and_code_and_no_more(text, made):
    assert sentence(text) == made


def test_a_table_is_escaped_and_its_numbers_are_not():
    table = pd.DataFrame({"a<b": ["<i>", None], "x": [1.5, 2.0], "y": [True, False]})
    found = escaped_tables.of(table)
    assert list(found) == ["a&#60;b", "x", "y"]
    assert found["a&#60;b"].iloc[0] == "&#60;i&#62;" and found["a&#60;b"].isna().iloc[1]
    assert found["x"].tolist() == [1.5, 2.0] and found["y"].tolist() == [True, False]


def poison(folder: Path, lab: dict, say: Callable[[], str]) -> tuple[dict, Path, list[dict]]:
    """Put strange text into every field that reaches the page: lab, published.csv, gaps."""
    lab = copy.deepcopy(lab)
    lab["title"], lab["blocks"] = say(), {cell: ["0-1", "2-4"] for cell in lab["cells"]}
    for task in lab["tasks"].values():
        task["title"], task["did"] = say(), say()
    for cell in lab["cells"].values():
        cell["label"], cell["initializer"] = say(), say()
    for dataset in lab["datasets"].values():
        dataset["classes"] = [say(), say()]
    for piece in (p for blocks in lab["prose"].values() for b in blocks for p in b["pieces"]):
        piece["words"] = say()
    for source in lab["sources"].values():
        source |= {"kind": "folder", "path": say()}
    for entry in lab["findings"]:
        entry["statement"], entry["why"], entry["note"] = say(), say(), say()
    judged = record.read(folder / "findings.json")
    for entry in judged:
        entry |= {"statement": say(), "why": say(), "note": say(), "reason": say()}
        entry["curve"], entry["means"], entry["warnings"] = say(), say(), [say()]
        for part in entry["parts"]:
            part["reason"] = part["claim"] = say()
            part["values"] = {f"{cell}: {say()}": v for cell, v in part["values"].items()}
            for row in part["published"]:
                row["group"], row["note"] = say(), say()
    record.write(judged, folder / "findings.json")
    published = fake_results.published(folder.parent / "published.csv")
    table = pd.read_csv(published)
    strange = {group: say() for group in table["group"].unique()}
    table["group"], table["note"] = table["group"].map(strange), [say() for _ in table["note"]]
    table.to_csv(published, index=False)
    for name in lab["datasets"]:
        facts = fake_results.audited(name)[0]
        facts["warnings"] = [say(), say()]
        audit.write(facts, pd.DataFrame(columns=["first", "second"]), folder / "audit" / name)
        edit(folder / "datasets" / name / "records.csv", say, "class")
    for name in lab["cells"]:
        edit(folder / "facts" / f"{name}.csv", say, "device", "backend", "keras")
    heatmaps = folder / "heatmaps" / "8-vgg16-bone"
    edit(heatmaps / "scores.csv", say, "method", "network")
    edit(heatmaps / "sanity.csv", say, "method")
    edit(heatmaps / "gallery.csv", say, "method")
    edit(folder / "interventions" / "8-vgg16-bone.csv", say, "intervention")
    edit(folder / "backbones" / "vgg16" / "facts.csv", say, "weights")
    gaps = [
        {"cell": "1a-plain", "seeds": [0], "cause": say(), "log": "results/lab3/demo/logs/x.log"}
    ]
    return lab, published, gaps


def edit(path: Path, say: Callable[[], str], *columns: str) -> None:
    """Every value of the columns becomes strange text, equal ones the same; `trained` stays."""
    table = pd.read_csv(path)
    for column in columns:
        kept = {"trained", "untrained", "none"}
        strange = {v: v if v in kept else say() for v in table[column].unique()}
        table[column] = table[column].map(strange)
    table.to_csv(path, index=False)


@pytest.fixture(scope="module", params=["all in each field", "one in each field"])
def strange(made, tmp_path_factory, request):
    """The page by Pandoc with injections in every field, each time from another one on.

    All of them together; and each alone, so that none closes what another one opens.
    """
    folder = tmp_path_factory.mktemp("injected") / "results" / "demo"
    shutil.copytree(made.folder, folder)
    said = 0

    def say() -> str:
        nonlocal said
        said += 1
        first = said % len(INJECTIONS)
        if request.param.startswith("one"):
            return f"{INJECTIONS[first]} text {said}"
        return "\n\n".join([*INJECTIONS[first:], *INJECTIONS[:first], f"text {said}"])

    lab, published, gaps = poison(folder, made.lab, say)
    assert said > 150
    qmd, html = folder / "report" / "index.qmd", folder / "report" / "index.html"
    report.write(lab, folder, published, REPORT / "index.qmd.jinja", qmd, gaps)
    rendering.with_pandoc(qmd, html, REPORT)  # without the policy: the first wall stands alone
    return html


needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH")


@needs_browser
def test_no_text_is_live(strange, browser):
    page, heard = listen(browser)
    page.goto(strange.as_uri())
    assert page.evaluate("window.ran") is None and heard == []
    scripts = page.evaluate("[...document.scripts].map(s => s.textContent)")
    own = [path.read_text(encoding="utf-8").strip() for path in REPORT.glob("*.js")]
    assert (
        len(scripts) == len(own) + 3
    )  # and that of pandoc.html, the data of curves and for machines
    data = page.evaluate("document.querySelector('[type=\"application/ld+json\"]').textContent")
    claimed = [review["claimReviewed"] for review in json.loads(data)["@graph"]]
    assert any(injection in text for text in claimed for injection in INJECTIONS)
    assert {text.strip() for text in scripts} >= set(own)
    handlers = page.evaluate(
        """[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
           .filter(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value)).length"""
    )
    assert handlers == 0
    assert page.locator("main iframe, main form:not(.controls), main base, main style").count() == 0
    links = page.evaluate("[...document.links].map(a => a.getAttribute('href'))")
    assert links and all(link.startswith("#") for link in links)
    images = page.evaluate("[...document.images].map(i => i.getAttribute('src').slice(0, 5))")
    assert set(images) == {"data:"}
    page.close()


@needs_browser
def test_text_is_shown_as_it_was_written(strange, browser):
    page, _ = listen(browser)
    page.goto(strange.as_uri())
    text = " ".join(page.evaluate("document.body.textContent").split())
    for written in (INJECTIONS[0], INJECTIONS[5], INJECTIONS[14], INJECTIONS[16], INJECTIONS[17]):
        assert written in text
    page.close()


def test_no_shortcode_stands_in_the_head(strange):
    """There Quarto obeys `{{< env HOME >}}` even where its characters are written as entities."""
    head = strange.with_name("index.qmd").read_text(encoding="utf-8").split("\n---\n")[0]
    assert not re.search(r"\{\{<|>\}\}", unescape(head))
    assert "text 1" in head


@needs_browser
def test_the_policy_stops_what_is_live(tmp_path, browser):
    """The second wall alone: a source that was written without the first."""
    qmd, html = tmp_path / "index.qmd", tmp_path / "index.html"
    live = "\n\n".join(f"```{{=html}}\n{text}\n```" for text in INJECTIONS[:3])
    qmd.write_text(
        f"---\ntitle: A\nsubtitle: b\n---\n\n{live}\n\n"
        "```{=html}\n<script data-x>fetch('http://127.0.0.1:9/a')</script>\n```\n",
        encoding="utf-8",
    )
    rendering.render(qmd, html, REPORT)
    page, heard = listen(browser)
    page.goto(html.as_uri())
    assert page.evaluate("window.ran") is None
    assert not [text for text in heard if text.startswith("http")]
    assert sum("Content Security Policy" in text for text in heard) >= 4
    page.close()


def test_the_page_reads_nothing_but_through_the_boundary():
    """Each module of the page takes tables, audits and findings escaped."""
    folder = REPORT.parent / "scripts" / "labproof" / "page"
    raw = re.compile(
        r"(?<!escaped\()(?<!escaped_tables\.of\(pd\.DataFrame\()"
        r"\b(tables|audit|record|numbers)\.read\("
    )
    readers = {
        path.stem: len(raw.findall(path.read_text(encoding="utf-8")))
        for path in folder.glob("*.py")
    }
    # what a terminal shows, and what machines and the explorer read, has boundaries of its own; the
    # overview escapes all that its template reads
    others = {
        "escaped_tables": 1,
        "ending": 2,
        "comparison": 4,
        "records": 2,
        "crate": 2,
        "explorer": 2,
        "overview": 1,
    }
    assert {name: number for name, number in readers.items() if number} == others


# --- the policy -------------------------------------------------------------------------------


def test_what_a_renderer_brings_along_runs_and_what_the_source_holds_does_not():
    bundled = base64.b64encode(b"window.a = '</script>';").decode()
    page = (
        '<html><head><meta charset="utf-8"></head><body>'
        f'<script type="module" src="data:application/javascript;base64,{bundled}"></script>'
        "<script>window.quarto = 1;</script><script>own();</script><script>bad();</script>"
        '<a onclick="window.quartoToggleColorScheme(); return false;">x</a>'
        '<a onclick="alert(1)">y</a></body></html>'
    )
    found = policy.with_policy(
        page, "<script>own();</script> <script>bad();</script>", ["own();\n"]
    )

    def hashed(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    head = found[: found.index("</head>")]
    runs = ["window.a = '<\\/script>';", "window.quarto = 1;", "own();"]
    runs.append("window.quartoToggleColorScheme(); return false;")
    assert all(hashed(text) in head for text in runs)
    assert head.count("sha256-") == len(runs) and "'unsafe-hashes'" in head
    assert "<script type=\"module\">window.a = '<\\/script>';</script>" in found
    assert found.index("charset") < found.index("Content-Security-Policy") < found.index("<script")
