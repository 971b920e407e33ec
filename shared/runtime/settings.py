"""Settings: one frozen object from `HOUSE_*` variables and flags; a wrong one stops the start."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.domain.grades import Grade

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}/[0-9]{1,4}")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class SettingsError(Exception):
    """One line: the setting's name and what was expected."""


@dataclass(frozen=True)
class Settings:
    """Everything an operator can choose. Each field is `HOUSE_<FIELD>` in the environment.

    `origin` is the public URL that invitations name; empty: the address the node listens on.
    `github_secrets` are the webhook secrets in force, empty: one is made in the data directory.
    `standard_secrets` are (source, `whsec_…`) pairs for Standard Webhooks.
    `least_grades` are (purpose, least grade of evidence) pairs.
    `oauth_client_id` and `oauth_client_secret` let developers sign in through the GitHub of `github_url`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path(".house")
    origin: str = ""
    name: str = "The House"
    github_secrets: tuple[str, ...] = ()
    standard_secrets: tuple[tuple[str, str], ...] = ()
    github_url: str = "https://api.github.com"
    github_token: str = ""
    allow_private_addresses: bool = False
    least_grades: tuple[tuple[str, Grade], ...] = ()
    oauth_client_id: str = ""
    oauth_client_secret: str = ""

    @classmethod
    def load(cls, environ: Mapping[str, str], **flags: Any) -> Settings:
        """The settings of `environ`, with flags that are not None before them.

        Raises:
            SettingsError: a value is not what its setting takes, or a `HOUSE_*` name is not a setting.
        """
        known = {f"HOUSE_{field.name.upper()}": field.name for field in fields(cls)}
        unknown = sorted(
            name for name in environ if name.startswith("HOUSE_") and name not in {*known, *_OTHERS}
        )
        if unknown:
            raise SettingsError(f"{unknown[0]}: no such setting; known are {', '.join(known)}")
        chosen: dict[str, Any] = {}
        for variable, field in known.items():
            if environ.get(variable, "") != "":
                chosen[field] = _parsed(variable, field, environ[variable])
        for field, value in flags.items():
            if value is not None:
                chosen[field] = _parsed(f"--{field.replace('_', '-')}", field, str(value))
        return cls(**chosen)


_OTHERS = {"HOUSE_TOKEN", "HOUSE_URL", "HOUSE_CI"}
"""Read by the command line and the tests, not by a node."""


def _parsed(name: str, field: str, text: str) -> Any:
    parse, expected = _PARSERS.get(field, (str, "text"))
    try:
        return parse(text)
    except ValueError as error:
        shown = "a secret" if "secret" in field or "token" in field else repr(text[:60])
        raise SettingsError(f"{name}: expected {expected}, got {shown}") from error


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port


def _flag(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise ValueError(text)
    return text.rstrip("/")


def _secrets(text: str) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in text.split(","))
    if not all(len(secret) >= 8 for secret in secrets):
        raise ValueError
    return secrets


def _sources(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in text.split(","):
        source, equals, secret = part.strip().partition("=")
        if not equals or not _SOURCE.fullmatch(source) or not secret.startswith("whsec_"):
            raise ValueError
        pairs.append((source, secret))
    return tuple(pairs)


def _grades(text: str) -> tuple[tuple[str, Grade], ...]:
    """`claimed` is no choice: it is never enough."""
    grades: list[tuple[str, Grade]] = []
    for part in text.split(","):
        purpose, equals, grade = part.strip().partition("=")
        if not equals or not _PURPOSE.fullmatch(purpose) or grade not in ("signed", "platform"):
            raise ValueError
        grades.append((purpose, "signed" if grade == "signed" else "platform"))
    return tuple(grades)


def _directory(text: str) -> Path:
    return Path(text).expanduser().absolute()


_PARSERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "port": (_port, "a port number from 0 to 65535"),
    "data": (_directory, "a directory"),
    "origin": (_url, "an http(s) URL"),
    "github_url": (_url, "an http(s) URL"),
    "github_secrets": (_secrets, "comma-separated secrets of at least 8 characters each"),
    "standard_secrets": (_sources, "comma-separated source=whsec_… pairs"),
    "least_grades": (_grades, "comma-separated purpose=signed or purpose=platform, as sprint-match/1=signed"),
    "allow_private_addresses": (_flag, "true or false"),
}
