"""`house invite`, `respond` and `revoke` in real repositories: what they commit, show, push and refuse."""

import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.cli.main import main
from shared.domain.instants import DAY_US, SECOND_US, from_rfc3339, rfc3339
from shared.domain.trailers import parse
from tests.cli.git import Developer, developer, sign_with_ssh
from tests.cli.listener import Reply, Request, listening

ORIGIN, TERMS = "https://house.example", "sha256:" + "ab" * 32
HOUSE = ("--origin", ORIGIN, "--terms", TERMS)
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there
NEVER, LONG_AGO = "2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


@pytest.fixture
def alice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Developer:
    for name in [name for name in os.environ if name.startswith(("HOUSE_", "GIT_"))]:
        monkeypatch.delenv(name)
    one = developer(tmp_path, "alice")
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOUSE_GITHUB_URL", NOBODY)
    monkeypatch.chdir(one.repository)
    return one


@pytest.fixture
def bob(alice: Developer, monkeypatch: pytest.MonkeyPatch) -> Developer:
    """Bob is at the keyboard, with a clone of what alice has pushed."""
    one = developer(alice.home.parent, "bob")
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(one.repository)
    return one


@pytest.fixture
def house(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(argv)
        except SystemExit as ended:
            code = int(str(ended.code))
        said = capsys.readouterr()
        return code, said.out.strip(), said.err

    return run


House = Callable[..., tuple[int, str, str]]


def last(one: Developer) -> dict[str, str]:
    found = parse(one.git("show", "--no-patch", "--format=%B", "HEAD"))
    assert isinstance(found, dict), found
    return found


def invitation(one: Developer, **changed: str) -> str:
    """An inviting commit of theirs, made by git alone; its hash."""
    said = {
        "House-Invite": "github:42/bob",
        "House-Purpose": "sprint-match/1",
        "House-Terms": TERMS,
        "House-Origin": ORIGIN,
        "House-Id": "0f" * 16,
        "House-Expires": NEVER,
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    message = "Ask bob\n\n" + "\n".join(f"{key}: {value}" for key, value in said.items())
    one.git("commit", "--quiet", "--allow-empty", "--only", "--message", message)
    return one.git("rev-parse", "HEAD")


# -- invite


def test_an_invitation_is_an_empty_commit_that_the_house_reads(alice: Developer, house: House) -> None:
    code, out, err = house("invite", "@bob", "--id", "42", "--yes", *HOUSE)
    assert (code, out) == (0, alice.git("rev-parse", "HEAD"))
    said = last(alice)
    assert said["House-Invite"] == "github:42/bob"
    assert (said["House-Origin"], said["House-Terms"]) == (ORIGIN, TERMS)
    assert said["House-Purpose"] == "sprint-match/1"
    assert len(said["House-Id"]) == 32
    assert alice.git("diff", "--name-only", "HEAD~1", "HEAD") == ""
    assert alice.git("diff", "--name-only", "--cached") == "staged"
    # All of it was shown, and how to send it.
    for line in alice.git("show", "--no-patch", "--format=%B").split("\n"):
        assert line in err
    for shown in ("branch  main", "Alice <alice@example.org>, not signed", "nothing is pushed yet"):
        assert shown in err
    assert f"push it with: git -C {alice.repository} push origin HEAD:refs/heads/main" in err
    assert alice.git("rev-parse", "origin/main") == alice.git("rev-parse", "HEAD~1")


def test_two_invitations_have_ids_of_their_own(alice: Developer, house: House) -> None:
    ids = set()
    for _ in range(2):
        house("invite", "@bob", "--id", "42", "--yes", *HOUSE)
        ids.add(last(alice)["House-Id"])
    assert len(ids) == 2


@pytest.mark.parametrize(("expires", "days"), [("12h", 0.5), ("7d", 7), ("14d", 14), ("90m", 0.0625)])
def test_it_expires_when_asked(alice: Developer, house: House, expires: str, days: float) -> None:
    house("invite", "@bob", "--id", "42", "--yes", "--expires", expires, *HOUSE)
    made_us = int(alice.git("show", "--no-patch", "--format=%ct")) * SECOND_US
    away_us = from_rfc3339(last(alice)["House-Expires"]) - made_us
    assert 0 <= days * DAY_US - away_us < 60 * SECOND_US


def test_the_number_is_asked_of_github(alice: Developer, house: House) -> None:
    def github(request: Request) -> Reply:
        assert request.path == "/users/bob"
        return Reply(200, {"id": 583231, "login": "Bob"})

    with listening(github) as server:
        code, _, err = house("invite", "bob", "--yes", "--github-url", server.url, *HOUSE)
    assert code == 0
    assert last(alice)["House-Invite"] == "github:583231/bob"
    assert "Without --id" not in err


def test_without_github_the_login_stands_alone_and_that_is_shown(alice: Developer, house: House) -> None:
    code, _, err = house("invite", "@bob", "--yes", *HOUSE)
    assert code == 0
    assert last(alice)["House-Invite"] == "github:bob"
    assert "whoever answers first as bob is the one you asked: no answer from http://127.0.0.1:9" in err


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        (Reply(404, {"message": "Not Found"}), 2, "GitHub knows no account bob"),
        (Reply(200, {"id": 66, "login": "b0b"}), 0, "without the account's number"),
        (Reply(200, ["not", "an", "account"]), 0, "without the account's number"),
        (Reply(403, {"message": "rate limit"}), 0, "HTTP 403 without"),
    ],
)
def test_what_github_may_answer(alice: Developer, house: House, reply: Reply, code: int, said: str) -> None:
    with listening(lambda _: reply) as server:
        ended, _, err = house("invite", "@bob", "--yes", "--github-url", server.url, *HOUSE)
    assert ended == code
    assert said in err
    assert alice.count() == (2 if code == 0 else 1)


