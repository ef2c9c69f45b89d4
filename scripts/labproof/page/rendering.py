"""Quarto Markdown -> one self-contained HTML file, by Quarto or, where it cannot be had, Pandoc."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pypandoc

from labproof.errors import LabError
from labproof.page import vega
from labproof.page.policy import with_policy

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # a terminal's; a log has none
# Pandoc gives every embedded image a role, but one without a text is decoration and has none.
ROLE = re.compile(r'(<img) role="img" aria-label(?:="")?(?=[\s/>])')
MARK = re.compile(r'(<span class="renderer">)[^<]*(</span>)')


def find_quarto() -> tuple[str, str] | None:
    """Quarto's program and version: on PATH, or beside the running Python; None if none works.

    The package `quarto-cli` leaves a program that fails when its download failed, so it is asked
    for its version before it is trusted.
    """
    beside = Path(sys.executable).parent / "quarto"
    for program in (shutil.which("quarto"), str(beside) if beside.is_file() else None):
        if program is None:
            continue
        try:
            asked = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=120
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        version = asked.stdout.strip()
        if asked.returncode == 0 and re.match(r"\d+\.\d+", version):
            return program, version
    return None


def run(command: list[str], qmd: Path) -> None:
    """Run a renderer beside its source; a failure is told with the end of what it said."""
    done = subprocess.run(
        command, cwd=qmd.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = COLOUR.sub("", done.stdout)
    if done.returncode != 0:
        end = "\n".join(said.strip().splitlines()[-15:])
        raise LabError(
            f"{qmd}: {Path(command[0]).name} cannot render it; a page that was there stays. "
            f"What it said:\n{end}"
        )
    print(said, end="")


def with_quarto(qmd: Path, html: Path, program: str) -> None:
    """Render by `quarto render`, which writes beside the source."""
    run([program, "render", qmd.name, "--to", "html", "--output", html.name], qmd)
    written = qmd.parent / html.name
    if written.resolve() != html.resolve():
        shutil.move(written, html)


def with_pandoc(qmd: Path, html: Path, styles: Path) -> None:
    """Render by Pandoc with the filter, the template and the styles of the folder `styles`."""
    command = [
        pypandoc.get_pandoc_path(),
        "--from=markdown",
        "--to=html5",
        "--standalone",
        "--embed-resources",
        "--section-divs",
        "--toc",
        "--toc-depth=2",
        "--metadata=toc-title:Contents",
        "--mathml",
        f"--lua-filter={styles / 'quarto.lua'}",
        f"--template={styles / 'pandoc.html'}",
        f"--css={styles / 'pandoc.css'}",
        f"--css={styles / 'style.css'}",
        f"--output={html}",
        qmd.name,
    ]
    run(command, qmd)


def render(qmd: Path, html: Path, styles: Path, library: Path | None = None) -> str:
    """Render the report, write into its foot who did, and give it its policy.

    Parameters
    ----------
    qmd
        The source; its links are relative to it.
    html
        The page to write.
    styles
        The folder of the filter, the template and the styles: report/.
    library
        Vega-Lite, as `vega.write` writes it; without it the page has no explorer.

    Returns
    -------
    str
        The renderer and its version, as `Quarto 1.8.0` or `Pandoc 3.9`.
    """
    qmd, html, styles = (Path(os.path.abspath(path)) for path in (qmd, html, styles))
    html.parent.mkdir(parents=True, exist_ok=True)
    renderer = _rendered(qmd, html, styles)
    page = MARK.sub(rf"\g<1>{renderer}\g<2>", html.read_text(encoding="utf-8"))
    page = ROLE.sub(r"\1", page)
    own = [script.read_text(encoding="utf-8") for script in sorted(styles.glob("*.js"))]
    page = with_policy(page, qmd.read_text(encoding="utf-8"), own)
    if library:
        licences = (styles / "vega-licences.txt").read_text(encoding="utf-8")
        page = vega.put(page, library.read_text(encoding="utf-8"), licences)
    html.write_text(page, encoding="utf-8")
    return renderer


def _rendered(qmd: Path, html: Path, styles: Path) -> str:
    quarto = find_quarto()
    if quarto:
        program, version = quarto
        try:
            with_quarto(qmd, html, program)
            return f"Quarto {version}"
        except LabError as error:
            print(f"{error}\nPandoc renders the report instead.", file=sys.stderr)
    with_pandoc(qmd, html, styles)
    return f"Pandoc {pypandoc.get_pandoc_version()}"
