"""What browsers of other sites are told."""

import pytest

from local.gateway.answer import Answer
from local.gateway.cors import preflight, with_cors
from local.gateway.description import Cors
from tests.local.gateway.made_up import request

SITE = "https://potential-parakeet.pages.dev"
CORS = Cors(
    allow_origins=(SITE, "http://localhost:3000"),
    allow_methods=("GET", "POST"),
    allow_headers=("Content-Type", "Authorization"),
    expose_headers=("X-Request-Id",),
    max_age=3600,
)


def asking(origin: str | None, *headers: tuple[str, str]) -> Answer:
    asked = (("Origin", origin),) if origin else ()
    return preflight(CORS, request("OPTIONS", "/trades", "", *asked, *headers))


WANTED = ("Access-Control-Request-Method", "POST")


def test_a_preflight_of_the_site_is_told_what_it_may_do() -> None:
    answer = asking(SITE, WANTED)
    assert (answer.status, answer.body) == (204, b"")
    assert dict(answer.headers) == {
        "access-control-allow-origin": SITE,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "content-type,authorization",
        "access-control-max-age": "3600",
    }


@pytest.mark.parametrize(
    ("origin", "headers"),
    [
        ("https://evil.example", (WANTED,)),
        (f"{SITE}.evil.example", (WANTED,)),
        (SITE.upper(), (WANTED,)),
        ("null", (WANTED,)),
        (None, (WANTED,)),
        (SITE, ()),
    ],
)
def test_whoever_else_asks_is_told_nothing(origin: str | None, headers: tuple[tuple[str, str], ...]) -> None:
    assert asking(origin, *headers) == Answer(204)


def test_an_answer_to_the_site_has_the_apis_headers_in_place_of_the_functions_own() -> None:
    own = Answer(200, (("access-control-allow-origin", "*"), ("x-a", "b")), b"x")
    answer = with_cors(CORS, request("GET", "/", "", ("Origin", SITE)), own)
    assert answer.body == b"x"
    assert answer.headers == (
        ("x-a", "b"),
        ("access-control-allow-origin", SITE),
        ("access-control-expose-headers", "x-request-id"),
    )


def test_another_sites_answer_has_no_header_that_lets_it_read() -> None:
    own = Answer(200, (("access-control-allow-origin", "*"),), b"x")
    assert with_cors(CORS, request("GET", "/", "", ("Origin", "https://evil.example")), own).headers == ()


def test_an_api_without_cors_leaves_a_functions_headers_alone() -> None:
    own = Answer(200, (("access-control-allow-origin", "*"),), b"x")
    assert with_cors(None, request("GET", "/", "", ("Origin", SITE)), own) is own


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        ("*", "https://a.example", "*"),
        ("https://*", "https://a.example", "https://a.example"),
        ("https://*", "http://a.example", None),
        ("http://*", "http://a.example:1", "http://a.example:1"),
    ],
)
def test_wildcards_are_any_origin_or_any_of_a_scheme(allowed: str, origin: str, answered: str | None) -> None:
    answer = preflight(
        Cors(allow_origins=(allowed,)), request("OPTIONS", "/", "", ("Origin", origin), WANTED)
    )
    assert dict(answer.headers).get("access-control-allow-origin") == answered


def test_credentials_are_allowed_only_where_the_api_says_so() -> None:
    cors = Cors(allow_origins=(SITE,), allow_credentials=True)
    answer = preflight(cors, request("OPTIONS", "/", "", ("Origin", SITE), WANTED))
    assert ("access-control-allow-credentials", "true") in answer.headers
