"""SSH keys and signatures: what counts has one spelling, and ssh-keygen is the judge."""

import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.adapters.ssh_keygen import SshKeygen
from shared.domain import ssh
from shared.domain.ssh import BadKey, BadSignature, public_key
from tests.evidence.signing import Signer

JUDGE = SshKeygen()


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer"))


@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa", "-b", "384"), ("rsa", "-b", "2048")], ids=" ".join)
def test_the_fingerprint_is_the_one_that_ssh_keygen_shows(kind: tuple[str, ...], tmp_path: Path) -> None:
    signer = Signer(tmp_path, *kind)
    shown = subprocess.run(["ssh-keygen", "-lf", signer.key_file], capture_output=True, text=True, check=True)
    assert signer.key.fingerprint == shown.stdout.split()[1]
    assert signer.line == f"{signer.key.line} a key"
    armoured = signer.sign(b"hello", "git")
    assert ssh.signature(armoured).key == signer.key
    assert JUDGE.refusal(b"hello", armoured, "git", signer.key) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda line: "", "begins with one of ssh-ed25519"),
        (lambda line: "ssh-dss " + line.split()[1], "begins with one of"),
        (lambda line: "command=x " + line, "begins with one of"),
        (lambda line: "ssh-rsa " + line.split()[1], "a key of another kind"),
        (lambda line: line[:-10].split(" a")[0][:-8], "not base64|cut short"),
        (lambda line: line.replace("AAAA", "AAA!", 1), "not base64"),
        (lambda line: f"{line}\n{line}", "one line"),
        (lambda line: line + "x" * 9_000, "limit is 8,192"),
        (lambda line: "-----BEGIN OPENSSH PRIVATE KEY-----", "a private key: replace it"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(
    change: Callable[[str], str], why: str, signer: Signer
) -> None:
    with pytest.raises(BadKey, match=why):
        public_key(change(signer.line))


def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="an RSA key of 1,024 bits; expected 2,048"):
        public_key(Signer(tmp_path, "rsa", "-b", "1024").line)


def test_another_message_namespace_or_key_does_not_hold(signer: Signer, tmp_path: Path) -> None:
    armoured, other = signer.sign(b"hello", "git"), Signer(tmp_path)
    assert JUDGE.refusal(b"hello", armoured, "git") is None
    assert "does not hold" in str(JUDGE.refusal(b"hellO", armoured, "git"))
    assert "namespace file" in str(JUDGE.refusal(b"hello", armoured, "file"))
    assert "not by SHA256:" in str(JUDGE.refusal(b"hello", armoured, "git", other.key))


def test_a_signature_whose_key_was_exchanged_does_not_hold(signer: Signer, tmp_path: Path) -> None:
    other = Signer(tmp_path).key
    blob = b64decode(b"".join(signer.sign(b"hello", "git").split(b"\n")[1:-1]))
    forged = b64encode(blob.replace(signer.key.blob, other.blob))
    armoured = b"-----BEGIN SSH SIGNATURE-----\n" + forged + b"\n-----END SSH SIGNATURE-----"
    assert ssh.signature(armoured).key == other
    assert "does not hold" in str(JUDGE.refusal(b"hello", armoured, "git"))
    assert "does not hold" in str(JUDGE.refusal(b"hello", armoured, "git", other))


def test_a_signature_has_one_spelling(signer: Signer) -> None:
    good = signer.sign(b"hello", "git")
    for change, why in (
        (good.replace(b"BEGIN", b"BEGUN", 1), "armour"),
        (good + b"\nmore", "armour"),
        (good.replace(b"U1NIU0lH", b"U1NIU0l!", 1), "base64"),
        (good.replace(b"U1NIU0lHAAAAAQ", b"U1NIU0lHAAAAAg", 1), "version 1"),
        (good.replace(b"\n", b"\n" + b"A" * 20_000, 1), "limit is 16,384"),
        (b"", "armour"),
    ):
        with pytest.raises(BadSignature, match=why):
            ssh.signature(change)


def test_no_flipped_bit_of_a_signature_leaves_it_holding(signer: Signer) -> None:
    good = signer.sign(b"hello", "git")
    flipped = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 7)]
    assert all(JUDGE.refusal(b"hello", one, "git") for one in flipped)


def test_without_ssh_keygen_nobody_judges(signer: Signer) -> None:
    with pytest.raises(TimeoutError, match="cannot be run"):
        SshKeygen("/nowhere/ssh-keygen").refusal(b"hello", signer.sign(b"hello", "git"), "git")


def wire(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4) + field for field in fields)


P = 2**255 - 19
Y8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


@pytest.mark.parametrize(
    "point",
    [
        bytes(32),
        (1).to_bytes(32, "little"),
        (P - 1).to_bytes(32, "little"),
        (P + 1).to_bytes(32, "little"),
        (1 + 2**255).to_bytes(32, "little"),
        Y8,
        (P - int.from_bytes(Y8, "little")).to_bytes(32, "little"),
    ],
    ids=lambda point: str(point.hex()[:8]),
)
def test_an_ed25519_key_that_anybody_can_sign_with_is_refused(point: bytes) -> None:
    for kind, more in ((b"ssh-ed25519", ()), (b"sk-ssh-ed25519@openssh.com", (b"ssh:",))):
        with pytest.raises(BadKey, match="anybody could sign with"):
            ssh.key_of(wire(kind, point, *more))


def test_ssh_keygen_itself_takes_what_nobody_signed(tmp_path: Path) -> None:
    """Why such keys are refused: R is the neutral point, and s nothing."""
    neutral = (1).to_bytes(32, "little")
    signed = wire(
        wire(b"ssh-ed25519", neutral), b"git", b"", b"sha512", wire(b"ssh-ed25519", neutral + bytes(32))
    )
    armour = b"-----%b SSH SIGNATURE-----"
    armoured = b"\n".join((armour % b"BEGIN", b64encode(b"SSHSIG\0\0\0\1" + signed), armour % b"END"))
    assert "anybody could sign" in str(JUDGE.refusal(b"never signed", armoured, "git"))
    (tmp_path / "signature").write_bytes(armoured + b"\n")
    command = ["ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", str(tmp_path / "signature")]
    assert subprocess.run(command, input=b"never signed", capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("exponent", [0, 1, 2, 65_536])
def test_an_rsa_key_with_an_exponent_that_hides_nothing_is_refused(exponent: int) -> None:
    modulus = b"\0" + bytes([0xFF]) * 256
    with pytest.raises(BadKey, match="anybody could sign with"):
        ssh.key_of(wire(b"ssh-rsa", exponent.to_bytes(3).lstrip(b"\0"), modulus))
    assert ssh.key_of(wire(b"ssh-rsa", b"\1\0\1", modulus)).kind == "ssh-rsa"
