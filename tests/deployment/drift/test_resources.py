"""What a plan's refresh finds is told apart: somebody's change, the provider's own, the code's."""

from typing import Any

import pytest

from deployment.drift.described import Difference
from deployment.drift.resources import drifted, resources

QUEUE = "aws_sqs_queue.dlq"
Arguments = dict[str, Any] | None


def plan(
    deployed: Arguments, found: Arguments, described: Arguments, unknown: tuple[str, ...] = ()
) -> dict[str, Any]:
    """As Terraform writes it, of a queue that is found other than it was deployed, or not at all."""
    drift = {"address": QUEUE, "change": {"before": deployed, "after": found}}
    actions = ["create"] if found is None else ["no-op"] if found == described else ["update"]
    change = {
        "actions": actions,
        "before": found,
        "after": described,
        "after_unknown": dict.fromkeys(unknown, True),
    }
    expressions: dict[str, Any] = {name: {} for name in (*(described or {}), *unknown) if name != "computed"}
    return {
        "resource_drift": [drift] if deployed != found else [],
        "resource_changes": [{"address": QUEUE, "change": change}],
        "configuration": {"root_module": {"resources": [{"address": QUEUE, "expressions": expressions}]}},
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


def test_what_aws_has_computed_and_a_deployment_leaves_is_no_drift() -> None:
    found = {"name": "a", "versioning": [{"enabled": True}]}
    assert list(resources(plan({"name": "a", "versioning": [{"enabled": False}]}, found, found))) == []


def test_a_change_of_the_code_that_nobody_has_deployed_is_told_and_allowed() -> None:
    described = {"delay": 7}
    for refreshed in ({"delay": 0}, {"delay": 0, "tags": {}}):
        waiting = plan({"delay": 0}, refreshed, described)
        assert drifted(waiting) == {}
        assert list(resources(waiting)) == [Difference(f"{QUEUE}: not deployed yet (update)", allowed=True)]


def test_what_is_computed_anew_with_a_change_of_the_code_is_no_drift_and_what_is_given_is() -> None:
    found = {"computed": "b", "policy": "theirs"}
    changed = plan({"computed": "a", "policy": "ours"}, found, {}, unknown=("computed", "policy"))
    assert drifted(changed) == {QUEUE: ["policy"]}
