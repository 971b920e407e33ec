"""`house respond` and `house revoke` in real repositories: what they find, commit and refuse."""

from collections.abc import Callable

import pytest

from shared.domain.instants import from_rfc3339, rfc3339
from tests.cli.git import Developer, sign_with_ssh
from tests.cli.statements import LONG_AGO, NEVER, ORIGIN, TERMS, House, invitation, last
from tests.loopback import Answer, Asked, Loopback, in_json


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
    with Loopback(lambda _: in_json(told)) as server:
        code, _, err = house(
            "respond", asked, "--accept", "--yes", "--invitation", str(alice.repository), "--url", server.url
        )
    assert (code, bob.count()) == (1, 1)
    assert said in err


def answering(**changed: str | None) -> Callable[[Asked], Answer]:
    found = {
        "status": "invited",
        "terms": TERMS,
        "invited_at": "2026-01-01T00:00:00Z",
        "expires_at": NEVER,
        "invitee": "bob",
        **changed,
    }

    def answer(request: Asked) -> Answer:
        if request.path == "/api/house":
            return in_json({"origin": ORIGIN, "terms": TERMS})
        assert request.headers["authorization"] == "Bearer house_x"
        return in_json(found)

    return answer


def test_an_invitation_may_be_read_from_the_node(
    bob: Developer, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "house_x")
    asked = "d3" * 20
    with Loopback(answering()) as server:
        assert house("respond", asked, "--accept", "--yes", "--url", server.url)[0] == 0
    assert last(bob) == {"House-Accept": asked, "House-Terms": TERMS, "House-Origin": ORIGIN}
    for changed, said in (
        ({"status": "revoked"}, "is revoked already"),
        ({"status": "unknown", "invited_at": None}, "has not seen invitation"),
        ({"expires_at": LONG_AGO}, "has expired"),
    ):
        with Loopback(answering(**changed)) as server:
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
        (["d3" * 20, "--accept", "--invitation", "../work"], "d3d3d3d3d3d3 is not in ../work or .: fetch it"),
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


def test_a_tag_in_the_inviters_repository_answers_no_other_invitation(
    alice: Developer, bob: Developer, house: House
) -> None:
    """Tags come with a clone, and git prefers their names to the beginnings of hashes."""
    asked, other = invitation(alice), invitation(alice, House_Id="0e" * 16)
    alice.git("tag", asked[:12], other)
    argv = ("respond", asked[:12], "--accept", "--invitation", str(alice.repository), "--yes")
    assert house(*argv)[0] == 2
    assert bob.count() == 1
    assert house("respond", asked, *argv[2:])[0] == 0
    assert last(bob)["House-Accept"] == asked


@pytest.mark.parametrize("setting", ["log.showSignature=true", "i18n.logOutputEncoding=UTF-16"])
def test_an_invitation_is_read_as_it_is_stored(
    alice: Developer, bob: Developer, house: House, setting: str
) -> None:
    sign_with_ssh(alice)
    asked = invitation(alice)
    instead = invitation(alice, House_Terms="sha256:" + "cd" * 32)
    alice.git("replace", asked, instead)
    bob.git("config", "--global", *setting.split("="))
    assert house("respond", asked, "--accept", "--invitation", str(alice.repository), "--yes")[0] == 0
    bob.git("config", "--global", "--unset", setting.partition("=")[0])
    assert last(bob)["House-Terms"] == TERMS


# -- revoke


def test_either_takes_it_back(alice: Developer, bob: Developer, house: House) -> None:
    asked = invitation(alice)
    assert house("revoke", asked, "--repo", str(alice.repository), "--yes")[0] == 0
    assert last(alice) == {"House-Revoke": asked, "House-Origin": ORIGIN}
    assert house("revoke", asked, "--origin", ORIGIN, "--yes", "--push")[0] == 0
    assert last(bob) == {"House-Revoke": asked, "House-Origin": ORIGIN}
    assert bob.git("rev-parse", "main", at=bob.remote) == bob.git("rev-parse", "HEAD")


def test_an_opt_in_whose_commit_is_out_of_reach_is_revoked_at_its_house(bob: Developer, house: House) -> None:
    with Loopback(lambda _: in_json({"origin": ORIGIN, "terms": TERMS})) as server:
        assert house("revoke", "d3" * 20, "--url", server.url, "--yes")[0] == 0
    assert last(bob) == {"House-Revoke": "d3" * 20, "House-Origin": ORIGIN}
    assert house("revoke", "d3", "--yes")[0] == 2
