"""A block that is written as before says something else, if what it refers to does."""

from review.changes import Comparison, compared
from review.shapes import Block
from review.stack import Stack

NAME = "parakeet-prod"


def comparison(before: Block, after: Block) -> Comparison:
    (found,) = compared({NAME: Stack(NAME, before)}, {NAME: Stack(NAME, after)})
    return found


def test_what_refers_to_something_that_there_was_none_of_has_changed() -> None:
    alarm = {"alarm_name": "errors", "alarm_actions": ["${aws_sns_topic.alarms.arn}"]}

    def document(count: int) -> Block:
        topic = {"name": "alarms", "count": count}
        return {
            "resource": {"aws_cloudwatch_metric_alarm": {"errors": alarm}, "aws_sns_topic": {"alarms": topic}}
        }

    assert {change.address for change in comparison(document(0), document(1)).changes} == {
        "aws_cloudwatch_metric_alarm.errors",
        "aws_sns_topic.alarms",
    }


def test_prod_comes_last_whatever_environments_there_are() -> None:
    names = ["parakeet-prod-secrets", "parakeet-prod", "parakeet-uat", "parakeet-dev", "parakeet-bootstrap-1"]
    stacks = {name: Stack(name, {}) for name in names}
    assert [each.new.name for each in compared(stacks, stacks)] == [
        "parakeet-bootstrap-1",
        "parakeet-dev",
        "parakeet-uat",
        "parakeet-prod",
        "parakeet-prod-secrets",
    ]


def test_what_refers_to_another_thing_that_is_found_by_name_has_changed() -> None:
    def document(name: str) -> Block:
        permission = {"resources": ["${data.aws_secretsmanager_secret.keys.arn}"], "actions": ["x:Get"]}
        return {
            "resource": {
                "aws_ssm_parameter": {"keys": {"value": "${data.aws_secretsmanager_secret.keys.arn}"}}
            },
            "data": {
                "aws_iam_policy_document": {"read": {"statement": [permission]}},
                "aws_secretsmanager_secret": {"keys": {"name": name}},
            },
        }

    assert comparison(document("ours"), document("theirs")).differing == {
        "aws_ssm_parameter.keys",
        "data.aws_iam_policy_document.read",
        "data.aws_secretsmanager_secret.keys",
    }
    assert not comparison(document("ours"), document("ours")).differing
