"""Told: what each function's process is told, as terraform/functions.tf tells it, in variables of its environment."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

from emulators.processes import ROOT
from shared.runtime.wiring import GENERATED_SECRETS

ROUTE: dict[str, Any] = json.loads((ROOT / "terraform" / "route.json").read_bytes())
BUCKETS = ("bodies", "archive", "ledger")
LATENESS_S = "1"
"""Nobody's events are on their way for longer here."""


def made_secrets() -> dict[str, bytes]:
    """Secrets of one House alone, by name."""
    made = {name: secrets.token_hex(size_bytes) for name, size_bytes in GENERATED_SECRETS.items()}
    made |= {"github": secrets.token_hex(20), "operator": f"hse_{secrets.token_urlsafe(32)}"}
    return {name: value.encode() for name, value in made.items()}


def bucket(project: str, name: str) -> str:
    """The full name of one of BUCKETS."""
    return f"{project}-house-{name}"


def everyone(project: str, origin: str, ports: Mapping[str, int]) -> dict[str, str]:
    """What all functions are told; `ports` are those at which each answers, on loopback."""
    return {
        # The caller's own settings are for the command line.
        **{name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")},
        "PYTHONPATH": str(ROOT),
        "GOOGLE_CLOUD_PROJECT": project,
        "HOUSE_ORIGIN": origin,
        "HOUSE_LATENESS_S": LATENESS_S,
        "HOUSE_URLS": json.dumps({name: f"http://127.0.0.1:{port}" for name, port in ports.items()}),
    }


def alone(name: str, project: str, secret: Mapping[str, bytes]) -> dict[str, str]:
    """What one function is told beside: its buckets, and of the secrets those that it declares.

    Without a Cloud KMS that would keep it to itself, all have the key-encryption key itself.
    """
    node = ROUTE["functions"][name]
    told = {"HOUSE_BUCKET": bucket(project, node["bucket"]), "HOUSE_BODIES": bucket(project, "bodies")}
    if node["ledger"] is not None:
        told["HOUSE_LEDGER"] = bucket(project, "ledger")
    for declared in (*node["secrets"], "key-encryption"):
        for found in (given for given in secret if fnmatch(given, declared)):
            told[f"HOUSE_SECRET_{re.sub('[^A-Za-z0-9]', '_', found).upper()}"] = secret[found].decode()
    return told
