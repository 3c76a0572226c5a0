"""What nobody may do, in any stack."""

import re
from collections import Counter
from collections.abc import Mapping

import pytest

from tests.every_stack.documents import parts
from tests.template import Template


@pytest.fixture(scope="session")
def templates(without_workflows: Mapping[str, Template]) -> Mapping[str, Template]:
    return without_workflows


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
    assert statements or not template.resources("aws_lambda_function")


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
    assert written or template.name.endswith("-secrets")
    for policy in written:
        assert template.statements(policy)
    # Boundaries are policies, and give nothing: nobody has them attached.
    managed = {"aws_iam_role_policy_attachment", "aws_iam_policy_attachment", "aws_iam_policy"}
    allowed = {"aws_iam_policy"} if template.environment == "bootstrap" else set()
    assert not {*managed, "aws_iam_user"} - allowed & set(template.document["resource"])
    for role in template.resources("aws_iam_role").values():
        assert not {"inline_policy", "managed_policy_arns"} & set(role)


def test_no_two_functions_share_a_role(platform: Template) -> None:
    roles = Counter(function["role"] for function in platform.resources("aws_lambda_function").values())
    assert set(roles.values()) == {1}
    assert len(roles) == len(platform.resources("aws_iam_role")) >= 5


def test_nothing_invokes_an_unqualified_function(platform: Template) -> None:
    """It would run what is half deployed: configuration and code change one after the other."""
    uses = [
        (path, attribute)
        for section in ("resource", "data")
        for path, value in parts(platform.document[section])
        if isinstance(value, str)
        for attribute in re.findall(r"aws_lambda_function\.[\w-]+\.(\w+)", value)
    ]
    assert {attribute for _, attribute in uses} == {"function_name", "version"}
    # Its name invokes it only where one can leave the qualifier out.
    by_name = {path.split(".")[0] for path, _ in uses if path.endswith(".function_name")}
    assert by_name == {
        "aws_lambda_alias",
        "aws_lambda_permission",
        "aws_lambda_function_event_invoke_config",
        "aws_lambda_invocation",
    }
    for kind in by_name - {"aws_lambda_alias"}:
        for block in platform.resources(kind).values():
            assert platform.behind(block["function_name"]) is platform.behind(
                platform.behind(block["qualifier"])["function_name"]
            )
    # And what is told a name to invoke is told the alias.
    variables = [path for path, attribute in uses if ".environment" in path]
    assert variables == []
