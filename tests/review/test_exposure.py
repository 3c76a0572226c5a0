"""What strangers can reach, on a page that can be read."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from review.changes import compared
from review.exposure import exposure
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import policy

SNAPSHOTS = Path(__file__).parents[1] / "__snapshots__/test_snapshots"


def exposed(old: Block, new: Block) -> list[str]:
    (comparison,) = compared(
        {"parakeet-prod": Stack("parakeet-prod", old)}, {"parakeet-prod": Stack("parakeet-prod", new)}
    )
    return [finding.text for finding in exposure(comparison)]


def as_said(settings: Block) -> str:
    """A route's own limits, without which route's they are."""
    limits = {name: settings[name] for name in ("throttling_burst_limit", "throttling_rate_limit")}
    return f"`{json.dumps(limits)}`"


def test_a_share_of_the_throttle_that_changes_for_all_routes_is_said_once() -> None:
    old = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    new = copy.deepcopy(old)
    (stage,) = new["resource"]["aws_apigatewayv2_stage"].values()
    _, *shares = stage["route_settings"]
    was = shares[0].copy()
    for share in shares:
        share["throttling_rate_limit"] = 75
    shares[0]["throttling_burst_limit"] = 7
    rate, burst = f"{was['throttling_rate_limit']:g}", was["throttling_burst_limit"]
    which = f"of all {len(shares)} but route GET /health"
    assert exposed(old, new) == [
        f"stage $default: `route_settings[route GET /trades].throttling_burst_limit` `{burst}` → `7`",
        f"stage $default: `route_settings.throttling_rate_limit` `{rate}` → `75`, {which}",
    ]


def test_a_share_of_the_throttle_that_all_routes_are_given_or_lose_is_said_once() -> None:
    shared = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    alone = copy.deepcopy(shared)
    (stage,) = alone["resource"]["aws_apigatewayv2_stage"].values()
    health, *shares = stage["route_settings"]
    stage["route_settings"] = [health]
    share, which = as_said(shares[0]), f"of all {len(shares)} but route GET /health"
    assert exposed(alone, shared) == [f"stage $default: `route_settings` nothing → {share}, {which}"]
    assert exposed(shared, alone) == [f"stage $default: `route_settings` {share} → nothing, {which}"]


def test_a_few_routes_whose_share_is_gone_are_named() -> None:
    shared = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    fewer = copy.deepcopy(shared)
    (stage,) = fewer["resource"]["aws_apigatewayv2_stage"].values()
    _, *gone, last = stage["route_settings"]
    stage["route_settings"] = [each for each in stage["route_settings"] if each not in (gone[0], last)]
    share = as_said(last)
    names = "route GET /trades, route POST /scanner/{proxy+}"
    assert exposed(shared, fewer) == [
        f"stage $default: `route_settings` {share} → nothing, of each of 2: {names}"
    ]


def test_who_is_granted_a_bucket_alike_is_named() -> None:
    old = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    new = copy.deepcopy(old)
    who = ("a" * 64, "b" * 64)
    granted = [{"id": each, "type": "CanonicalUser", "permissions": ["READ"]} for each in who]
    old["resource"]["aws_s3_bucket"]["cache"]["grant"] = [{**granted[0], "id": "c" * 64}]
    new["resource"]["aws_s3_bucket"]["cache"]["grant"] = [{**granted[0], "id": "c" * 64}, *granted]
    (text,) = exposed(old, new)
    assert all(each in text for each in who)


def test_who_is_granted_a_bucket_is_named_however_many_they_are() -> None:
    few = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    many = copy.deepcopy(few)
    there, *others = [
        {"id": each * 64, "type": "CanonicalUser", "permissions": ["READ"]} for each in "abcdef0"
    ]
    few["resource"]["aws_s3_bucket"]["cache"]["grant"] = [there]
    many["resource"]["aws_s3_bucket"]["cache"]["grant"] = [there, *others]
    none = copy.deepcopy(few)
    del none["resource"]["aws_s3_bucket"]["cache"]["grant"]
    for old, new in ((few, many), (many, few), (none, many), (many, none)):
        (text,) = exposed(old, new)
        assert all(str(each["id"]) in text for each in others)


def guarded(**guard: Any) -> Block:
    return {"condition": [{"variable": "aws:SecureTransport", "test": "Bool", "values": ["false"], **guard}]}


@pytest.mark.parametrize(
    ("refused", "answers"),
    [
        (guarded(values=["true"]), True),
        (guarded(test="StringNotEquals"), True),
        ({"actions": ["s3:GetBucketLocation"]}, True),
        (guarded(test="BoolIfExists"), False),
        (guarded(variable="aws:securetransport"), False),
    ],
)
def test_a_bucket_that_refuses_others_than_all_without_tls_answers_without_tls(
    refused: Block, answers: bool
) -> None:
    old = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    new = copy.deepcopy(old)
    (refusal,) = (each for each in policy(new, "storage_cache") if each.get("effect") == "Deny")
    refusal.update(refused)
    assert exposed(old, new) == answers * ["potential-parakeet-cache-prod **answers without TLS**"]
