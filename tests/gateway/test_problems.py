"""Bad input stops at the edge with a problem document that names the field and its limit."""

import re
from typing import Any

import msgspec
import pytest

from shared.domain.requests import Role
from shared.runtime.edge import Receipt, Rejection, Submission
from tests.gateway.house import House, picture

ID = "0" * 32
TICKET = {"primary": "designer", "secondary": "engineer", "languages": ["en"], "offset_h": 1}
BRIEF = {"title": "T", "question": "Q?"}

WRONG: list[tuple[Role, str, Any, str, str]] = [
    # whose token, path, body, the field, a part of what is said of it
    ("operator", "/api/tokens", {"role": "king", "name": "N"}, "role", "'operator', 'client' or 'developer'"),
    ("operator", "/api/tokens", {"role": "client"}, "name", "required"),
    ("operator", "/api/tokens", {"role": "client", "name": "x" * 121}, "name", "120"),
    ("operator", "/api/tokens", {"role": "client", "name": " "}, "name", "at least 1"),
    ("operator", "/api/tokens", {"role": "developer", "name": "octo"}, "name", "github:<numeric id>"),
    ("operator", "/api/tokens", {"role": "client", "name": "N", "sub": "*"}, "sub", "not permitted"),
    ("developer", "/api/tickets", {**TICKET, "primary": "chef"}, "primary", "facilitator"),
    ("developer", "/api/tickets", {**TICKET, "secondary": "designer"}, "secondary", "another one"),
    ("developer", "/api/tickets", {**TICKET, "languages": []}, "languages", "at least 1"),
    ("developer", "/api/tickets", {**TICKET, "languages": ["en"] * 11}, "languages", "at most 10"),
    ("developer", "/api/tickets", {**TICKET, "languages": ["English!"]}, "languages.0", "pattern"),
    ("developer", "/api/tickets", {**TICKET, "offset_h": 15}, "offset_h", "14"),
    ("developer", "/api/tickets", {**TICKET, "offset_h": "1"}, "offset_h", "number"),
    ("developer", "/api/tickets", {**TICKET, "expires_in_s": 59}, "expires_in_s", "60"),
    ("developer", "/api/tickets", {**TICKET, "pool": "A/B"}, "pool", "pattern"),
    ("developer", "/api/consents", {"purpose": "spam", "given": True}, "purpose", "'introduction'"),
    ("developer", "/api/consents", {"purpose": "participation", "given": 1}, "given", "boolean"),
    (
        "developer",
        "/api/consents",
        {"purpose": "participation", "given": True, "brief": ID},
        "brief",
        "introduction",
    ),
    ("client", "/api/briefs", {**BRIEF, "title": "x" * 121}, "title", "120"),
    ("client", "/api/briefs", {**BRIEF, "question": "x" * 2001}, "question", "2000"),
    ("client", "/api/briefs", {**BRIEF, "title": "a\x00b"}, "title", "pattern"),
    ("client", "/api/briefs", {**BRIEF, "sessions": 101}, "sessions", "100"),
    ("client", "/api/briefs", {**BRIEF, "window_s": 1}, "window_s", "60"),
    ("client", "/api/briefs", {**BRIEF, "points_each": 51}, "points_each", "50"),
    ("client", f"/api/briefs/{ID}/creatives", {"kind": "video", "label": "L", "text": "T"}, "kind", "'copy'"),
    (
        "client",
        f"/api/briefs/{ID}/creatives",
        {"kind": "copy", "label": "x" * 81, "text": "T"},
        "label",
        "80",
    ),
    (
        "client",
        f"/api/briefs/{ID}/creatives",
        {"kind": "copy", "label": "L", "text": "x" * 4001},
        "text",
        "4000",
    ),
    ("developer", f"/api/sessions/{ID}/votes", {"approved": [ID] * 51}, "approved", "50"),
    ("developer", f"/api/sessions/{ID}/votes", {"approved": [ID, ID]}, "approved", "once"),
    ("developer", f"/api/sessions/{ID}/votes", {"approved": ["x"]}, "approved.0", "pattern"),
    (
        "developer",
        f"/api/sessions/{ID}/points",
        {"creative": ID, "x": 1.1, "y": 0},
        "x",
        "less than or equal to 1",
    ),
    ("developer", f"/api/sessions/{ID}/points", {"creative": ID, "x": 0.5}, "y", "required"),
    ("developer", f"/api/sessions/{ID}/points", {"points": []}, "points", "at least 1"),
    (
        "developer",
        f"/api/sessions/{ID}/points",
        {"points": [{"creative": ID, "x": -1, "y": 0}]},
        "points.0.x",
        "0",
    ),
    ("developer", "/api/sign-in-links", {"next": "//evil"}, "next", "pattern"),
]


