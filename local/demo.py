"""The platform on one machine: deployed by the real cdktf and Terraform, used, and destroyed: `make demo`."""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import httpx

from config.errors import OneLineError
from config.named import environment_named
from config.settings import Environment
from deployment.command import CommandError, unwrapped
from deployment.workspace import Workspace
from local.deployment_steps import deploy, provider_mirror
from local.ingesting import DEFENSIVE, FIRST_TICKERS, api_client, first_tickers, ingest
from local.interruption import run
from local.narration import Narration
from local.platform import LocalPlatform
from local.run_folder import run_folder

_BLOCKS = "▁▂▃▄▅▆▇█"
_SHOWN = 600


class DemoError(OneLineError):
    """Every command went well, but the platform is not as it should be."""


def demonstrate(environment: Environment, narration: Narration) -> None:
    """Deploy the environment, use it, show its outputs and that nothing is left to change, and destroy it."""
    mirror = provider_mirror(narration)
    with run_folder() as folder:
        narration.say("starting an embedded AWS, PostgreSQL, a Cloudflare team and market data ...")
        with LocalPlatform(folder, environment, mirror, os.environ) as platform:
            narration.say(f"  AWS answers at {platform.aws.endpoint}")
            deploy(platform, narration)
            show_outputs(platform.workspace, platform.stack, narration)
            use(platform, narration)
            for stack, protected in (
                (platform.stack, environment.storage.protected),
                (platform.secrets_stack, environment.secrets.protected),
            ):
                plan_and_destroy(platform.workspace, stack, protected, narration)
    narration.say("the embedded AWS and the run's folder are gone")


def show_outputs(workspace: Workspace, stack: str, narration: Narration) -> None:
    """Print what `terraform output` says. Raises CommandError."""
    narration.say("outputs:")
    for name, value in sorted(workspace.outputs(stack).items()):
        print(f"    {name} = {value if isinstance(value, str) else json.dumps(value)}")


def use(platform: LocalPlatform, narration: Narration) -> None:
    """Call the deployed API as an investor does. Raises DemoError where it does not answer as it should."""
    gateway = platform.serve()
    narration.say(f"the deployed API answers at {gateway.endpoint}")
    token = platform.team.tokens.person("investor@parakeet.example")
    with api_client(gateway.endpoint, token) as client:
        trade(client)
        with narration.step(f"POST /data/refresh: bars of {FIRST_TICKERS} instruments since 2005"):
            report = ingest(client, first_tickers(), lambda *_: None)
        narration.say(f"  {report['rows']:,} bars of {report['ok']} instruments, {report['failed']} failed")
        research(client)
        client.headers.clear()
        _show(client, 401, "GET", "/trades")


def trade(client: httpx.Client) -> None:
    """Place, close and list a trade."""
    _show(client, 200, "GET", "/health")
    placed = _show(
        client,
        201,
        "POST",
        "/trades",
        {
            "ticker": "AAPL",
            "direction": "BUY",
            "quantity": 10,
            "entry_price": 187.25,
            "entry_date": "2024-11-04T10:30:00-05:00",
            "currency": "USD",
        },
    )
    closed = {"exit_price": 201.1, "exit_date": "2024-11-22T15:45:00-05:00"}
    _show(client, 200, "POST", f"/trades/{placed['id']}/close", closed)
    _show(client, 200, "GET", "/trades?ticker=AAPL")


def research(client: httpx.Client) -> None:
    """List prices, run a backtest with its figures and a chart of its equity, and scan."""
    _show(client, 200, "GET", "/data/prices/SPY?limit=2&currency=AUD")
    order = {"tickers": list(DEFENSIVE), "start": "2010-01-01", "end": "2024-12-31"}
    backtest = _show(client, 201, "POST", "/strategies/dual_momentum/run", order)
    for name, value in backtest["metrics"].items():
        print(f"        {name:16} {'-' if value is None else format(value, '10.4f')}")
    print(f"        {sparkline([day['equity'] for day in backtest['equity_curve']])}")
    _show(client, 200, "POST", "/scanner/run", {"scanner": "breakout"})


def sparkline(values: Sequence[float], width: int = 72) -> str:
    """The values as a line of blocks, the lowest and the highest behind it."""
    shown = values[:: max(1, len(values) // width)]
    low, high = min(shown), max(shown)
    levels = [round((value - low) / ((high - low) or 1) * (len(_BLOCKS) - 1)) for value in shown]
    return f"{''.join(_BLOCKS[level] for level in levels)}  {low:,.0f} to {high:,.0f}"


def _show(client: httpx.Client, status: int, method: str, path: str, body: object = None) -> dict[str, Any]:
    sent = json.dumps(body).encode() if body is not None else None
    answer = client.request(method, path, content=sent, headers={"Content-Type": "application/json"})
    text = answer.text if len(answer.text) <= _SHOWN else f"{answer.text[:_SHOWN]}…"
    print(f"    {method} {path}\n        {answer.status_code} {text}")
    if answer.status_code != status:
        raise DemoError(f"{method} {path} was answered {answer.status_code}, and not {status}")
    answered: dict[str, Any] = answer.json()
    return answered


def plan_and_destroy(workspace: Workspace, stack: str, protected: bool, narration: Narration) -> None:
    """Show that nothing is left to change, and destroy it. Raises DemoError where it is not so."""
    with narration.step("terraform plan: is there anything left to change?"):
        _require_no_changes(workspace, stack)
    narration.say("  No changes")

    if protected:
        with narration.step(f"cdktf destroy {stack}: its data has to refuse"):
            addresses = destroy_and_expect_refusal(workspace, stack)
            narration.say(f"  refused, as it should be: {', '.join(addresses)}")
        with narration.step("terraform plan: was anything lost?"):
            _require_no_changes(workspace, stack)
        narration.say("  No changes: all of it is still there")
    else:
        with narration.step(f"cdktf destroy {stack}"):
            workspace.destroy(stack)
            left = workspace.terraform(stack, "state", "list").split()
        if left:
            raise DemoError(f"{stack} is destroyed, but its state still lists {', '.join(left)}")
    narration.say(f"{stack} was deployed, checked and {'kept' if protected else 'destroyed'}")


def _require_no_changes(workspace: Workspace, stack: str) -> None:
    if workspace.has_changes(stack):
        raise DemoError(
            f"a second plan of {stack} finds changes: {workspace.terraform(stack, 'plan', '-no-color')}"
        )


def destroy_and_expect_refusal(workspace: Workspace, stack: str) -> list[str]:
    """The addresses that make Terraform refuse to destroy the stack. Raises DemoError if it does not."""
    try:
        workspace.destroy(stack)
    except CommandError as failure:
        refusal = r"Resource (\S+) (?:\(\S+\) )?has lifecycle\.prevent_destroy set"
        addresses = sorted(set(re.findall(refusal, unwrapped(failure.output))))
        if addresses:
            return addresses
        raise
    raise DemoError(f"{stack} was destroyed, although its data is to be kept")


def main() -> int:
    """Its exit code, as `run` gives it."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    options = parser.parse_args()
    return run(lambda narration: demonstrate(environment_named(options.environment), narration))


if __name__ == "__main__":
    sys.exit(main())
