"""What holds data and goes by Terraform's real plan is data at risk, whether or not the code has changed."""

from collections.abc import Mapping
from typing import Any

import pytest

from config.errors import OneLineError
from review.assessment import assessed
from review.finding import Part
from review.real_plan import destroyed_in, replaced_in
from review.stack import Stack

PROD = "parakeet-prod"


def plan(*actions: str, address: str, paths: tuple[str, ...] = ()) -> dict[str, Any]:
    """As much of it as is read."""
    *_, kind, _ = address.split(".")
    change: dict[str, Any] = {"actions": [*actions], "replace_paths": [[path] for path in paths]}
    resource = {"address": address, "type": kind, "change": change}
    return {"resource_changes": [resource]}


@pytest.mark.parametrize(
    ("address", "paths", "said"),
    [
        (
            "aws_sqs_queue.dead_letters",
            ("name",),
            "queue potential-parakeet-lambda-dlq-prod is {anew}, its messages lost: `name` forces it",
        ),
        (
            "aws_s3_bucket.cache",
            (),
            "potential-parakeet-cache-prod is {anew}, its objects lost: Terraform's plan says so; {refused}",
        ),
        (
            "aws_sqs_queue.each[0]",
            (),
            "`aws_sqs_queue.each[0]` is {anew}, its messages lost: Terraform's plan says so",
        ),
        (
            'module.a["b.c"].aws_sqs_queue.each[0]',
            ("name",),
            '`module.a["b.c"].aws_sqs_queue.each[0]` is {anew}, its messages lost: `name` forces it',
        ),
    ],
)
def test_what_is_made_anew_without_a_change_of_the_code_is_data_at_risk(
    address: str, paths: tuple[str, ...], said: str, old: Mapping[str, Stack]
) -> None:
    planned = replaced_in(plan("delete", "create", address=address, paths=paths))
    found = assessed(old, old, OneLineError("not asked"), {PROD: planned})
    refused = "`prevent_destroy` makes Terraform refuse as long as it is in the code"
    text = said.format(anew="**destroyed and made anew**", refused=refused)
    assert [(one.part, one.text) for one in found] == [(Part.DATA, text)]


def test_what_is_destroyed_is_said_unless_the_change_says_so_itself() -> None:
    queue = plan("delete", address="aws_sqs_queue.old[0]")
    (finding,) = destroyed_in(queue, ())
    assert (finding.part, finding.text) == (
        Part.DATA,
        "the plan **destroys** `aws_sqs_queue.old[0]`, its messages with it: it is no longer in the code",
    )
    assert list(destroyed_in(queue, {"aws_sqs_queue.old"})) == []


def test_what_holds_no_data_or_stays_is_none() -> None:
    others = [
        plan("delete", address="aws_sns_topic.alarms"),
        plan("update", address="aws_sqs_queue.dead_letters"),
        plan("forget", address="aws_sqs_queue.dead_letters"),
        plan("create", "delete", address="aws_sqs_queue.dead_letters"),
    ]
    assert [list(destroyed_in(one, ())) for one in others] == [[], [], [], []]
