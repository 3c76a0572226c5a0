"""What holds for all stacks at once, so that what is added tomorrow keeps it too."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from config.environments import DEV, PROD
from tests.template import Block, Template, changed, synthesized


def parts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every part of a document with its path, but for cdktf's own notes."""
    yield path, value
    match value:
        case dict():
            for key, part in value.items():
                if key != "//":
                    yield from parts(part, f"{path}.{key}" if path else key)
        case list():
            for number, part in enumerate(value):
                yield from parts(part, f"{path}[{number}]")


def policy_of(template: Template, bucket: str) -> list[Block]:
    return template.statements(
        template.one("aws_s3_bucket_policy", bucket=f"${{aws_s3_bucket.{bucket}.id}}")["policy"]
    )


@pytest.fixture(scope="module")
def labelled() -> Template:
    """With tags and an account of its own."""
    return synthesized(changed(PROD, tags={"Team": "quant", "CostCentre": "42"}, account_id="123456789012"))


# Permissions


def test_nothing_allows_an_action_with_a_wildcard_or_a_bare_star_as_resource(template: Template) -> None:
    statements = [
        (name, statement)
        for name, statement in template.all_statements()
        if statement.get("effect", "Allow") == "Allow"
    ]
    for name, statement in statements:
        assert statement["actions"], name
        assert not [action for action in statement["actions"] if "*" in action], name
        assert "*" not in statement.get("resources", []), name
        assert not {"not_actions", "not_resources", "not_principals"} & set(statement), name
    assert statements or template.name == "parakeet-bootstrap"


def test_nothing_is_allowed_to_everybody(template: Template) -> None:
    for name, statement in template.all_statements():
        for principal in statement.get("principals", []):
            if statement.get("effect", "Allow") == "Allow":
                assert principal["type"] == "Service", name
                assert all(service.endswith(".amazonaws.com") for service in principal["identifiers"]), name


def test_what_a_service_may_do_to_a_resource_is_bound_to_its_source(template: Template) -> None:
    """Else somebody else's rule, bucket or alarm could make the service do it: the confused deputy."""
    trusts = {
        role["assume_role_policy"].split(".")[2] for role in template.resources("aws_iam_role").values()
    }
    for name, statement in template.all_statements():
        if name not in trusts and statement.get("effect", "Allow") == "Allow" and "principals" in statement:
            variables = {condition["variable"] for condition in statement["condition"]}
            assert variables & {"aws:SourceArn", "aws:SourceAccount"}, name


def test_no_policy_is_written_past_the_documents_that_are_looked_at_here(template: Template) -> None:
    written = [
        value
        for path, value in parts(template.document["resource"])
        if path.rpartition(".")[2] in ("policy", "assume_role_policy")
    ]
    assert len(written) >= 1
    for policy in written:
        assert template.statements(policy)
    assert not {
        "aws_iam_role_policy_attachment",
        "aws_iam_policy_attachment",
        "aws_iam_policy",
        "aws_iam_user",
    } & set(template.document["resource"])
    for role in template.resources("aws_iam_role").values():
        assert not {"inline_policy", "managed_policy_arns"} & set(role)


def test_no_two_functions_share_a_role(platform: Template) -> None:
    roles = Counter(function["role"] for function in platform.resources("aws_lambda_function").values())
    assert set(roles.values()) == {1}
    assert len(roles) == len(platform.resources("aws_iam_role")) >= 5


# Blocks that say something


def test_no_block_is_empty(template: Template) -> None:
    """As a plain dict in a list of structs becomes: without a word, and weaker than was written."""
    empty = {
        path
        for path, value in parts(template.document)
        if value is None or value in ("", []) or (isinstance(value, dict) and not value.keys() - {"//"})
    }
    # A rule for all objects has the empty prefix, and this data source has no arguments.
    meant = {path for path in empty if path.endswith(".filter[0].prefix")}
    assert empty - meant <= {"data.aws_caller_identity.account"}


def test_nothing_that_python_or_cdktf_meant_to_fill_in_is_left_over(template: Template) -> None:
    for path, value in parts(template.document):
        assert not (isinstance(value, str) and re.search(r"TfToken|<cdktf|object at 0x", value)), path


# Secrets


def test_no_secret_is_in_a_stack(template: Template) -> None:
    secret = re.compile(
        # But for the example in what Terraform says of a wrong URL.
        r"postgres(ql)?(\+\w+)?://\w+:\w+@(?!host/)"
        r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN|\bsecret_string\b|\bpassword\s*=\s*\"",
        re.IGNORECASE,
    )
    for path, value in parts(template.document):
        assert not (isinstance(value, str) and secret.search(value)), path
        assert not path.endswith((".secret_string", ".secret_binary", ".access_key", ".secret_key")), path


