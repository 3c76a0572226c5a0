"""Lambda's requests and the permissions that they need."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session

from local.aws.authorization.calls import Call, Permission, Request
from local.aws.authorization.errors import NotMapped
from local.aws.authorization.roles import pass_role

_INVOCATIONS = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
# A name, account:function:name, or an ARN, each with or without a version or alias.
_FUNCTION = re.compile(
    r"(?:arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:|(?P<short>\d{12}):function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?"
)
# Operations on functions, each called as its action is.
_OF_FUNCTIONS = frozenset(
    (
        *("CreateFunction", "GetFunction", "GetFunctionConfiguration", "DeleteFunction"),
        *("UpdateFunctionCode", "UpdateFunctionConfiguration", "GetFunctionCodeSigningConfig"),
        *("GetPolicy", "AddPermission", "RemovePermission", "ListVersionsByFunction", "PublishVersion"),
        *("CreateAlias", "GetAlias", "ListAliases", "UpdateAlias", "DeleteAlias"),
        *("GetFunctionConcurrency", "PutFunctionConcurrency", "DeleteFunctionConcurrency"),
        *("GetFunctionEventInvokeConfig", "PutFunctionEventInvokeConfig"),
        *("UpdateFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"),
    )
)
_OF_LAYERS = frozenset(
    (
        *("PublishLayerVersion", "ListLayerVersions", "GetLayerVersion"),
        *("GetLayerVersionByArn", "DeleteLayerVersion"),
    )
)
_OF_TAGS = frozenset(("ListTags", "TagResource", "UntagResource"))
_QUERY = {"Qualifier", "FunctionVersion", "Marker", "MaxItems", "find", "Arn", "tagKeys", "RevisionId"}


def is_invocation(path: str) -> bool:
    """Whether a path is that of a function's invocations."""
    return _INVOCATIONS.fullmatch(path) is not None


def call(request: Request) -> Call:
    """The call, or NotMapped."""
    path = _INVOCATIONS.fullmatch(request.path)
    if path is None or request.method != "POST":
        return _configuration(request)
    if set(request.query) - {"Qualifier"}:
        raise NotMapped(_said(request))
    return Call((Permission("lambda:InvokeFunction", _function(request, path[1])),))


def _configuration(request: Request) -> Call:
    """What is asked of functions, layers and their tags, beside invocations."""
    operation, names = _operation(request)
    if set(request.query) - _QUERY:
        raise NotMapped(_said(request))
    if operation == "ListFunctions":
        return Call((Permission("lambda:ListFunctions", "*"),))
    if operation in _OF_LAYERS:
        return Call((Permission(f"lambda:{operation.removesuffix('ByArn')}", _layer(request, names)),))
    if operation in _OF_TAGS:
        return Call((Permission(f"lambda:{operation}", names["Resource"]),))
    if operation not in _OF_FUNCTIONS:
        raise NotMapped(f"lambda:{operation}")
    body = _body(request)
    name = names.get("FunctionName") or body.get("FunctionName")
    if not isinstance(name, str):
        raise NotMapped(f"lambda:{operation} without a function's name")
    function = _function(request, name)
    found = [Permission(f"lambda:{operation}", function)]
    if operation == "CreateFunction" and body.get("Tags"):
        found.append(Permission("lambda:TagResource", function))
    return Call((*found, *_used(body)))


def _used(body: Mapping[str, Any]) -> list[Permission]:
    """What one must be allowed besides of what the function is made of."""
    found = [Permission("lambda:GetLayerVersion", str(layer)) for layer in body.get("Layers") or ()]
    if body.get("Role"):
        found.append(pass_role(body["Role"], "lambda.amazonaws.com"))
    # As a part of what makes a function, and alone in what changes its code.
    code = body.get("Code", body)
    if isinstance(code, Mapping) and code.get("S3Bucket"):
        found.append(_package(code))
    return found


def _package(code: Mapping[str, Any]) -> Permission:
    action = "s3:GetObjectVersion" if code.get("S3ObjectVersion") else "s3:GetObject"
    return Permission(action, f"arn:aws:s3:::{code['S3Bucket']}/{code['S3Key']}")


def _function(request: Request, name: str) -> str:
    asked = _FUNCTION.fullmatch(name)
    if asked is None:
        raise NotMapped(f"the function {name}")
    account = asked["account"] or asked["short"] or request.account
    if account != request.account or (asked["region"] or request.region) != request.region:
        raise NotMapped("a function of another account or region")
    qualifier = asked["qualifier"] or request.query.get("Qualifier")
    if asked["qualifier"] and request.query.get("Qualifier", qualifier) != qualifier:
        raise NotMapped("a function with two different qualifiers")
    return request.arn(f"function:{asked['name']}" + (f":{qualifier}" if qualifier else ""))


def _layer(request: Request, names: Mapping[str, str]) -> str:
    if "LayerName" not in names:
        return request.query["Arn"]
    version = f":{names['VersionNumber']}" if "VersionNumber" in names else ""
    return request.arn(f"layer:{names['LayerName'].rpartition(':layer:')[2]}{version}")


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body().decode("utf-8") or "{}")
    except ValueError:
        raise NotMapped("a body that is not JSON") from None
    if not isinstance(body, dict):
        raise NotMapped("a body that is not a JSON object")
    return body


def _operation(request: Request) -> tuple[str, dict[str, str]]:
    """The operation's name, and what its path names."""
    path = request.path.rstrip("/")
    for method, pattern, query, name in _operations():
        found = pattern.fullmatch(path)
        if found and method == request.method and query.items() <= request.query.items():
            return name, found.groupdict()
    raise NotMapped(_said(request))


@cache
def _operations() -> list[tuple[str, re.Pattern[str], dict[str, str], str]]:
    """Of AWS's own description: method, path, what the query has to say, name. The most particular first."""
    lambda_ = botocore.session.get_session().get_service_model("lambda")
    found = []
    for name in lambda_.operation_names:
        http = lambda_.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.rstrip("/"))
        asked = dict(part.split("=") for part in query.split("&")) if query else {}
        found.append((http["method"], re.compile(pattern), asked, name))
    return sorted(found, key=lambda one: -len(one[2]))


def _said(request: Request) -> str:
    return f"Lambda's {request.method} {request.path}"