@pytest.mark.parametrize(
    ("role", "path", "body", "field", "said"), WRONG, ids=[f"{w[1]} {w[3]}" for w in WRONG]
)
def test_a_wrong_field_is_named_with_its_limit(
    house: House, role: Role, path: str, body: Any, field: str, said: str
) -> None:
    answer = house.speaking_as(role).post(path, body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert field in [error["field"] for error in problem["errors"]]
    assert any(said in error["detail"] for error in problem["errors"])
    assert problem["correlationid"] == answer.headers["x-correlation-id"]
    assert (problem["type"], problem["status"]) == ("about:blank", 400)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=501", "limit"),
        ("limit=0", "limit"),
        ("after=zz", "after"),
        ("since=yesterday", "since"),
        ("since=99999-01-01T00:00:00Z", "since"),
        ("party=bob", "party"),
        ("kind=" + "x" * 129, "kind"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_a_wrong_parameter_is_named(house: House, query: str, field: str) -> None:
    answer = house.operator().get(f"/api/entries?{query}")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_malformed_json_is_refused_with_its_position(house: House) -> None:
    headers = {"authorization": f"Bearer {house.operator().token}", "content-type": "application/json"}
    answer = house.request("POST", "/api/tokens", content=b'{"role": ', headers=headers)
    assert answer.status_code == 400
    assert "line 1 column 9" in answer.json()["detail"]


def test_another_media_type_is_refused(house: House) -> None:
    headers = {"authorization": f"Bearer {house.operator().token}", "content-type": "text/plain"}
    answer = house.request("POST", "/api/tokens", content=b"{}", headers=headers)
    assert answer.status_code == 415


def test_a_large_body_is_refused(house: House) -> None:
    answer = house.operator().post("/api/tokens", {"role": "client", "name": "x" * 70_000})
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert "65,536" in answer.json()["detail"]
    assert house.request("POST", "/sign-in", data={"token": "x" * 70_000}).status_code == 413


@pytest.mark.parametrize(
    "path", ["/nothing", "/api", "/api/", "/api/entries/", "/api/entries/a/b", "/favicon.ico"]
)
def test_an_unknown_path_is_a_problem(house: House, path: str) -> None:
    answer = house.operator().get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_another_method_is_a_problem_that_says_which_there_are(house: House) -> None:
    for method, path, allowed in (
        ("PUT", "/api/entries", "GET"),
        ("GET", "/api/tokens", "POST"),
        ("POST", "/api/tokens/0", "DELETE"),
        ("DELETE", "/sign-in", "GET, POST"),
    ):
        answer = house.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.headers["content-type"] == "application/problem+json"


def test_head_is_get_without_the_body(house: House) -> None:
    assert house.request("HEAD", "/healthz").status_code == 200


def test_whoever_reads_pages_gets_a_page(house: House) -> None:
    answer = house.request("GET", "/nothing", headers={"accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    api = house.request("GET", "/api/nothing", headers={"accept": "text/html,*/*"})
    assert api.headers["content-type"] == "application/problem+json"


def test_the_page_of_a_refusal_knows_who_is_signed_in_and_whose_house_it_is(house: House) -> None:
    house.house = msgspec.structs.replace(house.house, name="Tide House")
    entered = house.request("POST", "/sign-in", data={"token": house.customer().token})
    cookie = {"cookie": entered.headers["set-cookie"].partition(";")[0]}
    words = set()
    for path, status in (("/", 200), ("/nothing", 404), ("/me", 403), ("/sign-out", 405)):
        page = house.request("GET", path, headers={"accept": "text/html", **cookie})
        assert page.status_code == status
        assert all(text in page.text for text in ("Tide House", "client client_tide", "Sign out")), path
        words |= set(re.findall(r'name="csrf" value="([0-9a-f]{64})"', page.text))
    assert len(words) == 1


def test_the_page_of_a_refusal_needs_no_store(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = house.request("POST", "/sign-in", data={"token": house.customer().token})
    cookie = {"cookie": entered.headers["set-cookie"].partition(";")[0]}

    def away(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(house, "state", away)
    for path, status, said in (
        ("/", 503, "The House cannot read or write just now. Try again in 2 s."),
        ("/nothing", 404, "There is nothing here"),
    ):
        page = house.request("GET", path, headers={"accept": "text/html", **cookie})
        assert (page.status_code, said in page.text) == (status, True)


def test_a_bug_is_answered_without_what_it_said(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    somebody = "@".join(("alice", "example.org"))

    def broken() -> None:
        raise RuntimeError(somebody)

    monkeypatch.setattr(house, "troubles", broken)
    answer = house.request("GET", "/readyz")
    assert answer.status_code == 500
    assert somebody not in answer.text
    logged = capfd.readouterr().err
    assert answer.headers["x-correlation-id"] in logged
    assert "RuntimeError" in logged
    assert somebody not in logged


def test_a_node_that_cannot_keep_up_says_when_to_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: Submission) -> Receipt:
        raise Rejection(429, "Too many requests", "later", retry_after_s=1)

    async def away(_: Submission) -> Receipt:
        raise TimeoutError

    for broken, status in ((full, 429), (away, 503)):
        monkeypatch.setattr(house, "submit", broken)
        answer = house.customer().post("/api/briefs", BRIEF)
        assert answer.status_code == status
        assert int(answer.headers["retry-after"]) >= 1


def test_the_same_key_makes_a_repeated_request_the_same(house: House) -> None:
    client = house.customer()
    first = client.post("/api/briefs", BRIEF, idempotency_key="a")
    house.clock.move(5_000_000)
    again = client.post("/api/briefs", BRIEF, idempotency_key="a")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len(house.read("client/client_tide")) == 1
    assert client.post("/api/briefs", BRIEF, idempotency_key="b").json()["brief"] != first.json()["brief"]
    assert house.customer("client_ebb").post("/api/briefs", BRIEF, idempotency_key="a").json() != first.json()


def test_a_key_is_not_used_for_something_else(house: House) -> None:
    client = house.customer()
    client.post("/api/briefs", BRIEF, idempotency_key="a")
    answer = client.post("/api/briefs", {**BRIEF, "title": "Other"}, idempotency_key="a")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert client.post("/api/briefs", BRIEF, idempotency_key="x" * 129).status_code == 400


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"not an image", "not a PNG"), (picture()[:-40], "broken or cut short"), (b"", "not a PNG")],
)
def test_what_is_no_image_is_refused(house: House, data: bytes, said: str) -> None:
    client = house.customer()
    brief = client.post("/api/briefs", BRIEF).json()["brief"]
    answer = client.upload(f"/api/briefs/{brief}/creatives", data, label="L")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "file"
    assert said in answer.json()["detail"]


def test_a_form_is_checked_like_json(house: House) -> None:
    client = house.customer()
    path = f"/api/briefs/{client.post('/api/briefs', BRIEF).json()['brief']}/creatives"
    long = client.upload(path, picture(), label="x" * 81)
    assert [error["field"] for error in long.json()["errors"]] == ["label"]
    unknown = client.upload(path, picture(), label="L", colour="red")
    assert [error["field"] for error in unknown.json()["errors"]] == ["colour"]
    headers = {"authorization": f"Bearer {client.token}", "content-type": "multipart/form-data; boundary=x"}
    assert house.request("POST", path, content=b"--x\r\nnonsense", headers=headers).status_code == 400
    plain = {"authorization": f"Bearer {client.token}", "content-type": "multipart/form-data"}
    assert house.request("POST", path, content=b"", headers=plain).status_code == 400
    big = house.request("POST", path, content=b"x" * 11_000_000, headers=headers)
    assert big.status_code == 413
