"""What functions need permission for: to be invoked by a service, and to have their role's credentials."""

from local.aws.authorization import Authorization, AuthorizationError
from local.aws.functions.deployed import Configuration, Target
from local.aws.functions.invocation import RefusedError
from local.aws.functions.signed import RoleSession

# As Lambda's; an environment is replaced before.
SESSION_SECONDS = 12 * 3600


def require_invocation(authorization: Authorization, target: Target, service: str, source_arn: str) -> None:
    """Raises RefusedError unless the policy of what is invoked lets the service, on behalf of the source.

    An alias, a version and the function without either have a policy each.
    """
    arn = target.arn
    if not authorization.service_may_invoke(arn, service, source_arn, target.latest.account_id):
        raise RefusedError(
            403,
            "AccessDeniedException",
            f"User: {service} is not authorized to perform: lambda:InvokeFunction on resource: {arn} "
            f"because no resource-based policy allows it for the source {source_arn or '(none)'}",
        )


def assume_role(authorization: Authorization, configuration: Configuration, endpoint: str) -> RoleSession:
    """A session of the function's role, in its name. Raises RefusedError if Lambda may not have one."""
    try:
        credentials = authorization.credentials_for(configuration.role, configuration.name, SESSION_SECONDS)
    except AuthorizationError as error:
        raise RefusedError(
            403, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda."
        ) from error
    return RoleSession(endpoint, configuration.region, credentials)
