"""A key service with the two verbs of Cloud KMS that the House uses, on loopback.

Source: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

from cryptography.fernet import Fernet, InvalidToken

from tests.loopback import Answer, Asked, Loopback, in_json

NAME = "projects/p/locations/global/keyRings/house/cryptoKeys/house"


class Kms(Loopback):
    """The service, for as long as the block lasts."""

    name = NAME

    def __init__(self) -> None:
        key = Fernet(Fernet.generate_key())

        def answered(asked: Asked) -> Answer:
            status_code, said = answer(key, asked.path, json.loads(asked.body))
            return in_json(said, status_code)

        super().__init__(answered)


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