def test_origin_and_terms_are_the_nodes_own_word(alice: Developer, house: House) -> None:
    told = {"origin": "https://node.example", "terms": "sha256:" + "cd" * 32, "name": "Node"}
    with listening(lambda _: Reply(200, told)) as server:
        assert house("invite", "@bob", "--id", "42", "--yes", "--url", server.url)[0] == 0
        assert [request.path for request in server.heard] == ["/api/house"]
    assert (last(alice)["House-Origin"], last(alice)["House-Terms"]) == (told["origin"], told["terms"])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["@b\u043eb"], "expected a GitHub login"),
        (["@bob/x"], "expected a GitHub login"),
        (["@bob", "--id", "0"], "expected a whole number above 0"),
        (["@bob", "--id", "42", "--expires", "15d"], "at most 14 days away"),
        (["@bob", "--id", "42", "--expires", LONG_AGO], "a time to come"),
        (["@bob", "--id", "42", "--expires", "soon"], "expected a time such as"),
        (["@bob", "--id", "42", "--since", "2026"], "expected a time such as"),
        (["@bob", "--id", "42", "--yes", "--purpose", "Newsletter", *HOUSE], "House-Purpose must be a name"),
        (
            ["@bob", "--id", "42", "--yes", "--origin", "house", "--terms", TERMS],
            "House-Origin must be scheme",
        ),
        (["@bob", "--id", "42", "--yes", "--repo", "/nowhere", *HOUSE], "/nowhere is no directory"),
        (["@bob", "--id", "42", "--yes", "--repo", "/", *HOUSE], "is no git repository"),
        (["@bob", "--id", "42", "--yes", "--push", "--remote", "b", *HOUSE], "no remote 'b'"),
        (["@bob", "--id", "42", "--yes", "--amend", *HOUSE], "the last commit is pushed already"),
        (["@bob", "--id", "42", *HOUSE], "nobody can be asked here: say --yes"),
        (["@bob", "--id", "42", "--yes"], "no node has"),
    ],
)
def test_a_wrong_use_ends_with_2_and_one_line_and_makes_nothing(
    alice: Developer, house: House, argv: list[str], said: str
) -> None:
    code, out, err = house("invite", *argv)
    assert (code, out) == (2, "")
    assert said in err.rstrip("\n").split("\n")[-1]
    assert alice.count() == 1


def test_nobody_invites_themselves(alice: Developer, house: House) -> None:
    alice.git("config", "--global", "github.user", "Alice")
    assert house("invite", "@alice", "--yes", *HOUSE)[0] == 2
    assert alice.count() == 1


def test_git_signs_it_when_git_is_configured_to(alice: Developer, house: House) -> None:
    public = sign_with_ssh(alice)
    code, _, err = house("invite", "@bob", "--id", "42", "--yes", *HOUSE)
    assert code == 0
    assert f"signed (ssh, {public})" in err
    assert "-----BEGIN SSH SIGNATURE-----" in alice.raw()
    signers = alice.home / "signers"
    signers.write_text(f"alice@example.org {public.read_text(encoding='ascii')}", encoding="ascii")
    alice.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", "HEAD")


def test_the_last_commit_may_say_it_and_keeps_its_own_words(alice: Developer, house: House) -> None:
    words = "Fix the tide\n\nIt was late.\n\nSigned-off-by: Alice <alice@example.org>"
    alice.git("commit", "--quiet", "--allow-empty", "--only", "--message", words)
    assert house("invite", "@bob", "--id", "42", "--amend", "--yes", *HOUSE)[0] == 0
    assert alice.git("show", "--no-patch", "--format=%B").startswith(
        words + "\nHouse-Invite: github:42/bob\n"
    )
    assert alice.count() == 2
    assert alice.git("diff", "--name-only", "--cached") == "staged"
    assert last(alice)["House-Invite"] == "github:42/bob"
    code, _, err = house("invite", "@carol", "--id", "43", "--amend", "--yes", *HOUSE)
    assert code == 2
    assert "the last commit already tells the House something" in err


