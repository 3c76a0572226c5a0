"""Permissions: the function, each version and each alias have a policy of their own."""

import json
from typing import Any

from moto.awslambda.exceptions import (
    FunctionAlreadyExists,
    GenericResourcNotFound,
    InvalidParameterValueException,
    LambdaClientError,
    UnknownPolicyException,
)
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from local.aws.functions.qualifiers import after, asked


class StatementExistsError(LambdaClientError):
    """The policy has a statement of that id."""

    code = FunctionAlreadyExists.code

    def __init__(self, sid: str) -> None:
        super().__init__(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove "
            "the existing statement.",
        )


def mend() -> None:
    """Have moto keep them apart: it gives out, adds to and removes from one policy for all of them."""
    response: Any = LambdaResponse
    response.add_permission = _add
    response.get_policy = _get
    response.remove_permission = _remove


def _policy(response: LambdaResponse) -> tuple[LambdaFunction, str | None, list[dict[str, Any]]]:
    """The function, the qualifier, and the statements for them."""
    latest, qualifier = asked(response)
    arn = f"{latest.function_arn}:{qualifier}" if qualifier else latest.function_arn
    return latest, qualifier, [each for each in latest.policy.statements if each["Resource"] == arn]


def _add(self: LambdaResponse) -> str:
    latest, qualifier, statements = _policy(self)
    if qualifier == "$LATEST":
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")
    sid = self.json_body["StatementId"]
    if any(each["Sid"] == sid for each in statements):
        raise StatementExistsError(sid)
    statement, _ = latest.policy.add_statement(self.body, qualifier)
    return json.dumps({"Statement": json.dumps(statement)})


def _get(self: LambdaResponse) -> str:
    latest, _, statements = _policy(self)
    if not statements:
        raise GenericResourcNotFound
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    return json.dumps({"Policy": json.dumps(policy), "RevisionId": latest.policy.revision})


def _remove(self: LambdaResponse) -> tuple[int, dict[str, Any], str]:
    latest, _, statements = _policy(self)
    sid = after(self, "policy")
    removed = next((each for each in statements if each["Sid"] == sid), None)
    if removed is None:
        raise UnknownPolicyException
    latest.policy.statements.remove(removed)
    return 204, {"status": 204}, "{}"
