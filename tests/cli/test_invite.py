"""`house invite` in a real repository: what it commits, shows, pushes and refuses."""

import os
import pty
import sys

import pytest

from shared.domain.instants import DAY_US, SECOND_US, from_rfc3339
from tests.cli.git import Developer, sign_with_ssh
from tests.cli.statements import HOUSE, LONG_AGO, ORIGIN, TERMS, House, last
from tests.loopback import Answer, Asked, Loopback, in_json


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
    def github(request: Asked) -> Answer:
        assert request.path == "/users/bob"
        return in_json({"id": 583231, "login": "Bob"})

    with Loopback(github) as server:
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
        (in_json({"message": "Not Found"}, 404), 2, "GitHub knows no account bob"),
        (in_json({"id": 66, "login": "b0b"}), 0, "without the account's number"),
        (in_json(["not", "an", "account"]), 0, "without the account's number"),
        (in_json({"message": "rate limit"}, 403), 0, "HTTP 403 without"),
    ],
)
def test_what_github_may_answer(alice: Developer, house: House, reply: Answer, code: int, said: str) -> None:
    with Loopback(lambda _: reply) as server:
        ended, _, err = house("invite", "@bob", "--yes", "--github-url", server.url, *HOUSE)
    assert ended == code
    assert said in err
    assert alice.count() == (2 if code == 0 else 1)


def test_origin_and_terms_are_the_nodes_own_word(alice: Developer, house: House) -> None:
    told = {"origin": "https://node.example", "terms": "sha256:" + "cd" * 32, "name": "Node"}
    with Loopback(lambda _: in_json(told)) as server:
        assert house("invite", "@bob", "--id", "42", "--yes", "--url", server.url)[0] == 0
        assert [request.path for request in server.asked] == ["/api/house"]
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
