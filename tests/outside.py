"""The outside of an errand under test: real adapters in memory, but for the web and the log, which the test brings."""

from shared.adapters.bodies import RawBodies
from shared.adapters.ed25519 import SecretSigner
from shared.adapters.memory import MemoryBucket, MemorySecrets, MemoryStore
from shared.adapters.ssh_keygen import SshKeygen
from shared.ports.bucket import Bucket
from shared.ports.log import Log
from shared.ports.views import Views
from shared.ports.web import Web
from shared.runtime.shapes import Gateways
from tests.given import SEALS


def gateways(
    web: Web,
    log: Log | None = None,
    bucket: Bucket | None = None,
    views: Views | None = None,
    github_url: str = "https://api.example",
    github_token: str | None = None,
) -> Gateways:
    """All gateways; what is not given is empty."""
    store, held = MemoryStore(), bucket or MemoryBucket()
    return Gateways(
        web,
        held,
        log or store,
        github_url,
        github_token,
        ledger=held,
        views=views or store,
        bodies=RawBodies(store, held),
        seals=SEALS,
        signer=SecretSigner(MemorySecrets({"ledger": b"1e" * 32}), "ledger"),
        ssh=SshKeygen(),
    )
