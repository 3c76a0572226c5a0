"""What every stack asks of Terraform, its provider and its state."""

import json
from collections.abc import Mapping

from config.environments import DEV, ENVIRONMENTS
from config.names import bootstrap_name, secrets_stack_name, stack_name
from config.terraform import state_bucket
from tests.template import Block, Template, changed, synthesized, synthesized_stacks

ACCOUNTS = {
    stack: each.account_id
    for each in ENVIRONMENTS
    for stack in (bootstrap_name(each.account_id), secrets_stack_name(each.name), stack_name(each.name))
}


def only_account(template: Template) -> Block:
    """What keeps provider and state of the stack in the account that its environment names, if it does."""
    account_id = ACCOUNTS[template.name]
    return {"allowed_account_ids": [account_id]} if account_id else {}


def test_every_environment_has_a_state_of_its_own_encrypted_and_locked(platform: Template) -> None:
    assert platform.document["terraform"]["backend"] == {
        "s3": {
            "bucket": state_bucket(ACCOUNTS[platform.name]),
            "key": f"{platform.environment}/terraform.tfstate",
            "region": "us-east-1",
            "encrypt": True,
            "dynamodb_table": "terraform-state-lock",
            "use_lockfile": True,
            **only_account(platform),
        }
    }


def test_secrets_have_a_state_of_their_own(secrets_stack: Template) -> None:
    assert secrets_stack.document["terraform"]["backend"]["s3"] == {
        "bucket": state_bucket(ACCOUNTS[secrets_stack.name]),
        "key": f"{secrets_stack.environment}/secrets.tfstate",
        "region": "us-east-1",
        "encrypt": True,
        "dynamodb_table": "terraform-state-lock",
        "use_lockfile": True,
        **only_account(secrets_stack),
    }


def test_terraform_and_its_provider_are_the_versions_that_belong_together(template: Template) -> None:
    assert template.document["terraform"]["required_version"] == ">= 1.11.0"
    assert template.document["terraform"]["required_providers"] == {
        "aws": {"source": "hashicorp/aws", "version": "5.100.0"}
    }


def test_the_provider_is_told_region_tags_and_the_account_that_is_named_and_nothing_else(
    template: Template,
) -> None:
    (provider,) = template.document["provider"]["aws"]
    assert provider == {
        "region": "us-east-1",
        "default_tags": provider["default_tags"],
        **only_account(template),
    }


def test_in_a_stand_in_of_aws_no_stack_asks_for_an_account_that_its_environment_names(
    in_a_stand_in: Mapping[str, Template],
) -> None:
    assert "parakeet-bootstrap" in in_a_stand_in
    for template in in_a_stand_in.values():
        (provider,) = template.document["provider"]["aws"]
        assert "allowed_account_ids" not in provider
        assert "123456789012" not in json.dumps(template.document)


def test_an_account_id_keeps_the_provider_in_that_account(reconfigured: Template) -> None:
    (provider,) = reconfigured.document["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["123456789012"]
    assert reconfigured.document["terraform"]["backend"]["s3"]["allowed_account_ids"] == ["123456789012"]


def test_the_state_of_an_account_is_in_that_account_and_not_within_anothers_reach(
    reconfigured: Template,
) -> None:
    """With one bucket for all, whoever may deploy dev may overwrite prod's state."""
    accounts = {"staging": "222222222222", "prod": "123456789012"}
    environments = [changed(each, account_id=accounts.get(each.name)) for each in ENVIRONMENTS]
    bootstraps = [bootstrap_name(each.account_id) for each in environments]
    others = [secrets_stack_name(each.name) for each in environments]
    templates = synthesized_stacks(environments, only=[*bootstraps, *others])
    for each in environments:
        named = [each.account_id] if each.account_id else []
        bootstrap = templates["-".join(["parakeet-bootstrap", *named])]
        secrets = templates[secrets_stack_name(each.name)]
        backend = secrets.document["terraform"]["backend"]["s3"]
        assert backend["bucket"] == "-".join(["potential-parakeet-terraform-state", *named])
        buckets = bootstrap.resources("aws_s3_bucket")
        assert buckets["state"]["bucket"] == backend["bucket"]
        assert buckets["logs"]["bucket"] == f"{backend['bucket']}-logs"
        (provider,) = bootstrap.document["provider"]["aws"]
        assert provider.get("allowed_account_ids", []) == backend.get("allowed_account_ids", []) == named
        assert provider["default_tags"][0]["tags"]["Environment"] == bootstrap.environment == "bootstrap"
    prods = templates["parakeet-prod-secrets"].document["terraform"]["backend"]["s3"]
    assert reconfigured.document["terraform"]["backend"]["s3"] | {"key": prods["key"]} == prods


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
