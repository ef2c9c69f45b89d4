"""Vega-Lite for the page: one script, which lies in it packed and runs when a reader asks for it.

The page's policy knows the script by the hash of its unpacked text, so that no other may be put in
its place and neither `blob:` nor `unsafe-eval` has to be let in. That holds because the page asks
Vega for its interpreter of expressions, which makes no code of them.
"""

import base64
import gzip
from pathlib import Path

from labproof.page import policy

SNIPPET = "window.vegaEmbed = vegaEmbed;"  # Vega and Vega-Lite are within


def write(output: Path) -> None:
    """Write the library as one script: what `vl-convert` holds, without any request."""
    import vl_convert  # 30 MB, for this alone

    script = vl_convert.javascript_bundle(SNIPPET)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(script, encoding="utf-8", newline="")


def packed(text: str) -> str:
    """Text as gzip in base64, the same for the same text: what a browser unpacks by itself."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode()


def put(page: str, library: str, licences: str) -> str:
    """A finished page, with the library packed at its end and let in by its policy.

    A page that holds no explorer stays as it is.

    Parameters
    ----------
    page
        HTML as `policy.with_policy` gives it.
    library
        The script, as `write` writes it.
    licences
        The notices that go with it; without "--", since they become a comment.
    """
    if 'id="explorer-data"' not in page:
        return page
    page = policy.let_in(page, library)
    before, end, after = page.rpartition("</body>")
    block = f'<script type="application/gzip" id="vega-library">{packed(library)}</script>'
    return f"{before}<!--\n{licences}-->\n{block}\n{end}{after}"
