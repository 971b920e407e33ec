"""Cloud: the one place where a function's ports meet Google's services, or the emulators that stand in for them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shared.adapters.bodies import RawBodies
from shared.adapters.clock import SystemClock
from shared.adapters.ed25519 import SecretSigner
from shared.adapters.firestore import FirestoreStore
from shared.adapters.gcs import GcsBucket
from shared.adapters.github_accounts import SECRET
from shared.adapters.keyring import FRESH_S, Keyring, Wrapping
from shared.adapters.pubsub import PubSubBus
from shared.adapters.ssh_keygen import SshKeygen
from shared.adapters.vaults import FirestoreVault
from shared.adapters.web import PoliteWeb
from shared.adapters.wrapping import KmsWrapping, LocalWrapping
from shared.domain.event import House
from shared.domain.identity import pseudonymizer
from shared.ports.bucket import Bucket
from shared.ports.seals import Seals
from shared.ports.secrets import Secrets
from shared.runtime.settings import Settings, SettingsError
from shared.runtime.shapes import Function, Gateways
from shared.runtime.shell import Ports
from shared.runtime.wiring import accounts, terms

ROUTE = Path(__file__).parents[2] / "terraform" / "route.json"
_NEEDED = ("GOOGLE_CLOUD_PROJECT", "HOUSE_ORIGIN", "HOUSE_BUCKET")
_AS_A_NODE = (
    "HOUSE_ORIGIN",
    "HOUSE_GITHUB_URL",
    "HOUSE_GITHUB_TOKEN",
    "HOUSE_ALLOW_PRIVATE_ADDRESSES",
    "HOUSE_LEAST_GRADES",
    "HOUSE_OAUTH_CLIENT_ID",
)
_EMULATOR = "FIRESTORE_EMULATOR_HOST"
SHOWN_FRESH_S = 5.0
_EMULATOR_REQUEST_BYTES_MAX, _REQUEST_BYTES_MAX = 4_000_000, 9_500_000


@dataclass(frozen=True)
class CloudSettings:
    """What a deployed function is told by its environment. `node` holds what it shares with an embedded node.

    `audience` (HOUSE_AUDIENCE) is whom an OIDC token must be for and `invoker` (HOUSE_INVOKER) the account it
    must be of; without them nobody is asked for one. `urls` and `accounts` (HOUSE_URLS, HOUSE_ACCOUNTS, JSON)
    say where other functions answer and as whom each may be called. `lateness_s` (HOUSE_LATENESS_S) is how
    long an event may be on its way before a window closes without it. `replica` (HOUSE_REPLICA) is a bucket
    on S3 that gets a copy of every object. `kms_key` (HOUSE_KMS_KEY, a resource name) is the key-encryption
    key in Cloud KMS; without, the secret `key-encryption` is one. `bodies` (HOUSE_BODIES, else HOUSE_BUCKET)
    is the bucket of large raw bodies. `ledger` (HOUSE_LEDGER, else HOUSE_BUCKET) is the bucket of the public
    ledger.
    """

    node: Settings
    project: str
    bucket: str
    ledger: str
    database: str
    audience: str
    invoker: str
    urls: Mapping[str, str]
    accounts: Mapping[str, str]
    lateness_s: float
    replica: str
    kms_key: str
    bodies: str
    request_bytes_max: int

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> CloudSettings:
        """The settings of `environ`.

        Raises:
            SettingsError: one is missing, or is not what its setting takes.
        """
        for name in _NEEDED:
            if not environ.get(name):
                raise SettingsError(f"{name}: a function on Google Cloud needs it")
        if not (environ.get("HOUSE_KMS_KEY") or environ.get("HOUSE_SECRET_KEY_ENCRYPTION")):
            raise SettingsError("HOUSE_KMS_KEY: a function on Google Cloud needs it")
        audience, invoker = environ.get("HOUSE_AUDIENCE", ""), environ.get("HOUSE_INVOKER", "")
        if bool(audience) != bool(invoker):
            raise SettingsError("HOUSE_AUDIENCE, HOUSE_INVOKER: expected both, or neither")
        return cls(
            node=Settings.load({name: environ[name] for name in _AS_A_NODE if name in environ}),
            project=environ["GOOGLE_CLOUD_PROJECT"],
            bucket=environ["HOUSE_BUCKET"],
            ledger=environ.get("HOUSE_LEDGER") or environ["HOUSE_BUCKET"],
            database=environ.get("HOUSE_DATABASE") or "(default)",
            audience=audience,
            invoker=invoker,
            urls=_by_function("HOUSE_URLS", environ),
            accounts=_by_function("HOUSE_ACCOUNTS", environ),
            lateness_s=_seconds(environ.get("HOUSE_LATENESS_S") or "30"),
            replica=environ.get("HOUSE_REPLICA", ""),
            kms_key=environ.get("HOUSE_KMS_KEY", ""),
            bodies=environ.get("HOUSE_BODIES") or environ["HOUSE_BUCKET"],
            request_bytes_max=_EMULATOR_REQUEST_BYTES_MAX if environ.get(_EMULATOR) else _REQUEST_BYTES_MAX,
        )


def _by_function(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    try:
        return msgspec.json.decode(environ.get(name) or "{}", type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise SettingsError(f'{name}: expected JSON such as {{"optin": "…"}}') from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3_600:
        raise SettingsError(f"HOUSE_LATENESS_S: expected seconds from 0 to 3600, got {text[:60]!r}")
    return seconds


class EnvironmentSecrets:
    """Secrets as Cloud Run hands them over: `sign-in` is in HOUSE_SECRET_SIGN_IN."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, name: str) -> bytes:
        """See Secrets."""
        value = self._environ.get(f"HOUSE_SECRET_{re.sub('[^A-Za-z0-9]', '_', name).upper()}")
        if not value:
            raise KeyError(name)
        return value.encode()


