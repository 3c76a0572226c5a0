"""What nobody here understands is said to be so, and not folded in the rest."""

from collections.abc import Mapping
from typing import Any

import pytest

from review.finding import Part
from review.not_understood import UNDERSTOOD
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import Change, one, said_of_prod, stacks
from tests.template import Template


def said(old: Mapping[str, Stack], before: Change, after: Change) -> list[str]:
    return said_of_prod(old, before, after, Part.UNKNOWN)


def nothing(_: Block) -> None:
    pass


def test_every_type_that_is_deployed_is_understood(templates: Mapping[str, Template]) -> None:
    deployed = {
        address.partition(".")[0] for stack in stacks(templates).values() for address in stack.resources
    }
    assert deployed <= UNDERSTOOD


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("aws_cloudformation_stack", {"name": "more", "template_url": "https://example.com/more.yaml"}),
        ("aws_cloudwatch_event_permission", {"principal": "*", "statement_id": "all"}),
        ("aws_s3_bucket_notification", {"bucket": "cache", "eventbridge": True}),
        ("random_password", {"length": 3}),
    ],
)
def test_of_a_type_that_is_not_understood_all_is_said_and_that_it_is_not(
    kind: str, block: Block, old: Mapping[str, Stack]
) -> None:
    def come(document: Block) -> None:
        document["resource"][kind] = {"new": {**block}}

    def change(document: Block) -> None:
        document["resource"][kind]["new"]["description"] = "another"

    new, *_ = said(old, nothing, come)
    assert new.startswith(f"`{kind}.new` is new, `{{")
    assert all(str(value) in new for value in block.values() if isinstance(value, str))
    assert new.endswith(f": what `{kind}` does is not understood here")
    other, *_ = said(old, come, change)
    assert other.startswith(f"`{kind}.new` `description` nothing → `another`")


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("aws_kms_grant", {"grantee_principal": "arn:aws:iam::999999999999:root", "operations": ["Decrypt"]}),
        ("aws_ram_principal_association", {"principal": "999999999999"}),
    ],
)
def test_a_type_that_lets_somebody_do_what_is_not_understood_is_among_who_may_do_what(
    kind: str, block: Block, old: Mapping[str, Stack]
) -> None:
    def come(document: Block) -> None:
        document["resource"][kind] = {"new": block}

    (new,) = said_of_prod(old, nothing, come, Part.PERMISSIONS)
    assert all(str(value) in new for value in block.values() if isinstance(value, str))
    assert new.endswith(f": what `{kind}` lets whom do is not understood here")


def test_what_another_data_source_finds_is_not_known(old: Mapping[str, Stack]) -> None:
    def come(document: Block) -> None:
        document["data"]["aws_ssm_parameter"] = {"key": {"name": "/prod/key"}}

    def change(document: Block) -> None:
        document["data"]["aws_ssm_parameter"]["key"]["name"] = "/prod/other"

    def refer(document: Block) -> None:
        come(document)
        one(document, "aws_sqs_queue", "dead_letters")["name"] = "${data.aws_ssm_parameter.key.value}"

    found = "`data.aws_ssm_parameter.key`"
    assert said(old, nothing, come) == [
        f'{found} is new, `{{"name": "/prod/key"}}`: what it finds is not known here'
    ]
    assert said(old, come, change) == [
        f"{found} `name` `/prod/key` → `/prod/other`: what it finds is not known here"
    ]
    (text,) = said(old, refer, change)
    assert text.endswith(", nor what becomes of `aws_sqs_queue.dead_letters`")


