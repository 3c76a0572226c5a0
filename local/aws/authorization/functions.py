"""Lambda's requests and the permissions that they need."""

import re

from local.aws.authorization.calls import Call, Permission, Request
from local.aws.authorization.errors import NotMapped

_INVOCATIONS = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
# A name, account:function:name, or an ARN, each with or without a version or alias.
_FUNCTION = re.compile(
    r"(?:arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:|(?P<short>\d{12}):function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?"
)


def is_invocation(path: str) -> bool:
    """Whether a path is that of a function's invocations."""
    return _INVOCATIONS.fullmatch(path) is not None


def call(request: Request) -> Call:
    """The call, or NotMapped."""
    path = _INVOCATIONS.fullmatch(request.path)
    if path is None or request.method != "POST" or set(request.query) - {"Qualifier"}:
        raise NotMapped(f"Lambda's {request.method} {request.path}")
    asked = _FUNCTION.fullmatch(path[1])
    if asked is None:
        raise NotMapped(f"the function {path[1]}")
    account = asked["account"] or asked["short"] or request.account
    if account != request.account or (asked["region"] or request.region) != request.region:
        raise NotMapped("a function of another account or region")
    qualifier = asked["qualifier"] or request.query.get("Qualifier")
    if asked["qualifier"] and request.query.get("Qualifier", qualifier) != qualifier:
        raise NotMapped("a function with two different qualifiers")
    resource = request.arn(f"function:{asked['name']}" + (f":{qualifier}" if qualifier else ""))
    return Call((Permission("lambda:InvokeFunction", resource),))
