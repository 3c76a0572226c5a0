"""Look, after a deployment, whether it answers, keeps strangers out and can tell somebody of an alarm."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import boto3
import httpx
from botocore.exceptions import BotoCoreError, ClientError

from config.errors import OneLineError, in_one_line
from config.named import environment_named
from config.names import resource_name
from config.settings import Environment
from deployment.preflight.checks import Check, ProblemError, UnknownError, Verdict, run
from packages.function import pack

Client = Callable[..., Any]
CLOSED = ("/trades", "/data/status", "/strategies", "/scanner")
"""A path of each function that nobody may call without a token."""
# A cold start, and a database that wakes up.
_SECONDS = 15.0
# And an answer that the API remembers for half a minute.
_PATIENCE = 90.0
_PAUSE = 5.0
_STRANGER = "https://stranger.invalid"


def smoke_checks(
    environment: Environment,
    *,
    url: str | None = None,
    version: str | None = None,
    patience: float = _PATIENCE,
    client: Client = boto3.client,
) -> list[Check]:
    """Of the deployed environment; `url` is where its API answers, if not at its own address.

    It has to become well within `patience` seconds, with the code of that `version`, if one is given.
    Raises OneLineError if there is no such API.
    """
    aws = partial(client, region_name=environment.region)
    api = httpx.Client(base_url=url or _address(environment, aws), timeout=_SECONDS, trust_env=False)
    checks = [
        *(Check(f"closed {path}", partial(_closed, api, path)) for path in CLOSED),
        Check("preflight", partial(_preflight, api, environment.api.cors_origins)),
        Check("health", partial(_health, api, environment.name, version, patience)),
    ]
    if environment.monitoring.enabled:
        checks.append(Check("alarms", partial(_told, environment, aws)))
    return checks


class SmokeError(OneLineError):
    """There is nothing to look at; the text says why."""


def _address(environment: Environment, aws: Client) -> str:
    name = resource_name("api", environment.name)
    try:
        pages = aws("apigatewayv2").get_paginator("get_apis").paginate()
        found = [api["ApiEndpoint"] for page in pages for api in page["Items"] if api["Name"] == name]
    except (BotoCoreError, ClientError) as error:
        raise SmokeError(f"{name} cannot be looked for: {error}") from None
    if len(found) != 1:
        raise SmokeError(f"{environment.region} has {len(found)} APIs named {name}, and not one")
    return str(found[0])


def _closed(api: httpx.Client, path: str) -> str:
    answer = _asked(api, "GET", path)
    if answer.status_code != 401:
        raise ProblemError(f"GET {path} without a token is answered {answer.status_code}, and not 401")
    return "401 without a token"


def _preflight(api: httpx.Client, origins: Sequence[str]) -> str:
    for origin in origins:
        allowed = _allowed_origin(api, origin)
        if allowed not in (origin, "*"):
            raise ProblemError(f"browsers at {origin} are not let in: allowed is {allowed}")
    if "*" not in origins and (allowed := _allowed_origin(api, _STRANGER)) is not None:
        raise ProblemError(f"browsers anywhere are let in: to {_STRANGER}, allowed is {allowed}")
    return f"answered for {', '.join(origins)}"


def _allowed_origin(api: httpx.Client, origin: str) -> str | None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = _asked(api, "OPTIONS", CLOSED[0], asked)
    return dict(answer.headers).get("access-control-allow-origin")


def _health(api: httpx.Client, environment: str, version: str | None, patience: float) -> str:
    deadline = time.monotonic() + patience
    while True:
        try:
            return _well(api, environment, version)
        except ProblemError:
            if time.monotonic() + _PAUSE > deadline:
                raise
        time.sleep(_PAUSE)


def _well(api: httpx.Client, environment: str, version: str | None) -> str:
    answer = _asked(api, "GET", "/health")
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.status_code != 200 or not isinstance(said, dict) or said.get("status") != "ok":
        parts = said.get("parts", {}) if isinstance(said, dict) else {}
        failed = [name for name, part in parts.items() if part.get("status") != "ok"]
        raise ProblemError(f"GET /health is answered {answer.status_code}: {', '.join(failed) or 'not ok'}")
    for what, expected in {"environment": environment, "version": version or said.get("version")}.items():
        if said.get(what) != expected:
            raise ProblemError(f"its {what} is {said.get(what)}, and not {expected}")
    return f"{environment}, version {said.get('version')}: {', '.join(said.get('parts', {}))} answer"


def _told(environment: Environment, aws: Client) -> str:
    address = environment.monitoring.alert_email
    try:
        account = aws("sts").get_caller_identity()["Account"]
        topic = f"arn:aws:sns:{environment.region}:{account}:{resource_name('alarms', environment.name)}"
        pages = aws("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        found = [
            each["SubscriptionArn"]
            for page in pages
            for each in page["Subscriptions"]
            if (each["Protocol"], each["Endpoint"]) == ("email", address)
        ]
    except (BotoCoreError, ClientError) as error:
        raise UnknownError(f"the alarms' subscriptions cannot be read: {error}") from None
    if not found:
        raise ProblemError(f"{address} is not subscribed to {topic}: deploy again")
    if not all(arn.startswith("arn:") for arn in found):
        raise ProblemError(f"{address} has not followed the link in AWS's first mail: no alarm reaches it")
    return f"{address} is told"


def _asked(
    api: httpx.Client, method: str, path: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    try:
        return api.request(method, path, headers=headers)
    except httpx.TransportError as error:
        raise ProblemError(f"{method} {path} is not answered ({type(error).__name__})") from None


def report(checks: Sequence[Check]) -> int:
    """Print a line for each; the exit code: 0 if all is well, and is known to be."""
    wrong = 0
    for outcome in run(checks, seconds=_PATIENCE + 2 * _SECONDS):
        print(f"{outcome.verdict:<14}  {outcome.name:<20}  {outcome.text}", flush=True)
        wrong += outcome.verdict != Verdict.OK
    return int(wrong > 0)


@in_one_line()
def main() -> int:
    """Its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployment.smoke", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    parser.add_argument("--url", help="where the API answers (default: its own address, asked of AWS)")
    options = parser.parse_args()
    environment = environment_named(options.environment)
    return report(smoke_checks(environment, url=options.url, version=pack("data").version))


if __name__ == "__main__":
    sys.exit(main())
