"""What functions may do at most: all that they are granted, and nothing of another environment's."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from config.environments import DEV, ENVIRONMENTS
from config.names import bootstrap_name, stack_name
from config.settings import Environment
from config.target import Target
from local.aws.authorization.simulator import Simulator
from tests.rendered import ACCOUNT, Rendered
from tests.template import BOOTSTRAPS, CONFIGURED, Template, changed, synthesized, synthesized_stacks

BEYOND = "AWS would deny what functions are granted here: allow it in constructs/boundary.py too"
INTERFACE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:network-interface/eni-1"
VPC = {"subnet_ids": ("subnet-1",), "security_group_ids": ("sg-1",)}
SETTINGS: dict[str, Environment] = {
    **{environment.name: environment for environment in ENVIRONMENTS},
    "in a network": changed(DEV, functions={"vpc": VPC}),
    "traced": changed(DEV, functions={"tracing": True}),
    "with a Lambda authorizer": changed(DEV, api={"authorizer": "lambda"}),
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    made = Simulator()
    yield made
    made.close()


def grants(template: Template) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Of all functions: the statement, and each action on each resource of it."""
    for role in Rendered(template).roles():
        for policy in role.inline.values():
            for statement in json.loads(policy)["Statement"]:
                for action in statement["Action"]:
                    for resource in statement["Resource"]:
                        yield statement, action, resource


def is_within(simulator: Simulator, boundary: str, grant: tuple[dict[str, Any], str, str]) -> bool:
    statement, action, resource = grant
    context: dict[str, str] = {}
    for tests in statement.get("Condition", {}).values():
        context |= {key: value.replace("*", "x") for key, value in tests.items()}
    return simulator.judge(
        {
            "request": {
                "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/function/session",
                "action": action,
                "resource": {
                    "resource": _one_of(action, resource),
                    "accountId": ACCOUNT,
                },
                "contextVariables": context,
            },
            "identityPolicies": [
                {"name": "grant", "policy": {"Version": "2012-10-17", "Statement": [statement]}}
            ],
            "permissionBoundaryPolicies": [{"name": "boundary", "policy": json.loads(boundary)}],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
    ).allowed


def _one_of(action: str, resource: str) -> str:
    if resource == "*":
        return resource if "Describe" in action or action.startswith("xray:") else INTERFACE
    # Of a log group's streams: what is named like all else.
    return (
        resource.replace(":*", ":log-stream:x") if ":log-group:" in resource else resource.replace("*", "x")
    )


def boundary_of(bootstrap: Template, environment: str) -> str:
    return Rendered(bootstrap).policy(f"potential-parakeet-function-boundary-{environment}")


def test_the_boundary_names_every_action_and_resource_that_functions_are_granted(
    platform: Template, templates: Mapping[str, Template]
) -> None:
    """Whatever the conditions, which the next test judges too."""
    environment = CONFIGURED[platform.environment]
    boundary = boundary_of(templates[bootstrap_name(environment.account_id)], environment.name)
    named = json.loads(boundary)["Statement"]
    beyond = [
        (action, resource)
        for _, action, resource in grants(platform)
        if not any(
            action in statement["Action"] and any(fnmatchcase(resource, one) for one in statement["Resource"])
            for statement in named
        )
    ]
    assert beyond == [], BEYOND


@pytest.mark.integration
@pytest.mark.parametrize("name", SETTINGS)
def test_all_that_functions_are_granted_is_within_their_boundary(simulator: Simulator, name: str) -> None:
    settings = SETTINGS[name]
    templates = synthesized_stacks([settings])
    boundary = boundary_of(templates[bootstrap_name(settings.account_id)], settings.name)
    granted = list(grants(templates[stack_name(settings.name)]))
    assert granted
    for grant in granted:
        assert is_within(simulator, boundary, grant), f"{BEYOND}: {grant[1:]}"


@pytest.mark.integration
def test_what_one_environments_functions_are_granted_is_beyond_anothers_boundary(
    simulator: Simulator, templates: dict[str, Template]
) -> None:
    boundary = boundary_of(templates[bootstrap_name(DEV.account_id)], "dev")
    for grant in grants(templates["parakeet-prod"]):
        assert not is_within(simulator, boundary, grant), grant[1:]


def test_every_function_has_its_environments_boundary(platform: Template) -> None:
    for role in Rendered(platform).roles():
        assert role.boundary == (
            f"arn:aws:iam::{ACCOUNT}:policy/deployment/"
            f"potential-parakeet-function-boundary-{platform.environment}"
        )


def test_bootstrap_makes_the_boundary_that_functions_name(without_workflows: dict[str, Template]) -> None:
    for bootstrap in BOOTSTRAPS:
        made = {
            f"arn:aws:iam::{ACCOUNT}:policy{path}{name}"
            for name, path, _ in Rendered(without_workflows[bootstrap]).policies()
        }
        named = {
            role.boundary
            for environment in ENVIRONMENTS
            if bootstrap_name(environment.account_id) == bootstrap
            for role in Rendered(without_workflows[stack_name(environment.name)]).roles()
        }
        assert named == made


def test_without_bootstrap_functions_have_no_boundary() -> None:
    """What is not there cannot bound: AWS would refuse to make the role."""
    found = synthesized(DEV, Target(local_state=True))
    assert {role.boundary for role in Rendered(found).roles()} == {None}
