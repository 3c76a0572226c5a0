"""Each function's code and configuration: what is live, and what would be published next."""

from collections.abc import Iterator
from typing import Any

from config.names import LIVE, resource_name
from deployment.drift.described import Client, Described, Difference, Document
from deployment.releases import Release

_LATEST = "$LATEST"


def functions(
    described: Described, environment: str, aws: Client, releases: list[Release]
) -> Iterator[tuple[str, Iterator[Difference]]]:
    """By function, its differences. What `make rollback` has made live is one of `releases`, and allowed."""
    client = aws("lambda")
    for function in described.of("aws_lambda_function"):
        name = function["function_name"]
        released = {
            version
            for release in releases
            for part, version in release.versions.items()
            if resource_name(part, environment) == name
        }
        yield name, _function(described, client, function, released)


def _function(
    described: Described, client: Any, function: Document, released: set[int]
) -> Iterator[Difference]:
    name = function["function_name"]
    [alias] = described.of("aws_lambda_alias", function_name=name)
    found = aliases(client, name)
    for other in sorted(found.keys() - {LIVE}):
        yield Difference(f"{name}: has an alias {other}; expected is none but {LIVE}")
    if LIVE not in found:
        yield Difference(
            f"{name}: has no alias {LIVE}; expected is one of version {alias['function_version']}"
        )
        return
    weights = (found[LIVE].get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    for version, weight in weights.items():
        yield Difference(f"{name}: {LIVE} sends a share of {weight} to version {version}; expected is none")
    yield from _configured(client, function, _LATEST)
    live, expected = found[LIVE]["FunctionVersion"], alias["function_version"]
    if live == expected:
        yield from _configured(client, function, live)
    elif live.isdigit() and int(live) in released and int(live) < int(expected):
        yield Difference(
            f"{name}: {LIVE} is version {live}, rolled back from {expected} until the next deployment",
            allowed=True,
        )
    else:
        yield Difference(f"{name}: {LIVE} is version {live}, of no release; expected is {expected}")


def aliases(client: Any, name: str) -> dict[str, Document]:
    """A function's aliases by name."""
    pages = client.get_paginator("list_aliases").paginate(FunctionName=name)
    return {each["Name"]: each for page in pages for each in page["Aliases"]}


def _configured(client: Any, function: Document, version: str) -> Iterator[Difference]:
    name = function["function_name"]
    found = client.get_function(FunctionName=name, Qualifier=version)["Configuration"]
    if found["CodeSha256"] != function["source_code_hash"]:
        yield Difference(
            f"{name}, version {version}: its code is {found['CodeSha256']}; "
            f"expected is {function['source_code_hash']}"
        )
    there = {
        "handler": found["Handler"],
        "runtime": found["Runtime"],
        "role": found["Role"],
        "layers": [each["Arn"] for each in found.get("Layers", [])],
    }
    expected = {
        "handler": function["handler"],
        "runtime": function["runtime"],
        "role": function["role"],
        "layers": function["layers"] or [],
    }
    for what, value in there.items():
        if value != expected[what]:
            yield Difference(
                f"{name}, version {version}: its {what} is {value}; expected is {expected[what]}"
            )
    variables = found.get("Environment", {}).get("Variables", {})
    given = dict((function["environment"] or [{}])[0].get("variables") or {})
    # By name alone: nobody knows what somebody else has put there.
    for variable in sorted(variables.keys() | given.keys()):
        if variables.get(variable) != given.get(variable):
            yield Difference(f"{name}, version {version}: its variable {variable} is not as deployed")
