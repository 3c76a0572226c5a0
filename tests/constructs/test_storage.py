"""The cache, deployment-packages and access-log buckets. What holds for all is in test_every_stack.py."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bindings.aws import AwsProvider
from bindings.cdktf import App, TerraformStack
from config.environments import ENVIRONMENTS
from config.names import stack_name
from config.place import Place
from constructs.resources.bucket import Bucket
from constructs.resources.role import Role
from constructs.storage import CACHE_PREFIX, LAST_RUN_KEY, MANIFEST_KEY, RUNS_PREFIX, SCANS_PREFIX, UNIVERSE
from functions.market import layout
from tests.template import CONFIGURED, Block, Template, read_templates

PLACE = Place("dev", "us-east-1", "123456789012")
CACHE, PACKAGES, LOGS = "cache", "lambda_artifacts", "logs"


def test_what_rules_and_rights_name_is_what_the_functions_write() -> None:
    assert (layout.RUNS_PREFIX, layout.SCANS_PREFIX) == (RUNS_PREFIX, SCANS_PREFIX)
    assert (layout.MANIFEST_KEY, layout.LAST_RUN_KEY) == (MANIFEST_KEY, LAST_RUN_KEY)
    for key in (layout.UNIVERSE_KEY, MANIFEST_KEY, LAST_RUN_KEY, RUNS_PREFIX, SCANS_PREFIX):
        assert key.startswith(CACHE_PREFIX)


def rules(template: Template, bucket: str) -> dict[str, Block]:
    """The lifecycle rules of a bucket by id, without what each of them has."""
    lifecycle = template.one(
        "aws_s3_bucket_lifecycle_configuration", bucket=f"${{aws_s3_bucket.{bucket}.id}}"
    )
    assert all(rule["status"] == "Enabled" for rule in lifecycle["rule"])
    return {
        rule["id"]: {key: value for key, value in rule.items() if key not in ("id", "status")}
        for rule in lifecycle["rule"]
    }


def policy(template: Template, bucket: str) -> list[Block]:
    return template.statements(
        template.one("aws_s3_bucket_policy", bucket=f"${{aws_s3_bucket.{bucket}.id}}")["policy"]
    )


def below(prefix: str) -> list[Block]:
    return [{"prefix": prefix}]


ABANDONED_UPLOADS = {
    "abort-abandoned-uploads": {
        "filter": below(""),
        "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
    }
}
OLD_VERSIONS = {
    "expire-old-versions": {
        "filter": below("cache/"),
        "noncurrent_version_expiration": [{"noncurrent_days": 30}],
    }
}


def test_buckets_have_the_names_that_teams_know(platform: Template) -> None:
    env = platform.environment
    assert {name: bucket["bucket"] for name, bucket in platform.resources("aws_s3_bucket").items()} == {
        CACHE: f"potential-parakeet-cache-{env}",
        PACKAGES: f"potential-parakeet-lambda-artifacts-{env}",
        LOGS: f"potential-parakeet-logs-{env}",
    }


def test_dev_expires_what_ingests_left_behind_after_30_days_and_keeps_no_versions_of_it(
    dev: Template,
) -> None:
    assert rules(dev, CACHE) == ABANDONED_UPLOADS | {
        "expire-cache": {"filter": below("cache/runs/"), "expiration": [{"days": 30}]}
    }
    assert set(dev.resources("aws_s3_bucket_versioning")) == {PACKAGES}


def test_staging_expires_what_ingests_left_behind_after_90_days_and_old_versions_after_30(
    staging: Template,
) -> None:
    assert rules(staging, CACHE) == ABANDONED_UPLOADS | OLD_VERSIONS | {
        "expire-cache": {"filter": below("cache/runs/"), "expiration": [{"days": 90}]}
    }


def test_prod_moves_cached_objects_to_cheaper_storage_and_expires_what_ingests_left_behind(
    prod: Template,
) -> None:
    """What readers use is never that old: an ingest writes anew what it keeps."""
    assert rules(prod, CACHE) == ABANDONED_UPLOADS | OLD_VERSIONS | {
        "expire-cache": {"filter": below("cache/runs/"), "expiration": [{"days": 120}]},
        "move-to-cheaper-storage": {
            "filter": below("cache/"),
            "transition": [
                {"days": 30, "storage_class": "STANDARD_IA"},
                {"days": 90, "storage_class": "GLACIER_IR"},
            ],
        },
    }


def test_cache_if_configured_so_and_packages_are_versioned_and_before_rules_about_old_versions(
    platform: Template,
) -> None:
    versionings = platform.resources("aws_s3_bucket_versioning")
    versioned = CONFIGURED[platform.environment].storage.cache.versioned
    assert set(versionings) == ({CACHE, PACKAGES} if versioned else {PACKAGES})
    for name, versioning in versionings.items():
        bucket = f"${{aws_s3_bucket.{name}.id}}"
        assert versioning["bucket"] == bucket
        assert versioning["versioning_configuration"] == {"status": "Enabled"}
        lifecycle = platform.one("aws_s3_bucket_lifecycle_configuration", bucket=bucket)
        assert lifecycle["depends_on"] == [f"aws_s3_bucket_versioning.{name}"]


def test_packages_never_expire_but_those_that_were_replaced_90_days_ago(platform: Template) -> None:
    """A function would point at nothing, and the next plan would upload everything again."""
    assert rules(platform, PACKAGES) == ABANDONED_UPLOADS | {
        "expire-old-packages": {
            "filter": below(""),
            "noncurrent_version_expiration": [{"noncurrent_days": 90}],
        }
    }


def test_access_logs_expire_after_90_days(platform: Template) -> None:
    assert rules(platform, LOGS) == ABANDONED_UPLOADS | {
        "expire-logs": {"filter": below(""), "expiration": [{"days": 90}]}
    }


def logged(template: Template) -> list[str]:
    """The buckets, by their name in the address, whose access is logged."""
    loggings = template.resources("aws_s3_bucket_logging").values()
    return [logging["bucket"].split(".")[1] for logging in loggings]


def test_access_is_logged_in_the_logs_bucket_of_each_below_its_own_name(platform: Template) -> None:
    assert {CACHE, PACKAGES} <= set(logged(platform))
    for logging in platform.resources("aws_s3_bucket_logging").values():
        assert logging["target_bucket"] == f"${{aws_s3_bucket.{LOGS}.bucket}}"
        assert platform.readable(logging["target_prefix"]) == f"{platform.readable(logging['bucket'])}/"


def delivery_of(source: str) -> Block:
    return {
        "actions": ["s3:PutObject"],
        "resources": [f"${{aws_s3_bucket.logs.arn}}/${{aws_s3_bucket.{source}.bucket}}/*"],
        "principals": [{"type": "Service", "identifiers": ["logging.s3.amazonaws.com"]}],
        "condition": [
            {
                "test": "ArnEquals",
                "variable": "aws:SourceArn",
                "values": [f"${{aws_s3_bucket.{source}.arn}}"],
            },
            {
                "test": "StringEquals",
                "variable": "aws:SourceAccount",
                "values": ["${data.aws_caller_identity.account.account_id}"],
            },
        ],
    }


def test_s3_may_deliver_the_access_log_of_these_buckets_and_of_this_account_only(platform: Template) -> None:
    _, *deliveries = policy(platform, LOGS)
    # How they are named: below.
    allowed = [{key: value for key, value in each.items() if key != "sid"} for each in deliveries]
    assert sorted(allowed, key=str) == sorted((delivery_of(source) for source in logged(platform)), key=str)


def test_a_log_delivery_is_named_as_iam_takes_it(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = TerraformStack(app, "stack")
    AwsProvider(stack, "aws", region="us-east-1")
    logs = Bucket(stack, "logs", PLACE, name="logs", address="logs")
    prices = Bucket(stack, "raw_daily-prices.v2", PLACE, name="prices", address="prices")
    prices.log_access_to(logs)
    app.synth()
    _, delivery = policy(read_templates(tmp_path)["stack"], "logs")
    assert delivery["sid"] == "AllowLogDeliveryOfRawDailyPricesV2"


def test_logging_is_set_up_once_s3_may_deliver(platform: Template) -> None:
    (delivery,) = (
        name
        for name, block in platform.resources("aws_s3_bucket_policy").items()
        if block["bucket"] == "${aws_s3_bucket.logs.id}"
    )
    for logging in platform.resources("aws_s3_bucket_logging").values():
        assert logging["depends_on"] == [f"aws_s3_bucket_policy.{delivery}"]


def test_nobody_else_is_let_into_the_cache_and_the_packages_by_a_bucket_policy(platform: Template) -> None:
    for bucket in (CACHE, PACKAGES):
        (statement,) = policy(platform, bucket)
        assert statement["effect"] == "Deny"


def test_prods_cache_refuses_to_be_destroyed(prod: Template) -> None:
    assert prod.resources("aws_s3_bucket")[CACHE]["lifecycle"] == {"prevent_destroy": True}


@pytest.mark.parametrize("environment", [each.name for each in ENVIRONMENTS if not each.storage.protected])
def test_everything_goes_when_another_environment_is_destroyed(
    environment: str, templates: Mapping[str, Template]
) -> None:
    for bucket in templates[stack_name(environment)].resources("aws_s3_bucket").values():
        assert bucket["force_destroy"] is True
        assert "lifecycle" not in bucket


def test_prods_objects_are_not_destroyed_with_their_bucket(prod: Template) -> None:
    for bucket in prod.resources("aws_s3_bucket").values():
        assert bucket["force_destroy"] is False


def test_the_days_are_the_configurations(reconfigured: Template) -> None:
    cache: Any = rules(reconfigured, CACHE)
    assert cache["expire-old-versions"]["noncurrent_version_expiration"] == [{"noncurrent_days": 7}]
    assert cache["expire-cache"]["expiration"] == [{"days": 365}]
    assert cache["move-to-cheaper-storage"]["transition"] == [{"days": 60, "storage_class": "GLACIER_IR"}]


def test_the_universe_is_uploaded_from_the_one_file_and_anew_when_that_changes(
    platform: Template, outdir: Path
) -> None:
    universe = platform.resources("aws_s3_object")["universe"]
    assert universe["bucket"] == "${aws_s3_bucket.cache.bucket}"
    assert universe["key"] == "cache/universe.csv"
    uploaded = (outdir / "stacks" / platform.name / universe["source"]).read_bytes()
    assert uploaded == UNIVERSE.read_bytes()
    assert universe["source_hash"] == hashlib.sha256(uploaded).hexdigest()


@pytest.fixture
def bucket_and_role(tmp_path: Path) -> tuple[Bucket, Role]:
    stack = TerraformStack(App(outdir=str(tmp_path)), "stack")
    return Bucket(stack, "bucket", PLACE, name="bucket", address="bucket"), Role(
        stack, "role", name="role", address="role", boundary=None
    )


def test_one_may_be_granted_several_prefixes_of_a_bucket_each_by_a_policy_of_its_name(
    bucket_and_role: tuple[Bucket, Role],
) -> None:
    bucket, role = bucket_and_role
    prefixes = ("bucket/", "bucket/a/", "bucket/a/b/", "bucket/a-b/", "a/", "a/b/", "a-b/")
    policies = [bucket.grant_read(role, prefix) for prefix in prefixes]
    assert [policy.name_input for policy in policies] == [
        "read-bucket",
        "read-bucket-a",
        "read-bucket-a-b",
        "read-bucket-a--b",
        "read-bucket.a",
        "read-bucket.a-b",
        "read-bucket.a--b",
    ]


@pytest.mark.parametrize("prefix", ["", "cache", "*", "/", "*/", "cache//"])
def test_a_grant_never_reaches_a_whole_bucket(bucket_and_role: tuple[Bucket, Role], prefix: str) -> None:
    bucket, role = bucket_and_role

    class Reader:
        def __init__(self) -> None:
            self.role = role

    with pytest.raises(ValueError, match="a grant never reaches a whole bucket"):
        bucket.grant_read(Reader(), prefix)
    with pytest.raises(ValueError, match="a grant never reaches a whole bucket"):
        bucket.grant_write(Reader(), prefix)
