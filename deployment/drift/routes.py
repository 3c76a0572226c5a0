"""What the API sends where, and whom it lets in."""

from collections.abc import Iterator
from typing import Any

from deployment.drift.described import Client, Described, Difference, Document


def apis(described: Described, aws: Client) -> Iterator[tuple[str, Iterator[Difference]]]:
    """By API, its differences: routes, stages, authorizers and where integrations lead."""
    client = aws("apigatewayv2")
    for api in described.of("aws_apigatewayv2_api"):
        yield api["name"], _api(described, client, api)


def _api(described: Described, client: Any, api: Document) -> Iterator[Difference]:
    def there(operation: str) -> list[Document]:
        pages = client.get_paginator(operation).paginate(ApiId=api["id"])
        return [item for page in pages for item in page["Items"]]

    def deployed(kind: str) -> list[Document]:
        return described.of(f"aws_apigatewayv2_{kind}", api_id=api["id"])

    compared: dict[str, tuple[Document, Document]] = {
        "route": (
            {each["RouteKey"]: _route(each) for each in there("get_routes")},
            {each["route_key"]: _described_route(each) for each in deployed("route")},
        ),
        "stage": (
            {each["StageName"]: "there" for each in there("get_stages")},
            {each["name"]: "there" for each in deployed("stage")},
        ),
        "integration": (
            {each["IntegrationId"]: each.get("IntegrationUri") for each in there("get_integrations")},
            {each["id"]: each["integration_uri"] for each in deployed("integration")},
        ),
        "authorizer": (
            {each["AuthorizerId"]: _authorizer(each) for each in there("get_authorizers")},
            {each["id"]: _described_authorizer(each) for each in deployed("authorizer")},
        ),
    }
    for kind, (found, expected) in compared.items():
        for key in sorted(found.keys() | expected.keys()):
            if found.get(key) != expected.get(key):
                yield Difference(
                    f"{api['name']}: {kind} {key} is {found.get(key, 'not there')}; "
                    f"expected is {expected.get(key, 'none')}"
                )


def _route(route: Document) -> str:
    return _as_text(route["AuthorizationType"], route.get("AuthorizerId"), route.get("Target"))


def _described_route(route: Document) -> str:
    return _as_text(route["authorization_type"], route["authorizer_id"], route["target"])


def _as_text(authorization: str, authorizer: str | None, target: str | None) -> str:
    return f"{authorization} {authorizer or ''}".strip() + f" to {target}"


def _authorizer(authorizer: Document) -> str:
    trusted = authorizer.get("JwtConfiguration") or {}
    return _as_trust(
        authorizer["AuthorizerType"],
        authorizer.get("IdentitySource") or [],
        authorizer.get("AuthorizerUri"),
        trusted.get("Issuer"),
        trusted.get("Audience") or [],
    )


def _described_authorizer(authorizer: Document) -> str:
    trusted = (authorizer["jwt_configuration"] or [{}])[0]
    return _as_trust(
        authorizer["authorizer_type"],
        authorizer["identity_sources"] or [],
        authorizer["authorizer_uri"],
        trusted.get("issuer"),
        trusted.get("audience") or [],
    )


def _as_trust(kind: str, sources: list[str], uri: str | None, issuer: str | None, audience: list[str]) -> str:
    said = [kind, *sorted(sources), uri, issuer, *sorted(audience)]
    return " ".join(each for each in said if each)
