"""Wiring: the one place where ports meet adapters."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import IO

from shared.adapters.bodies import RawBodies
from shared.adapters.clock import SystemClock
from shared.adapters.ed25519 import SecretSigner
from shared.adapters.filesystem import FilesystemBucket, FilesystemSecrets
from shared.adapters.github_accounts import SECRET, GitHubAccounts
from shared.adapters.keyring import Keyring
from shared.adapters.sqlite import SqliteStore
from shared.adapters.sqlite_file import NotOurs
from shared.adapters.ssh_keygen import SshKeygen
from shared.adapters.vaults import DirectoryVault
from shared.adapters.web import Limits, PoliteWeb
from shared.adapters.wrapping import LocalWrapping
from shared.domain.event import House
from shared.domain.identity import pseudonymizer
from shared.ports.accounts import Accounts
from shared.ports.clock import Clock
from shared.ports.secrets import Secrets
from shared.runtime.settings import Settings, SettingsError
from shared.runtime.shapes import Gateways
from shared.runtime.shell import Ports

NOTICE = files("shared.domain").joinpath("notice.md")
SIGN_IN_GAP_S, SIGN_IN_BYTES_MAX = 0.1, 65_536
"""Between two questions to GitHub about who signs in, and the size of an answer."""
GENERATED_SECRETS = {"key-encryption": 32, "pepper": 32, "sign-in": 32, "ledger": 32}


def terms() -> str:
    """The digest of the notice that invitations and responses agree on."""
    return f"sha256:{sha256(NOTICE.read_bytes()).hexdigest()}"


def accounts(settings: Settings, clock: Clock, secrets: Secrets) -> Accounts | None:
    """Who somebody is at GitHub, where there is an OAuth client for it.

    It has a web of its own: whoever signs in does not wait for the crawler's turns.

    Raises:
        SettingsError: the client has no secret.
    """
    if not settings.oauth_client_id:
        return None
    try:
        secrets.get(SECRET)
    except KeyError:
        raise SettingsError("HOUSE_OAUTH_CLIENT_SECRET: HOUSE_OAUTH_CLIENT_ID needs its secret") from None
    limits = Limits(gap_s=SIGN_IN_GAP_S, body_bytes_max=SIGN_IN_BYTES_MAX)
    web = PoliteWeb(clock, settings.allow_private_addresses, "House/0.1", limits)
    return GitHubAccounts(web, settings.github_url, settings.oauth_client_id, secrets)


class NodeSecrets:
    """Secrets of the settings first, then those kept beside the data, each read once."""

    def __init__(self, settings: Settings, kept: Secrets) -> None:
        self._given = {f"standard.{source}": secret.encode() for source, secret in settings.standard_secrets}
        if settings.github_secrets:
            self._given["github"] = ",".join(settings.github_secrets).encode()
        if settings.oauth_client_secret:
            self._given[SECRET] = settings.oauth_client_secret.encode()
        self._kept = kept

    def get(self, name: str) -> bytes:
        """See Secrets."""
        if name not in self._given:
            self._given[name] = self._kept.get(name)
        return self._given[name]


@dataclass(frozen=True)
class Wired:
    """The embedded node's ports, and the lock that makes it the only one on its data directory."""

    ports: Ports
    store: SqliteStore
    secrets: Secrets
    gateways: Gateways
    lock: IO[str]

    def close(self) -> None:
        """Let go of the data directory."""
        self.store.close()
        self.lock.close()


def claim(settings: Settings) -> IO[str]:
    """The data directory's lock, held until it is closed or the process ends, however it ends.

    Raises:
        SettingsError: another node has the directory open, or it cannot be used.
    """
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (settings.data / "lock").open("a+")
    except OSError as error:
        raise SettingsError(f"HOUSE_DATA: cannot use {settings.data}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise SettingsError(f"HOUSE_DATA: another node has {settings.data} open") from error
    return lock


def embedded(settings: Settings) -> Wired:
    """Open the data directory for one node: SQLite, files, the in-process bus.

    Raises:
        SettingsError: another node has the directory open, or it cannot be used.
    """
    lock = claim(settings)
    kept = FilesystemSecrets(settings.data / "secrets")
    for name, size_bytes in GENERATED_SECRETS.items():
        kept.create(name, size_bytes)
    if not settings.github_secrets:
        kept.create("github", 20)
    secrets = NodeSecrets(settings, kept)
    pseudonym = pseudonymizer(secrets.get("pepper"))
    house = House(settings.origin, terms(), pseudonym, settings.name, dict(settings.least_grades))
    try:
        store = SqliteStore(settings.data / "house.sqlite")
    except NotOurs as error:
        lock.close()
        raise SettingsError(f"HOUSE_DATA: {error}") from error
    os.chmod(settings.data / "house.sqlite", 0o600)
    clock = SystemClock()
    bucket = FilesystemBucket(settings.data / "bucket")
    web = PoliteWeb(clock, settings.allow_private_addresses, "HouseBot/0.1")
    seals = Keyring(DirectoryVault(settings.data / "keys"), LocalWrapping(secrets.get("key-encryption")))
    gateways = Gateways(
        web,
        bucket,
        store,
        settings.github_url,
        settings.github_token or None,
        ledger=bucket,
        views=store,
        bodies=RawBodies(store, bucket),
        seals=seals,
        signer=SecretSigner(secrets, "ledger"),
        ssh=SshKeygen(),
        accounts=accounts(settings, clock, secrets),
    )
    ports = Ports(store, store, bucket, clock, house, seals)
    return Wired(ports, store, secrets, gateways, lock)
