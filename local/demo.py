"""The platform on one machine: deployed by the real cdktf and Terraform, used, and destroyed: `make demo`."""

import argparse
import json
import os
import re
import sys

import httpx

from config.errors import OneLineError
from config.settings import Environment
from deployment.command import CommandError, unwrapped
from deployment.workspace import Workspace
from local.deployment_steps import deploy, environment_named, provider_mirror
from local.interruption import run
from local.narration import Narration
from local.platform import LocalPlatform
from local.run_folder import run_folder


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
            trade(platform, narration)
            plan_and_destroy(platform.workspace, platform.stack, environment.storage.protected, narration)
    narration.say("the embedded AWS and the run's folder are gone")


def show_outputs(workspace: Workspace, stack: str, narration: Narration) -> None:
    """Print what `terraform output` says. Raises CommandError."""
    narration.say("outputs:")
    for name, value in sorted(workspace.outputs(stack).items()):
        print(f"    {name} = {value if isinstance(value, str) else json.dumps(value)}")


def trade(platform: LocalPlatform, narration: Narration) -> None:
    """Place, close and list a trade over HTTP, and try it without a token. Raises DemoError."""
    gateway = platform.serve()
    narration.say(f"the deployed API answers at {gateway.url}")
    headers = {"Cf-Access-Jwt-Assertion": platform.team.tokens.person("investor@parakeet.example")}
    with httpx.Client(base_url=gateway.url, headers=headers, timeout=30, trust_env=False) as client:
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
                "entry_date": "2026-11-02T10:30:00-05:00",
                "currency": "USD",
            },
        )
        closed = {"exit_price": 201.1, "exit_date": "2026-11-20T15:45:00-05:00"}
        _show(client, 200, "POST", f"/trades/{placed['id']}/close", closed)
        _show(client, 200, "GET", "/trades?ticker=AAPL")
        client.headers.clear()
        _show(client, 401, "GET", "/trades")


def _show(
    client: httpx.Client, status: int, method: str, path: str, body: object = None
) -> dict[str, object]:
    sent = json.dumps(body).encode() if body is not None else None
    answer = client.request(method, path, content=sent, headers={"Content-Type": "application/json"})
    print(f"    {method} {path}\n        {answer.status_code} {answer.text}")
    if answer.status_code != status:
        raise DemoError(f"{method} {path} was answered {answer.status_code}, and not {status}")
    answered: dict[str, object] = answer.json()
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
    narration.say(f"{stack} was deployed, used, checked and {'kept' if protected else 'destroyed'}")


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