@dataclass(frozen=True)
class Wired:
    """One function's ports on the cloud, and the names of all functions."""

    ports: Ports
    store: FirestoreStore
    bus: PubSubBus
    secrets: Secrets
    gateways: Gateways
    functions: tuple[str, ...]

    def close(self) -> None:
        """Say goodbye to the services."""
        self.bus.close()
        self.store.close()


def on_cloud(function: Function, settings: CloudSettings, environ: Mapping[str, str]) -> Wired:
    """The ports of one function. Nothing is connected, or even imported, before it is first used.

    Raises:
        SettingsError: the route is missing.
    """
    route = _route()
    owners = {prefix: name for name, node in route["functions"].items() for prefix in node["streams"]}
    owners |= dict.fromkeys(function.folds, function.name)
    whole = [prefix for prefix, fold in function.folds.items() if fold.whole]
    ordered = [function.writes] if route["topics"].get(function.writes, {}).get("ordered") else []
    secrets = EnvironmentSecrets(environ)
    store = FirestoreStore(
        settings.project,
        owners,
        whole,
        database=settings.database,
        request_bytes_max=settings.request_bytes_max,
    )
    bucket = _bucket(settings)
    bus = PubSubBus(settings.project, {function.name: function.writes}, bucket, ordered)
    clock, node = SystemClock(), settings.node
    web = PoliteWeb(clock, node.allow_private_addresses, "HouseBot/0.1")
    house = House(node.origin, terms(), _pseudonym(function, secrets), least_grades=dict(node.least_grades))
    ledger = GcsBucket(settings.ledger)
    seals = _seals(function, settings, secrets)
    gateways = Gateways(
        web,
        bucket,
        store,
        node.github_url,
        node.github_token or None,
        ledger=ledger,
        views=store,
        bodies=RawBodies(store, GcsBucket(settings.bodies)),
        seals=seals,
        signer=SecretSigner(secrets, "ledger"),
        ssh=SshKeygen(),
        # Only who declared its secret may ask.
        accounts=accounts(node, clock, secrets) if SECRET in function.secrets else None,
    )
    names = tuple(sorted({*route["functions"], function.name}))
    return Wired(
        Ports(store, bus, bucket, clock, house, seals),
        store,
        bus,
        secrets,
        gateways,
        names,
    )


def _route() -> dict[str, Any]:
    try:
        route: dict[str, Any] = json.loads(ROUTE.read_bytes())
    except OSError as error:
        raise SettingsError(f"{ROUTE}: {error.strerror}; 'house route --write' makes it") from error
    return route


def _bucket(settings: CloudSettings) -> Bucket:
    first = GcsBucket(settings.bucket)
    if not settings.replica:
        return first
    from shared.adapters.replicated import ReplicatedBucket
    from shared.adapters.s3 import S3Bucket

    return ReplicatedBucket(first, S3Bucket(settings.replica))


def _seals(function: Function, settings: CloudSettings, secrets: Secrets) -> Seals:
    """Everyone's keys, in the database, wrapped by the key-encryption key.

    Whoever shows people what was sealed hears soon of keys that another process has destroyed.
    """
    wrapping: Wrapping
    if settings.kms_key:
        wrapping = KmsWrapping(settings.kms_key)
    else:
        wrapping = LocalWrapping(secrets.get("key-encryption"))
    fresh_s = SHOWN_FRESH_S if any(intake.views for intake in function.intakes) else FRESH_S
    return Keyring(FirestoreVault(settings.project, settings.database), wrapping, fresh_s)


def _pseudonym(function: Function, secrets: Secrets) -> Any:
    """Pseudonyms for a function that declared the pepper. Its account alone may read it."""
    if "pepper" in function.secrets:
        try:
            return pseudonymizer(secrets.get("pepper"))
        except KeyError:
            raise SettingsError("HOUSE_SECRET_PEPPER: a function that makes pseudonyms needs it") from None

    def undeclared(_: str) -> str:
        raise PermissionError(f"{function.name} did not declare the secret pepper")

    return undeclared
