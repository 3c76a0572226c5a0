"""What strangers can reach, on a page that can be read."""

import copy
import json
from pathlib import Path

from review.changes import compared
from review.exposure import exposure
from review.stack import Block, Stack

SNAPSHOTS = Path(__file__).parents[1] / "__snapshots__/test_snapshots"


def exposed(old: Block, new: Block) -> list[str]:
    (comparison,) = compared(
        {"parakeet-prod": Stack("parakeet-prod", old)}, {"parakeet-prod": Stack("parakeet-prod", new)}
    )
    return [finding.text for finding in exposure(comparison)]


def test_a_share_of_the_throttle_that_changes_for_all_routes_is_said_once() -> None:
    old = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    new = copy.deepcopy(old)
    (stage,) = new["resource"]["aws_apigatewayv2_stage"].values()
    _, *shares = stage["route_settings"]
    for share in shares:
        share["throttling_rate_limit"] = 75
    shares[0]["throttling_burst_limit"] = 7
    assert exposed(old, new) == [
        "stage $default: `route_settings[route GET /trades].throttling_burst_limit` `100` → `7`",
        "stage $default: `route_settings.throttling_rate_limit` `50` → `75`, of each of 20",
    ]


def test_a_share_of_the_throttle_that_all_routes_are_given_or_lose_is_said_once() -> None:
    shared = json.loads((SNAPSHOTS / "parakeet-prod.json").read_text(encoding="utf-8"))
    alone = copy.deepcopy(shared)
    (stage,) = alone["resource"]["aws_apigatewayv2_stage"].values()
    health, *_ = stage["route_settings"]
    stage["route_settings"] = [health]
    share = '`{"throttling_burst_limit": 100, "throttling_rate_limit": 50}`'
    assert exposed(alone, shared) == [f"stage $default: `route_settings` nothing → {share}, of each of 20"]
    assert exposed(shared, alone) == [f"stage $default: `route_settings` {share} → nothing, of each of 20"]
