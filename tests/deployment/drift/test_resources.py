"""What a plan's refresh finds is told apart: somebody's change, the provider's own, the code's."""

from typing import Any

import pytest

from deployment.drift.described import Difference
from deployment.drift.resources import drifted, resources
from review.real_plan import drift_in

QUEUE = "aws_sqs_queue.dlq"
BUCKET = "aws_s3_bucket.cache"
Arguments = dict[str, Any] | None


def plan(
    deployed: Arguments,
    found: Arguments,
    described: Arguments,
    unknown: tuple[str, ...] = (),
    address: str = QUEUE,
) -> dict[str, Any]:
    """As Terraform writes it, of a resource that is found other than it was deployed, or not at all."""
    drift = {"address": address, "change": {"before": deployed, "after": found}}
    actions = ["create"] if found is None else ["no-op"] if found == described else ["update"]
    change = {
        "actions": actions,
        "before": found,
        "after": described,
        "after_unknown": dict.fromkeys(unknown, True),
    }
    expressions: dict[str, Any] = {name: {} for name in (*(described or {}), *unknown) if name != "computed"}
    block = address.partition("[")[0]
    return {
        "resource_drift": [drift] if deployed != found else [],
        "resource_changes": [{"address": address, "change": change}],
        "configuration": {"root_module": {"resources": [{"address": block, "expressions": expressions}]}},
    }


def test_an_argument_that_somebody_has_changed_is_named_without_its_value() -> None:
    deployed = {"name": "a", "policy": "ours", "delay": 0}
    changed = plan(deployed, {"name": "a", "policy": "theirs", "delay": 7}, deployed)
    assert drifted(changed) == {QUEUE: ["delay", "policy"]}
    assert list(resources(changed)) == [Difference(f"{QUEUE}: delay, policy not as deployed")]


def test_what_somebody_has_given_that_the_code_does_not_is_named() -> None:
    assert drifted(plan({"name": "a"}, {"name": "a", "vpc": ["x"]}, {"name": "a", "vpc": []})) == {
        QUEUE: ["vpc"]
    }


def test_what_was_deleted_is_gone() -> None:
    deleted = plan({"name": "a"}, None, {"name": "a"})
    assert drifted(deleted) == {QUEUE: []}
    assert list(resources(deleted)) == [Difference(f"{QUEUE}: gone")]


@pytest.mark.parametrize("empty", [{}, [], ""])
def test_an_argument_that_nobody_gave_and_that_comes_back_empty_is_no_drift(empty: object) -> None:
    assert drifted(plan({"tags": None}, {"tags": empty}, {"tags": None})) == {}


def test_zero_and_false_are_values() -> None:
    deployed = {"delay": 0, "fifo": False}
    assert drifted(plan(deployed, {"delay": None}, deployed)) == {QUEUE: ["delay", "fifo"]}


@pytest.mark.parametrize(
    ("address", "changed"),
    [
        # Which a plan leaves as they are, and takes the stranger's from then on.
        ("aws_s3_object.trades", {"etag": "theirs", "version_id": "2"}),
        (BUCKET, {"replication_configuration": [{"role": "theirs"}]}),
    ],
)
def test_what_no_deployment_would_undo_is_named_all_the_more(address: str, changed: dict[str, Any]) -> None:
    found = {"bucket": "a", **changed}
    assert drifted(plan({"bucket": "a", "etag": "ours"}, found, found, address=address)).keys() == {address}


def test_what_another_resource_sets_is_named_only_where_a_deployment_sets_it_here() -> None:
    deployed, found = {"versioning": [{"enabled": False}]}, {"versioning": [{"enabled": True}]}
    assert list(resources(plan(deployed, found, found, address=BUCKET))) == []
    assert drifted(plan(deployed, found, deployed, address=BUCKET)) == {BUCKET: ["versioning"]}


def test_the_version_that_is_live_is_left_to_those_who_know_the_releases() -> None:
    deployed = {"function_version": "2"}
    assert (
        list(resources(plan(deployed, {"function_version": "1"}, deployed, address="aws_lambda_alias.x")))
        == []
    )


def test_an_empty_part_of_a_block_that_comes_back_empty_otherwise_is_no_drift() -> None:
    before, after = {"rule": [{"key": None, "days": 7}]}, {"rule": [{"key": "", "days": 7}]}
    assert drifted(plan(before, after, before)) == {}


def test_one_of_several_is_named_by_its_own_address() -> None:
    one = 'aws_s3_bucket.each["a"]'
    changed = plan({"policy": "ours"}, {"policy": "theirs"}, {}, unknown=("policy",), address=one)
    assert drifted(changed) == {one: ["policy"]}


def test_a_block_whose_parts_are_known_is_no_unknown_one() -> None:
    found = {"versioning": [{"enabled": True}], "tags": {"a": "b"}}
    waiting = plan(
        {"versioning": [{"enabled": False}], "tags": {"a": "b"}}, found, {**found, "tags": {}}, address=BUCKET
    )
    waiting["resource_changes"][0]["change"]["after_unknown"] = {"versioning": [{}]}
    assert drifted(waiting) == {}


def test_a_change_of_the_code_that_nobody_has_deployed_is_told_and_allowed() -> None:
    described = {"delay": 7}
    for refreshed in ({"delay": 0}, {"delay": 0, "tags": {}}):
        waiting = plan({"delay": 0}, refreshed, described)
        assert drifted(waiting) == {}
        assert list(resources(waiting)) == [Difference(f"{QUEUE}: not deployed yet (update)", allowed=True)]


def test_what_is_computed_anew_with_a_change_of_the_code_is_no_drift_and_what_is_given_is() -> None:
    deployed, found = {"logging": "a", "policy": "ours"}, {"logging": "b", "policy": "theirs"}
    changed = plan(deployed, found, {}, unknown=("logging", "policy"), address=BUCKET)
    del changed["configuration"]["root_module"]["resources"][0]["expressions"]["logging"]
    assert drifted(changed) == {BUCKET: ["policy"]}


def test_a_review_says_so_in_a_sentence() -> None:
    gone, changed = plan({"a": 1}, None, {"a": 1}), plan({"a": 1, "b": 1}, {"a": 2, "b": 2}, {})
    assert [finding.text for each in (gone, changed) for finding in drift_in(each)] == [
        f"drift: `{QUEUE}` is gone from what was deployed",
        f"drift: `{QUEUE}` differs in `a`, `b` from what was deployed",
    ]
