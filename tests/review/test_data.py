"""What is kept of data, and for how long, and which secrets are kept beside them."""

from collections.abc import Mapping
from typing import Any

import pytest

from review.finding import Part
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import Change, one, said_of_prod


def at_risk(old: Mapping[str, Stack], before: Change, after: Change) -> list[str]:
    return said_of_prod(old, before, after, Part.DATA)


def versioned(**configuration: str) -> Change:
    def change(document: Block) -> None:
        one(document, "aws_s3_bucket_versioning", "cache")["versioning_configuration"] = configuration

    return change


def test_versions_that_may_be_deleted_without_mfa_are_versions_all_the_same(old: Mapping[str, Stack]) -> None:
    safe = versioned(status="Enabled", mfa_delete="Enabled")
    (text,) = at_risk(old, safe, versioned(status="Enabled"))
    assert text == (
        "potential-parakeet-cache-prod: versions may be deleted without MFA "
        "(`versioning_configuration.mfa_delete` `Enabled` → nothing)"
    )
    without_both = at_risk(old, safe, versioned(status="Suspended", mfa_delete="Disabled"))
    assert any("is no longer versioned" in text for text in without_both)
    assert at_risk(old, versioned(status="Enabled"), safe) == []


def keeping(kept: Any) -> Change:
    def change(document: Block) -> None:
        rules = one(document, "aws_s3_bucket_lifecycle_configuration", "cache")["rule"]
        (rule,) = (rule for rule in rules if "noncurrent_version_expiration" in rule)
        rule["noncurrent_version_expiration"] = [{"noncurrent_days": 30, "newer_noncurrent_versions": kept}]

    return change


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [(10, 1, True), (10, None, True), (10, "${var.x}", True), (1, 10, False), (None, 10, False)],
)
def test_fewer_versions_that_are_spared_are_data_at_risk(
    before: Any, after: Any, said: bool, old: Mapping[str, Stack]
) -> None:
    found = at_risk(old, keeping(before), keeping(after))
    text = f"of overwritten versions the newest {after or 0} are kept instead of {before}"
    assert found == said * [f"potential-parakeet-cache-prod: {text} (rule `expire-old-versions`)"]


def with_another_bucket(*, imported: bool) -> Change:
    def change(document: Block) -> None:
        of_kind = document["resource"]
        of_kind["aws_s3_bucket"]["exports"] = {"bucket": "potential-parakeet-exports-prod"}
        of_kind["aws_s3_bucket_lifecycle_configuration"]["exports"] = {
            "bucket": "${aws_s3_bucket.exports.id}",
            "rule": [{"id": "expire", "status": "Enabled", "expiration": [{"days": 30}]}],
        }
        if imported:
            document["import"] = [{"to": "aws_s3_bucket.exports", "id": "potential-parakeet-exports-prod"}]

    return change


def test_what_comes_with_a_change_has_no_objects_to_lose_unless_it_is_imported(
    old: Mapping[str, Stack],
) -> None:
    def nothing(_document: Block) -> None: ...

    assert at_risk(old, nothing, with_another_bucket(imported=False)) == []
    (text,) = at_risk(old, nothing, with_another_bucket(imported=True))
    assert text.startswith("potential-parakeet-exports-prod: objects are deleted after 30 days")


def triggered(document: Block) -> None:
    one(document, "aws_sqs_queue", "dead_letters")["lifecycle"] = {
        "replace_triggered_by": ["aws_lambda_function.ingest.memory_size", "aws_lambda_function.data"]
    }


def test_what_is_made_anew_with_what_changes_is_data_at_risk_then(old: Mapping[str, Stack]) -> None:
    def change(document: Block) -> None:
        one(document, "aws_lambda_function", "ingest")["memory_size"] = 3008

    def other(document: Block) -> None:
        one(document, "aws_lambda_function", "trades")["memory_size"] = 3008

    (text,) = at_risk(old, triggered, change)
    assert text == (
        "queue potential-parakeet-lambda-dlq-prod is **destroyed and made anew**, its messages lost: "
        "`aws_lambda_function.ingest.memory_size` changes (`replace_triggered_by`)"
    )
    assert at_risk(old, triggered, other) == []


def grown(document: Block) -> None:
    one(document, "aws_lambda_function", "trades")["memory_size"] = 3008


def told_by_a_local(document: Block) -> None:
    document["locals"] = {"memory": 512}
    one(document, "aws_lambda_function", "trades")["memory_size"] = "${local.memory}"


def with_a_greater_local(document: Block) -> None:
    told_by_a_local(document)
    document["locals"] = {"memory": 3008}


