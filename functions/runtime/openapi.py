"""The description of an API in OpenAPI 3.1, from what its routes declare."""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Route

from functions.runtime.http_api import HttpApi

SCHEME = "CloudflareAccess"
PUBLIC = "/health"

_OURS = {"$ref": "#/components/schemas/Error"}
_GATEWAYS = {"$ref": "#/components/schemas/GatewayError"}
_EITHER = {"anyOf": [_OURS, _GATEWAYS]}

_ERROR = {
    "title": "Error",
    "description": "What a function answers when it does not do what it was asked.",
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "For programs, such as `not_found`"},
                "message": {"type": "string", "description": "For people"},
                "details": {
                    "type": "array",
                    "description": "What is wrong with which field",
                    "items": {
                        "type": "object",
                        "required": ["field", "in", "value", "allowed"],
                        "properties": {
                            "field": {"type": "string"},
                            "in": {"type": "string"},
                            "value": {"description": "What was sent, if it is short"},
                            "allowed": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}
_GATEWAY_ERROR = {
    "title": "GatewayError",
    "description": "What API Gateway answers by itself: a token that is missing or wrong, no route for the "
    "path and method, too many requests, no function that answers in time.",
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string"}},
}

_HEADERS = {
    "X-Request-Id": ("Of this request, as in the logs", "string"),
    "apigw-requestid": ("The same, by API Gateway itself", "string"),
    "Retry-After": ("Seconds to wait", "integer"),
    "Allow": ("What is possible here", "string"),
}
_IDS = ("X-Request-Id", "apigw-requestid")


def _answer(description: str, schema: dict[str, Any], *headers: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {"application/json": {"schema": schema}},
    }


_ERRORS = {
    "400": _answer("Malformed: no JSON, another type, no date", _OURS, *_IDS),
    "401": _answer("No token, or one that is not valid", _EITHER, *_IDS),
    "403": _answer("A token that is for something else", _GATEWAYS, "apigw-requestid"),
    "404": _answer("There is no such thing, or no route for this path and method", _EITHER, *_IDS),
    "405": _answer("The path is there, but not for this method", _OURS, *_IDS, "Allow"),
    "409": _answer("It contradicts what is there", _OURS, *_IDS),
    "413": _answer("The body is too large", _EITHER, *_IDS),
    "415": _answer("The body is not declared as JSON", _OURS, *_IDS),
    "422": _answer("Well-formed, but out of range", _OURS, *_IDS),
    "429": _answer("Too many requests", _GATEWAYS, "apigw-requestid"),
    "500": _answer("Something went wrong here", _EITHER, *_IDS),
    "503": _answer("What the answer needs does not answer in time", _EITHER, *_IDS, "Retry-After"),
}


def document(title: str, version: str, apis: Mapping[str, HttpApi]) -> dict[str, Any]:
    """All routes of all APIs, which are given by their functions' names.

    Every operation has API Gateway's own answers and our errors besides its own. Where schemas of
    one name differ, their functions' names are in front.
    """
    described = {
        name: json.loads(api.get_openapi_json_schema(title=title, version=version, openapi_version="3.1.0"))
        for name, api in apis.items()
    }
    texts: dict[str, set[str]] = {}
    for part in described.values():
        for name, schema in _schemas(part).items():
            texts.setdefault(name, set()).add(json.dumps(schema, sort_keys=True))
    ambiguous = {name for name, different in texts.items() if len(different) > 1}
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Error": _ERROR, "GatewayError": _GATEWAY_ERROR}
    for function, api in apis.items():
        own = _qualified(described[function], function.title(), ambiguous)
        routes = {(route.openapi_path, route.method.lower()): route for route in api.routes}
        for path, operations in own["paths"].items():
            for method, operation in operations.items():
                described_operation = _operation(operation, path, method, routes[path, method])
                described_operation["operationId"] = f"{function}_{described_operation['operationId']}"
                paths.setdefault(path, {})[method] = described_operation
        schemas |= _schemas(own)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {
            "headers": {
                name: {"description": description, "schema": {"type": kind}}
                for name, (description, kind) in _HEADERS.items()
            },
            "responses": _ERRORS,
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                SCHEME: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Cf-Access-Jwt-Assertion",
                    "description": "The token that Cloudflare Access adds to a request it lets in",
                }
            },
        },
    }


def _schemas(described: Mapping[str, Any]) -> dict[str, Any]:
    schemas = described.get("components", {}).get("schemas", {})
    # Powertools' own shapes of errors, which we never answer.
    unused = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
    return {name: schema for name, schema in schemas.items() if name not in unused}


def _qualified(value: Any, prefix: str, names: set[str]) -> Any:
    """With the prefix before each schema of these names, and in all references to it."""
    match value:
        case {"schemas": dict(schemas)}:
            renamed = {f"{prefix}{name}" if name in names else name: schemas[name] for name in schemas}
            return {**value, "schemas": _qualified(renamed, prefix, names)}
        case dict():
            return {key: _qualified(member, prefix, names) for key, member in value.items()}
        case list():
            return [_qualified(member, prefix, names) for member in value]
        case str() if value.startswith(_REFERENCE) and value.removeprefix(_REFERENCE) in names:
            return f"{_REFERENCE}{prefix}{value.removeprefix(_REFERENCE)}"
    return value


_REFERENCE = "#/components/schemas/"


def _operation(operation: dict[str, Any], path: str, method: str, route: Route) -> dict[str, Any]:
    public = path == PUBLIC
    body = operation.get("requestBody")
    written = " ".join((route.func.__doc__ or "").split())
    summary, _, rest = written.partition(". ")
    left_out = set() if method in ("post", "put", "patch") else {"413", "415"}
    left_out |= {"409"} if method == "get" else set()
    left_out |= {"401", "403"} if public else set()
    answers = {status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS.keys() - left_out}
    for status, answer in operation["responses"].items():
        if status != "422":
            answers[status] = _own(status, answer)
    return {
        "tags": operation.get("tags") or [path.split("/")[1]],
        "summary": summary.removesuffix("."),
        "operationId": route.func.__name__,
        **({"description": rest} if rest else {}),
        "parameters": [_parameter(parameter) for parameter in operation.get("parameters", [])],
        **({"requestBody": body} if body else {}),
        "responses": dict(sorted(answers.items())),
        "security": [] if public else [{SCHEME: []}],
    }


def _own(status: str, answer: dict[str, Any]) -> dict[str, Any]:
    if status == "204":
        return {"description": "Done", "headers": _answer("", {}, *_IDS)["headers"]}
    schema = answer["content"]["application/json"]["schema"]
    if status in _ERRORS:
        # A failure that has a shape of its own, and may be one of the usual all the same.
        return _answer(answer["description"], {"anyOf": [schema, *_EITHER["anyOf"]]}, *_IDS, "Retry-After")
    return _answer("Done", schema, *_IDS)


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = {
        name: value for name, value in parameter["schema"].items() if name not in ("anyOf", "description")
    }
    # What is not sent is not there: no text in a URL or header says null. And there a decimal is text.
    kinds = [
        kind for kind in parameter["schema"].get("anyOf", []) if kind.get("type") not in ("null", "number")
    ]
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds
    return {**parameter, "schema": schema}
