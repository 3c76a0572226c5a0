"""What is not counted is said as soon as it differs, and not only where there was none of it."""

from collections.abc import Mapping

from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import said_of_prod


def gateways(number: int, **arguments: str) -> Block:
    return {f"nat{each}": {"subnet_id": f"subnet-{each}", **arguments} for each in range(number)}


def test_more_of_a_type_that_is_in_no_price_list_is_said(old: Mapping[str, Stack]) -> None:
    def few(document: Block) -> None:
        document["resource"]["aws_nat_gateway"] = gateways(1)

    def many(document: Block) -> None:
        document["resource"]["aws_nat_gateway"] = gateways(11)

    def none(document: Block) -> None:
        del document["resource"]["aws_nat_gateway"]

    for change, number in ((many, 11), (none, 0)):
        *_, said = said_of_prod(old, few, change, Part.UNKNOWN)
        assert said == f"what `aws_nat_gateway` costs, 1 → {number} of them: it is in no price list here"
    assert said_of_prod(old, few, few, Part.UNKNOWN) == []


def test_what_a_price_does_not_count_is_said_beside_what_it_costs(old: Mapping[str, Stack]) -> None:
    def table(document: Block) -> None:
        document["resource"]["aws_dynamodb_table"] = {"items": {"name": "items", "write_capacity": 1}}

    def larger(document: Block) -> None:
        document["resource"]["aws_dynamodb_table"]["items"]["write_capacity"] = 40_000

    said = said_of_prod(old, table, larger, Part.COST)
    assert "**not counted**: `aws_dynamodb_table.items.write_capacity` `1` → `40000`" in said
