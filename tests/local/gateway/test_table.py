"""Which route a request takes, and what the printed table says."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.errors import NotEmulatedError
from local.gateway.table import RoutingTable, Throttle
from tests.local.gateway.made_up import table
from tests.local.gateway.unhurried import unhurried


def taken(routes: RoutingTable, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match = routes.match(method, path)
    return (match.route.key, dict(match.parameters)) if match else None


# The example of AWS's own page on routes, and what it leaves open.
PETS = table("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default")


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET", "/pets/dog/2/3", "GET /pets/{proxy+}", {"proxy": "dog/2/3"}),
        ("GET", "/", "$default", {}),
        ("GET", "/pets", "ANY /{proxy+}", {"proxy": "pets"}),
        ("GET", "/pets/", "GET /pets/{proxy+}", {"proxy": ""}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/pets/dog/a%20b%2Fc", "GET /pets/dog/{id}", {"id": "a b/c"}),
        ("GET", "/PETS/dog/1", "ANY /{proxy+}", {"proxy": "PETS/dog/1"}),
        ("GET", "//pets/dog/1", "ANY /{proxy+}", {"proxy": "/pets/dog/1"}),
        ("GET", "/pets/../health", "GET /pets/{proxy+}", {"proxy": "../health"}),
    ],
)
def test_a_full_match_goes_before_a_greedy_one_and_both_before_the_default(
    method: str, path: str, key: str, parameters: dict[str, str]
) -> None:
    assert taken(PETS, method, path) == (key, parameters)


@pytest.mark.parametrize(
    ("keys", "method", "path", "key"),
    [
        (("ANY /a", "GET /a"), "GET", "/a", "GET /a"),
        (("ANY /a", "GET /a"), "PUT", "/a", "ANY /a"),
        (("ANY /{x+}", "GET /{x+}"), "GET", "/a", "GET /{x+}"),
        (("GET /{x}/b", "GET /a/{y}"), "GET", "/a/b", "GET /a/{y}"),
        (("GET /a/{x}/{y+}", "GET /a/{x+}"), "GET", "/a/b/c", "GET /a/{x}/{y+}"),
        (("GET /a/{x+}", "GET /a/b/{x+}"), "GET", "/a/b/c", "GET /a/b/{x+}"),
        (("GET /a/{x}", "GET /a/{x+}"), "GET", "/a/b", "GET /a/{x}"),
    ],
)
def test_the_more_specific_route_goes_first_in_whatever_order_they_were_made(
    keys: tuple[str, ...], method: str, path: str, key: str
) -> None:
    for order in (keys, keys[::-1]):
        found = taken(table(*order), method, path)
        assert found is not None
        assert found[0] == key


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/trades/"), ("PUT", "/trades"), ("get", "/trades"), ("GET", "/trades/1")]
)
def test_what_no_route_takes_is_not_found(method: str, path: str) -> None:
    assert taken(table("GET /trades"), method, path) is None


_TEXTS = st.sampled_from(["a", "b", "c"])
_SEGMENTS = st.lists(st.one_of(_TEXTS, st.sampled_from(["{x}", "{y}"])), min_size=1, max_size=3, unique=True)
_KEYS = st.builds(
    lambda method, segments, greedy: f"{method} /{'/'.join([*segments, *(['{rest+}'] if greedy else [])])}",
    st.sampled_from(["GET", "ANY"]),
    _SEGMENTS,
    st.booleans(),
)


def _shape(key: str) -> str:
    return key.replace("{x}", "{}").replace("{y}", "{}")


@unhurried
@given(st.lists(_KEYS, unique_by=_shape, max_size=8), st.lists(_TEXTS, min_size=1, max_size=4))
def test_whatever_the_routes_a_full_match_wins_and_its_parameters_give_the_path_again(
    keys: list[str], path: list[str]
) -> None:
    match = table(*keys, "$default").match("GET", "/" + "/".join(path))
    assert match is not None
    full = [
        key
        for key in keys
        if "+" not in key
        and len(key.split("/")) - 1 == len(path)
        and all(s in (p, "{x}", "{y}") for s, p in zip(key.partition("/")[2].split("/"), path, strict=True))
    ]
    assert ("+" not in match.route.key and match.route.key != "$default") == bool(full)
    if match.route.key != "$default":
        filled = match.route.path
        for name, value in match.parameters.items():
            filled = filled.replace(f"{{{name}}}", value).replace(f"{{{name}+}}", value)
        assert filled == "/" + "/".join(path)
    if full and any(key.startswith("GET") and _shape(key[4:]) == _shape(match.route.path) for key in keys):
        assert match.route.method == "GET"


@unhurried
@given(st.text(min_size=1, max_size=20))
def test_a_variable_takes_any_text_of_one_segment(text: str) -> None:
    encoded = quote(text.encode("utf-8", "surrogatepass"), safe="")
    match = table("GET /a/{x}").match("GET", f"/a/{encoded}")
    assert match is not None
    assert "x" in match.parameters
    if text.isprintable():
        assert match.parameters["x"] == text


@pytest.mark.parametrize(
    ("path", "stage", "within"),
    [
        ("/v1/trades", "v1", "/trades"),
        ("/v1", "v1", "/"),
        ("/v1/", "v1", "/"),
        ("/v10/x", "$default", "/v10/x"),
    ],
)
def test_a_named_stage_is_a_paths_first_segment_and_all_else_is_the_default_stages(
    path: str, stage: str, within: str
) -> None:
    found = table("GET /trades", stages=("$default", "v1")).stage(path)
    assert found is not None
    assert (found[0].name, found[1]) == (stage, within)


def test_without_a_default_stage_other_paths_are_nobodys() -> None:
    assert table("GET /trades", stages=("v1",)).stage("/trades") is None


@pytest.mark.parametrize(
    "keys",
    [
        ("TRACE /a",),
        ("GET a",),
        ("GET /a/",),
        ("GET //a",),
        ("GET /{x+}/a",),
        ("GET /{x}/{x}",),
        ("GET /a{x}",),
        ("GET /{}",),
        ("GET /{x",),
        ("GET",),
        ("GET /a/{x}", "GET /a/{y}"),
    ],
)
def test_a_route_key_that_is_not_understood_is_refused_by_name(keys: tuple[str, ...]) -> None:
    with pytest.raises(NotEmulatedError) as refused:
        table(*keys)
    assert str(refused.value).startswith(f"route {keys[-1]}: ")


def test_the_printed_table_says_where_each_route_leads_and_who_is_asked() -> None:
    lines = table("GET /health", "$default").lines()
    assert lines[0].split() == ["ROUTE", "FUNCTION", "AUTHORIZER"]
    assert lines[1].split(maxsplit=3) == ["GET", "/health", "f", "none: open to all"]
    assert lines[2].split(maxsplit=2) == ["$default", "f", "none: open to all"]
    assert lines[3] == "stage $default: 10000 requests a second, 5000 at once; access log: none"


def test_limits_that_routes_have_alike_are_printed_once() -> None:
    served = table("GET /a", "GET /b", "GET /c")
    own = {"GET /a": Throttle(5, 9), "GET /b": Throttle(2, 3), "GET /c": Throttle(2, 3)}
    stage = replace(served.stages["$default"], route_throttles=own)
    [line] = [each for each in replace(served, stages={"$default": stage}).lines() if "stage" in each]
    assert line.split("; ")[1:3] == [
        "GET /a: 5 requests a second, 9 at once",
        "each of 2 routes: 2 requests a second, 3 at once",
    ]
