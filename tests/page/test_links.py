"""Every address on a page leads somewhere, and what is named by an attribute is there."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

# Attributes that name other elements.
NAMING = ("aria-controls", "aria-describedby", "aria-labelledby", "for", "headers")


class Page(HTMLParser):
    """What a page names: identifiers, addresses, and attributes that name identifiers."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.named, self.fields = [], [], [], {}
        self._select = None
        self.feed(text)

    def handle_starttag(self, tag, given):
        given = dict(given)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.named += [name for key in NAMING for name in (given.get(key) or "").split()]
        if tag in ("input", "select") and "name" in given:
            self._select = given["name"]
            self.fields.setdefault(given["name"], set()).add(given.get("value"))
        if tag == "option" and "value" in given:
            self.fields[self._select].add(given["value"])

    def handle_data(self, text):
        if self.lasttag == "option" and text.strip():
            self.fields[self._select].add(text.strip())


@pytest.fixture(scope="module")
def page(made):
    return Page(made.html.read_text(encoding="utf-8"))


def test_no_identifier_stands_twice_and_what_is_named_is_there(page):
    assert len(page.ids) == len(set(page.ids)) > 50
    assert len(page.named) > 5 and set(page.named) <= set(page.ids)


def test_every_link_leads_to_a_place_or_sets_what_there_is_to_choose(page, made):
    inside = [unquote(link[1:]) for link in page.links if link.startswith("#")]
    filters = [link for link in inside if "=" in link]
    assert len(inside) > 40 and set(inside) - set(filters) - {"", "top"} <= set(page.ids)
    assert len(filters) >= 3
    (history, *_) = sorted((made.folder / "histories").glob("*.csv"))
    columns = history.read_text().splitlines()[0].split(",")
    for link in filters:
        asked = dict(parse_qsl(link, keep_blank_values=True, strict_parsing=True))
        if "explore" in asked:  # cells of the explorer, one or more, and a column of theirs
            assert set(asked.pop("explore").split()) <= set(made.lab["cells"]), link
            assert asked.pop("show", "loss") in columns, link
        for field, value in asked.items():
            assert value in page.fields[field], link


def test_what_leads_out_of_the_page_is_an_address(page):
    outside = [urlsplit(link) for link in page.links if not link.startswith("#")]
    assert [link for link in outside if link.scheme not in ("https", "mailto")] == []
    hosts = [link.hostname or "" for link in outside if link.scheme == "https"]
    assert [host for host in hosts if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", host)] == []
