"""What keeps Terraform's state. What holds for every bucket is in test_every_stack.py."""

from collections.abc import Mapping

import pytest

from config.environments import ENVIRONMENTS
from config.names import bootstrap_name
from config.terraform import state_bucket
from tests.template import BOOTSTRAPS, CONFIGURED, Template

BUCKETS = {bootstrap_name(each.account_id): state_bucket(each.account_id) for each in ENVIRONMENTS}


@pytest.fixture(scope="session", params=BOOTSTRAPS)
def bootstrap(request: pytest.FixtureRequest, without_workflows: Mapping[str, Template]) -> Template:
    """That of every account in turn."""
    return without_workflows[request.param]


def test_a_replaced_state_can_be_had_back_for_a_year_and_the_last_one_for_ever(bootstrap: Template) -> None:
    bucket = bootstrap.resources("aws_s3_bucket")["state"]
    assert bucket["bucket"] == BUCKETS[bootstrap.name]
    versioning = bootstrap.one("aws_s3_bucket_versioning")
    assert versioning["bucket"] == "${aws_s3_bucket.state.id}"
    assert versioning["versioning_configuration"] == {"status": "Enabled"}
    lifecycle = bootstrap.one("aws_s3_bucket_lifecycle_configuration", bucket="${aws_s3_bucket.state.id}")
    old = [rule for rule in lifecycle["rule"] if rule["id"] == "expire-old-states"]
    assert [rule["noncurrent_version_expiration"] for rule in old] == [[{"noncurrent_days": 365}]]
    assert not [rule for rule in lifecycle["rule"] if "expiration" in rule]


def test_states_refuse_to_be_destroyed(bootstrap: Template) -> None:
    bucket = bootstrap.resources("aws_s3_bucket")["state"]
    assert bucket["lifecycle"] == {"prevent_destroy": True}
    assert bucket["force_destroy"] is False


def test_nobody_is_let_into_the_state_by_the_buckets_policy(bootstrap: Template) -> None:
    policy = bootstrap.one("aws_s3_bucket_policy", bucket="${aws_s3_bucket.state.id}")
    (statement,) = bootstrap.statements(policy["policy"])
    assert statement["effect"] == "Deny"


def test_who_reads_and_writes_states_is_logged_where_s3_alone_may_write(bootstrap: Template) -> None:
    logging = bootstrap.one("aws_s3_bucket_logging", bucket="${aws_s3_bucket.state.id}")
    assert logging["target_bucket"] == "${aws_s3_bucket.logs.bucket}"
    policy = bootstrap.one("aws_s3_bucket_policy", bucket="${aws_s3_bucket.logs.id}")
    allowed = [one for one in bootstrap.statements(policy["policy"]) if one.get("effect") != "Deny"]
    assert [one["principals"] for one in allowed] == [
        [{"type": "Service", "identifiers": ["logging.s3.amazonaws.com"]}]
    ]
    assert allowed[0]["condition"][0]["values"] == ["${aws_s3_bucket.state.arn}"]


def test_the_lock_table_is_what_terraforms_s3_backend_locks_with(bootstrap: Template) -> None:
    table = bootstrap.one("aws_dynamodb_table")
    assert table["name"] == "terraform-state-lock"
    assert table["hash_key"] == "LockID"
    assert table["attribute"] == [{"name": "LockID", "type": "S"}]
    assert table["billing_mode"] == "PAY_PER_REQUEST"


def test_the_lock_table_can_be_restored_and_refuses_to_be_deleted(bootstrap: Template) -> None:
    table = bootstrap.one("aws_dynamodb_table")
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["deletion_protection_enabled"] is True
    assert table["lifecycle"] == {"prevent_destroy": True}


def test_every_other_stack_keeps_its_state_in_what_bootstrap_makes(
    templates: Mapping[str, Template], platform: Template
) -> None:
    bootstrap = templates[bootstrap_name(CONFIGURED[platform.environment].account_id)]
    backend = platform.document["terraform"]["backend"]["s3"]
    assert backend["bucket"] == bootstrap.resources("aws_s3_bucket")["state"]["bucket"]
    assert backend["dynamodb_table"] == bootstrap.one("aws_dynamodb_table")["name"]
    assert backend["region"] == bootstrap.document["provider"]["aws"][0]["region"]


def test_outputs_name_bucket_and_table(bootstrap: Template) -> None:
    assert {name: output["value"] for name, output in bootstrap.document["output"].items()} == {
        "state_bucket_name": "${aws_s3_bucket.state.bucket}",
        "lock_table_name": "${aws_dynamodb_table.locks.name}",
    }
