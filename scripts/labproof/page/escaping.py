"""The one boundary between a lab's text and the page: what comes in by here is not live any more.

A lab's YAML, its tables and its findings are written by strangers. All that the page reads of them
comes through `escaped` or `escaped_tables`, once; what the page's own modules make of it is
Markdown.

What could mean something to Markdown, HTML, YAML or Quarto becomes a numeric character reference.
That is the one spelling which all of them read as the character itself: in a paragraph, a heading,
a cell of a table, a caption, an attribute, a raw block and the document's head alike.
"""

import re
from collections.abc import Mapping

# The keys whose text may have *emphasis*, **strong emphasis** and `code`.
SENTENCES = ("statement", "why", "note", "did", "means", "words")
# Control characters, lone surrogates, and what turns the direction of the text around it.
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
SPACE = re.compile("[^\\S\u00a0\u202f]+")  # a line's end could begin a block
SPECIAL = re.compile(
    r"""[\\`*{}\[\]<>\#|~^$@&"=!]
    | ^: | :(?=\S)                    # an address, a fence, a definition
    | (?<![^\W_])_ | _(?![^\W_])      # within a word it is no emphasis, and names have it
    | ^[-+] | (?<=-)- | -(?=-)        # lists, rules and dashes; a single hyphen stays
    | (?<!\w)' | '(?!\w) | (?<=\.)\.  # quotes and dots that would be set as others
    """,
    re.VERBOSE,
)
ORDINAL = re.compile(r"^(\(?\w+)([.)])(?!\S)")  # "1." and "(a)" would begin a list
MARKED = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>[^\s*](?:[^*]*[^\s*])?)\*\*"
    r"|\*(?P<em>[^\s*](?:[^*]*[^\s*])?)\*"
)


def _whole(text: str) -> str:
    return SPACE.sub(" ", UNSEEN.sub("", text)).strip(" ")


def _part(text: str) -> str:
    text = SPECIAL.sub(lambda found: f"&#{ord(found[0])};", text)
    return ORDINAL.sub(lambda found: f"{found[1]}&#{ord(found[2])};", text)


def literal(text: str) -> str:
    """Text that is shown as it is, on one line. A plain name, such as `1a-plain`, is unchanged."""
    return _part(_whole(text))


def sentence(text: str) -> str:
    """The same, but for emphasis and code, which become HTML."""
    text, made, end = _whole(text), "", 0
    for found in MARKED.finditer(text):
        tag = found.lastgroup
        made += _part(text[end : found.start()]) + f"<{tag}>{_part(found[tag])}</{tag}>"
        end = found.end()
    return made + _part(text[end:])


def escaped(data, key: str | None = None):
    """The same strings, lists or mappings, with all text in them escaped, keys too."""
    if isinstance(data, str):
        return sentence(data) if key in SENTENCES else literal(data)
    if isinstance(data, Mapping):
        return {escaped(name): escaped(value, name) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [escaped(value, key) for value in data]
    return data