@pytest.mark.parametrize(
    ("between", "before", "after"),
    [
        ({"lifecycle": {"replace_triggered_by": ["aws_lambda_function.trades.memory_size"]}}, None, grown),
        ({"input": "${aws_lambda_function.trades.memory_size}"}, None, grown),
        ({"input": "${aws_lambda_function.trades.memory_size}"}, told_by_a_local, with_a_greater_local),
    ],
    ids=["triggers", "refers", "local"],
)
def test_what_may_be_made_anew_with_what_changes_elsewhere_is_data_at_risk(
    between: Block, before: Change | None, after: Change, old: Mapping[str, Stack]
) -> None:
    def by_way_of(document: Block) -> None:
        document["resource"]["terraform_data"] = {"between": between, "else": {"input": "unchanged"}}
        one(document, "aws_sqs_queue", "dead_letters")["lifecycle"] = {
            "replace_triggered_by": ["terraform_data.between", "terraform_data.else"]
        }
        if before:
            before(document)

    (text,) = at_risk(old, by_way_of, after)
    assert text == (
        "queue potential-parakeet-lambda-dlq-prod may be **destroyed and made anew**, its messages lost: "
        "`terraform_data.between` refers to what changes (`replace_triggered_by`)"
    )
    assert at_risk(old, by_way_of, lambda _document: None) == []


def test_a_topic_that_is_no_longer_encrypted_is_data_at_risk(old: Mapping[str, Stack]) -> None:
    def encrypt(document: Block) -> None:
        one(document, "aws_sns_topic", "alarms")["kms_master_key_id"] = "alias/one"

    (text,) = at_risk(
        old, encrypt, lambda document: one(document, "aws_sns_topic", "alarms").pop("kms_master_key_id")
    )
    assert text.startswith("topic potential-parakeet-alarms-prod is encrypted by another key, or none")


def test_a_secret_that_was_a_local_value_is_in_the_state_once_something_holds_it(
    old: Mapping[str, Stack],
) -> None:
    def know(document: Block) -> None:
        document["locals"] = {"password": "${var.db_password}", "again": "${local.password}", "name": "x"}

    def hold(document: Block) -> None:
        document["output"] |= {"password": {"value": "${local.again}"}, "name": {"value": "${local.name}"}}

    def change(document: Block) -> None:
        hold(document)
        document["locals"]["name"] = "${var.db_username}"

    (text,) = at_risk(old, know, hold)
    assert text.startswith("the output `password` brings `var.db_password` into Terraform's state")

    def both(document: Block) -> None:
        know(document)
        hold(document)

    assert any(
        text.startswith("the output `name` brings `var.db_username`") for text in at_risk(old, both, change)
    )


def letting_go(*addresses: str, destroy: Any = False) -> Change:
    def change(document: Block) -> None:
        document["removed"] = [{"from": address, "lifecycle": {"destroy": destroy}} for address in addresses]

    return change


QUEUE, SECRET = "aws_sqs_queue.dead_letters", "aws_secretsmanager_secret.once"


@pytest.mark.parametrize("after", [letting_go(QUEUE), letting_go(QUEUE, SECRET, destroy="true")])
def test_what_is_no_longer_let_go_of_is_data_at_risk_unless_it_is_in_the_code(
    after: Change, old: Mapping[str, Stack]
) -> None:
    (text,) = at_risk(old, letting_go(QUEUE, SECRET, destroy="false"), after)
    assert text.startswith(f"`{SECRET}` is no longer let go of: a state that still has it would **destroy**")


@pytest.mark.parametrize("off", ["false", "${false}", "0", False])
@pytest.mark.parametrize("on", ["true", True])
def test_a_protection_that_a_text_turns_off_is_lost(on: Any, off: Any, old: Mapping[str, Stack]) -> None:
    def protected(by: Any) -> Change:
        def change(document: Block) -> None:
            document["resource"]["aws_dynamodb_table"] = {
                "orders": {
                    "name": "orders",
                    "deletion_protection_enabled": by,
                    "lifecycle": {"prevent_destroy": by},
                }
            }

        return change

    deletion, destruction = at_risk(old, protected(on), protected(off))
    assert deletion.startswith("table orders loses its protection from deletion")
    assert destruction.startswith("table orders loses `prevent_destroy`")
    assert at_risk(old, protected(off), protected(on)) == []


def written(version: int, expression: str) -> Change:
    def change(document: Block) -> None:
        secret = one(document, "aws_secretsmanager_secret_version", "database")
        secret.update(secret_string_wo=expression, secret_string_wo_version=version)

    return change


