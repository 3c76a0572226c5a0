"""Every route is authorised, and leads to what answers it."""

import json

from functions.openapi import FILE
from tests.template import Template


def test_every_route_is_authorised_but_health(platform: Template) -> None:
    authorizers = {
        f"${{aws_apigatewayv2_authorizer.{name}.id}}"
        for name in platform.resources("aws_apigatewayv2_authorizer")
    }
    (health,) = [
        route
        for route in platform.resources("aws_apigatewayv2_route").values()
        if route["authorization_type"] != "JWT" or route["authorizer_id"] not in authorizers
    ]
    assert health["route_key"] == "GET /health"
    # Open to everybody, and not only to others than those with a token.
    assert health["authorization_type"] == "NONE"
    assert "authorizer_id" not in health


def test_what_a_handler_answers_is_routed_and_what_is_routed_is_answered(platform: Template) -> None:
    """Else openapi.json tells of what nobody can reach, or the API lets in what no function takes."""
    routed = {route["route_key"] for route in platform.resources("aws_apigatewayv2_route").values()}
    paths = json.loads(FILE.read_text(encoding="utf-8"))["paths"]
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}

    def key(method: str, path: str) -> str:
        first, *below = path.strip("/").split("/")
        return f"{method} /{first}{'/{proxy+}' if below else ''}"

    assert {(method, path) for method, path in described if key(method, path) not in routed} == set()

    answered = {key(method, path).removesuffix("/{proxy+}") for method, path in described}
    assert {route.removesuffix("/{proxy+}") for route in routed} == answered
