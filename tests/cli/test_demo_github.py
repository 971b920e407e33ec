"""The demo's GitHub answers as GitHub does, as far as it goes."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from shared.cli.demo_github import DemoGitHub, DemoUser

USERS = {"octo": DemoUser(1, "Octo <Cat>", bio="I & you", orgs=("zoo",), busy=True)}


def ask(url: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, named)) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_a_profile_names_its_site_and_the_site_is_there() -> None:
    with DemoGitHub(USERS) as github:
        user = json.loads(ask(f"{github.url}/users/octo")[2])
        assert (user["id"], user["blog"]) == (1, github.site("octo"))
        status_code, headers, page = ask(user["blog"])
        assert (status_code, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert b"<title>Octo &lt;Cat&gt;</title>" in page
        assert github.requests == {"GET /users/octo": 1, "GET /sites/octo/": 1}


def test_what_the_asker_has_is_not_sent_again() -> None:
    with DemoGitHub(USERS) as github:
        _, headers, _ = ask(f"{github.url}/users/octo/orgs")
        assert ask(f"{github.url}/users/octo/orgs", If_None_Match=headers["ETag"])[0] == 304
        assert github.unchanged == {"GET /users/octo/orgs": 1}


def test_a_status_is_told_to_those_with_a_token() -> None:
    query = {"query": "…", "variables": {"login": "octo"}}
    with DemoGitHub(USERS) as github:
        assert ask(f"{github.url}/graphql", query)[0] == 401
        status_code, _, body = ask(f"{github.url}/graphql", query, Authorization="Bearer t")
    assert status_code == 200
    assert json.loads(body)["data"]["user"]["status"]["indicatesLimitedAvailability"] is True


@pytest.mark.parametrize("path", ["/", "/users/nobody", "/sites/nobody/", "/users", "/users/octo/gists"])
def test_the_rest_is_not_found(path: str) -> None:
    with DemoGitHub(USERS) as github:
        assert ask(f"{github.url}{path}")[0] == 404
