"""The notice: for eyes as a page, for whoever reckons its digest as the bytes that the digest is of.

It is written in as much of Markdown as is read here: headings, paragraphs, lists, **strong** and `code`.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from functions.gateway.api_node import notice, raw_notice
from functions.gateway.call import Answer, Call
from functions.gateway.pages.render import page


class Block(Struct, frozen=True):
    """A heading, a paragraph or a list, as pieces of `b`, `code` or plain text; a list has several items."""

    tag: str
    items: tuple[tuple[tuple[str, str], ...], ...]


def show(call: Call) -> Answer:
    """The page for a browser, the bytes for everybody else."""
    if "text/html" not in call.headers.get("accept", ""):
        return raw_notice(call)
    answer = page(
        call,
        "notice.html",
        blocks=tuple(blocks(notice().decode())),
        terms=call.edge.house.terms,
        origin=call.edge.house.origin,
    )
    return Answer(answer.body, answer.status, answer.media_type, {"vary": "Accept"})


def blocks(text: str) -> Iterator[Block]:
    """The text, block by block."""
    for part in re.split(r"\n{2,}", text.strip()):
        marks, _, rest = part.partition(" ")
        if set(marks) == {"#"}:
            yield Block(f"h{len(marks)}", (pieces(rest),))
        elif marks == "-":
            yield Block("ul", tuple(pieces(item) for item in re.split(r"\n- ", rest)))
        else:
            yield Block("p", (pieces(part),))


def pieces(text: str) -> tuple[tuple[str, str], ...]:
    """A line's pieces, each with its tag, the line breaks of the source gone."""
    found = re.findall(r"\*\*(.+?)\*\*|`(.+?)`|((?:[^*`]|\*(?!\*))+)", re.sub(r"\s*\n\s*", " ", text))
    return tuple(("b", b) if b else ("code", code) if code else ("", plain) for b, code, plain in found)