def test_push_sends_the_branch(alice: Developer, house: House) -> None:
    code, out, err = house("invite", "@bob", "--id", "42", "--yes", "--push", *HOUSE)
    assert code == 0
    assert alice.git("rev-parse", "main", at=alice.remote) == out
    assert f"pushed to origin ({alice.remote}), branch main" in err


def test_a_password_in_a_remotes_url_is_not_shown(alice: Developer, house: House) -> None:
    alice.git("remote", "add", "other", "https://alice:hunter2@127.0.0.1:9/x.git")
    code, out, err = house("invite", "@bob", "--id", "42", "--yes", "--push", "--remote", "other", *HOUSE)
    assert (code, out) == (1, alice.git("rev-parse", "HEAD"))
    assert "https://127.0.0.1:9/x.git" in err
    assert "hunter2" not in err
    assert err.rstrip("\n").split("\n")[-1].startswith("house: git push: ")


def test_nothing_is_made_when_the_answer_is_no(
    alice: Developer, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, made in (("n", 0), ("", 0), ("y", 1)):
        before = alice.count()
        master, slave = pty.openpty()
        with os.fdopen(slave) as terminal:
            monkeypatch.setattr(sys, "stdin", terminal)
            os.write(master, f"{answer}\n".encode())
            code, _, err = house("invite", "@bob", "--id", "42", *HOUSE)
        os.close(master)
        assert (code, alice.count() - before) == (1 - made, made)
        assert "Make it? [y/N]" in err


def test_a_hook_that_changes_the_words_is_found_out(alice: Developer, house: House) -> None:
    hook = alice.repository / ".git" / "hooks" / "commit-msg"
    hook.write_text('#!/bin/sh\nprintf "\\n\\nReviewed by a robot.\\n" >> "$1"\n', encoding="ascii")
    hook.chmod(0o755)
    code, _, err = house("invite", "@bob", "--id", "42", "--yes", *HOUSE)
    assert code == 1
    assert "a hook changed what commit" in err
    hook.write_text("#!/bin/sh\necho error: not today >&2\nexit 1\n", encoding="ascii")
    code, _, err = house("invite", "@bob", "--id", "42", "--yes", *HOUSE)
    assert code == 1
    assert err.endswith("house: git commit: error: not today\n")


def test_a_detached_head_has_no_branch_to_push(alice: Developer, house: House) -> None:
    alice.git("checkout", "--quiet", "--detach")
    code, _, err = house("invite", "@bob", "--id", "42", "--yes", *HOUSE)
    assert (code, "no branch is checked out" in err) == (2, True)


# -- respond


@pytest.mark.parametrize(("word", "key"), [("--accept", "House-Accept"), ("--decline", "House-Decline")])
def test_an_answer_names_the_invitation_and_repeats_what_it_agrees_to(
    alice: Developer, bob: Developer, house: House, word: str, key: str
) -> None:
    asked = invitation(alice)
    argv = ("respond", asked[:12], word, "--invitation", str(alice.repository), "--as", "@Bob", "--yes")
    code, out, _ = house(*argv)
    assert (code, out) == (0, bob.git("rev-parse", "HEAD"))
    agreed = {"House-Terms": TERMS} if word == "--accept" else {}
    assert last(bob) == {key: asked, "House-Origin": ORIGIN, **agreed}
    assert bob.git("diff", "--name-only", "--cached") == "staged"


def test_a_fetched_invitation_is_found_in_ones_own_repository(
    alice: Developer, bob: Developer, house: House
) -> None:
    asked = invitation(alice)
    bob.git("fetch", "--quiet", str(alice.repository), "main")
    since = rfc3339(from_rfc3339(LONG_AGO))
    code, _, err = house("respond", asked, "--accept", "--since", since, "--yes", "--push")
    assert code == 0
    assert last(bob)["House-Since"] == LONG_AGO
    assert "The invitation is to 42/bob; only they can answer it." in err
    assert bob.git("rev-parse", "main", at=bob.remote) == bob.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("changed", "argv", "code", "said"),
    [
        ({"House_Expires": LONG_AGO}, [], 1, "has expired"),
        ({}, ["--as", "carol"], 1, "is to bob, and you are carol"),
        ({}, ["--origin", "https://other.example"], 1, f"is of {ORIGIN}, and not of https://other.example"),
        ({"House_Id": "1"}, [], 2, "is no invitation: House-Id must be 32"),
    ],
)
def test_what_is_expired_foreign_or_somebody_elses_is_not_answered(
    alice: Developer,
    bob: Developer,
    house: House,
    changed: dict[str, str],
    argv: list[str],
    code: int,
    said: str,
) -> None:
    asked = invitation(alice, **changed)
    ended, out, err = house(
        "respond", asked, "--accept", "--yes", "--invitation", str(alice.repository), *argv
    )
    assert (ended, out, bob.count()) == (code, "", 1)
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"origin": "https://other.example", "terms": TERMS}, "and this House is https://other.example"),
        ({"origin": ORIGIN, "terms": "sha256:" + "00" * 32}, "agrees to another notice than this House's"),
    ],
)
def test_the_node_is_asked_whether_the_invitation_is_its_own(
    alice: Developer, bob: Developer, house: House, told: dict[str, str], said: str
) -> None:
    asked = invitation(alice)
    with listening(lambda _: Reply(200, told)) as server:
        code, _, err = house(
            "respond", asked, "--accept", "--yes", "--invitation", str(alice.repository), "--url", server.url
        )
    assert (code, bob.count()) == (1, 1)
    assert said in err


