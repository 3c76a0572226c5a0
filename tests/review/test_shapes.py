"""Terraform's JSON takes the same thing in several shapes, and refuses others: none of them ends a review."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from config.errors import OneLineError
from review.finding import Part
from review.made_up_state import Schema
from review.page import markdown
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import assess, changed, one, texts

PROD = "parakeet-prod"
SHAPES: tuple[Any, ...] = (None, [], {}, "${var.x}", 5)
SECTIONS = ("moved", "removed", "locals", "variable", "output", "provider", "terraform", "import", "check")


def paths(given: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Of all arguments in a block, and in the blocks in it; those of a list's are all one."""
    for part in given if isinstance(given, list) else [given]:
        if isinstance(part, dict):
            for key, value in part.items():
                if key != "//":
                    yield (*above, key)
                    yield from paths(value, (*above, key))


def with_shape(given: Any, path: tuple[str, ...], number: int) -> None:
    key, *rest = path
    for part in given if isinstance(given, list) else [given]:
        if isinstance(part, dict) and key in part:
            if rest:
                with_shape(part[key], tuple(rest), number)
            else:
                part[key] = shapes(part[key])[number]


def shapes(value: Any) -> list[Any]:
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    return [*SHAPES, [value], alone]


@pytest.fixture
def few(old: Mapping[str, Stack]) -> dict[str, Stack]:
    """Of each type the two blocks that say most; what they refer to may not be there."""
    document = dict(old[PROD].document)
    for section in ("resource", "data"):
        document[section] = {
            kind: dict(sorted(named.items(), key=lambda one: len(str(one[1])))[-2:])
            for kind, named in document[section].items()
        }
    return {PROD: Stack(PROD, document)}


def test_any_argument_in_any_shape_gives_a_page(few: Mapping[str, Stack]) -> None:
    """One argument of each type at a time, of all its blocks."""
    kinds = {
        (section, kind): list(dict.fromkeys(path for one in named.values() for path in paths(one)))
        for section in ("resource", "data")
        for kind, named in few[PROD].document[section].items()
    }
    assert sum(map(len, kinds.values())) > 100
    text = json.dumps(few[PROD].document)
    for turn in range(max(map(len, kinds.values()))):
        for number in range(len(shapes(None))):
            document = json.loads(text)
            for (section, kind), found in kinds.items():
                if turn < len(found):
                    with_shape([*document[section][kind].values()], found[turn], number)
            assert markdown(assess(few, {PROD: Stack(PROD, document)}), "main"), (turn, number)


def test_any_section_in_any_shape_gives_a_page(few: Mapping[str, Stack]) -> None:
    """All sections at a time, each in a shape of its own, until each has had all; and each with one alone."""
    given = (*SHAPES, [{}], [5], [None], {"a": None}, {"a": []}, {"a": {"b": [{}]}})
    turns = [
        {section: given[(turn + place) % len(given)] for place, section in enumerate(SECTIONS)}
        for turn in range(len(given))
    ]
    for sections in (*turns, *({section: "${var.x}"} for section in SECTIONS)):
        new = {PROD: Stack(PROD, {**few[PROD].document, **sections})}
        assert markdown(assess(few, new), "main"), sections
        assert markdown(assess(new, few), "main"), sections


def test_what_is_given_by_itself_or_as_a_list_of_one_is_the_same(prod: Mapping[str, Stack]) -> None:
    def change(document: Block) -> None:
        for kind in document["resource"]:
            for name, given in document["resource"][kind].items():
                # A map of texts is no block.
                listed = {
                    key: [part] if isinstance(part, dict) and key != "dimensions" else part
                    for key, part in given.items()
                }
                document["resource"][kind][name] = [{**listed, "provider": None}]
        for section in ("variable", "output"):
            document[section] = [{name: [part]} for name, part in document[section].items()]
        for permission in document["resource"]["aws_lambda_permission"].values():
            permission[0] |= {"source_account": None, "qualifier": None}
        for statements in document["data"]["aws_iam_policy_document"].values():
            statements["statement"][0] |= {"not_resources": None, "purpose": None}
        document["provider"]["aws"] = document["provider"]["aws"][0]
        document["moved"] = None

    assert assess(prod, changed(prod, change, "prod")) == []


def test_versioning_that_is_suspended_is_data_at_risk_in_any_shape(prod: Mapping[str, Stack]) -> None:
    for shape in ([{"status": "Suspended"}], {"status": "${var.x}"}, "${var.x}", None):
        for given in ("dict", "list"):

            def start(document: Block, given: str = given) -> None:
                versioning = one(document, "aws_s3_bucket_versioning", "")
                if given == "list":
                    versioning["versioning_configuration"] = [versioning["versioning_configuration"]]

            def change(document: Block, shape: Any = shape) -> None:
                one(document, "aws_s3_bucket_versioning", "")["versioning_configuration"] = shape

            before = changed(prod, start, "prod")
            (text,) = texts(assess(before, changed(before, change, "prod")), Part.DATA)
            assert "is no longer versioned" in text


def test_a_text_in_the_place_of_a_list_is_one_thing(prod: Mapping[str, Stack]) -> None:
    def change(document: Block) -> None:
        one(document, "aws_iam_role", "trades")["managed_policy_arns"] = "${var.policies}"
        one(document, "aws_lambda_function", "trades")["layers"] = "${var.layers}"

    found = assess(prod, changed(prod, change, "prod"))
    (may,) = texts(found, Part.PERMISSIONS)
    assert may == "`trades-api` may now `all that this policy allows` on `${var.policies}`"
    (added,) = [text for text in texts(found, Part.CODE) if text.endswith(" added")]
    assert added.endswith(": `${var.layers}` added")


def test_a_state_is_made_of_whatever_shape_and_of_no_other_providers_type(prod: Mapping[str, Stack]) -> None:
    nested = {"nesting_mode": "single", "block": {}}
    schema = Schema({"aws_x": {"version": 0, "block": {"block_types": {"one": nested}}}})
    for shape in SHAPES:
        stack = Stack(PROD, {"resource": {"aws_x": {"x": {"one": shape}}}})
        assert schema.state(stack, ["aws_x.x"])["resources"]
    with pytest.raises(OneLineError, match=r"aws_sqs_queue\.dead_letters is of no type"):
        schema.state(prod[PROD], ["aws_sqs_queue.dead_letters"])


@pytest.mark.parametrize(
    ("kind", "argument", "value"),
    [
        ("aws_apigatewayv2_stage", "default_route_settings", "${var.x}"),
        ("aws_cloudwatch_event_rule", "schedule_expression", "${var.x}"),
        ("aws_cloudwatch_log_group", "retention_in_days", "${var.x}"),
        ("aws_lambda_function", "architectures", "${var.x}"),
        ("aws_lambda_function", "ephemeral_storage", "${var.x}"),
        ("aws_lambda_function", "memory_size", "${var.x}"),
        ("aws_lambda_function", "reserved_concurrent_executions", "${var.x}"),
        ("aws_lambda_function", "timeout", "NaN"),
    ],
)
def test_what_has_a_number_that_is_not_known_costs_what_is_not_known(
    kind: str, argument: str, value: Any, prod: Mapping[str, Stack]
) -> None:
    name = next(iter(prod[PROD].document["resource"][kind]))

    def change(document: Block) -> None:
        document["resource"][kind][name][argument] = value

    found = assess(prod, changed(prod, change, "prod"))
    assert f"what `{kind}.{name}` costs: a number of it is not known here" in texts(found, Part.UNKNOWN)
    # Nothing that is not known is said to be saved.
    assert not [text for text in texts(found, Part.COST) if "-" in text]
