"""Quarto Markdown -> one self-contained HTML file, by Quarto or, where it cannot be had, Pandoc."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pypandoc

from labproof.errors import LabError

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


def run(command: list[str], folder: Path) -> None:
    """Run a renderer in a folder; a failure is told with the end of what it said."""
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        said = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise LabError(f"{Path(command[0]).name} cannot render the report:\n{said}")
    print(done.stdout, end="")


def with_quarto(qmd: Path, html: Path, program: str) -> None:
    """Render by `quarto render`, which writes beside the source."""
    run([program, "render", qmd.name, "--to", "html", "--output", html.name], qmd.parent)
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
    run(command, qmd.parent)


def render(qmd: Path, html: Path, styles: Path) -> str:
    """Render the report and write into its foot who did.

    Parameters
    ----------
    qmd
        The source; its links are relative to it.
    html
        The page to write.
    styles
        The folder of the filter, the template and the styles: report/.

    Returns
    -------
    str
        The renderer and its version, as `Quarto 1.8.0` or `Pandoc 3.9`.
    """
    qmd, html, styles = (Path(os.path.abspath(path)) for path in (qmd, html, styles))
    html.parent.mkdir(parents=True, exist_ok=True)
    renderer = None
    quarto = find_quarto()
    if quarto:
        program, version = quarto
        try:
            with_quarto(qmd, html, program)
            renderer = f"Quarto {version}"
        except LabError as error:
            print(f"{error}\nPandoc renders the report instead.", file=sys.stderr)
    if renderer is None:
        with_pandoc(qmd, html, styles)
        renderer = f"Pandoc {pypandoc.get_pandoc_version()}"
    page = html.read_text(encoding="utf-8")
    html.write_text(MARK.sub(rf"\g<1>{renderer}\g<2>", page), encoding="utf-8")
    return renderer
