"""The team's keys: fetched when needed, no more often, and kept while their server is away."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from functions.authorizer.fetch import FetchError
from functions.authorizer.keys import Keys, KeysError, parse_keys
from tests.functions.authorizer.forgery import key, key_set, public_jwk


class Team:
    """A key server with a clock; `answer` is what it says, or raises."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked = 0
        self.now = 1000.0
        self.failures: list[str] = []
        self.keys = Keys(
            self._fetch, failed=lambda error: self.failures.append(str(error)), clock=self._clock
        )

    def _fetch(self) -> bytes:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def _clock(self) -> float:
        return self.now

    def has(self, key_id: str, *, after: float = 0) -> bool:
        self.now += after
        return self.keys.find(key_id) is not None


DOWN = FetchError("the key server does not answer")


def test_keys_are_fetched_at_the_first_token_and_then_kept() -> None:
    team = Team(key_set("old", "new"))
    assert team.asked == 0
    assert all(team.has(name) for name in ("old", "new", "old"))
    assert team.asked == 1


def test_the_key_found_is_the_teams() -> None:
    found = Team(key_set("old", "new")).keys.find("new")
    assert found is not None
    assert found.public_numbers() == key("new").public_key().public_numbers()


def test_a_token_of_a_new_key_is_let_in_at_once_if_nobody_asked_within_a_minute() -> None:
    team = Team(key_set("old", "new"))
    assert team.has("old")
    team.answer = key_set("new", "newest")
    assert team.has("newest", after=60)
    assert team.asked == 2


def test_tokens_of_unknown_keys_cost_one_question_a_minute() -> None:
    team = Team(key_set("team"))
    assert team.has("team")
    for number in range(600):
        assert not team.has(f"made up {number}", after=1)
    assert team.asked == 1 + 10
    assert team.has("team")


def test_a_server_that_is_down_is_asked_once_a_minute_and_the_old_keys_stay_good() -> None:
    team = Team(key_set("team"))
    assert team.has("team")
    team.answer = DOWN
    for _ in range(600):
        assert not team.has("newest", after=1)
        assert team.has("team")
    assert team.asked == 1 + 10
    assert team.failures == [str(DOWN)] * 10
    # Two days, as if Cloudflare were away.
    for _ in range(48):
        assert team.has("team", after=3600)
    team.answer = key_set("newest")
    assert team.has("newest", after=60)


def test_a_key_that_the_team_has_taken_back_is_refused_after_an_hour() -> None:
    team = Team(key_set("old", "new"))
    assert team.has("old")
    team.answer = key_set("new")
    assert team.has("old", after=3599)
    assert team.asked == 1
    assert not team.has("old", after=1)
    assert team.has("new")
    assert team.asked == 2


def test_without_any_key_nobody_is_let_in_and_the_server_is_asked_every_five_seconds() -> None:
    team = Team(DOWN)
    for _ in range(60):
        assert not team.has("team", after=1)
    assert team.asked == 12
    team.answer = key_set("team")
    assert team.has("team", after=5)


EC_KEY = {
    **ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True),
    "kid": "ec",
}
UNUSABLE: dict[str, Any] = {
    "a secret": {"kty": "oct", "kid": "team", "k": "c2VjcmV0"},
    "a secret called RS256": {"kty": "oct", "kid": "team", "k": "c2VjcmV0", "alg": "RS256"},
    "an elliptic curve": EC_KEY,
    "another algorithm": public_jwk("team", alg="PS256"),
    "HMAC": public_jwk("team", alg="HS256"),
    "no algorithm's name": public_jwk("team", alg=None),
    "for encryption": public_jwk("team", use="enc"),
    "1,024 bits": public_jwk("small1024"),
    "exponent 1": public_jwk("team", e="AQ"),
    "exponent 2": public_jwk("team", e="Ag"),
    "exponent 0": public_jwk("team", e="AA"),
    "no exponent": public_jwk("team", e=""),
    "modulus 0": public_jwk("team", n="AA"),
    "no modulus": public_jwk("team", n=""),
    "modulus no base64": public_jwk("team", n="é!"),
    "modulus of 40,000 bits": public_jwk("team", n="_" * 6666),
    "modulus a number": public_jwk("team", n=7),
    "no kid": {name: value for name, value in public_jwk("team").items() if name != "kid"},
    "empty kid": public_jwk("team", kid=""),
    "number as kid": public_jwk("team", kid=1),
    "no object": "team",
    "null": None,
}


@pytest.mark.parametrize("entry", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_cannot_be_used_for_rs256_is_left_out(entry: Any) -> None:
    assert set(parse_keys(json.dumps({"keys": [entry, public_jwk("good")]}).encode())) == {"good"}
    with pytest.raises(KeysError, match="no key for RS256"):
        parse_keys(json.dumps({"keys": [entry]}).encode())


def test_of_two_keys_of_one_id_none_is_used() -> None:
    twice = [public_jwk("team"), public_jwk("attacker", kid="team"), public_jwk("good")]
    assert set(parse_keys(json.dumps({"keys": twice}).encode())) == {"good"}


def test_a_private_key_published_by_mistake_is_taken_for_its_public_half() -> None:
    found = parse_keys(json.dumps({"keys": [public_jwk("team", d="AQAB", p="AQAB", q="AQAB")]}).encode())
    assert not hasattr(found["team"], "private_numbers")


JUNK: dict[str, bytes] = {
    "nothing": b"",
    "a page": b"<!doctype html><title>Sign in</title>",
    "no JSON": b'{"keys": [',
    "no keys": b"{}",
    "empty": b'{"keys": []}',
    "keys as an object": b'{"keys": {"team": {}}}',
    "null": b'{"keys": null}',
    "a list": b"[]",
    "an error": b'{"errors": [{"code": 10000}]}',
    "no text": b"\xff\xfe\x00",
    "keys twice": key_set("team")[:-1] + b', "keys": []}',
    "deep": b'{"keys":' + b"[" * 100_000,
}


@pytest.mark.parametrize("answer", JUNK.values(), ids=JUNK)
def test_junk_is_no_answer_and_the_old_keys_stay_good(answer: bytes) -> None:
    team = Team(key_set("team"))
    assert team.has("team")
    team.answer = answer
    assert team.has("team", after=3600)
    assert (team.asked, len(team.failures)) == (2, 1)


MEMBERS = st.sampled_from(["kty", "kid", "alg", "use", "n", "e", "key_ops"])
VALUES = st.none() | st.sampled_from(["RSA", "RS256", "sig", "AQAB"]) | st.text(max_size=20) | st.integers()
# Its modulus is too short for a key that is taken.
KEYS = st.fixed_dictionaries({"kty": st.just("RSA"), "kid": st.text(min_size=1), "n": VALUES, "e": VALUES})


@given(
    st.binary(max_size=300)
    | st.recursive(
        VALUES | KEYS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=6),
        max_leaves=10,
    ).map(lambda keys: json.dumps({"keys": keys}).encode())
)
def test_no_answer_breaks_the_reading_of_keys(answer: bytes) -> None:
    with pytest.raises(KeysError):
        parse_keys(answer)
