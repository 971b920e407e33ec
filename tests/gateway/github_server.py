"""A GitHub-shaped OAuth server on loopback: real HTTP, real codes, used once, bound to their PKCE challenge."""

import json
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.loopback import Answer, Asked, Loopback, in_json

CLIENT, SECRET = "Iv1.house", "a secret between the two"


class GitHub:
    """Whoever comes to the authorization page is signed in as `number`, called `login`, and agrees."""

    def __init__(self, number: object = 7, login: object = "octocat") -> None:
        self.number, self.login = number, login
        self.lead_to = ""
        self._challenges: dict[str, tuple[str, str]] = {}
        self._tokens: set[str] = set()

    def serve(self) -> Loopback:
        """The server, within a `with` block."""
        return Loopback(self.answer)

    def answer(self, asked: Asked) -> Answer:
        """What it says to one request."""
        url = urlsplit(asked.path)
        match asked.method, url.path:
            case "GET", "/login/oauth/authorize":
                return self._authorize(dict(parse_qsl(url.query)))
            case "POST", "/login/oauth/access_token":
                return in_json(self._exchange(json.loads(asked.body)))
            case "GET", "/user" if self.lead_to:
                return Answer(302, {"location": self.lead_to})
            case "GET", "/user":
                known = asked.headers.get("authorization", "").removeprefix("Bearer ") in self._tokens
                user = {"id": self.number, "login": self.login, "type": "User"}
                return in_json(user) if known else in_json({"message": "Bad credentials"}, 401)
            case _:
                return in_json({"message": "Not Found"}, 404)

    def _authorize(self, asked: dict[str, str]) -> Answer:
        if asked["client_id"] != CLIENT or asked["code_challenge_method"] != "S256":
            return in_json({"error": "no such application"}, 404)
        code = secrets.token_hex(10)
        self._challenges[code] = (asked["code_challenge"], asked["redirect_uri"])
        back = urlencode({"code": code, "state": asked["state"], "iss": "https://github.example"})
        return Answer(302, {"location": f"{asked['redirect_uri']}?{back}"})

    def _exchange(self, asked: dict[str, str]) -> dict[str, str]:
        challenge, redirect = self._challenges.pop(asked["code"], ("", ""))
        digest = sha256(asked["code_verifier"].encode()).digest()
        proven = urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
        right = (asked["client_id"], asked["client_secret"], asked["redirect_uri"]) == (
            CLIENT,
            SECRET,
            redirect,
        )
        if not (proven and right):
            # GitHub says so with status 200.
            return {"error": "bad_verification_code"}
        token = f"gho_{secrets.token_hex(18)}"
        self._tokens.add(token)
        return {"access_token": token, "token_type": "bearer", "scope": ""}
