"""Downloads of everything: JSON, or CSV. Made row by row and sent as they are made, so their size costs no memory.

The CSV comes as one file a list, since each list has columns of its own, and in one zip, so that it is one download. A
download that was cut off is no whole document: its JSON does not end, and its zip has no directory.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from functions.gateway.call import Call
from functions.gateway.mine import KINDS, every
from shared.domain.instants import rfc3339

JSON_PATH, CSV_PATH = "/api/me/export.json", "/api/me/export.zip"
PIECE_BYTES = 32_768
"""About how much is sent at once."""
Pieces = Iterator[bytes]

_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


def as_json(call: Call) -> Pieces:
    """One object: who, when, by what notice, and each list under its name."""
    return _gathered(_json(call))


def _json(call: Call) -> Pieces:
    edge, who = call.edge, call.who
    head = {
        "house": edge.house.origin,
        "terms": edge.house.terms,
        "developer": who.subject,
        "exported_at": rfc3339(call.now_us),
    }
    yield json.dumps(head, ensure_ascii=False).removesuffix("}").encode()
    for kind in KINDS:
        yield f', "{kind.name}": ['.encode()
        for n, row in enumerate(every(kind, edge, who)):
            yield (b"\n" if n == 0 else b",\n") + row.model_dump_json().encode()
        yield b"]"
    yield b"}\n"


def as_csv(call: Call) -> Pieces:
    """A zip with one CSV file (RFC 4180, UTF-8) for each list."""
    return _gathered(_zip(call))


def _zip(call: Call) -> Pieces:
    sent = _Sent()
    # A file that cannot seek gets its sizes behind the data, as the zip format allows.
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in KINDS:
            name = f"{kind.name}.csv"
            made_at = rfc3339(call.now_us)
            info = zipfile.ZipInfo(name, _dos(made_at))
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as file:
                for line in _lines(kind.row, every(kind, call.edge, call.who)):
                    file.write(line)
                    yield sent.taken()
            yield sent.taken()
    yield sent.taken()


def _dos(moment: str) -> tuple[int, int, int, int, int, int]:
    date, time = moment[:19].split("T")
    year, month, day = map(int, date.split("-"))
    hour, minute, second = map(int, time.split(":"))
    return year, month, day, hour, minute, second


def _lines(model: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[bytes]:
    names = columns(model)
    yield _line(names)
    for row in rows:
        cells = flat(row)
        yield _line([cell(cells.get(name)) for name in names])


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def columns(model: type[BaseModel]) -> list[str]:
    """The columns of a row's model; what is nested reads `evidence.grade`."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        names += [f"{name}.{inner}" for inner in columns(nested)] if nested else [name]
    return names


def _nested(annotation: object) -> type[BaseModel] | None:
    given = (annotation, *getattr(annotation, "__args__", ()))
    return next((one for one in given if isinstance(one, type) and issubclass(one, BaseModel)), None)


def flat(row: BaseModel) -> dict[str, object]:
    """A row's values by column."""
    found: dict[str, object] = {}
    for name, value in row:
        if isinstance(value, BaseModel):
            found |= {f"{name}.{inner}": each for inner, each in flat(value).items()}
        else:
            found[name] = value
    return found


def cell(value: object) -> str:
    """A value as a cell. What a spreadsheet would take for a formula gets an apostrophe (OWASP, CSV injection)."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            text = " ".join(map(str, value))
        case dict():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
    return f"'{text}" if isinstance(value, str | list) and text.startswith(_ACTIVE) else text


class _Sent(io.RawIOBase):
    """A file that can only be written to; what was written is taken away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        data = bytes(memoryview(piece))  # type: ignore[arg-type]  # whatever zipfile writes is a buffer
        self._pieces += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        piece = bytes(self._pieces)
        self._pieces.clear()
        return piece


def _gathered(pieces: Pieces) -> Pieces:
    """Small pieces together, as each that is sent costs a turn."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)
