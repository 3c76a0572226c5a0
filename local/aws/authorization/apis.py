"""API Gateway's requests, version 2, and the permissions that they need."""

import re

from moto.apigatewayv2.models import apigatewayv2_backends

from local.aws.authorization.calls import Call, Permission, Request
from local.aws.authorization.errors import NotMapped

_PATH = re.compile(r"/v2(?P<resource>/apis(?:/[^/]+)*|/tags/arn:aws:apigateway:[^:]+::/apis/.+)")
_TAGGED = re.compile(r".*/apis/(?P<api>[^/]+)(?:/stages/(?P<stage>[^/]+))?")


def call(request: Request) -> Call:
    """The call, or NotMapped."""
    path = _PATH.fullmatch(request.path.rstrip("/"))
    if path is None or request.method not in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        raise NotMapped(f"API Gateway's {request.method} {request.path}")
    resource = f"arn:aws:apigateway:{request.region}::{path['resource']}"
    tags = _tags(request, path["resource"])
    context = {f"aws:resourcetag/{name.lower()}": value for name, value in tags.items()}
    return Call((Permission(f"apigateway:{request.method}", resource, context),))


def _tags(request: Request, resource: str) -> dict[str, str]:
    """An API's or a stage's. Nothing else has any (API Gateway guide, "Resources that can be tagged")."""
    found = _TAGGED.fullmatch(resource)
    if found is None:
        return {}
    api = apigatewayv2_backends[request.account][request.region].apis.get(found["api"])
    if api is None:
        return {}
    if found["stage"] is None:
        return api.backend.get_tags(api.arn)
    stage = api.stages.get(found["stage"])
    return dict(stage.tags or {}) if stage else {}
