"""The page's Content-Security-Policy: its own scripts run and no others, no request leaves.

It is the second wall behind `escaping`. A script is trusted for where it comes from: what a
renderer brings along stands in the page and not in its source. The source holds a lab's text, so
of the scripts in there none runs but the project's own.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from labproof.errors import LabError

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
ADDRESS = re.compile(r"\s+src=([\"'])data:([^,\"']*),([^\"']*)\1", re.IGNORECASE)
# The switch of Quarto's colour schemes carries its handler as an attribute.
HANDLER = re.compile(r'\sonclick="(window\.quarto\w+\(\);(?:\s*return false;)?)"')
CHARSET = re.compile(r"<head\b[^>]*>(?:\s*<meta\s+charset=[^>]*>)?", re.IGNORECASE)
SCRIPTS = re.compile(r"(script-src(?: 'sha256-[^']+')+)")
ALLOWED = (
    "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline' data:; "
    "base-uri 'none'; form-action 'none'"
)


def with_policy(page: str, source: str, own: Iterable[str]) -> str:
    """The page with its policy in the head.

    Parameters
    ----------
    page
        HTML as the renderer wrote it, all in one file. Scripts in `data:` addresses are written
        out in place, since a browser knows only inline scripts by their hashes.
    source
        What the page was rendered from.
    own
        The project's own scripts, which are in the source too.
    """
    trusted = {text.strip() for text in own}
    page = SCRIPT.sub(_inline, page)
    texts = [text for _, text in SCRIPT.findall(page)]
    texts = [t for t in texts if t.strip() and (t.strip() in trusted or t.strip() not in source)]
    handlers = HANDLER.findall(page)
    hashes = [_hash(text) for text in dict.fromkeys(texts + handlers)]
    if handlers:
        hashes.append("'unsafe-hashes'")
    scripts = " ".join(hashes) or "'none'"
    policy = f"{ALLOWED}; script-src {scripts}"
    meta = f'\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    page, put = CHARSET.subn(lambda found: found.group() + meta, page, count=1)
    if not put:
        raise LabError(
            "The page that was rendered has no <head>, so it cannot be given its policy."
        )
    return page


def let_in(page: str, script: str) -> str:
    """A page with its policy, which lets in one script more: one that the page itself puts in."""
    page, put = SCRIPTS.subn(lambda found: f"{found[1]} {_hash(script)}", page, count=1)
    if not put:
        raise LabError("The page has no policy that lets a script in, so none can be added to it.")
    return page


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _inline(script: re.Match) -> str:
    attributes, found = script[1], ADDRESS.search(script[1])
    if not found:
        return script.group()
    data = unquote_to_bytes(found[3])
    text = (base64.b64decode(data) if found[2].endswith(";base64") else data).decode("utf-8")
    if "</script" in text.lower():  # in a string of JavaScript the backslash changes nothing
        text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE)
    return f"<script{ADDRESS.sub('', attributes)}>{text}</script>"
