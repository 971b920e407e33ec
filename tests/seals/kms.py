"""A key service with the two verbs of Cloud KMS that the House uses, on loopback.

Source: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken

NAME = "projects/p/locations/global/keyRings/house/cryptoKeys/house"


class Kms:
    """The service, for as long as the block lasts."""

    name = NAME

    def __init__(self) -> None:
        key = Fernet(Fernet.generate_key())

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, said = answer(key, self.path, body)
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def answer(key: Fernet, path: str, body: dict[str, str]) -> tuple[int, dict[str, str]]:
    """What the service says to a verb of the one key there is."""
    match path.removeprefix(f"/v1/{NAME}"):
        case ":encrypt":
            return 200, {"ciphertext": b64encode(key.encrypt(b64decode(body["plaintext"]))).decode()}
        case ":decrypt":
            try:
                return 200, {"plaintext": b64encode(key.decrypt(b64decode(body["ciphertext"]))).decode()}
            except InvalidToken:
                return 400, {"error": "Decryption failed"}
        case _:
            return 404, {"error": "no such key or verb"}