# Buckets


def test_every_bucket_is_private(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        block = template.one("aws_s3_bucket_public_access_block", bucket=f"${{aws_s3_bucket.{name}.id}}")
        for setting in (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        ):
            assert block[setting] is True
    assert "aws_s3_bucket_acl" not in template.document["resource"]


def test_every_bucket_is_encrypted(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        assert template.one(
            "aws_s3_bucket_server_side_encryption_configuration", bucket=f"${{aws_s3_bucket.{name}.id}}"
        )["rule"] == [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]


def test_every_bucket_belongs_to_its_owner_with_all_that_is_in_it(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        assert template.one("aws_s3_bucket_ownership_controls", bucket=f"${{aws_s3_bucket.{name}.id}}")[
            "rule"
        ] == {"object_ownership": "BucketOwnerEnforced"}


def test_every_bucket_answers_over_tls_only(template: Template) -> None:
    for name in template.resources("aws_s3_bucket"):
        assert policy_of(template, name)[0] == {
            "sid": "DenyWithoutTls",
            "effect": "Deny",
            "actions": ["s3:*"],
            "resources": [f"${{aws_s3_bucket.{name}.arn}}", f"${{aws_s3_bucket.{name}.arn}}/*"],
            "principals": [{"type": "AWS", "identifiers": ["*"]}],
            "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
        }


def test_every_bucket_is_closed_to_the_public_before_its_policy_is_set(template: Template) -> None:
    """S3 refuses two changes of a bucket's access at once."""
    for policy in template.resources("aws_s3_bucket_policy").values():
        (needed,) = policy["depends_on"]
        kind, block = needed.split(".")
        assert kind == "aws_s3_bucket_public_access_block"
        assert template.resources(kind)[block]["bucket"] == policy["bucket"]


# Logs


@pytest.mark.parametrize(("environment", "days"), [("dev", 14), ("staging", 30), ("prod", 90)])
def test_every_log_group_is_kept_for_as_long_as_the_environment_says(
    environment: str, days: int, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(environment)
    groups = template.resources("aws_cloudwatch_log_group").values()
    assert len(groups) == len(template.resources("aws_lambda_function")) + 1
    assert {group["retention_in_days"] for group in groups} == {days}


def test_every_functions_log_group_is_there_before_it(platform: Template) -> None:
    """Else the function makes its own, which keeps its log for ever and is in Terraform's way."""
    groups = {
        group["name"]: f"aws_cloudwatch_log_group.{name}"
        for name, group in platform.resources("aws_cloudwatch_log_group").items()
    }
    for function in platform.resources("aws_lambda_function").values():
        assert groups[f"/aws/lambda/{function['function_name']}"] in function["depends_on"]


def test_no_function_may_make_a_log_group(platform: Template) -> None:
    actions = {action for _, statement in platform.all_statements() for action in statement["actions"]}
    assert "logs:CreateLogGroup" not in actions


# Routes


def test_every_route_is_authorised_but_health(platform: Template) -> None:
    authorizers = {
        f"${{aws_apigatewayv2_authorizer.{name}.id}}"
        for name in platform.resources("aws_apigatewayv2_authorizer")
    }
    (health,) = [
        route
        for route in platform.resources("aws_apigatewayv2_route").values()
        if route["authorization_type"] != "JWT" or route["authorizer_id"] not in authorizers
    ]
    assert health["route_key"] == "GET /health"
    # Open to everybody, and not only to others than those with a token.
    assert health["authorization_type"] == "NONE"
    assert "authorizer_id" not in health


# Tags


def test_every_resource_is_tagged(template: Template) -> None:
    (provider,) = template.document["provider"]["aws"]
    assert provider["default_tags"] == [
        {
            "tags": {
                "Project": "potential-parakeet",
                "Environment": template.environment,
                "ManagedBy": "terraform",
            }
        }
    ]
    for address, block in template.all_resources():
        assert "provider" not in block, address
        assert not {"Project", "Environment", "ManagedBy"} & set(block.get("tags", ())), address


def test_custom_tags_join_the_platforms_own(labelled: Template) -> None:
    (provider,) = labelled.document["provider"]["aws"]
    assert provider["default_tags"] == [
        {
            "tags": {
                "Project": "potential-parakeet",
                "Environment": "prod",
                "ManagedBy": "terraform",
                "Team": "quant",
                "CostCentre": "42",
            }
        }
    ]


# Alarms


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends(platform: Template) -> None:
    topics = [f"${{aws_sns_topic.{name}.arn}}" for name in platform.resources("aws_sns_topic")]
    for name, alarm in platform.resources("aws_cloudwatch_metric_alarm").items():
        assert alarm["alarm_actions"] == topics, name
        assert alarm["ok_actions"] == topics, name
        assert alarm.get("actions_enabled", True) is True, name


# Addresses and Terraform itself


STATE = {
    "aws_dynamodb_table.locks",
    "aws_s3_bucket.state",
    "aws_s3_bucket_ownership_controls.state",
    "aws_s3_bucket_policy.state",
    "aws_s3_bucket_public_access_block.state",
    "aws_s3_bucket_server_side_encryption_configuration.state",
    "aws_s3_bucket_versioning.state",
}
BUCKETS = ("cache", "lambda_artifacts", "logs")
DATA = {
    *(
        f"aws_s3_bucket{part}.{bucket}"
        for bucket in BUCKETS
        for part in (
            "",
            "_lifecycle_configuration",
            "_ownership_controls",
            "_policy",
            "_public_access_block",
            "_server_side_encryption_configuration",
        )
    ),
    "aws_s3_bucket_logging.cache",
    "aws_s3_bucket_logging.lambda_artifacts",
    "aws_secretsmanager_secret.api_keys",
    "aws_secretsmanager_secret.database",
    "aws_secretsmanager_secret_version.api_keys",
    "aws_secretsmanager_secret_version.database",
    "aws_sqs_queue.dead_letters",
    "aws_sqs_queue_policy.dead_letters",
}
NAMED = {
    "aws_apigatewayv2_api.api",
    "aws_cloudwatch_log_group.api",
    *(
        f"{kind}.{function}"
        for function in ("trades", "data", "strategies", "scanner", "ingest")
        for kind in ("aws_cloudwatch_log_group", "aws_iam_role", "aws_lambda_function", "aws_s3_object")
    ),
}


def test_addresses_of_what_holds_data_or_protects_it_or_is_known_by_name_stay(template: Template) -> None:
    """One that changes is a bucket, table or secret destroyed, and another made that is empty."""
    pinned = {
        address
        for address, _ in template.all_resources()
        if re.match(
            r"aws_(s3_|secretsmanager_|dynamodb_|sqs_|sns_topic\.|iam_role\.|lambda_function\.|apigatewayv2_api\."
            r"|cloudwatch_log_group\.)",
            address,
        )
    }
    versioned = {"aws_s3_bucket_versioning.cache"}
    assert (
        pinned
        == {
            "parakeet-bootstrap": STATE,
            "parakeet-dev": DATA | NAMED,
            "parakeet-staging": DATA | NAMED | versioned | {"aws_sns_topic.alarms"},
            "parakeet-prod": DATA | NAMED | versioned | {"aws_sns_topic.alarms"},
        }[template.name]
    )


def test_only_prod_and_the_state_refuse_to_be_destroyed(template: Template) -> None:
    assert {
        address
        for address, block in template.all_resources()
        if block.get("lifecycle", {}).get("prevent_destroy")
    } == {
        "parakeet-bootstrap": {"aws_s3_bucket.state", "aws_dynamodb_table.locks"},
        "parakeet-dev": set(),
        "parakeet-staging": set(),
        "parakeet-prod": {
            "aws_s3_bucket.cache",
            "aws_secretsmanager_secret.database",
            "aws_secretsmanager_secret.api_keys",
        },
    }[template.name]


def test_every_environment_has_a_state_of_its_own_encrypted_and_locked(platform: Template) -> None:
    assert platform.document["terraform"]["backend"] == {
        "s3": {
            "bucket": "potential-parakeet-terraform-state",
            "key": f"{platform.environment}/terraform.tfstate",
            "region": "us-east-1",
            "encrypt": True,
            "dynamodb_table": "terraform-state-lock",
            "use_lockfile": True,
        }
    }


def test_terraform_and_its_provider_are_the_versions_that_belong_together(template: Template) -> None:
    assert template.document["terraform"]["required_version"] == ">= 1.11.0"
    assert template.document["terraform"]["required_providers"] == {
        "aws": {"source": "hashicorp/aws", "version": "5.100.0"}
    }


def test_the_provider_is_told_region_and_tags_and_nothing_else(template: Template) -> None:
    (provider,) = template.document["provider"]["aws"]
    assert set(provider) == {"region", "default_tags"}
    assert provider["region"] == "us-east-1"


def test_an_account_id_keeps_the_provider_in_that_account(labelled: Template) -> None:
    (provider,) = labelled.document["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["123456789012"]
    assert labelled.document["terraform"]["backend"]["s3"]["allowed_account_ids"] == ["123456789012"]


def test_the_region_is_the_configurations() -> None:
    template = synthesized(
        changed(
            DEV,
            region="eu-central-1",
            leave_behind_region="us-east-1",
            monitoring={"enabled": True, "alert_email": "oncall@example.com"},
        )
    )
    (provider,) = template.document["provider"]["aws"]
    assert provider["region"] == "eu-central-1"
    assert template.document["output"]["aws_region"]["value"] == "eu-central-1"
    assert "eu-central-1.console" in template.document["output"]["dashboard_url"]["value"]
    assert "us-east-1" not in template.one("aws_cloudwatch_dashboard")["dashboard_body"]
    # The state stays where bootstrap put it.
    assert template.document["terraform"]["backend"]["s3"]["region"] == "us-east-1"


# Outputs


def test_outputs_are_there_under_the_names_that_people_read(platform: Template) -> None:
    env = platform.environment
    output = {name: block["value"] for name, block in platform.document["output"].items()}
    assert all(block["description"] for block in platform.document["output"].values())
    assert set(output) == {
        "api_gateway_url",
        "s3_cache_bucket_name",
        "s3_cache_bucket_arn",
        "s3_lambda_artifacts_bucket",
        "lambda_function_names",
        "lambda_role_arns",
        "secrets_manager_arn",
        "secrets_manager_name",
        "api_keys_secret_arn",
        "environment",
        "aws_region",
    } | (set() if env == "dev" else {"alarm_topic_arn", "dashboard_url"})

    (api,) = platform.resources("aws_apigatewayv2_api")
    assert output["api_gateway_url"] == f"${{aws_apigatewayv2_api.{api}.api_endpoint}}"
    assert output["s3_cache_bucket_name"] == "${aws_s3_bucket.cache.bucket}"
    assert output["s3_cache_bucket_arn"] == "${aws_s3_bucket.cache.arn}"
    assert output["s3_lambda_artifacts_bucket"] == "${aws_s3_bucket.lambda_artifacts.bucket}"
    assert output["secrets_manager_arn"] == "${aws_secretsmanager_secret.database.arn}"
    assert output["secrets_manager_name"] == "${aws_secretsmanager_secret.database.name}"
    assert output["api_keys_secret_arn"] == "${aws_secretsmanager_secret.api_keys.arn}"
    assert output["environment"] == env
    assert output["aws_region"] == "us-east-1"


def test_outputs_name_every_function_and_its_role(platform: Template) -> None:
    output = platform.document["output"]
    named = {
        part: f"potential-parakeet-{part}-{platform.environment}"
        for part in ("trades-api", "data-api", "strategies-api", "scanner-api", "ingest")
    }
    names, roles = output["lambda_function_names"]["value"], output["lambda_role_arns"]["value"]
    assert {part: platform.readable(name) for part, name in names.items()} == named
    assert all(reference.endswith(".function_name}") for reference in names.values())
    assert {part: platform.readable(arn) for part, arn in roles.items()} == named
    assert all(reference.startswith("${aws_iam_role.") for reference in roles.values())
    assert all(reference.endswith(".arn}") for reference in roles.values())


def test_the_alarm_topic_is_an_output_where_it_exists(prod: Template) -> None:
    (topic,) = prod.resources("aws_sns_topic")
    assert prod.document["output"]["alarm_topic_arn"]["value"] == f"${{aws_sns_topic.{topic}.arn}}"


# References


def test_every_reference_leads_to_something(template: Template) -> None:
    for path, value in parts(template.document):
        if not isinstance(value, str):
            continue
        for kind, name in re.findall(r"(?<![.\w])(aws_\w+)\.([\w-]+)", value):
            assert name in template.resources(kind), path
        for kind, name in re.findall(r"\bdata\.(aws_\w+)\.([\w-]+)", value):
            assert name in template.document["data"][kind], path
        for name in re.findall(r"\bvar\.(\w+)", value):
            assert name in template.document["variable"], path


def test_everything_that_is_waited_for_is_there(template: Template) -> None:
    addresses = {address for address, _ in template.all_resources()}
    for address, block in template.all_resources():
        assert set(block.get("depends_on", ())) <= addresses, address