def test_items_that_expire_from_now_on_are_data_at_risk(old: Mapping[str, Stack]) -> None:
    def table(**arguments: Any) -> Change:
        def change(document: Block) -> None:
            document["resource"]["aws_dynamodb_table"] = {"items": {"name": "items", **arguments}}

        return change

    expiring = table(ttl={"attribute_name": "until", "enabled": True})
    (text,) = at_risk(old, table(), expiring)
    assert text.startswith("table items: items are deleted when they say so: `ttl` nothing → ")
    assert at_risk(old, expiring, table()) == []
    restored = table(point_in_time_recovery={"enabled": True})
    (text,) = at_risk(
        old, restored, table(point_in_time_recovery={"enabled": True, "recovery_period_in_days": 1})
    )
    assert text == "table items can be restored to a point in the last 35 → 1 days"


def archived(days: int, storage: str = "GLACIER") -> Change:
    def change(document: Block) -> None:
        rules = one(document, "aws_s3_bucket_lifecycle_configuration", "cache")["rule"]
        (rule,) = (rule for rule in rules if "transition" in rule)
        rule["transition"] = [{"days": days, "storage_class": storage}]

    return change


def test_a_secret_that_another_expression_says_is_data_at_risk_and_is_not_shown(
    old: Mapping[str, Stack],
) -> None:
    given = written(1, "${jsonencode({password = var.db_password})}")
    another, anew = at_risk(old, given, written(2, "canary"))
    assert "**another expression** says what is written (`secret_string_wo`)" in another
    assert anew.endswith("is written anew from no variable")
    assert "canary" not in another + anew
    (anew,) = at_risk(old, given, written(2, "${jsonencode({password = var.db_password})}"))
    assert anew.endswith("is written anew from the variables")


def stored(**arguments: Any) -> Change:
    def change(document: Block) -> None:
        document["terraform"]["backend"]["s3"] |= {"encrypt": True, "use_lockfile": True, **arguments}

    return change


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"encrypt": "false"}, "Terraform's state is **no longer encrypted**"),
        ({"use_lockfile": False}, "Terraform's state is **no longer locked**"),
        ({"dynamodb_table": None}, "Terraform's state is **no longer locked**"),
        ({"key": "elsewhere"}, "Terraform's **state is elsewhere**"),
    ],
)
def test_a_state_that_is_less_guarded_is_where_it_was(
    after: Block, said: str, old: Mapping[str, Stack]
) -> None:
    (text,) = at_risk(old, stored(), stored(**after))
    assert text.startswith(said)
    assert at_risk(old, stored(encrypt="false"), stored()) == []


def expiring(name: str, days: int, prefix: str, kept: int = 3) -> Change:
    def change(document: Block) -> None:
        one(document, "aws_s3_bucket_lifecycle_configuration", "cache")["rule"] = [
            {"id": "other", "status": "Enabled", "filter": [{}], "expiration": [{"days": 400}]},
            {
                "id": name,
                "status": "Enabled",
                "filter": [{"prefix": prefix}],
                "expiration": [{"days": days}],
                "noncurrent_version_expiration": [{"noncurrent_days": 30, "newer_noncurrent_versions": kept}],
            },
        ]

    return change


def test_a_rule_with_another_name_deletes_what_it_deleted_before(old: Mapping[str, Stack]) -> None:
    before = expiring("old", 120, "a/")
    assert at_risk(old, before, expiring("new", 120, "a/")) == []
    (text,) = at_risk(old, before, expiring("new", 60, "a/"))
    assert text.endswith("objects are deleted after 60 days instead of 120 (rule `new`)")
    (text,) = at_risk(old, before, expiring("new", 120, "a/", kept=1))
    assert text.endswith("the newest 1 are kept instead of 3 (rule `new`)")
    others = at_risk(old, before, expiring("new", 120, "b/"))
    assert any("objects are deleted after 120 days, which they were not before" in text for text in others)


def test_objects_that_cannot_be_read_at_once_any_more_are_data_at_risk(old: Mapping[str, Stack]) -> None:
    text = "potential-parakeet-cache-prod: objects go to `GLACIER` after {} days "
    for before, days in ((archived(30, "STANDARD_IA"), 0), (archived(90), 1)):
        (found,) = at_risk(old, before, archived(days))
        assert found.startswith(text.format(days))
        assert "cannot be read until they are restored" in found
    assert at_risk(old, archived(1), archived(90)) == []
    assert at_risk(old, archived(1), archived(1, "GLACIER_IR")) == []


def test_an_object_that_is_written_by_the_stack_and_goes_is_data_at_risk(old: Mapping[str, Stack]) -> None:
    def released(document: Block) -> None:
        document["resource"]["aws_s3_object"]["release"] = {
            "bucket": "${aws_s3_bucket.cache.bucket}",
            "key": "release.json",
            "content": "{}",
        }

    def gone(document: Block) -> None:
        del document["resource"]["aws_s3_object"]["release"]

    assert at_risk(old, released, gone) == [
        "potential-parakeet-cache-prod/release.json is **destroyed**, its content with it"
    ]
