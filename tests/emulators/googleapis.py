"""googleapis.com as functions find it here: behind a proxy, with Cloud KMS and the tokens of one account.

The functions are told what Terraform tells them, a key's name, and have an account as Google's clients look for one. That
Google's addresses lead to this machine is said as any company says it that has a proxy of its own: by HTTPS_PROXY, and by
the file of the certificates that are trusted. So nothing in them knows that this is a test.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.seals import kms
from tests.tls import self_signed

TOKENS, KMS = "oauth2.googleapis.com", "cloudkms.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloudkms"
ACCOUNT = "functions@house.iam.gserviceaccount.com"


class GoogleApis:
    """Both services, for as long as the block lasts; `asked` counts KMS's verbs, `refused` what it did not answer."""

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        self.refused: list[str] = []
        self._key, self._token = Fernet(Fernet.generate_key()), f"ya29.{secrets.token_urlsafe(32)}"
        tls, self._trusted = self_signed(folder, TOKENS, KMS)
        self._account = folder / "account.json"
        self._account.write_text(json.dumps(_account()))
        apis = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self) -> None:
                self.host = self.path.partition(":")[0]
                if self.host not in (TOKENS, KMS):
                    apis.refused.append(self.path)
                    self.send_error(403)
                    return
                self.send_response(200)
                self.end_headers()
                # What asks for a tunnel in HTTP/1.0 goes on in it.
                self.close_connection = False
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = apis._give if self.host == TOKENS else apis._wrap
                status, said = answer(self.path, self.headers.get("authorization", ""), body)
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def finish(self) -> None:
                super().finish()
                self.connection.close()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process is told that is to find them, and to use the key."""
        return {
            "HOUSE_KMS_KEY": kms.NAME,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self._account),
            "HTTPS_PROXY": f"http://127.0.0.1:{self._server.server_port}",
            "NO_PROXY": "127.0.0.1,localhost",
            # Google's own client asks by `requests`, the House by `httpx`.
            "REQUESTS_CA_BUNDLE": str(self._trusted),
            "SSL_CERT_FILE": str(self._trusted),
        }

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _give(self, path: str, _: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """A token for who says that they are the account, and want no more than KMS."""
        [assertion] = parse_qs(body.decode())["assertion"]
        claims = json.loads(urlsafe_b64decode(assertion.split(".")[1] + "=="))
        if (path, claims["iss"], claims["scope"]) != ("/token", ACCOUNT, SCOPE):
            self.refused.append(f"{path} {claims}")
            return 403, {"error": "invalid_grant"}
        return 200, {"access_token": self._token, "expires_in": 3_600, "token_type": "Bearer"}

    def _wrap(self, path: str, authorization: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if authorization != f"Bearer {self._token}":
            self.refused.append(path)
            return 401, {"error": "no token"}
        self.asked[path.rpartition(":")[2]] += 1
        return kms.answer(self._key, path, json.loads(body))


def _account() -> dict[str, str]:
    """An account's file, as Google makes them."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return {
        "type": "service_account",
        "project_id": "house",
        "private_key_id": "1",
        "private_key": key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": f"https://{TOKENS}/token",
    }
