"""One browser for all tests of the page, and one page of the fake results."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import fake_results
from browsing import BROWSER, FLAGS
from labproof.page import rendering, report

REPORT = Path(__file__).parents[2] / "report"


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The fake results and their page by Pandoc: folder, lab, published, qmd, html. Read alone."""
    folder = tmp_path_factory.mktemp("fake") / "results" / "demo"
    lab = fake_results.make(folder)
    published = fake_results.published(folder.parent / "published.csv")
    qmd, html = folder / "report" / "index.qmd", folder / "report" / "index.html"
    report.write(lab, folder, published, REPORT / "index.qmd.jinja", qmd)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "find_quarto", lambda: None)
        assert rendering.render(qmd, html, REPORT).startswith("Pandoc")
    return SimpleNamespace(folder=folder, lab=lab, published=published, qmd=qmd, html=html)
