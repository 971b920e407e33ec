"""Scan: every byte that a House on the emulators keeps, sends or says, and where in it somebody is named."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx

from tests.scanning import layers

CALL_S_MAX = 30.0
PAGE = 300
AT_ONCE = 8
_OWNER = [("authorization", "Bearer owner")]
"""Whom the emulator lets list collections."""


@dataclass(frozen=True)
class Piece:
    """Some bytes and where they were: `kind` is `document`, `message`, `object`, `line` or `file`."""

    kind: str
    where: str
    data: bytes

    def naming(self, words: Iterable[str]) -> Iterator[str]:
        """Where each of the words stands in it, as it is or compressed."""
        for depth, data in enumerate(layers(self.data)):
            for word in words:
                if word.encode() in data:
                    form = " (compressed)" if depth else ""
                    yield f"{word!r} in the {self.kind} {self.where}{form}"


def naming(pieces: Iterable[Piece], words: Sequence[str]) -> Iterator[str]:
    """Where each of the words was found."""
    for piece in pieces:
        yield from piece.naming(words)


def documents(firestore: str, project: str) -> list[Piece]:
    """Every document of every collection, with all collections below it, as the protocol spells it out.

    `firestore` is where the emulator listens. Asked for are also documents that are not there but have others below.
    """
    from google.cloud.firestore_v1.services.firestore import FirestoreClient
    from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport
    from google.cloud.firestore_v1.types import Document

    with grpc.insecure_channel(firestore) as channel, ThreadPoolExecutor(AT_ONCE) as hands:
        client = FirestoreClient(transport=FirestoreGrpcTransport(channel=channel))

        def below(parent: str) -> list[Any]:
            found: list[Any] = []
            for collection in client.list_collection_ids(parent=parent, metadata=_OWNER, timeout=CALL_S_MAX):
                asked = {
                    "parent": parent,
                    "collection_id": collection,
                    "page_size": PAGE,
                    "show_missing": True,
                }
                found += client.list_documents(request=asked, metadata=_OWNER, timeout=CALL_S_MAX)
            return found

        pieces, level = [], below(f"projects/{project}/databases/(default)/documents")
        while level:
            pieces += [
                Piece("document", found.name.partition("/documents/")[2], Document.serialize(found))
                for found in level
            ]
            level = [found for inner in hands.map(below, [it.name for it in level]) for found in inner]
        return pieces


def messages(pubsub: str, project: str, topics: Iterable[str]) -> Iterator[Piece]:
    """Every message that waits at `watch-<topic>`, which lets it go: its attributes, its key and its data."""
    for topic in topics:
        url = f"http://{pubsub}/v1/projects/{project}/subscriptions/watch-{topic}"
        while received := _pulled(url):
            for one in received:
                data = b64decode(one["message"].pop("data", ""))
                named = one["message"]["attributes"].get("ce-id", "without an id")
                yield Piece("message", f"{topic} {named}", json.dumps(one["message"]).encode() + b"\n" + data)
            acknowledged = {"ackIds": [one["ackId"] for one in received]}
            httpx.post(
                f"{url}:acknowledge", json=acknowledged, timeout=CALL_S_MAX, trust_env=False
            ).raise_for_status()


def _pulled(url: str) -> list[dict[str, Any]]:
    asked = {"maxMessages": PAGE, "returnImmediately": True}
    answer = httpx.post(f"{url}:pull", json=asked, timeout=CALL_S_MAX, trust_env=False)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json().get("receivedMessages", [])
    return found


def objects(storage: str) -> Iterator[Piece]:
    """Every object of every bucket, also what was replaced and is still kept, with what is known of it."""
    with httpx.Client(base_url=storage, timeout=CALL_S_MAX, trust_env=False) as client:
        for bucket in _listed(client, "/storage/v1/b", {}):
            for known in _listed(client, f"/storage/v1/b/{bucket['name']}/o", {"versions": "true"}):
                asked = {"alt": "media", "generation": known["generation"]}
                name = known["name"].replace("%", "%25").replace("/", "%2F")
                data = client.get(f"/storage/v1/b/{bucket['name']}/o/{name}", params=asked)
                data.raise_for_status()
                where = f"{bucket['name']}/{known['name']}"
                yield Piece("object", where, json.dumps(known).encode() + b"\n" + data.content)


def _listed(client: httpx.Client, path: str, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = client.get(path, params=asked | token)
        page.raise_for_status()
        yield from page.json().get("items", [])
        if "nextPageToken" not in page.json():
            return
        token = {"pageToken": page.json()["nextPageToken"]}


def files(folder: Path) -> Iterator[Piece]:
    """Every file of a folder, and of those below it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield Piece("file", str(path.relative_to(folder)), path.read_bytes())


def lines(said: Sequence[str]) -> Iterator[Piece]:
    """What was said, line by line."""
    for number, line in enumerate(said, 1):
        yield Piece("line", f"{number}: {line[:80]}", line.encode())
