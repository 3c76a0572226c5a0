"""Whether a resource's policy lets a service in."""

from typing import Any

import pytest

from local.aws.functions.permissions import service_may

SOURCE = "arn:aws:execute-api:us-east-1:1:api/stage/GET/trades"


def statement(**more: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "api.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:f",
        **more,
    }


def may(*statements: dict[str, Any]) -> bool:
    return service_may(
        statements,
        service="api.amazonaws.com",
        action="lambda:InvokeFunction",
        resource="arn:f",
        source_arn=SOURCE,
        source_account="1",
    )


def source_like(pattern: str, operator: str = "ArnLike", key: str = "AWS:SourceArn") -> dict[str, Any]:
    return {operator: {key: pattern}}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Action": ["lambda:invoke*"]},
        {"Action": "*", "Resource": "*", "Principal": "*"},
        {"Condition": source_like("arn:aws:execute-api:us-east-1:1:api/*/GET/*")},
        {"Condition": source_like("arn:aws:execute-api:*:*:*")},
        {"Condition": source_like(SOURCE, "StringEquals", "aws:SourceArn")},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": ["2", "1"]}}},
    ],
)
def test_statement_that_means_it_allows_it(more: dict[str, Any]) -> None:
    assert may(statement(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"Principal": {"Service": "other.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::1:root"}},
        {"Action": "lambda:GetFunction"},
        {"Resource": "arn:f:1"},
        {"Condition": source_like("arn:aws:execute-api:us-east-1:1:other/*")},
        # A wildcard ends at a colon.
        {"Condition": source_like("arn:*:api/stage/GET/trades")},
        # A policy knows no ranges of letters.
        {"Condition": source_like("arn:aws:execute-api:us-east-1:1:api/stage/GET/trade[a-z]")},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "2"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Condition": {"IpAddress": {"aws:SourceArn": SOURCE}}},
    ],
)
def test_statement_that_means_another_or_is_not_understood_allows_nothing(more: dict[str, Any]) -> None:
    assert not may(statement(**more))


def test_nothing_allows_nothing() -> None:
    assert not may()


@pytest.mark.parametrize("condition", [{}, {"IpAddress": {"aws:SourceIp": "1.2.3.4"}}])
def test_deny_wins_even_where_it_is_not_understood(condition: dict[str, Any]) -> None:
    assert not may(statement(), statement(Effect="Deny", Condition=condition))


def test_deny_of_another_source_denies_nothing() -> None:
    assert may(statement(), statement(Effect="Deny", Condition=source_like("arn:aws:s3:::*")))
