"""IAM's operations and the permissions that they need."""

from collections.abc import Callable
from typing import Any

from moto.iam.models import Role, iam_backends

from local.aws.authorization.calls import Needs, Parameters, Permission, Request
from local.aws.authorization.credentials import PARTITION

_OF_ROLES = (
    *("GetRole", "DeleteRole", "UpdateRole", "UpdateAssumeRolePolicy", "TagRole", "UntagRole"),
    *("GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "ListInstanceProfilesForRole"),
)
# Judged with the boundary that the role has.
_OF_BOUNDED_ROLES = (
    *("PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy"),
    "DeleteRolePermissionsBoundary",
)
# And with the one that it is given.
_BOUNDING = ("CreateRole", "PutRolePermissionsBoundary")
_OF_POLICIES = (
    *("DeletePolicy", "GetPolicy", "GetPolicyVersion", "ListPolicyVersions", "CreatePolicyVersion"),
    *("DeletePolicyVersion", "SetDefaultPolicyVersion", "TagPolicy", "UntagPolicy"),
)
_OF_PROVIDERS = (
    *("GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider"),
    *("RemoveClientIDFromOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint"),
)


def pass_role(role_arn: Any, service: str) -> Permission:
    """What one needs besides, to hand a role to a service."""
    return Permission("iam:PassRole", str(role_arn), {"iam:passedtoservice": service})


def _found(request: Request, parameters: Parameters) -> Role | None:
    name = parameters["RoleName"]
    roles = iam_backends[request.account][PARTITION].get_roles()
    return next((role for role in list(roles) if role.name == name), None)


def _role(request: Request, parameters: Parameters) -> str:
    found = _found(request, parameters)
    path = found.path if found else parameters.get("Path", "/")
    return f"arn:aws:iam::{request.account}:role{path}{parameters['RoleName']}"


def _policy(_: Request, parameters: Parameters) -> str:
    return str(parameters["PolicyArn"])


def _new_policy(request: Request, parameters: Parameters) -> str:
    return f"arn:aws:iam::{request.account}:policy{parameters.get('Path', '/')}{parameters['PolicyName']}"


def _provider(_: Request, parameters: Parameters) -> str:
    return str(parameters["OpenIDConnectProviderArn"])


def _of(operation: str, named: Callable[[Request, Parameters], str]) -> Needs:
    return lambda request, parameters: [Permission(f"iam:{operation}", named(request, parameters))]


def _of_bounded(operation: str) -> Needs:
    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        found = _found(request, parameters)
        boundary = found.permissions_boundary_arn if found else None
        return [Permission(f"iam:{operation}", _role(request, parameters), _boundary(boundary))]

    return needs


def _bounding(operation: str) -> Needs:
    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        role = _role(request, parameters)
        needed = [Permission(f"iam:{operation}", role, _boundary(parameters.get("PermissionsBoundary")))]
        if any(name.startswith("Tags.") for name in parameters):
            needed.append(Permission("iam:TagRole", role))
        return needed

    return needs


def _boundary(arn: str | None) -> dict[str, str]:
    return {"iam:permissionsboundary": arn} if arn else {}


OPERATIONS: dict[str, Needs] = {
    **{name: _of(name, _role) for name in _OF_ROLES},
    **{name: _of_bounded(name) for name in _OF_BOUNDED_ROLES},
    **{name: _bounding(name) for name in _BOUNDING},
    **{name: _of(name, _policy) for name in _OF_POLICIES},
    "CreatePolicy": _of("CreatePolicy", _new_policy),
    **{name: _of(name, _provider) for name in _OF_PROVIDERS},
}
"""By name."""
