"""Every token that is not Cloudflare's, for this application and for now, is refused.

The attacks are those of RFC 8725, and more.
"""

import hashlib
import hmac
import json
import string
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.authorizer.claims import DeniedError, read
from functions.authorizer.keys import Keys
from functions.authorizer.verifier import Verifier
from tests.functions.authorizer.forgery import (
    AUDIENCE,
    EMAIL,
    EXPECTED,
    ISSUER,
    LEFT_OUT,
    NOW,
    encoded,
    key,
    key_set,
    person,
    public_jwk,
    public_pem,
    service,
    signature,
    signed,
)


class Server:
    """A key server that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> bytes:
        self.asked += 1
        return key_set("team", "next")


def verify(token: object, now: float = NOW) -> dict[str, str]:
    return verifier(Server()).verify(token, now)


def verifier(server: Callable[[], bytes]) -> Verifier:
    def unexpected(error: Exception) -> None:
        raise AssertionError(error)

    return Verifier(EXPECTED, Keys(server, failed=unexpected))


# Who is let in


def test_a_person_is_named_by_e_mail_address() -> None:
    assert verify(signed(person())) == {"email": EMAIL, "sub": person()["sub"]}


def test_a_service_token_has_neither_e_mail_address_nor_subject_nor_beginning_and_is_let_in() -> None:
    assert verify(signed(service())) == {"common_name": service()["common_name"], "sub": ""}


@pytest.mark.parametrize(
    "claims",
    [
        person(aud=["another", AUDIENCE]),
        person(nbf=LEFT_OUT),
        person(iat=NOW + 29, nbf=NOW + 29),
        person(iat=NOW - 3600, nbf=NOW - 3600, exp=NOW - 29),
        person(custom={"groups": ["traders"], "deep": {"er": [1.5, None]}}),
        person(email="trader+ü@exämple.com"),
        service(email=""),
    ],
    ids=["one of two", "no nbf", "clock behind", "clock ahead", "custom claims", "not ASCII", "no e-mail"],
)
def test_a_token_of_the_team_for_this_application_is_let_in(claims: dict[str, Any]) -> None:
    assert verify(signed(claims))


def test_both_keys_of_a_rotation_are_good() -> None:
    assert verify(signed(person(), by="next")) == verify(signed(person(), by="team"))


def test_a_header_that_means_nothing_changes_nothing() -> None:
    assert verify(signed(person(), {"typ": LEFT_OUT, "note": "x"})) == verify(signed(person()))


# Who is not. None of these is a reason to ask the key server.

HEADERS: dict[str, dict[str, Any] | bytes] = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "nOnE": {"alg": "nOnE"},
    "empty algorithm": {"alg": ""},
    "no algorithm": {"alg": LEFT_OUT},
    "null algorithm": {"alg": None},
    "list of algorithms": {"alg": ["RS256"]},
    "lower case": {"alg": "rs256"},
    "space": {"alg": "RS256 "},
    **{
        name: {"alg": name}
        for name in ("HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "RSA1_5", "dir")
    },
    "embedded key": {"jwk": public_jwk("attacker")},
    "empty embedded key": {"jwk": {}},
    "key set elsewhere": {"jku": "https://attacker.example/keys"},
    "key set at home": {"jku": f"{ISSUER}/cdn-cgi/access/certs"},
    "certificate elsewhere": {"x5u": "https://attacker.example/cert"},
    "embedded certificate": {"x5c": ["MIIB"]},
    "thumbprint": {"x5t": "AAAA"},
    "long thumbprint": {"x5t#S256": "AAAA"},
    "critical": {"crit": ["exp"]},
    "critical b64": {"crit": ["b64"], "b64": True},
    "critical nothing": {"crit": []},
    "unencoded": {"b64": False},
    "compressed": {"zip": "DEF"},
    "encrypted": {"enc": "A256GCM"},
    "nested": {"cty": "JWT"},
    "another kind": {"typ": "at+jwt"},
    "no kind": {"typ": None},
    "kinds": {"typ": ["JWT"]},
    "no kid": {"kid": LEFT_OUT},
    "empty kid": {"kid": ""},
    "null kid": {"kid": None},
    "number as kid": {"kid": 0},
    "list as kid": {"kid": ["team"]},
    "object as kid": {"kid": {"$ne": ""}},
    "two algorithms": b'{"alg":"none","alg":"RS256","kid":"team"}',
    "two kids": b'{"alg":"RS256","kid":"attacker","kid":"team"}',
    "escaped twice": b'{"alg":"none","\\u0061lg":"RS256","kid":"team"}',
    "no object": b'["RS256"]',
    "text": b'"RS256"',
    "nothing": b"null",
    "no JSON": b"{alg:RS256}",
    "after it": b'{"alg":"RS256","kid":"team"} {}',
    "UTF-16": '{"alg":"RS256","kid":"team"}'.encode("utf-16-le"),
    "byte order mark": b'\xef\xbb\xbf{"alg":"RS256","kid":"team"}',
    "no UTF-8": b'{"alg":"RS256","kid":"team","x":"\xff"}',
    "NUL": b'{"alg":"RS256\x00","kid":"team"}',
    "deep": b"[" * 5000,
}

TIMES: dict[str, Any] = {
    "left out": LEFT_OUT,
    "null": None,
    "text": str(NOW),
    "ISO": "2027-01-15T08:00:00Z",
    "fraction": NOW + 0.5,
    "whole fraction": float(NOW),
    "true": True,
    "list": [NOW],
    "zero": 0,
    "negative": -NOW,
    "milliseconds": NOW * 1000,
    "huge": 10**30,
    "beyond a float": 10**400,
}

CLAIMS: dict[str, dict[str, Any] | bytes] = {
    **{f"exp: {name}": person(exp=value) for name, value in TIMES.items()},
    **{f"iat: {name}": person(iat=value) for name, value in TIMES.items()},
    **{f"nbf: {name}": person(nbf=value) for name, value in TIMES.items() if name != "left out"},
    "infinite": json.dumps(person()).replace(str(NOW + 3600), "Infinity").encode(),
    "exponent": json.dumps(person()).replace(str(NOW + 3600), "1e999").encode(),
    "not a number": json.dumps(person()).replace(str(NOW + 3600), "NaN").encode(),
    "not a number beside": json.dumps(person(custom=float("nan"))).encode(),
    "more digits than Python reads": json.dumps(person()).replace(str(NOW + 3600), "9" * 5000).encode(),
    "expired 30 s ago": person(iat=NOW - 60, nbf=NOW - 60, exp=NOW - 30),
    "expired 31 s ago": person(iat=NOW - 60, nbf=NOW - 60, exp=NOW - 31),
    "issued in 31 s": person(iat=NOW + 31, nbf=LEFT_OUT),
    "good in 31 s": person(nbf=NOW + 31),
    "expires before it is issued": person(exp=NOW + 10, iat=NOW + 20),
    "no issuer": person(iss=LEFT_OUT),
    "another team": person(iss="https://attacker.cloudflareaccess.com"),
    "issuer as prefix": person(iss=f"{ISSUER}.attacker.example"),
    "issuer with slash": person(iss=f"{ISSUER}/"),
    "issuer in capitals": person(iss=ISSUER.upper()),
    "issuer without TLS": person(iss=ISSUER.replace("https", "http")),
    "issuers": person(iss=[ISSUER]),
    "no audience": person(aud=LEFT_OUT),
    "null audience": person(aud=None),
    "empty audience": person(aud=[]),
    "text as audience": person(aud=AUDIENCE),
    "audience as key": person(aud={AUDIENCE: True}),
    "another application": person(aud=["00" * 32]),
    "audience as prefix": person(aud=[f"{AUDIENCE}00"]),
    "audience in capitals": person(aud=[AUDIENCE.upper()]),
    "audience with space": person(aud=[f" {AUDIENCE}"]),
    "audience in a list": person(aud=[[AUDIENCE]]),
    "audience beside a number": person(aud=[AUDIENCE, 1]),
    "any audience": person(aud=["*"]),
    "no type": person(type=LEFT_OUT),
    "session of the team": person(type="org"),
    "type in capitals": person(type="APP"),
    "types": person(type=["app"]),
    "nobody": person(email=LEFT_OUT),
    "empty e-mail": person(email=""),
    "nobody's service": service(common_name=LEFT_OUT),
    "list as e-mail": person(email=[EMAIL]),
    "null e-mail": person(email=None),
    "e-mail of a space": person(email=" "),
    "e-mail and line": person(email=f"{EMAIL}\nlevel=INFO"),
    "e-mail and NUL": person(email=f"{EMAIL}\0"),
    "e-mail and bidi": person(email=f"\u202e{EMAIL}"),
    "e-mail beside a space": person(email=f"{EMAIL} "),
    "lone surrogate": json.dumps(person()).replace(EMAIL, "\\ud800").encode(),
    "endless e-mail": person(email="a" * 321),
    "number as name": service(common_name=7),
    "a person's name": service(common_name=EMAIL),
    "number as subject": person(sub=7),
    "null subject": person(sub=None),
    "two e-mails": b'{"email":"ceo@example.com",' + json.dumps(person()).encode()[1:],
    "two deep": json.dumps(person()).encode()[:-1] + b',"custom":{"a":1,"a":2}}',
    "no object": json.dumps([person()]).encode(),
    "a token in a token": signed(person()).encode(),
    "nothing": b"null",
    "UTF-32": json.dumps(person()).encode("utf-32-be"),
    "deep": json.dumps(person()).encode()[:-1] + b',"a":' + b"[" * 3000 + b"]" * 3000 + b"}",
}

GOOD = signed(person())
HEAD, BODY, SIGNATURE = GOOD.split(".")
SHAPES: dict[str, object] = {
    "nothing": "",
    "null": None,
    "bytes": GOOD.encode(),
    "number": 7,
    "list": [GOOD],
    "one part": HEAD,
    "two parts": f"{HEAD}.{BODY}",
    "no signature": f"{HEAD}.{BODY}.",
    "no claims": f"{HEAD}..{SIGNATURE}",
    "no header": f".{BODY}.{SIGNATURE}",
    "only dots": "..",
    "four parts": f"{GOOD}.{SIGNATURE}",
    "five parts, as if encrypted": f"{HEAD}.AAAA.AAAA.AAAA.AAAA",
    "two tokens": f"{GOOD},{GOOD}",
    "two tokens and a space": f"{GOOD}, {GOOD}",
    "bearer": f"Bearer {GOOD}",
    "space before": f" {GOOD}",
    "space after": f"{GOOD} ",
    "line end": f"{GOOD}\n",
    "line end inside": f"{HEAD}\n.{BODY}.{SIGNATURE}",
    "NUL": f"{GOOD}\0",
    "full-width dots": GOOD.replace(".", "\uff0e"),
    "full-width letters": f"\uff45{GOOD[1:]}",
    "no-break space": f"\u00a0{GOOD}",
    "zero-width space": f"{HEAD}\u200b.{BODY}.{SIGNATURE}",
    "padded": f"{HEAD}.{BODY}.{SIGNATURE}==",
    "base64, not base64url": f"{HEAD}.{BODY}.{SIGNATURE[:-2]}+/",
    "a length that base64 has not": f"{HEAD}.{BODY}.{SIGNATURE}AAA",
    "unused bits set": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "JSON serialization": json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}),
    "100 kB": f"{HEAD}.{BODY}.{'A' * 100_000}",
    "100 kB of dots": "." * 100_000,
    "100 kB of claims": signed(person(custom="x" * 75_000)),
    "just too large": f"{HEAD}.{BODY}.{'A' * (10_241 - len(HEAD) - len(BODY) - 2)}",
}


def assert_refused_without_a_key(token: object) -> None:
    """For what it says, before anybody asks who signed it."""
    server = Server()
    with pytest.raises(DeniedError):
        verifier(server).verify(token, NOW)
    assert server.asked == 0


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_not_cloudflares_is_refused_well_signed_and_no_key_is_fetched_for_it(
    header: dict[str, Any] | bytes,
) -> None:
    assert_refused_without_a_key(signed(person(), header))


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS)
def test_claims_that_are_not_for_now_and_this_application_are_refused_well_signed_and_no_key_is_fetched(
    claims: dict[str, Any] | bytes,
) -> None:
    assert_refused_without_a_key(signed(claims))


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_what_has_not_the_shape_of_a_token_is_refused_and_no_key_is_fetched_for_it(text: object) -> None:
    assert_refused_without_a_key(text)


def hmac_signed(secret: bytes, algorithm: str = "HS256") -> str:
    text = f"{encoded(json.dumps({'alg': algorithm, 'kid': 'team'}).encode())}.{BODY}"
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def pss_signed() -> str:
    text = f"{HEAD}.{BODY}".encode()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return f"{text.decode()}.{encoded(key().sign(text, pss, hashes.SHA256()))}"


def changed(part: str) -> str:
    return ("B" if part[0] == "A" else "A") + part[1:]


SIGNATURES: dict[str, str] = {
    "a stranger's key under the team's kid": signed(person(), {"kid": "team"}, by="attacker"),
    "a stranger's key under its own kid": signed(person(), by="attacker"),
    "the other key's kid": signed(person(), {"kid": "next"}),
    "kid as a path": signed(person(), {"kid": "../../dev/null"}, by="attacker"),
    "kid as SQL": signed(person(), {"kid": "x' UNION SELECT 'key"}, by="attacker"),
    "kid as a URL": signed(person(), {"kid": "https://attacker.example/key"}, by="attacker"),
    "kid in capitals": signed(person(), {"kid": "TEAM"}),
    "kid and space": signed(person(), {"kid": "team "}),
    "the public key as a secret": hmac_signed(public_pem()),
    "the public numbers as a secret": hmac_signed(json.dumps(public_jwk()).encode()),
    "an empty secret": hmac_signed(b""),
    "the public key as a secret, called RS256": hmac_signed(public_pem(), "RS256"),
    "PSS, called RS256": pss_signed(),
    "another's claims": f"{HEAD}.{signed(person(email='ceo@example.com')).split('.')[1]}.{SIGNATURE}",
    "another's header": f"{signed(person(), {'note': 1}).split('.')[0]}.{BODY}.{SIGNATURE}",
    "of the claims alone": f"{HEAD}.{BODY}.{signature(BODY.encode())}",
    "of nothing": f"{HEAD}.{BODY}.{signature(b'')}",
    "changed": f"{HEAD}.{BODY}.{changed(SIGNATURE)}",
    "cut": f"{HEAD}.{BODY}.{SIGNATURE[:-4]}",
    "longer": f"{HEAD}.{BODY}.{encoded(bytes(1) + bytes.fromhex('00'))}{SIGNATURE}"[:-1] + "A",
    "zeros": f"{HEAD}.{BODY}.{encoded(bytes(256))}",
    "one": f"{HEAD}.{BODY}.{encoded(bytes(255) + bytes([1]))}",
    "short": f"{HEAD}.{BODY}.AA",
    "huge": f"{HEAD}.{BODY}.{encoded(bytes(6000))}",
}


@pytest.mark.parametrize("token", SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_that_is_not_the_teams_is_refused(token: str) -> None:
    with pytest.raises(DeniedError):
        verify(token)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(string.ascii_letters + string.digits + "-_."))
@settings(max_examples=150, deadline=None)
def test_a_token_with_any_one_character_changed_is_refused(place: int, character: str) -> None:
    token = GOOD[:place] + character + GOOD[place + 1 :]
    if token == GOOD:
        assert verify(token)
    else:
        with pytest.raises(DeniedError):
            verify(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*person(), "common_name", "custom"]), JSON)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_claim_the_answer_is_a_name_or_a_refusal(name: str, value: Any) -> None:
    try:
        token = signed(person(**{name: value}))
    except UnicodeEncodeError:
        return
    try:
        identity = verify(token)
    except DeniedError:
        return
    assert set(identity) == {"email", "sub"}
    assert all(text.isprintable() for text in identity.values())


@given(st.text(max_size=200) | st.binary(max_size=200).map(encoded))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reading_of_tokens(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}", f"{HEAD}.{text}.{SIGNATURE}", f"{text}.{BODY}.{SIGNATURE}"):
        with pytest.raises(DeniedError):
            read(token, EXPECTED, NOW)


def test_a_refusal_says_nothing_of_the_token() -> None:
    for token in (*SIGNATURES.values(), *(signed(claims) for claims in CLAIMS.values())):
        with pytest.raises(DeniedError) as refused:
            verify(token)
        assert refused.value.__cause__ is None
        assert not {"ceo@", EMAIL, AUDIENCE, "attacker"} & set(str(refused.value).split())
        assert len(str(refused.value)) < 60


@given(st.sampled_from([*person(), "common_name"]), JSON)
@settings(max_examples=200, deadline=None)
def test_what_is_let_in_pyjwt_lets_in_too(name: str, value: Any) -> None:
    try:
        token = signed(person(**{name: value}))
        verify(token)
    except (DeniedError, UnicodeEncodeError):
        return
    jwt.decode(
        token,
        key().public_key(),
        algorithms=["RS256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        # Its clock is the machine's; times are tried above.
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
