"""Temporary credentials of a function's role, from the embedded STS."""

import json

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local.aws.functions.deployed import Configuration
from local.aws.functions.invocation import RefusedError
from local.aws.functions.permissions import service_may
from local.aws.functions.signed import RoleSession

_PARTITION = "aws"
SESSION_SECONDS = 12 * 3600


def assume_role(configuration: Configuration, endpoint: str) -> RoleSession:
    """A session of the function's role, in its name. Raises RefusedError if Lambda may not have one."""
    role = configuration.role
    try:
        document = (
            iam_backends[configuration.account][_PARTITION].get_role_by_arn(role).assume_role_policy_document
        )
    except NotFoundException:
        document = '{"Statement": []}'
    statements = json.loads(document)["Statement"]
    if not service_may(
        # A trust policy's resource is the role that it belongs to.
        [{**statement, "Resource": role} for statement in statements],
        service="lambda.amazonaws.com",
        action="sts:AssumeRole",
        resource=role,
        source_arn=configuration.arn,
        source_account=configuration.account,
    ):
        raise RefusedError(
            403, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda."
        )
    session = sts_backends[configuration.account][_PARTITION].assume_role(
        region_name=configuration.region,
        role_session_name=configuration.name,
        role_arn=role,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return RoleSession(
        endpoint,
        configuration.region,
        session.access_key_id,
        session.secret_access_key,
        session.session_token,
    )
