"""What the answers of GitHub and of sites say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.crawler import github, site
from functions.crawler.decide import NotRead
from functions.crawler.headers import kept_etag, retry_at_us
from shared.domain.instants import DAY_US, SECOND_US
from shared.domain.profiles import ProfileObserved, SiteObserved
from shared.ports.web import Page
from tests.crawler.looking import OCTO
from tests.given import HOUSE, NOW_US

URL = "https://octo.example/about?x=1"


def page(status_code: int = 200, body: bytes = b"", **headers: str) -> Page:
    return Page(URL, status_code, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def html(body: str, content_type: str = "text/html; charset=utf-8") -> Page:
    return page(200, body.encode(), content_type=content_type)


# -- GitHub


def read(body: bytes, status_code: int = 200, **headers: str) -> github.User:
    return github.user(page(status_code, body, **headers), OCTO, None, HOUSE, NOW_US)


@pytest.mark.parametrize(
    ("blog", "expected"),
    [
        ("null", None),
        ('""', None),
        ('" "', None),
        ('"https://octo.example/"', "https://octo.example/"),
        ('" octo.example "', "https://octo.example"),
        ('"ftp://octo.example"', "ftp://octo.example"),
        ('"' + "a" * 3_000 + '"', None),
    ],
)
def test_a_profile_names_its_site_with_or_without_a_scheme(blog: str, expected: str | None) -> None:
    assert read(f'{{"id": 1, "blog": {blog}, "more": []}}'.encode()).site == expected


def test_a_login_that_belongs_to_someone_else_is_not_read() -> None:
    with pytest.raises(NotRead, match="login now belongs to someone else") as why:
        read(b'{"id": 2}')
    assert why.value.retry_at_us == NOW_US + DAY_US


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"id": "1"}', b'{"id": 1, "name": 2}', b'{"id": 1, "name": "\xff"}']
)
def test_an_answer_of_another_shape_is_not_read(body: bytes) -> None:
    with pytest.raises(NotRead, match="not what its documentation says"):
        read(body)


@given(body=st.binary(max_size=40))
def test_no_answer_is_a_bug(body: bytes) -> None:
    for reader in (
        lambda: read(body),
        lambda: github.organizations(page(200, body), None, NOW_US),
        lambda: github.status(page(200, body), NOW_US),
        lambda: site.check_robots(page(200, body), URL, NOW_US),
    ):
        try:
            reader()
        except NotRead:
            continue


@pytest.mark.parametrize(
    ("status_code", "headers", "reason", "wait_s"),
    [
        (429, {"retry-after": "120"}, "rate limit", 120),
        (403, {"retry-after": "60"}, "rate limit", 60),
        (
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW_US // SECOND_US + 900)},
            "rate limit",
            900,
        ),
        (429, {}, "rate limit", None),
        (403, {"x-ratelimit-remaining": "12"}, "answered 403", None),
        (401, {}, "answered 401", None),
        (500, {}, "answered 500", None),
        (301, {}, "answered 301", None),
        (304, {}, "answered 304", None),
        (404, {}, "no such login", 86_400),
    ],
)
def test_a_refusal_says_why_and_when_to_come_back(
    status_code: int, headers: dict[str, str], reason: str, wait_s: int | None
) -> None:
    with pytest.raises(NotRead, match=reason) as why:
        github.user(Page(URL, status_code, headers, b""), OCTO, None, HOUSE, NOW_US)
    assert why.value.retry_at_us == (None if wait_s is None else NOW_US + wait_s * SECOND_US)


def test_what_has_not_changed_is_what_it_was() -> None:
    last = ProfileObserved(
        OCTO, "octo", 0, name="Octo", site=URL, organizations=("a",), etag='"1"', organizations_etag='"2"'
    )
    assert github.user(page(304), OCTO, last, HOUSE, NOW_US) == github.User("Octo", URL, '"1"')
    assert github.organizations(page(304), last, NOW_US) == github.Organizations(("a",), '"2"')


def test_organizations_are_at_most_a_hundred() -> None:
    body = b"[" + b",".join([b'{"login": "a"}'] * 150) + b"]"
    assert len(github.organizations(page(200, body), None, NOW_US).logins) == 100


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"data": {"user": {"status": null}}}', github.Status()),
        (
            b'{"data": {"user": {"status": {"message": "x", "emoji": ":y:", "indicatesLimitedAvailability": true}}}}',
            github.Status("x", ":y:", True),
        ),
    ],
)
def test_a_status_may_be_set_or_not(body: bytes, expected: github.Status) -> None:
    assert github.status(page(200, body), NOW_US) == expected


def test_a_question_without_an_answer_is_not_a_status() -> None:
    with pytest.raises(NotRead, match="no answer"):
        github.status(page(200, b'{"data": {"user": null}, "errors": []}'), NOW_US)


def test_a_login_cannot_leave_its_place_in_the_address() -> None:
    assert (
        github.user_url("https://api.github.com/", "../x?y#z")
        == "https://api.github.com/users/..%2Fx%3Fy%23z"
    )


# -- headers


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry-after": "7"}, NOW_US // SECOND_US + 7),
        ({"retry-after": "Mon, 02 Mar 2026 09:00:30 GMT"}, NOW_US // SECOND_US + 30),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "9" * 40}, None),
        ({"x-ratelimit-reset": "1800000000"}, 1_800_000_000),
        ({"x-ratelimit-reset": "²"}, None),
        ({}, None),
    ],
)
def test_a_server_says_when_to_come_back(headers: dict[str, str], expected_s: int | None) -> None:
    assert retry_at_us(headers, NOW_US) == (None if expected_s is None else expected_s * SECOND_US)


@given(st.text())
def test_no_retry_after_is_a_bug(text: str) -> None:
    retry_at_us({"retry-after": text, "x-ratelimit-reset": text}, NOW_US)


@pytest.mark.parametrize("etag", ['"é"', '"\r\n"', '"' + "a" * 300 + '"', ""])
def test_an_etag_that_cannot_be_sent_back_is_not_kept(etag: str) -> None:
    assert kept_etag({"etag": etag}) is None


# -- robots.txt


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /about", False),
        ("User-agent: *\nDisallow: /private/", True),
        ("User-agent: HouseBot\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: housebot\nAllow: /", True),
        ("User-agent: OtherBot\nDisallow: /", True),
        ("User-agent: *\nDisallow: /*x=", False),
        ("<!doctype html><title>Not found</title>", True),
    ],
)
def test_robots_txt_decides(rules: str, allowed: bool) -> None:
    if allowed:
        site.check_robots(page(200, rules.encode()), URL, NOW_US)
        return
    with pytest.raises(NotRead, match="does not allow") as why:
        site.check_robots(page(200, rules.encode()), URL, NOW_US)
    assert why.value.retry_at_us == NOW_US + DAY_US


@pytest.mark.parametrize("status_code", [400, 401, 403, 404, 410])
def test_without_robots_txt_everything_is_allowed(status_code: int) -> None:
    site.check_robots(page(status_code, b"User-agent: *\nDisallow: /"), URL, NOW_US)


@pytest.mark.parametrize("status_code", [429, 500, 503])
def test_while_robots_txt_is_in_trouble_nothing_is_allowed(status_code: int) -> None:
    with pytest.raises(NotRead, match=f"robots.txt answered {status_code}") as why:
        site.check_robots(page(status_code, b"", retry_after="90"), URL, NOW_US)
    assert why.value.retry_at_us == NOW_US + 90 * SECOND_US


def test_robots_txt_is_read_up_to_a_limit() -> None:
    padding = b"#" * site.ROBOTS_BYTES_MAX + b"\n"
    site.check_robots(page(200, padding + b"User-agent: *\nDisallow: /"), URL, NOW_US)


def test_the_rules_lie_at_the_root_of_the_site() -> None:
    assert site.robots_url("https://octo.example:8443/a/b?c#d") == "https://octo.example:8443/robots.txt"
    with pytest.raises(NotRead, match="not a web address"):
        site.robots_url("http://[half")


# -- pages


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<title>Octo Cat</title>", "Octo Cat"),
        ("<!doctype html><html><head><TITLE lang=en>\n Octo\t&amp;\n Cat </TITLE>", "Octo & Cat"),
        ("<title></title><title>second</title>", None),
        ("<svg><title>icon</title></svg><title>page</title>", "icon"),
        ("<script>'<title>no</title>'</script><title>yes</title>", "yes"),
        ("<title>a\x00b\x1b[31mc\u202ed</title>", "ab[31mcd"),
        ("<title>" + "x" * 500 + "</title>", "x" * 200),
        ("<h1>none</h1>", None),
        ("<![x[<title>late</title>", None),
        ("<title>early</title><![x[", "early"),
        ("", None),
    ],
)
def test_a_title_is_plain_text(body: str, expected: str | None) -> None:
    assert site.title(html(body)) == expected


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "image/svg+xml"])
def test_only_html_has_a_title(content_type: str) -> None:
    assert site.title(html("<title>x</title>", content_type)) is None


def test_a_title_is_read_in_the_encoding_of_its_page() -> None:
    body = "<title>Köln</title>"
    assert (
        site.title(page(200, body.encode("latin-1"), content_type='text/html; charset="ISO-8859-1"'))
        == "Köln"
    )
    assert site.title(page(200, body.encode(), content_type="text/html; charset=no-such")) == "Köln"
    assert site.title(page(200, body.encode(), content_type="text/html; charset=iso-8859-9999")) is None


@given(
    st.binary(max_size=200),
    st.sampled_from(["utf-8", "punycode", "zip_codec", "\x00", "shift_jis", "windows-1"]),
)
def test_no_page_is_a_bug(body: bytes, charset: str) -> None:
    site.title(page(200, b"<title>" + body, content_type=f"text/html;charset={charset}"))


def test_a_page_that_is_gone_is_seen_as_gone() -> None:
    seen = site.observed(
        page(404, b"<title>gone</title>", etag='"1"', content_type="text/html"), OCTO, URL, None, NOW_US
    )
    assert (seen.status_code, seen.title, seen.etag, seen.size_bytes) == (404, None, None, 19)


@pytest.mark.parametrize("status_code", [304, 429, 500, 503])
def test_a_server_in_trouble_is_asked_again_when_it_says(status_code: int) -> None:
    with pytest.raises(NotRead, match=str(status_code)) as why:
        site.observed(page(status_code, retry_after="5"), OCTO, URL, None, NOW_US)
    assert why.value.retry_at_us == NOW_US + 5 * SECOND_US


def test_an_unchanged_page_keeps_what_is_known_of_it() -> None:
    last = SiteObserved(OCTO, URL, 1, 200, "ab" * 32, 10, "Octo", '"1"', "Mon, 02 Mar 2026 09:00:30 GMT")
    assert site.headers(last)["if-none-match"] == '"1"'
    assert site.headers(last)["if-modified-since"] == "Mon, 02 Mar 2026 09:00:30 GMT"
    seen = site.observed(page(304, etag='"1"'), OCTO, URL, last, NOW_US)
    assert (seen.digest, seen.title, seen.unchanged, seen.observed_at_us) == (
        last.digest,
        "Octo",
        True,
        NOW_US,
    )
