"""Warm requests, one after the other: through each handler alone, and through the gateway.

Handlers answer in a process of their own, from PostgreSQL behind TLS and the embedded AWS. What the gateway
itself adds is the difference to the same event through the Invoke API, which it calls, request by request.
Nobody waits for ingest and migrate, so neither is here; the authorizer is measured alone, since in what is
deployed the API's own judges tokens.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import psycopg

from benchmarks.deployed import deployed
from benchmarks.functions import Here, unpacked
from benchmarks.inside import WARMING
from config.names import LIVE, resource_name
from local.access.key_server import CERTS_PATH
from local.ingesting import DEFENSIVE, api_client, ingest
from local.platform import LocalPlatform
from tests.functions.events import event

GATEWAY_TARGET_MS = 5
TRADER = "trader@parakeet.example"

_FILL = Path(__file__).with_name("trades.sql")


@dataclass(frozen=True)
class Request:
    """A GET, and the function that answers it: its folder and its place in names."""

    function: str
    part: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    target_ms: int | None = None
    """Of the p95 in the handler alone."""
    route: str | None = None
    """The API's, where it is not the path."""

    @property
    def shown(self) -> str:
        """With its query."""
        return f"{self.path}{'?' if self.query else ''}{'&'.join(f'{k}={v}' for k, v in self.query.items())}"


REQUESTS = (
    Request("trades", "trades-api", "/trades", {"page_size": "50"}, 25),
    Request("trades", "trades-api", "/trades", {"page_size": "50", "as_of": "2022-07-01T00:00:00Z"}, 60),
    Request(
        "data",
        "data-api",
        "/data/prices/SPY",
        {"start": "2015-01-01", "end": "2024-12-31"},
        25,
        "/data/{proxy+}",
    ),
    Request("strategies", "strategies-api", "/strategies"),
    Request("scanner", "scanner-api", "/scanner"),
)


def main(arguments: Sequence[str] | None = None, platform: LocalPlatform | None = None) -> None:
    """Print times. Deploys if no deployed platform is given. Raises OneLineError."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --only requests", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="of each kind (default: 1000)")
    requests = max(20, parser.parse_args(arguments).requests)
    with deployed(already=platform) as made:
        measure(made, requests)


def measure(platform: LocalPlatform, requests: int) -> None:
    """Print that platform's times for that many requests of each kind. Exits with a line if one fails."""
    url = platform.url or platform.serve().endpoint
    trades = _fill(platform)
    ingest(api_client(url, platform.team.tokens.person(TRADER)), DEFENSIVE, lambda *_: None)
    with unpacked(sorted({"authorizer", *(request.function for request in REQUESTS)})) as functions:
        title = f"{requests:,} warm requests, {trades:,} trades"
        print(f"\n{title:52}  {'handler alone':19}  processor")
        for request in REQUESTS:
            variables = _variables(platform, request)
            found = functions[request.function].run(
                variables, event=event("GET", request.path, query=request.query), requests=requests
            )
            if found["answer"]["statusCode"] != 200:
                sys.exit(f"{request.shown} is answered {found['answer']['statusCode']} by the handler alone")
            _show(request.shown, found, request.target_ms)
        _show("authorizer", _authorized(platform, functions["authorizer"], requests), None)

    _lift_the_throttle(platform)
    own = f"gateway's own (target: < {GATEWAY_TARGET_MS} ms)"
    print(f"\n{'':52}  {'through the gateway':19}  {'Invoke API alone':19}  {own}")
    for request in REQUESTS:
        through, alone = _through(platform, url, request, requests)
        added = median(one - other for one, other in zip(through, alone, strict=True))
        print(f"{request.shown:52}{_times(through)}{_times(alone)}{added:>9.1f} ms", flush=True)


def _show(name: str, found: dict[str, Any], target_ms: int | None) -> None:
    target = f"   target: p95 < {target_ms} ms" if target_ms else ""
    print(f"{name:52}{_times(found['requests_ms'])}{found['request_cpu_ms']:>9.1f} ms{target}", flush=True)


def _times(times: Sequence[float]) -> str:
    return f"  p50 {median(times):5.1f} p95 {quantiles(times, n=20)[-1]:5.1f}"


