"""Templates into pages. Everything that is put into one is escaped."""

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from functions.gateway.auth import Caller
from functions.gateway.call import HTML, Answer, Call
from functions.gateway.forms import csrf
from shared.domain.entries import sentence
from shared.domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, rfc3339
from shared.runtime.edge import Edge, Rejection

if TYPE_CHECKING:
    from jinja2 import Environment

VALUE_CHARACTERS_MAX = 400
_FOLDER = files("functions.gateway.pages")


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def source(name: str) -> str:
        return _FOLDER.joinpath(name).read_text()

    environment = Environment(
        loader=FunctionLoader(source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "moment": rfc3339,
        "minute": minute,
        "short": short,
        "brief_stream": brief_stream,
        "percent": percent,
        "readable": readable,
        "said": said,
        "plain": plain,
    }
    environment.globals |= {"style_version": _style()[1], "sentence": sentence}
    return environment


def page(call: Call, template: str, status: int = 200, **context: Any) -> Answer:
    """One page as an answer. Its forms hold the word `csrf`."""
    context |= {
        "ago": lambda us: ago(call.now_us - us),
        "house": call.edge.house.name,
        "csrf": csrf(call.edge, call.cookies),
        "caller": call.known,
        "correlation": call.correlation,
    }
    return Answer(_render(template, **context), status, HTML)


def problem(
    rejection: Rejection, correlation: str, edge: Edge, caller: Caller | None, cookies: Mapping[str, str]
) -> bytes:
    """A refusal as a page, for whoever is signed in."""
    return _render(
        "problem.html",
        problem=rejection,
        correlation=correlation,
        house=edge.house.name,
        caller=caller,
        csrf=csrf(edge, cookies),
    )


def _render(template: str, **context: Any) -> bytes:
    return _environment().get_template(template).render(context).encode()


@lru_cache(maxsize=1)
def _style() -> tuple[bytes, str]:
    css = _FOLDER.joinpath("style.css").read_bytes()
    return css, sha256(css).hexdigest()[:16]


def style(_: Call) -> Answer:
    """How the pages look."""
    css, version = _style()
    return Answer(
        css,
        media_type="text/css; charset=utf-8",
        etag=version,
        headers={"cache-control": "public, max-age=3600"},
    )


def short(name: str) -> str:
    """The beginning of an id or hash, enough to tell it from its neighbours."""
    return name if len(name) <= 14 else f"{name[:12]}…"


def brief_stream(stream: str) -> str:
    """A stream's name with the long digests in it cut short; pseudonyms stay whole."""
    return "/".join(part if len(part) <= 27 or "~" in part else short(part) for part in stream.split("/"))


def minute(moment: str) -> str:
    """An RFC 3339 time in UTC, to the minute, for reading."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def percent(share: float) -> str:
    """A share of 1 in whole percent."""
    return f"{share * 100:.0f} %"


def readable(event_type: str) -> str:
    """`house.eventlog.entry-recorded.v1` as `entry recorded`."""
    return event_type.split(".")[2].replace("-", " ") if event_type.count(".") >= 3 else event_type


def said(detail: str) -> str:
    """A refusal's detail as a sentence."""
    return f"{detail[:1].upper()}{detail[1:]}" + ("" if detail.endswith((".", "?", "!")) else ".")


def plain(value: Any) -> str:
    """A field of an event: text as it is, anything else as JSON, both only as long as one reads."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[:VALUE_CHARACTERS_MAX]}…"


def ago(elapsed_us: int) -> str:
    """How long ago, in the largest unit that fits."""
    if elapsed_us < 0:
        return f"in {_lasting(-elapsed_us)}"
    return "just now" if elapsed_us < SECOND_US else f"{_lasting(elapsed_us)} ago"


def _lasting(span_us: int) -> str:
    for unit_us, name in ((DAY_US, "d"), (HOUR_US, "h"), (MINUTE_US, "min"), (SECOND_US, "s")):
        if span_us >= unit_us:
            return f"{span_us // unit_us} {name}"
    return "less than 1 s"


def offset(span_us: int) -> str:
    """A time since the beginning of a journey."""
    if span_us < SECOND_US:
        return f"+{span_us / 1_000:.1f} ms"
    if span_us < 2 * MINUTE_US:
        return f"+{span_us / SECOND_US:.2f} s"
    return f"+{_lasting(span_us)}"
