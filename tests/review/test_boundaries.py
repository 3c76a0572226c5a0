"""A boundary that goes gives back what it took; what it allows is said of whom it bounds."""

import copy
from collections.abc import Callable

import pytest

from config.dev import DEV
from config.names import bootstrap_name
from review.changes import compared
from review.permissions import who_may_do_what
from review.shapes import Block
from review.stack import Stack
from tests.review.documents import policy
from tests.template import changed, synthesized_stacks


@pytest.fixture(scope="module")
def bootstrap() -> Stack:
    name = bootstrap_name(DEV.account_id)
    stacks = synthesized_stacks([changed(DEV, repository="owner/name")], only=[name])
    return Stack(name, stacks[name].document)


def said(stack: Stack, change: Callable[[Block], None]) -> list[str]:
    document = copy.deepcopy(dict(stack.document))
    change(document)
    (comparison,) = compared({stack.name: stack}, {stack.name: Stack(stack.name, document)})
    return [finding.text for finding in who_may_do_what(comparison)]


def test_a_role_that_loses_its_boundary_is_named(bootstrap: Stack) -> None:
    (line,) = said(
        bootstrap, lambda d: d["resource"]["aws_iam_role"]["deploy_dev"].pop("permissions_boundary")
    )
    assert "deploy-dev` is **no longer refused** `all that this boundary does not allow`" in line


def test_what_a_boundary_allows_is_said_of_whom_it_bounds(bootstrap: Stack) -> None:
    def change(document: Block) -> None:
        policy(document, "dev-boundary")[0]["actions"].append("s3:DeleteBucket")

    (line,) = said(bootstrap, change)
    assert line.startswith("`whom function-boundary-dev bounds` may now `s3:DeleteBucket`")


def test_a_branch_more_that_may_deploy_is_a_permission_more(bootstrap: Stack) -> None:
    def change(document: Block) -> None:
        (trust,) = policy(document, "deployment_deploy-dev_trust")
        trust["condition"] = [one for one in trust["condition"] if not one["variable"].endswith(":ref")]

    lines = said(bootstrap, change)
    assert [line for line in lines if "may now `sts:AssumeRoleWithWebIdentity`" in line]


def test_a_role_that_loses_its_boundary_is_named_whatever_else_it_is_given(bootstrap: Stack) -> None:
    def change(document: Block) -> None:
        document["resource"]["aws_iam_role"]["deploy_dev"].pop("permissions_boundary")
        document["resource"]["aws_iam_role_policy"]["more"] = {
            "name": "more",
            "role": "${aws_iam_role.deploy_dev.name}",
            "policy": '${file("more.json")}',
        }

    refused, unread = said(bootstrap, change)
    assert "deploy-dev` is **no longer refused** `all that this boundary does not allow`" in refused
    assert '`${file("more.json")}` in `policy` is not read here' in unread
