"""What our cdktf refuses before Terraform is asked."""

from collections.abc import Sequence

import pytest

from config.environments import DEV, ENVIRONMENTS, PROD
from config.names import PLACEHOLDER_AUDIENCE, PLACEHOLDER_EMAIL
from config.settings import Environment
from deployment.guards import RefusedDeploymentError, refuse_what_nobody_means
from deployment.refusals import refuse
from tests.template import changed

ACCOUNT = "210987654321"
READY = [
    changed(
        each,
        account_id=ACCOUNT,
        api={"access_audience": "f8b1" * 16},
        monitoring={"alert_email": "oncall@parakeet.test"},
    )
    for each in ENVIRONMENTS
]
AS_CLONED = changed(DEV, account_id=None, api={"access_audience": PLACEHOLDER_AUDIENCE})


def refusal(
    *arguments: str, variables: dict[str, str] | None = None, environments: Sequence[Environment] = READY
) -> str:
    with pytest.raises(RefusedDeploymentError) as refused:
        refuse_what_nobody_means(arguments, variables or {}, environments)
    return str(refused.value)


@pytest.mark.parametrize("command", ["deploy", "destroy", "diff"])
def test_prods_state_is_never_kept_in_a_folder(command: str) -> None:
    said = refusal(command, "parakeet-prod", variables={"PARAKEET_STATE": "local"})
    assert said.startswith("PARAKEET_STATE = 'local': allowed: s3 for parakeet-prod")
    refuse_what_nobody_means([command, "parakeet-dev"], {"PARAKEET_STATE": "local"}, READY)


def test_an_environment_whose_file_holds_a_placeholder_is_not_deployed_to_aws() -> None:
    said = refusal("deploy", "parakeet-dev", environments=[AS_CLONED])
    assert said.startswith("dev: api.access_audience = 'put-the-aud-tag-")
    assert said.endswith("is a placeholder: put the real one into config/dev.py")
    nobody_told = changed(READY[-1], monitoring={"alert_email": PLACEHOLDER_EMAIL})
    assert "monitoring.alert_email" in refusal("deploy", "parakeet-prod", environments=[nobody_told])


@pytest.mark.parametrize(
    "stack", ["parakeet-prod", "parakeet-prod-secrets", "parakeet-bootstrap", "parakeet-*"]
)
def test_nothing_is_deployed_to_an_account_that_no_file_names(stack: str) -> None:
    *others, prod = READY
    unnamed = [*others, changed(prod, account_id=None)]
    said = refusal("deploy", stack, environments=unnamed)
    assert said.startswith(
        "prod: account_id = None: allowed: the 12 digits of its AWS account, in config/prod.py"
    )
    refuse_what_nobody_means(["deploy", stack], {}, READY)
    refuse_what_nobody_means(["deploy", stack], {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, unnamed)
    refuse_what_nobody_means(["deploy", "parakeet-dev", f"parakeet-bootstrap-{ACCOUNT}"], {}, unnamed)


def test_prods_secrets_have_their_state_where_everybody_shares_it_too() -> None:
    said = refusal("deploy", "parakeet-prod-secrets", variables={"PARAKEET_STATE": "local"})
    assert said.startswith("PARAKEET_STATE = 'local': allowed: s3 for parakeet-prod-secrets")


def test_secrets_are_deployed_before_an_environments_placeholders_are_replaced() -> None:
    placeholder = [changed(AS_CLONED, account_id=ACCOUNT)]
    refuse_what_nobody_means(["deploy", "parakeet-dev-secrets"], {}, placeholder)
    assert "is a placeholder" in refusal("deploy", "parakeet-dev", environments=placeholder)


@pytest.mark.parametrize("pattern", ["parakeet-*", "*", "parakeet-pro?", "parakeet-{dev,prod}", "!(x)"])
def test_a_pattern_is_no_way_around(pattern: str) -> None:
    assert "parakeet-prod" in refusal("deploy", pattern, variables={"PARAKEET_STATE": "local"})
    assert "is a placeholder" in refusal("deploy", pattern, environments=[AS_CLONED])
    refuse_what_nobody_means(["deploy", pattern], {}, READY)


def test_watching_is_deploying() -> None:
    assert "is a placeholder" in refusal("watch", "parakeet-dev", environments=[AS_CLONED])


def test_a_placeholder_may_be_planned_destroyed_and_deployed_to_a_stand_in() -> None:
    for command in ("diff", "destroy"):
        refuse_what_nobody_means([command, "parakeet-dev"], {}, [AS_CLONED])
    local = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    refuse_what_nobody_means(["deploy", "parakeet-dev"], local, [AS_CLONED])


def test_an_environment_that_is_ready_is_deployed() -> None:
    for environment in ENVIRONMENTS:
        refuse_what_nobody_means(["deploy", f"parakeet-{environment.name}"], {}, READY)


@pytest.mark.parametrize(
    ("doing", "state", "refused"),
    [
        ("deploy", "s3", "is a placeholder"),
        ("apply", "s3", "is a placeholder"),
        ("diff", "local", "PARAKEET_STATE"),
        ("plan", "local", "PARAKEET_STATE"),
        ("apply", "local", "PARAKEET_STATE"),
    ],
)
def test_whatever_deploys_or_plans_is_refused_it(
    monkeypatch: pytest.MonkeyPatch, doing: str, state: str, refused: str
) -> None:
    placeholder = changed(PROD, api={"access_audience": PLACEHOLDER_AUDIENCE})
    monkeypatch.setattr("config.environments.ENVIRONMENTS", (placeholder,))
    monkeypatch.setenv("PARAKEET_STATE", state)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(RefusedDeploymentError, match=refused):
        refuse([doing, "parakeet-prod"])
