"""What moto takes and then forgets, or keeps and heeds nowhere, is refused: nobody would notice it."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.responses import LambdaResponse
from moto.dynamodb.responses import DynamoHandler

# Each property with the values that change nothing here; without a value it is let through in any case.
_API = {"IpAddressType": ("ipv4",), "Target": (), "RouteKey": (), "CredentialsArn": ()}
_FUNCTION = {
    "PackageType": ("Zip",),
    "ImageUri": (),
    "ImageConfig": (),
    "VpcConfig": (),
    "FileSystemConfigs": (),
    "KMSKeyArn": (),
    "DeadLetterConfig": (),
}
_REFUSED: Mapping[type, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    ApiGatewayV2Response: {"create_api": _API, "update_api": _API},
    LambdaResponse: {
        "create_function": _FUNCTION,
        "update_function_code": _FUNCTION,
        "update_function_configuration": _FUNCTION,
    },
    # Who may use a table is judged by the roles' policies alone.
    DynamoHandler: {
        "create_table": {"ResourcePolicy": (), "SSESpecification": ()},
        "update_table": {"SSESpecification": ()},
        "put_resource_policy": {"Policy": ()},
    },
}


def mend() -> None:
    """Have moto answer 501 NotImplemented, with the resource and the property."""
    for response, operations in _REFUSED.items():
        for operation, properties in operations.items():
            # moto has no setting for it.
            setattr(response, operation, _refusing(getattr(response, operation), properties))


def _refusing(
    answer: Callable[[Any], Any], properties: Mapping[str, tuple[str, ...]]
) -> Callable[[Any], Any]:
    @wraps(answer)
    def refuse_or_answer(self: Any) -> Any:
        asked = _asked(self)
        for name, heeded in properties.items():
            value = asked.get(name)
            if not _is_empty(value) and value not in heeded:
                return _refusal(f"{_resource(self, asked)}: {name} = {value!r} is not emulated here")
        return answer(self)

    return refuse_or_answer


def _asked(response: Any) -> dict[str, Any]:
    """What is asked with, each by the name that AWS's API has for it."""
    body = response.body if isinstance(response.body, dict) else json.loads(response.body or "{}")
    return {name[:1].upper() + name[1:]: value for name, value in body.items()} | (body.get("Code") or {})


def _resource(response: Any, asked: Mapping[str, Any]) -> str:
    for kind in ("FunctionName", "TableName", "ResourceArn", "Name"):
        if kind in asked:
            return f"{kind} {asked[kind]}"
    return str(response.path)


def _is_empty(value: Any) -> bool:
    return not any(value.values()) if isinstance(value, dict) else not value


def _refusal(message: str) -> tuple[int, dict[str, Any], str]:
    code = "NotImplemented"
    headers = {"status": 501, "x-amzn-ErrorType": code}
    return 501, headers, json.dumps({"__type": code, "message": message})
