"""A request, an API's routes and a clock, made up."""

from datetime import UTC, datetime

from local.gateway.description import Api, Description, Integration, Route, Stage
from local.gateway.request import Request
from local.gateway.table import RoutingTable, routing_table

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def table(*keys: str, stages: tuple[str, ...] = ("$default",)) -> RoutingTable:
    """Of open routes, all to one function."""
    return routing_table(
        Description(
            region="us-east-1",
            account="123456789012",
            api=Api(api_id="a1", name="api", protocol_type="HTTP", api_endpoint="https://a1"),
            stages=tuple(Stage(stage_name=name, auto_deploy=True) for name in stages),
            routes=tuple(
                Route(route_id=f"r{number}", route_key=key, target="integrations/i1")
                for number, key in enumerate(keys)
            ),
            integrations=(
                Integration(
                    integration_id="i1",
                    integration_type="AWS_PROXY",
                    integration_uri=FUNCTION,
                    payload_format_version="2.0",
                ),
            ),
            authorizers=(),
        )
    )


def request(
    method: str = "GET", path: str = "/trades/7", query: str = "", *headers: tuple[str, str]
) -> Request:
    return Request(
        method=method,
        path=path,
        query=query,
        headers=(("Host", "127.0.0.1:8080"), *headers),
        protocol="HTTP/1.1",
        source_ip="127.0.0.1",
        port=8080,
        id="JKJaXmPLvHcESHA=",
        trace="0" * 24,
        time=datetime(2020, 3, 12, 19, 3, 58, 390_000, tzinfo=UTC),
    )


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
