"""What a page asks of its reader: its length, weight, time to load, printed pages, axe's findings.

    python benchmarks/page_measures.py results/lab3/demo/report/index.html ...

Needs Chromium. A row a page: its heights folded, in screens of 1280 x 900 and of 390 x 844;
megabytes; seconds until it is loaded, the best of three; pages on A4, as it is printed; what axe
calls serious or critical, and what it calls anything, over both colour schemes, both widths, folded
and unfolded; what the console said.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from _common import ROOT, describe

sys.path.insert(0, str(ROOT / "tests"))

from browsing import BROWSER, FLAGS, listen

SCREENS = {1280: 900, 390: 844}
SERIOUS = ("serious", "critical")
HEIGHT = "document.documentElement.scrollHeight"
UNFOLD = "document.querySelectorAll('details').forEach(d => d.open = true)"
COLUMNS = (
    "page",
    "screens at 1280",
    "screens at 390",
    "MB",
    "s to load",
    "A4 pages",
    "axe serious",
    "axe all",
    "console",
)


def loading(browser, address: str) -> float:
    """Seconds until the load event, in a page of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(address)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def printed(browser, address: str) -> int:
    """How many pages of A4 it takes."""
    page = browser.new_page()
    page.goto(address)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.pdf")
        page.pdf(path=file, format="A4")
        count = len(re.findall(rb"/Type\s*/Page\b", file.read_bytes()))
    page.close()
    return count


def measure(browser, file: Path) -> list[str]:
    """The row of one page."""
    address = file.resolve().as_uri()
    screens, serious, any_kind, said = {}, set(), set(), []
    for scheme in ("light", "dark"):
        for width, height in SCREENS.items():
            page, heard = listen(browser, scheme, width)
            page.goto(address)
            page.wait_for_timeout(500)
            screens[width] = page.evaluate(HEIGHT) / height
            for step in ("null", UNFOLD):
                page.evaluate(step)
                page.wait_for_timeout(200)
                for found in Axe().run(page).response["violations"]:
                    any_kind.add(found["id"])
                    if found["impact"] in SERIOUS:
                        serious.add(found["id"])
            said += heard
            page.close()
    return [
        str(file),
        *(f"{screens[width]:.1f}" for width in SCREENS),
        f"{file.stat().st_size / 1e6:.1f}",
        f"{min(loading(browser, address) for _ in range(3)):.2f}",
        str(printed(browser, address)),
        " ".join(sorted(serious)) or "–",
        " ".join(sorted(any_kind)) or "–",
        str(len(said)) + (f": {said[0][:80]}" if said else ""),
    ]


def main() -> None:
    """Print the table."""
    print(describe())
    for row in (COLUMNS, ["---"] * len(COLUMNS)):
        print(f"| {' | '.join(row)} |")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=BROWSER, args=FLAGS)
        for name in sys.argv[1:]:
            print(f"| {' | '.join(measure(browser, Path(name)))} |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