def test_what_refers_to_a_local_value_or_a_default_that_is_another_is_named(old: Mapping[str, Stack]) -> None:
    managed = "arn:aws:iam::aws:policy/%s"

    def refer(document: Block) -> None:
        document["locals"] = {"policy": managed % "ReadOnlyAccess", "again": "${local.policy}", "unused": 1}
        document["variable"]["rate"] = {"default": 10}
        document["resource"]["aws_iam_role_policy_attachment"] = {
            "trades": {"role": "${aws_iam_role.trades.name}", "policy_arn": "${local.again}"}
        }
        document["provider"]["aws"][0]["retry_mode"] = "${local.policy}"
        settings = one(document, "aws_apigatewayv2_stage", "api_stage")["default_route_settings"]
        settings["throttling_rate_limit"] = "${var.rate}"

    def change(document: Block) -> None:
        document["locals"] |= {"policy": managed % "AdministratorAccess", "unused": 2, "new": 3}
        document["variable"]["rate"]["default"] = 10_000

    local, variable = said(old, refer, change)
    assert local == (
        "`locals.policy` `arn:aws:iam::aws:policy/ReadOnlyAccess` → "
        "`arn:aws:iam::aws:policy/AdministratorAccess`: what becomes of "
        "`aws_iam_role_policy_attachment.trades`, `provider` is not known here"
    )
    assert variable.startswith("`variable.rate.default` changed: what becomes of `aws_apigatewayv2_stage.")


def test_a_local_value_that_was_null_is_another_too(old: Mapping[str, Stack]) -> None:
    def refer(document: Block) -> None:
        document["locals"] = {"days": None}
        document["variable"]["rate"] = {"default": None}
        queue = one(document, "aws_sqs_queue", "dead_letters")
        queue["message_retention_seconds"] = "${local.days == null ? 60 : local.days}"
        queue["delay_seconds"] = "${var.rate == null ? 0 : var.rate}"

    def change(document: Block) -> None:
        document["locals"]["days"] = 1
        document["variable"]["rate"]["default"] = 1

    found = said(old, refer, change)
    assert len(found) == 2
    assert all(
        text.endswith("what becomes of `aws_sqs_queue.dead_letters` is not known here") for text in found
    )


@pytest.mark.parametrize(
    ("kind", "argument"),
    [("aws_secretsmanager_secret", "arn"), ("aws_region", "region"), ("aws_caller_identity", "provider")],
)
def test_what_a_data_source_that_is_known_finds_may_be_another(
    kind: str, argument: str, old: Mapping[str, Stack]
) -> None:
    def come(document: Block) -> None:
        document["data"].setdefault(kind, {})["found"] = {argument: "one"}
        one(document, "aws_sqs_queue", "dead_letters")["name"] = f"${{data.{kind}.found.id}}"

    def change(document: Block) -> None:
        document["data"][kind]["found"][argument] = "another"

    assert any("aws_sqs_queue.dead_letters" in text for text in said(old, come, change))


def test_which_blocks_a_dynamic_one_within_another_makes_is_not_known(old: Mapping[str, Stack]) -> None:
    def change(document: Block) -> None:
        rules = one(document, "aws_s3_bucket_lifecycle_configuration", "cache")["rule"]
        rules[0]["dynamic"] = {"expiration": {"for_each": "${var.db_host}", "content": {"days": 1}}}

    (text,) = said(old, nothing, change)
    assert "which blocks it makes is not known: `dynamic` nothing → " in text


@pytest.mark.parametrize(
    "given", ['${file("api.json")}', '${templatefile("api.json", {a = 1})}', '${\n\tfile("api.json")}']
)
def test_what_is_read_from_a_file_may_be_another_on_every_page(given: str, old: Mapping[str, Stack]) -> None:
    def read(document: Block) -> None:
        one(document, "aws_apigatewayv2_api", "api")["body"] = given

    (text,) = said(old, read, nothing)
    shown = " ".join(given.split())
    assert text == (
        f"`aws_apigatewayv2_api.api`: `{shown}` in `body` is read from a file: "
        "whether that says something else now is not known here"
    )


@pytest.mark.parametrize("number", [("count", 2), ("for_each", '${toset(["trades"])}')])
def test_of_what_is_new_and_nobody_knows_how_many_that_is_said(
    number: tuple[str, Any], old: Mapping[str, Stack]
) -> None:
    def attach(document: Block) -> None:
        document["resource"]["aws_iam_role_policy_attachment"] = {
            "each": {
                number[0]: number[1],
                "role": "${each.value}",
                "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess",
            }
        }

    (text,) = said(old, nothing, attach)
    assert f"how many come or go, and what with them, is not known: `{number[0]}` nothing → " in text
