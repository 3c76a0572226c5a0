"""Whatever the stack, a part begins with the worst; what runs or lets somebody in is in one that is open."""

from collections.abc import Mapping
from typing import Any

import pytest

from config.errors import OneLineError
from review.assessment import assessed
from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import Change, assess, changed, one, texts


def test_what_is_destroyed_stands_before_what_is_kept_for_a_shorter_time_in_other_stacks(
    old: Mapping[str, Stack],
) -> None:
    def shorter(document: Block) -> None:
        for group in document["resource"]["aws_cloudwatch_log_group"].values():
            group["retention_in_days"] = 1

    def worse(document: Block) -> None:
        shorter(document)
        one(document, "aws_s3_bucket", "cache")["bucket"] = "another"
        del document["resource"]["aws_sqs_queue"]["dead_letters"]

    new = changed(changed(old, shorter, "dev"), worse, "prod")
    said = texts(assessed(old, new, OneLineError("there is no plan")), Part.DATA)
    assert [" is **destroyed**" in text for text in said] == [True, *[False] * (len(said) - 1)]
    assert ["**destroyed and made anew**" in text for text in said][:3] == [False, True, False]
    assert " keeps " in said[2]


def test_a_route_whose_guard_changes_stands_before_those_that_only_lead_elsewhere(
    old: Mapping[str, Stack],
) -> None:
    def lead(document: Block) -> None:
        for route in document["resource"]["aws_apigatewayv2_route"].values():
            route["operation_name"] = "another"
        route = one(document, "aws_apigatewayv2_route", "api_post-trades_")
        route["authorization_type"] = "NONE"
        del route["authorizer_id"]

    first, *others = texts(assess(old, changed(old, lead, "prod")), Part.EXPOSURE)
    assert first.endswith("and is now **open to everybody**")
    assert len(others) > 10


def test_what_a_value_says_is_no_reason_to_stand_first(old: Mapping[str, Stack]) -> None:
    def lead(document: Block) -> None:
        routes = sorted(document["resource"]["aws_apigatewayv2_route"].items())
        for _, route in routes:
            route["operation_name"] = "**here**, and is now open, which guards an API"
        _, last = routes[-1]
        last["authorization_type"] = "NONE"
        del last["authorizer_id"]

    first, *others = texts(assess(old, changed(old, lead, "prod")), Part.EXPOSURE)
    assert first.endswith("and is now **open to everybody**")
    assert len(others) > 10


def _run(document: Block) -> None:
    # So long that the end would be cut.
    command = {"command": f"true {'x' * 200} && sh install"}
    document["resource"]["terraform_data"] = {"setup": {"provisioner": [{"local-exec": command}]}}


def _endpoints(document: Block) -> None:
    document["provider"]["aws"][0]["endpoints"] = [{"s3": "https://s3.example.com"}]


def _second_provider(document: Block) -> None:
    document["provider"]["aws"].append({"alias": "x", "endpoints": [{"s3": "https://s3.example.com"}]})


@pytest.mark.parametrize(
    ("change", "part", "said"),
    [
        (_run, Part.PERMISSIONS, "**run a program** where it is deployed from: `[{"),
        (_endpoints, Part.EXPOSURE, "https://s3.example.com"),
        (_second_provider, Part.EXPOSURE, "https://s3.example.com"),
    ],
)
def test_what_runs_where_it_is_deployed_from_or_is_asked_of_others_is_in_a_part_that_is_open(
    change: Change, part: Part, said: str, old: Mapping[str, Stack]
) -> None:
    first, *_ = texts(assess(old, changed(old, change, "prod")), part)
    assert said in first


def test_no_program_is_shown_but_for_its_end(old: Mapping[str, Stack]) -> None:
    first, *_ = texts(assess(old, changed(old, _run, "prod")), Part.PERMISSIONS)
    assert "sh install" in first


def test_a_program_stands_before_who_may_do_what(old: Mapping[str, Stack]) -> None:
    def both(document: Block) -> None:
        permissions: Any = document["resource"]["aws_lambda_permission"]
        permissions.clear()
        _run(document)

    first, *others = texts(assess(old, changed(old, both, "prod")), Part.PERMISSIONS)
    assert "**run a program**" in first
    assert others
