"""What AWS says of the buckets, the lock table and the secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.terraform import LOCK_TABLE, STATE_BUCKET
from tests.terraform.account import Account
from tests.terraform.deployments import Deployment, Platform

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("platform")]

PROJECT = Path(__file__).parents[2]
STATE_LOGS = f"{STATE_BUCKET}-logs"
BUCKETS = (
    STATE_BUCKET,
    STATE_LOGS,
    *(
        f"potential-parakeet-{part}-{environment}"
        for part in ("cache", "lambda-artifacts", "logs")
        for environment in ("dev", "prod")
    ),
)
ABANDONED_UPLOADS = {
    "ID": "abort-abandoned-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
OLD_VERSIONS = {
    "ID": "expire-old-versions",
    "Status": "Enabled",
    "Filter": {"Prefix": "cache/"},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
}


@pytest.fixture
def account(platform: Platform) -> Account:
    return platform.account


@pytest.fixture
def s3(account: Account) -> Any:
    return account.client("s3")


def test_there_are_these_buckets_and_no_others(s3: Any) -> None:
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == set(BUCKETS)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_encrypted_and_closed_to_the_public(s3: Any, bucket: str) -> None:
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert [rule["ApplyServerSideEncryptionByDefault"] for rule in encryption] == [{"SSEAlgorithm": "AES256"}]
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_answers_over_tls_only_and_lets_nobody_but_log_delivery_in(s3: Any, bucket: str) -> None:
    deny, *allowed = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    arn = f"arn:aws:s3:::{bucket}"
    assert deny["Effect"] == "Deny"
    assert (deny["Action"], sorted(deny["Resource"])) == ("s3:*", [arn, f"{arn}/*"])
    assert deny["Principal"] in ("*", {"AWS": "*"})
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    sources = (
        [bucket.replace("-logs-", part) for part in ("-cache-", "-lambda-artifacts-")]
        if "-logs-" in bucket
        else [STATE_BUCKET] * (bucket == STATE_LOGS)
    )
    assert [
        (each["Effect"], each["Action"], each["Resource"], each["Principal"], each["Condition"])
        for each in allowed
    ] == [
        (
            "Allow",
            "s3:PutObject",
            f"{arn}/{source}/*",
            {"Service": "logging.s3.amazonaws.com"},
            {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{source}"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        )
        for source in sources
    ]


@pytest.mark.parametrize(
    ("bucket", "status"),
    [
        (
            bucket,
            "Enabled"
            if bucket in (STATE_BUCKET, "potential-parakeet-cache-prod") or "-lambda-artifacts-" in bucket
            else None,
        )
        for bucket in BUCKETS
    ],
)
def test_states_packages_and_prods_cache_are_versioned_and_nothing_else(
    s3: Any, bucket: str, status: str | None
) -> None:
    assert s3.get_bucket_versioning(Bucket=bucket).get("Status") == status


@pytest.mark.parametrize(
    ("bucket", "rules"),
    [
        (
            "potential-parakeet-cache-dev",
            [
                {
                    "ID": "expire-cache",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "cache/runs/"},
                    "Expiration": {"Days": 30},
                }
            ],
        ),
        (
            "potential-parakeet-cache-prod",
            [
                {
                    "ID": "expire-cache",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "cache/runs/"},
                    "Expiration": {"Days": 120},
                },
                {
                    "ID": "move-to-cheaper-storage",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "cache/"},
                    "Transitions": [
                        {"Days": 30, "StorageClass": "STANDARD_IA"},
                        {"Days": 90, "StorageClass": "GLACIER_IR"},
                    ],
                },
                OLD_VERSIONS,
            ],
        ),
        *(
            (
                f"potential-parakeet-logs-{environment}",
                [
                    {
                        "ID": "expire-logs",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "Expiration": {"Days": 90},
                    }
                ],
            )
            for environment in ("dev", "prod")
        ),
        # A package that a function still uses stays.
        *(
            (
                f"potential-parakeet-lambda-artifacts-{environment}",
                [
                    {
                        "ID": "expire-old-packages",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                    }
                ],
            )
            for environment in ("dev", "prod")
        ),
    ],
)
def test_objects_live_as_long_as_configured(s3: Any, bucket: str, rules: list[dict[str, Any]]) -> None:
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    by_id = {rule["ID"]: rule for rule in [ABANDONED_UPLOADS, *rules]}
    assert {rule["ID"]: rule for rule in found} == by_id


def test_a_state_is_kept_and_those_before_it_for_a_year(s3: Any) -> None:
    found = s3.get_bucket_lifecycle_configuration(Bucket=STATE_BUCKET)["Rules"]
    assert {rule["ID"]: rule for rule in found} == {
        "abort-abandoned-uploads": ABANDONED_UPLOADS,
        "expire-old-states": {
            "ID": "expire-old-states",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
        },
    }


@pytest.mark.parametrize("part", ["cache", "lambda-artifacts"])
def test_access_to_data_and_packages_is_logged(deployed: Deployment, part: str) -> None:
    logging = deployed.client("s3").get_bucket_logging(Bucket=deployed.called(part))["LoggingEnabled"]
    assert logging["TargetBucket"] == deployed.called("logs")
    assert logging["TargetPrefix"] == f"{deployed.called(part)}/"


def test_the_lock_table_can_be_restored_and_not_be_deleted_by_mistake(account: Account) -> None:
    dynamodb = account.client("dynamodb")
    table = dynamodb.describe_table(TableName=LOCK_TABLE)["Table"]
    assert table["KeySchema"] == [{"AttributeName": "LockID", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    backups = dynamodb.describe_continuous_backups(TableName=LOCK_TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_every_environment_has_a_state_of_its_own(account: Account) -> None:
    assert account.state_keys() == [
        f"{environment}/{stack}.tfstate"
        for environment in ("dev", "prod")
        for stack in ("secrets", "terraform")
    ]
    lineages = set()
    for environment in ("dev", "prod"):
        state = account.state(environment)
        assert state
        assert account.state_digest(environment) == state.digest
        assert account.locks(environment) == {}
        lineages.add(state.lineage)
    assert len(lineages) == 2


def test_the_secrets_reach_aws(deployed: Deployment) -> None:
    def value(name: str) -> Any:
        return json.loads(deployed.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

    name = f"potential-parakeet/{deployed.settings.name}"
    assert value(name) == {
        "NEON_DATABASE_URL": deployed.variable("neon_database_url"),
        "DB_USERNAME": deployed.variable("db_username"),
        "DB_PASSWORD": deployed.variable("db_password"),
        "DB_HOST": deployed.variable("db_host"),
        "DB_NAME": "potential_parakeet",
        "DB_PORT": 5432,
    }
    assert value(f"{name}/api-keys") == {
        "TIINGO_API_KEY": deployed.variable("tiingo_api_key"),
        "POLYGON_API_KEY": deployed.variable("polygon_api_key"),
    }


def test_the_universe_is_in_the_cache_as_it_was_reviewed(deployed: Deployment) -> None:
    found = deployed.client("s3").get_object(Bucket=deployed.called("cache"), Key="cache/universe.csv")
    assert found["Body"].read() == (PROJECT / "config/universe.csv").read_bytes()
    assert found["ContentType"] == "text/csv"
