"""Every route is authorised."""

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
