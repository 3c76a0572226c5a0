"""A policy is read as IAM reads it, or not at all: what is not understood is never taken for no policy."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.corpus import spare
from tests.review.documents import assess, changed, one, policy, texts

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NOT_UNDERSTOOD: tuple[Any, ...] = (
    "{}",
    "null",
    ["a", "list"],
    {"Statement": "a block"},
    '${data.aws_iam_policy_document.trades["all"].json}',
    '{"Statement": %{ if true }[]%{ endif }}',
    json.dumps({"statement": [ALL]}),
    json.dumps({"Statement": [{**ALL, "effect": "Deny"}]}),
    json.dumps({"Statement": [{**ALL, "Effect": "${var.effect}"}]}),
    json.dumps({"Statement": [{"Effect": "Allow", "Resource": "*"}]}),
    json.dumps({"Statement": [{**ALL, "Principal": {"AWS": 5}}]}),
    json.dumps({"Statement": [{**ALL, "Principal": ["*"]}]}),
    json.dumps({"Statement": [{**ALL, "Resource": [5]}]}),
    json.dumps({"Statement": [{**ALL, "Condition": {"StringEquals": 5}}]}),
    json.dumps({"Statement": [{**ALL, "Condition": {"StringNotEquals": {"aws:x": "one, two"}}}]}),
    json.dumps({"Statement": [{**ALL, "Resource": "arn:aws:s3:::one, two"}]}),
    json.dumps({"Statement": "${jsonencode(local.statements)}"}),
)


@pytest.mark.parametrize("given", NOT_UNDERSTOOD, ids=str)
@pytest.mark.parametrize(
    ("kind", "name"),
    [("aws_iam_role_policy", "trades_role_read-database-secret"), ("aws_s3_bucket_policy", "cache")],
)
def test_what_is_no_policy_here_could_not_be_analysed_and_loses_nothing(
    kind: str, name: str, given: Any, prod: Mapping[str, Stack]
) -> None:
    def change(document: Block) -> None:
        one(document, kind, name)["policy"] = given

    found = assess(prod, changed(prod, change, "prod"))
    text, *_ = texts(found, Part.UNKNOWN)
    assert text.startswith(f"`{kind}.{name}")
    assert "in `policy` is not read here" in text
    assert texts(found, Part.PERMISSIONS) == texts(found, Part.EXPOSURE) == []


def test_what_a_policy_that_was_not_read_allows_is_said_once_it_is_read(prod: Mapping[str, Stack]) -> None:
    def change(document: Block) -> None:
        one(document, "aws_iam_role_policy", "trades_role_read-database-secret")["policy"] = "${local.policy}"

    found = assess(changed(prod, change, "prod"), prod)
    (may,) = texts(found, Part.PERMISSIONS)
    assert may.startswith("`trades-api` may now `secretsmanager:GetSecretValue`")
    (text,) = texts(found, Part.UNKNOWN)
    assert text.startswith("before this change, `aws_iam_role_policy.trades_role_read-database-secret")


def test_a_document_written_otherwise_is_not_said_to_change_nothing_beside_a_policy_that_is_not_read(
    prod: Mapping[str, Stack],
) -> None:
    def unread(document: Block) -> None:
        one(document, "aws_iam_role_policy", "trades_role_read-database-secret")["policy"] = (
            f'${{replace(data.aws_iam_policy_document.{_document(document)}.json, "Get", "Put")}}'
        )

    def more(document: Block) -> None:
        unread(document)
        document["data"]["aws_iam_policy_document"][_document(document)]["statement"][0]["actions"] = ["*"]

    found = assess(changed(prod, unread, "prod"), changed(prod, more, "prod"))
    (text,) = texts(found, Part.REST)
    assert text.endswith("is written otherwise")


def test_of_all_but_some_fewer_that_are_spared_are_more_and_more_are_fewer(prod: Mapping[str, Stack]) -> None:
    few = changed(prod, lambda document: spare(document, ["s3:*"], ["111111111111"]), "prod")
    many = changed(
        prod,
        lambda document: spare(document, ["iam:*", "s3:*"], ["111111111111", "999999999999"]),
        "prod",
    )
    *released, more = texts(assess(many, few), Part.PERMISSIONS)
    assert more.startswith("`trades-api` may now `all but s3:*` on")
    assert len(released) == 2
    assert all(
        "`all but arn:aws:iam::111111111111:root` is now **refused** `s3:*` on" in one for one in released
    )
    *spared, fewer = texts(assess(few, many), Part.PERMISSIONS)
    assert fewer.startswith("`trades-api` may no longer `all but s3:*` on")
    assert len(spared) == 2
    assert all(
        "`all but arn:aws:iam::111111111111:root` is **no longer refused** `s3:*` on" in one for one in spared
    )


def _documents_of_one(document: Block, statements: Mapping[str, list[Block]]) -> None:
    """The document that trades reads its secret by, of `source`, its own and `override` statements."""
    documents = document["data"]["aws_iam_policy_document"]
    own = documents[_document(document)]
    for argument, found in statements.items():
        if argument == "own":
            own["statement"] = found
        else:
            documents[argument] = {"statement": found}
            own[f"{argument}_policy_documents"] = [f"${{data.aws_iam_policy_document.{argument}.json}}"]


def _statement(action: str, sid: str = "") -> Block:
    return {"effect": "Allow", "actions": [action], "resources": ["*"], **({"sid": sid} if sid else {})}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ({"own": [_statement("a:A", "X")], "override": [_statement("a:B", "X")]}, ["a:B"]),
        ({"source": [_statement("a:A", "X")], "own": [_statement("a:B", "X")]}, ["a:B"]),
        ({"source": [_statement("a:A")], "own": [_statement("a:B")]}, ["a:A", "a:B"]),
    ],
)
def test_a_statement_of_a_later_document_replaces_that_of_the_same_sid(
    statements: Mapping[str, list[Block]], allowed: list[str], prod: Mapping[str, Stack]
) -> None:
    found = assess(prod, changed(prod, lambda document: _documents_of_one(document, statements), "prod"))
    (may,) = [text for text in texts(found, Part.PERMISSIONS) if "may now" in text]
    assert may == f"`trades-api` may now {' and '.join(f'`{one}`' for one in allowed)} on `*`"


UNREAD = "${jsonencode(merge(local.all, jsondecode(data.aws_iam_policy_document.%s.json)))}"


@pytest.mark.parametrize(
    "way",
    ["nothing", "elsewhere", "local", "variable", "document", "holder", "file", "file of a local value"],
)
def test_a_policy_that_is_not_read_is_said_again_only_if_it_may_allow_something_else(
    way: str, prod: Mapping[str, Stack]
) -> None:
    def unread(document: Block) -> None:
        document["locals"] = {"all": '${file("all.json")}' if way == "file of a local value" else {}}
        document["variable"]["policy"] = {"default": "{}"}
        text = '${file("admin.json")}' if way == "file" else UNREAD % _document(document)
        text = "${var.policy}" if way == "variable" else text
        one(document, "aws_iam_role_policy", "trades_role_read-database-secret")["policy"] = text

    def change(document: Block) -> None:
        unread(document)
        one(document, "aws_sqs_queue", "dead_letters")["visibility_timeout_seconds"] = 31
        match way:
            case "elsewhere":
                policy(document, "ingest_role_read-write-cache")[2]["actions"].append("s3:DeleteObject")
            case "local":
                document["locals"]["all"] = {"Statement": []}
            case "variable":
                document["variable"]["policy"]["default"] = '{"Statement": []}'
            case "document":
                policy(document, "trades_role_read-database-secret")[0]["actions"] = ["*"]
            case "holder":
                document["resource"]["aws_iam_role_policy"]["more"] = {
                    **one(document, "aws_iam_role_policy", "ingest_role_read-write-cache"),
                    "role": "${aws_iam_role.trades.name}",
                }

    found = assess(changed(prod, unread, "prod"), changed(prod, change, "prod"))
    said = [text for text in texts(found, Part.UNKNOWN) if "is not read here" in text]
    assert len(said) == (way not in ("nothing", "elsewhere"))


def test_what_a_file_may_still_allow_is_not_lost(prod: Mapping[str, Stack]) -> None:
    def beside(document: Block, actions: list[str]) -> None:
        own = document["data"]["aws_iam_policy_document"][_document(document)]
        own["source_policy_documents"] = ['${file("more.json")}']
        own["statement"][0]["actions"] = actions

    both = changed(prod, lambda document: beside(document, ["a:A", "a:B"]), "prod")
    found = assess(both, changed(prod, lambda document: beside(document, ["a:A"]), "prod"))
    assert texts(found, Part.PERMISSIONS) == []
    assert any("is not read here" in text for text in texts(found, Part.UNKNOWN))


def test_how_many_messages_a_function_is_given_at_once_is_behaviour(prod: Mapping[str, Stack]) -> None:
    def of(size: int) -> dict[str, Stack]:
        mapping = {"event_source_arn": "arn:aws:sqs:x", "function_name": "trades", "batch_size": size}

        def change(document: Block) -> None:
            document["resource"]["aws_lambda_event_source_mapping"] = {"trades": mapping}

        return changed(prod, change, "prod")

    found = assess(of(10), of(20))
    assert texts(found, Part.BEHAVIOUR) == [
        "aws_lambda_event_source_mapping.trades: `batch_size` `10` → `20`"
    ]
    assert texts(found, Part.PERMISSIONS) == []


@pytest.mark.parametrize(
    ("narrow", "wide"), [("db-??????", "db-?????*"), ("db-[ab]", "db-*"), ("a?", "a??*"), ("db-??????", "*")]
)
def test_a_wildcard_that_comes_to_more_is_a_permission_more(
    narrow: str, wide: str, prod: Mapping[str, Stack]
) -> None:
    def on(resource: str) -> dict[str, Stack]:
        def change(document: Block) -> None:
            policy(document, "trades_role_read-database-secret")[0]["resources"] = [resource]

        return changed(prod, change, "prod")

    (may, *_) = texts(assess(on(narrow), on(wide)), Part.PERMISSIONS)
    assert may == f"`trades-api` may now `secretsmanager:GetSecretValue` on `{wide}`"


def _for_organizations(prod: Mapping[str, Stack], *blocks: str) -> dict[str, Stack]:
    def change(document: Block) -> None:
        policy(document, "trades_role_trust")[0]["condition"] = [
            {"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": [one]} for one in blocks
        ]

    return changed(prod, change, "prod")


def test_a_condition_more_with_the_test_of_another_is_a_value_more(prod: Mapping[str, Stack]) -> None:
    """Of which any will do: so the provider writes it."""
    one, both = _for_organizations(prod, "o-ours"), _for_organizations(prod, "o-ours", "o-theirs")
    (may, may_no_longer) = texts(assess(one, both), Part.PERMISSIONS)
    assert "may now" in may
    assert may.endswith("if `aws:PrincipalOrgID` StringEquals `o-ours, o-theirs`")
    assert may_no_longer.endswith("if `aws:PrincipalOrgID` StringEquals `o-ours`")


def test_an_argument_of_a_policy_document_that_nobody_here_knows_is_not_passed_over(
    prod: Mapping[str, Stack],
) -> None:
    def change(document: Block) -> None:
        document["data"]["aws_iam_policy_document"][_document(document)]["override_json"] = "${local.more}"

    (text,) = texts(assess(prod, changed(prod, change, "prod")), Part.UNKNOWN)
    assert "override_json" in text


def _document(document: Block) -> str:
    documents = document["data"]["aws_iam_policy_document"]
    (name,) = [name for name in documents if name.startswith("trades_role_read-database-secret")]
    return str(name)