def _fill(platform: LocalPlatform) -> int:
    """How many trades there are then."""
    with psycopg.connect(platform.postgres.url(), autocommit=True) as connection:
        for statement in _FILL.read_bytes().rstrip(b";\n").split(b";"):
            connection.execute(statement)
        row = connection.execute("SELECT count(DISTINCT id) FROM parakeet.trade_versions").fetchone()
    assert row
    return int(row[0])


def _deployed(platform: LocalPlatform, request: Request) -> dict[str, Any]:
    name = resource_name(request.part, platform.environment.name)
    client = platform.aws.client("lambda")
    found: dict[str, Any] = client.get_function_configuration(FunctionName=name, Qualifier=LIVE)
    return found


def _variables(platform: LocalPlatform, request: Request) -> dict[str, str]:
    """Those of the deployed function, with keys of the account instead of its role's."""
    found = _deployed(platform, request)
    return {
        **found["Environment"]["Variables"],
        **platform.aws.variables({}),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(found["MemorySize"]),
    }


def _authorized(platform: LocalPlatform, authorizer: Here, requests: int) -> dict[str, Any]:
    team = platform.team
    variables = {
        "ACCESS_ISSUER": team.issuer,
        "ACCESS_AUDIENCE": team.audience,
        "ACCESS_KEYS_URL": f"{team.url}{CERTS_PATH}",
        "POWERTOOLS_SERVICE_NAME": "authorizer",
    }
    asked = {"version": "2.0", "type": "REQUEST", "identitySource": [team.tokens.person(TRADER)]}
    found = authorizer.run(variables, event=asked, requests=requests)
    if not found["answer"]["isAuthorized"]:
        sys.exit("the authorizer alone lets nobody in")
    return found


def _api(platform: LocalPlatform) -> str:
    apis = platform.aws.client("apigatewayv2").get_apis()["Items"]
    name = resource_name("api", platform.environment.name)
    return str(next(each["ApiId"] for each in apis if each["Name"] == name))


def _lift_the_throttle(platform: LocalPlatform) -> None:
    """Behind Terraform's back, after what it is measured by: dev's lets 10 requests a second to a route."""
    gateway, api = platform.aws.client("apigatewayv2"), _api(platform)
    [stage] = gateway.get_stages(ApiId=api)["Items"]
    more = {"ThrottlingRateLimit": 10_000.0, "ThrottlingBurstLimit": 5_000}
    gateway.update_stage(
        ApiId=api,
        StageName=stage["StageName"],
        DefaultRouteSettings=stage["DefaultRouteSettings"] | more,
        RouteSettings={route: given | more for route, given in stage["RouteSettings"].items()},
    )


def _through(
    platform: LocalPlatform, url: str, request: Request, requests: int
) -> tuple[list[float], list[float]]:
    """Milliseconds through the gateway, and of the Invoke API that it calls."""
    found = _deployed(platform, request)
    api = _api(platform)
    _, _, _, region, account, *_ = found["FunctionArn"].split(":")
    route = request.route or request.path
    invoking = {
        "Content-Type": "application/json",
        "X-Amz-Invocation-Type": "RequestResponse",
        "X-Parakeet-Service": "apigateway.amazonaws.com",
        "X-Parakeet-Service-Token": platform.aws.service_token,
        "X-Parakeet-Source-Arn": f"arn:aws:execute-api:{region}:{account}:{api}/$default/GET{route}",
    }
    invoke = f"{platform.aws.endpoint}/2015-03-31/functions/{found['FunctionName']}:{LIVE}/invocations"
    asked = json.dumps(event("GET", request.path, query=request.query)).encode()
    token = {"Cf-Access-Jwt-Assertion": platform.team.tokens.person(TRADER)}
    through: list[float] = []
    alone: list[float] = []
    with httpx.Client(timeout=60, trust_env=False) as client:
        for number in range(WARMING + requests):
            start = time.perf_counter()
            first = client.get(f"{url}{request.path}", params=request.query, headers=token)
            between = time.perf_counter()
            second = client.post(invoke, content=asked, headers=invoking)
            end = time.perf_counter()
            if first.status_code != 200:
                sys.exit(f"{request.shown} is answered {first.status_code} by the gateway: {first.text}")
            if second.status_code != 200 or second.json().get("statusCode") != 200:
                sys.exit(f"{request.shown} is answered {second.status_code} by the Invoke API: {second.text}")
            if number >= WARMING:
                through.append((between - start) * 1000)
                alone.append((end - between) * 1000)
    return through, alone
