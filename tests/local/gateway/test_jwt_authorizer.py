"""Which tokens API Gateway's own authorizer takes."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import aiohttp
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.description import JwtAuthorizer, JwtConfiguration
from local.gateway.errors import GatewayError
from local.gateway.issuers import KEYS_KEPT_SECONDS, REFETCH_SECONDS, Issuers
from local.gateway.judgement import Denied, Granted
from local.gateway.jwt_authorizer import judge
from tests.local.gateway.deployment import AUDIENCE, ISSUER
from tests.local.gateway.made_up import Clock, request
from tests.local.gateway.team import Team, key_named, public
from tests.local.gateway.unhurried import unhurried

pytestmark = pytest.mark.integration

HEADER = "Cf-Access-Jwt-Assertion"
AUTHORIZER = JwtAuthorizer(
    authorizer_id="z1",
    name="cloudflare-access",
    authorizer_type="JWT",
    identity_source=(f"$request.header.{HEADER}",),
    jwt_configuration=JwtConfiguration(audience=(AUDIENCE, "another"), issuer=ISSUER),
)
CERTS = "/cdn-cgi/access/certs"


@pytest.fixture
def team() -> Iterator[Team]:
    team = Team()
    yield team
    team.stop()


def judged(
    team: Team, *tokens: str | Callable[[Clock], str], scopes: tuple[str, ...] = ()
) -> list[Granted | Denied]:
    """What becomes of each token in turn. A function makes its token then, and may move the clock."""

    async def run() -> list[Granted | Denied]:
        clock = Clock()
        async with aiohttp.ClientSession() as session:
            issuers = Issuers(session, {ISSUER: team.address}, clock)
            await issuers.discover(ISSUER)
            return [
                await judge(
                    AUTHORIZER,
                    scopes,
                    request("GET", "/", "", (HEADER, token if isinstance(token, str) else token(clock))),
                    issuers,
                )
                for token in tokens
            ]

    return asyncio.run(run())


def one(team: Team, token: str, scopes: tuple[str, ...] = ()) -> Granted | Denied:
    (judgement,) = judged(team, token, scopes=scopes)
    return judgement


def test_a_persons_token_is_let_in_and_the_function_is_told_its_claims_as_texts(team: Team) -> None:
    claims = team.claims(level=3, admin=True, groups=["a", "b"], extra={"k": 1})
    judgement = one(team, jwt.encode(claims, team.key, algorithm="RS256", headers={"kid": "one"}))
    assert isinstance(judgement, Granted)
    told = judgement.context["jwt"]
    assert told["scopes"] is None
    assert told["claims"] == judgement.claims
    assert told["claims"] == {
        **{name: claims[name] for name in ("email", "iss", "type", "sub")},
        **{name: str(claims[name]) for name in ("exp", "iat", "nbf")},
        "aud": f"[{AUDIENCE}]",
        "level": "3",
        "admin": "true",
        "groups": "[a b]",
        "extra": "map[k:1]",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": None, "email": None, "sub": "", "common_name": "ci.access"},
        {"aud": AUDIENCE},
        {"aud": ["x", "another"]},
        {"aud": None, "client_id": AUDIENCE},
    ],
    ids=["service token", "audience as text", "one of several", "client id"],
)
def test_other_tokens_of_the_team_are_let_in(team: Team, changes: dict[str, Any]) -> None:
    assert isinstance(one(team, team.token(**changes)), Granted)


def test_bearer_may_stand_before_a_token(team: Team) -> None:
    assert isinstance(one(team, f"Bearer {team.token()}"), Granted)


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any], signature: str = "") -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    )
    return ".".join([*parts, signature])


def _pem(team: Team) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return team.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _hmac_with_public_key(team: Team) -> str:
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    unsigned = _unsigned({"alg": "HS256", "kid": "one"}, team.claims()).rstrip(".")
    digest = hmac.new(_pem(team), unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _cut(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[:-8]}"


def _changed_claims(team: Team) -> str:
    head, _, signature = team.token().split(".")
    body = _unsigned({}, team.claims(email="root@example.com")).split(".")[1]
    return f"{head}.{body}.{signature}"


FORGED: dict[str, Callable[[Team], str]] = {
    "no signature": lambda team: _unsigned({"alg": "none", "kid": "one"}, team.claims()),
    "None, spelled otherwise": lambda team: _unsigned({"alg": "nOnE", "kid": "one"}, team.claims()),
    "no algorithm": lambda team: _unsigned({"kid": "one"}, team.claims()),
    "HMAC with the public key": _hmac_with_public_key,
    "of another key": lambda team: team.token(key=key_named("another")),
    "of another key, which it brings along": lambda team: team.token(
        key=(key := key_named("another")), headers={"jwk": public(key, "one")}
    ),
    "of a key at an address of its own": lambda team: team.token(
        key=key_named("another"),
        headers={"jku": "https://evil.example/keys", "x5u": "https://evil.example/x"},
    ),
    "of an unknown key": lambda team: team.token(headers={"kid": "two"}),
    "kid is no text": lambda team: _unsigned({"alg": "RS256", "kid": 1}, team.claims(), "YQ"),
    "no kid": lambda team: jwt.encode(team.claims(), team.key, algorithm="RS256"),
    "RSA-PSS": lambda team: team.token(alg="PS256"),
    "another hash than the key's": lambda team: team.token(alg="RS512"),
    "critical extension": lambda team: team.token(headers={"crit": ["exp"]}),
    "signature cut off": lambda team: _cut(team.token()),
    "claims changed": _changed_claims,
    "expired": lambda team: team.token(exp=1),
    "expires now": lambda team: team.token(exp=team.claims()["iat"]),
    "never expires": lambda team: team.token(exp=None),
    "expiry is no time": lambda team: team.token(exp="soon"),
    "expiry beyond all time": lambda team: team.token(exp=float("inf")),
    "not valid yet": lambda team: team.token(nbf=team.claims()["iat"] + 600),
    "made in the future": lambda team: team.token(iat=team.claims()["iat"] + 600),
    "foreign issuer": lambda team: team.token(iss="https://evil.cloudflareaccess.com"),
    "issuer with a slash": lambda team: team.token(iss=f"{ISSUER}/"),
    "no issuer": lambda team: team.token(iss=None),
    "foreign audience": lambda team: team.token(aud=["x"]),
    "part of the audience": lambda team: team.token(aud=AUDIENCE[:-1]),
    "audience in an object": lambda team: team.token(aud={AUDIENCE: 1}),
    "audience with a number": lambda team: team.token(aud=[AUDIENCE, 1]),
    "no audience": lambda team: team.token(aud=None),
    "foreign audience, own client": lambda team: team.token(aud=["x"], client_id=AUDIENCE),
    "empty audience, own client": lambda team: team.token(aud=[], client_id=AUDIENCE),
    "two tokens": lambda team: f"{team.token()},{team.token()}",
    "encrypted": lambda team: f"{team.token()}.YQ.YQ",
    "words": lambda _team: "not a token",
    "dots": lambda _team: "..",
    "claims are a list": lambda team: jwt.PyJWS().encode(
        b"[]", team.key, algorithm="RS256", headers={"kid": "one"}
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_expired_or_foreign_token_is_refused(team: Team, kind: str) -> None:
    token = FORGED[kind](team)
    denied = one(team, token)
    assert isinstance(denied, Denied)
    assert (denied.answer.status, denied.answer.body) == (401, b'{"message":"Unauthorized"}')
    challenge = dict(denied.answer.headers)["www-authenticate"]
    assert challenge.startswith('Bearer scope="" error="invalid_token" error_description="')
    assert token not in challenge


def test_an_expired_token_is_told_so(team: Team) -> None:
    denied = one(team, team.token(exp=1))
    assert isinstance(denied, Denied)
    assert denied.error == "the token has expired"


@pytest.mark.parametrize("token", ["", "Bearer ", "  "])
def test_without_a_token_nobody_is_asked(team: Team, token: str) -> None:
    denied = one(team, token)
    assert isinstance(denied, Denied)
    assert denied.answer.status == 401
    assert dict(denied.answer.headers)["www-authenticate"] == "Bearer"
    assert CERTS not in team.asked


@unhurried
@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    async def run() -> Granted | Denied:
        async with aiohttp.ClientSession() as session:
            return await judge(AUTHORIZER, (), request("GET", "/", "", (HEADER, text)), Issuers(session, {}))

    assert isinstance(asyncio.run(run()), Denied)


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"scope": "read write"}, True),
        ({"scp": ["write"]}, True),
        ({"scope": "reading"}, False),
        ({"scope": {"write": 1}}, False),
        ({"scope": "read", "scp": "write"}, False),
        ({}, False),
    ],
)
def test_a_route_with_scopes_takes_tokens_that_have_one_of_them(
    team: Team, claims: dict[str, Any], allowed: bool
) -> None:
    judgement = one(team, team.token(**claims), scopes=("write", "admin"))
    if allowed:
        assert isinstance(judgement, Granted)
        assert "write" in judgement.context["jwt"]["scopes"]
    else:
        assert isinstance(judgement, Denied)
        assert judgement.answer.status == 403
        assert 'error="insufficient_scope"' in dict(judgement.answer.headers)["www-authenticate"]


def kinds(judgements: list[Granted | Denied]) -> list[bool]:
    return [isinstance(judgement, Granted) for judgement in judgements]


def test_keys_are_read_once_for_two_hours(team: Team) -> None:
    def later(seconds: float) -> Callable[[Clock], str]:
        def make(clock: Clock) -> str:
            clock.now += seconds
            return team.token()

        return make

    assert kinds(judged(team, team.token(), later(KEYS_KEPT_SECONDS - 1))) == [True, True]
    assert team.asked.count(CERTS) == 1
    team.asked.clear()
    assert kinds(judged(team, team.token(), later(KEYS_KEPT_SECONDS))) == [True, True]
    assert team.asked.count(CERTS) == 2


def test_a_new_key_is_taken_at_once_and_unknown_ones_ask_for_keys_once_a_minute(team: Team) -> None:
    new = key_named("two")

    def rotated(clock: Clock) -> str:
        clock.now += REFETCH_SECONDS
        team.documents[CERTS] = {"keys": [public(team.key, "one"), public(new, "two")]}
        return team.token(key=new, headers={"kid": "two"})

    unknown = team.token(headers={"kid": "three"})
    assert kinds(judged(team, team.token(), rotated, unknown, unknown)) == [True, True, False, False]
    assert team.asked.count(CERTS) == 2


def test_a_key_that_was_withdrawn_is_refused_once_the_keys_are_read_again(team: Team) -> None:
    def withdrawn(clock: Clock) -> str:
        clock.now += KEYS_KEPT_SECONDS
        team.documents[CERTS] = {"keys": [public(key_named("two"), "two")]}
        return team.token()

    assert kinds(judged(team, team.token(), withdrawn)) == [True, False]


def test_while_the_keys_cannot_be_read_those_that_are_kept_serve_and_no_longer(team: Team) -> None:
    def gone(seconds: float) -> Callable[[Clock], str]:
        def make(clock: Clock) -> str:
            team.documents.pop(CERTS, None)
            clock.now += seconds
            return team.token()

        return make

    assert kinds(judged(team, team.token(), gone(KEYS_KEPT_SECONDS - 1), gone(1))) == [True, True, False]


@pytest.mark.parametrize(
    "keys",
    [
        {"keys": "none"},
        [],
        {"keys": [{"kid": "one", "kty": "RSA", "n": "!", "e": "AQAB"}]},
        {"keys": [{"kid": "one", "kty": "oct", "k": "c2VjcmV0"}]},
    ],
)
def test_a_key_set_that_is_none_lets_nobody_in(team: Team, keys: Any) -> None:
    team.documents[CERTS] = keys
    assert isinstance(one(team, team.token()), Denied)


@pytest.mark.parametrize(
    "fields", [{"use": "enc"}, {"alg": "RS512"}, {"key_ops": ["encrypt"]}, {"kty": "EC"}], ids=str
)
def test_a_key_for_something_else_verifies_no_token(team: Team, fields: dict[str, Any]) -> None:
    team.documents[CERTS] = {"keys": [public(team.key, "one", **fields)]}
    assert isinstance(one(team, team.token()), Denied)


def test_a_key_that_is_too_short_verifies_no_token(team: Team) -> None:
    short = key_named("short", 1024)
    team.documents[CERTS] = {"keys": [public(short, "one")]}
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = team.token(key=short)
    assert isinstance(one(team, token), Denied)


def test_two_keys_of_one_id_are_a_doubt(team: Team) -> None:
    team.documents[CERTS] = {"keys": [public(team.key, "one"), public(key_named("another"), "one")]}
    assert isinstance(one(team, team.token()), Denied)


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        [],
        {"issuer": "https://evil.example", "jwks_uri": f"{ISSUER}{CERTS}"},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": "http://plain.example/keys"},
    ],
)
def test_an_issuer_without_a_discovery_document_of_its_own_is_a_line(team: Team, document: Any) -> None:
    team.documents["/.well-known/openid-configuration"] = document
    with pytest.raises(GatewayError, match=rf"^issuer {ISSUER}: [^\n]+$"):
        one(team, "x")
