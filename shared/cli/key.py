"""`house key`: the SSH keys by which the House knows a developer."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shared.cli.api import Api, signed_in
from shared.cli.failures import Misuse
from shared.cli.parsing import Subparsers, add_node, examples
from shared.cli.signing import signed
from shared.domain.evidence import REGISTRATION_NAMESPACE, statement
from shared.domain.ssh import KEY_LINE_CHARACTERS_MAX, BadKey, PublicKey, public_key


def register(subparsers: Subparsers) -> None:
    """Add the sub-command and its own."""
    key = subparsers.add_parser(
        "key",
        help="register the SSH keys you sign with",
        description="Registers, lists and revokes the SSH keys by which the House knows what you signed.\n"
        "It speaks with your developer token, which HOUSE_TOKEN holds.",
        epilog=examples(
            "house key add ~/.ssh/id_ed25519.pub",
            "house key add --github",
            "house key revoke SHA256:TbgHIlJaRdXilKnD8LSwBoKK41SqTKrZtkIirT+QxKE",
        ),
    )
    actions = key.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="register a key",
        description="Registers a public key. To prove that it is yours, ssh-keygen signs one line with it, which is\n"
        "shown first; the private key stays where it is: in its file or in your ssh-agent.",
        epilog=examples("house key add ~/.ssh/id_ed25519.pub", "house key add --github"),
    )
    which = add.add_mutually_exclusive_group(required=True)
    which.add_argument("file", nargs="?", metavar="FILE", help="the public key's .pub file")
    which.add_argument(
        "--github", action="store_true", help="have the House read the keys that GitHub shows of you"
    )
    add.set_defaults(run=run_add)
    listing = actions.add_parser(
        "list", help="list your keys", description="Lists your keys, revoked ones, too."
    )
    listing.add_argument("--json", action="store_true", help="as the node answers it")
    listing.set_defaults(run=run_list)
    revoke = actions.add_parser(
        "revoke",
        help="revoke a key for ever",
        description="Revokes a key for ever. What it signed before stays as it was judged.",
    )
    revoke.add_argument("fingerprint", metavar="FINGERPRINT", help="as 'house key list' shows it")
    revoke.set_defaults(run=run_revoke)
    for action in (add, listing, revoke):
        add_node(action)


def run_add(args: argparse.Namespace) -> int:
    """Register the key of a file, or ask for those on GitHub."""
    if args.github:
        signed_in(args).post("/api/keys/from-github")
        print("the House reads the keys that GitHub shows of you: see 'house key list'")
        return 0
    key, api = _key(Path(args.file)), signed_in(args)
    developer, origin = api.get("/api/keys")["developer"], api.get("/api/house")["origin"]
    said = statement(origin, developer, key.fingerprint)
    print(f"ssh-keygen signs with {args.file}: {said.decode().strip()}", file=sys.stderr)
    proof = signed(Path(args.file), said, REGISTRATION_NAMESPACE)
    print(api.post("/api/keys", {"key": key.line, "proof": proof})["fingerprint"])
    return 0


def _key(file: Path) -> PublicKey:
    try:
        with file.open(encoding="utf-8") as lines:
            return public_key(lines.read(KEY_LINE_CHARACTERS_MAX + 1).strip())
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{file}: {error}") from error
    except BadKey as error:
        raise Misuse(f"{file}: {error}") from error


def run_list(args: argparse.Namespace) -> int:
    """One line for each."""
    found = signed_in(args).get("/api/keys")
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for key in found["keys"]:
        print("  ".join((key["fingerprint"], key["source"], _state(key))))
    if found["github_failed"]:
        print(f"GitHub was not read: {found['github_failed']}", file=sys.stderr)
    return 0


def _state(key: dict[str, Any]) -> str:
    return f"revoked {key['revoked']}" if key["revoked"] else f"since {key['since']}"


def run_revoke(args: argparse.Namespace) -> int:
    """Revoke it."""
    api: Api = signed_in(args)
    api.post(f"/api/keys/{quote(args.fingerprint, safe='')}/revoke")
    print(f"revoked {args.fingerprint}")
    return 0