def answering(**changed: str | None) -> Callable[[Request], Reply]:
    found = {
        "status": "invited",
        "terms": TERMS,
        "invited_at": "2026-01-01T00:00:00Z",
        "expires_at": NEVER,
        "invitee": "bob",
        **changed,
    }

    def answer(request: Request) -> Reply:
        if request.path == "/api/house":
            return Reply(200, {"origin": ORIGIN, "terms": TERMS})
        assert request.headers["authorization"] == "Bearer house_x"
        return Reply(200, found)

    return answer


def test_an_invitation_may_be_read_from_the_node(
    bob: Developer, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "house_x")
    asked = "d3" * 20
    with listening(answering()) as server:
        assert house("respond", asked, "--accept", "--yes", "--url", server.url)[0] == 0
    assert last(bob) == {"House-Accept": asked, "House-Terms": TERMS, "House-Origin": ORIGIN}
    for changed, said in (
        ({"status": "revoked"}, "is revoked already"),
        ({"status": "unknown", "invited_at": None}, "has not seen invitation"),
        ({"expires_at": LONG_AGO}, "has expired"),
    ):
        with listening(answering(**changed)) as server:
            code, _, err = house("respond", asked, "--accept", "--yes", "--url", server.url)
        assert code in (1, 2)
        assert said in err
    assert bob.count() == 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["HEAD", "--accept"], "HEAD is no commit of ."),
        (["d3ae", "--accept"], "d3ae is no commit of ."),
        (["d3" * 20, "--accept"], "set HOUSE_TOKEN to ask the node"),
        (["d3" * 20], "one of the arguments --accept --decline is required"),
        (["d3" * 20, "--accept", "--decline"], "not allowed with argument"),
        (["--output=/tmp/x", "--accept"], "the following arguments are required: HASH"),
    ],
)
def test_what_is_nowhere_to_be_found_is_not_answered(
    bob: Developer, house: House, argv: list[str], said: str
) -> None:
    code, out, err = house("respond", *argv, "--yes")
    assert (code, out, bob.count()) == (2, "", 1)
    assert said in err


def test_an_ordinary_commit_is_no_invitation(bob: Developer, house: House) -> None:
    code, _, err = house("respond", bob.git("rev-parse", "HEAD"), "--accept", "--yes")
    assert (code, bob.count()) == (2, 1)
    assert "is no invitation: it says no House-Invite" in err


# -- revoke


def test_either_takes_it_back(alice: Developer, bob: Developer, house: House) -> None:
    asked = invitation(alice)
    assert house("revoke", asked, "--repo", str(alice.repository), "--yes")[0] == 0
    assert last(alice) == {"House-Revoke": asked, "House-Origin": ORIGIN}
    assert house("revoke", asked, "--origin", ORIGIN, "--yes", "--push")[0] == 0
    assert last(bob) == {"House-Revoke": asked, "House-Origin": ORIGIN}
    assert bob.git("rev-parse", "main", at=bob.remote) == bob.git("rev-parse", "HEAD")


def test_an_opt_in_whose_commit_is_out_of_reach_is_revoked_at_its_house(bob: Developer, house: House) -> None:
    with listening(lambda _: Reply(200, {"origin": ORIGIN, "terms": TERMS})) as server:
        assert house("revoke", "d3" * 20, "--url", server.url, "--yes")[0] == 0
    assert last(bob) == {"House-Revoke": "d3" * 20, "House-Origin": ORIGIN}
    assert house("revoke", "d3", "--yes")[0] == 2
