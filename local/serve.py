"""The platform served on this machine, until Ctrl-C: `make serve`."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from config.settings import Environment
from local import control
from local.control import Say
from local.deployment_steps import deploy, environment_named, provider_mirror
from local.following import shown
from local.interruption import run
from local.narration import Narration
from local.platform import LocalPlatform
from local.run_folder import run_folder

DEVELOPER = "developer@parakeet.example"
"""Whose token is printed."""
DAY = 24 * 3600


def serve(environment: str, port: int, narration: Narration) -> None:
    """Start everything, deploy the environment, say how to reach it, and take orders until interrupted.

    Raises OneLineError.
    """
    settings = environment_named(environment)
    mirror = provider_mirror(narration)
    with run_folder() as folder:
        narration.say("starting an embedded AWS, PostgreSQL and a Cloudflare team ...")
        with LocalPlatform(folder, settings, mirror, os.environ) as platform:
            narration.say(f"  AWS answers at {platform.aws.endpoint}")
            orders = Orders(platform)
            with control.taking(orders.by_name):
                deploy(platform, narration)
                gateway = platform.serve(port)
                narration.say("the API answers; Ctrl-C ends all of it")
                _explain(gateway.url, platform.team.tokens.person(DEVELOPER, expires_in=DAY), settings)
                with shown([platform.functions_log, platform.gateway_log]):
                    while True:
                        signal.pause()
    narration.say("everything is gone")


class Orders:
    """What a second terminal may ask of the platform."""

    def __init__(self, platform: LocalPlatform) -> None:
        self._platform = platform
        self.by_name = {"redeploy": self.redeploy, "token": self.token, "routes": self.routes}

    def redeploy(self, _arguments: Mapping[str, Any], say: Say) -> None:
        """Deploy what has changed, with the real cdktf; data stays."""
        say(f"cdktf deploy {self._platform.stack} ...")
        self._platform.deploy()
        say("deployed: the next request is answered by it")

    def token(self, arguments: Mapping[str, Any], say: Say) -> None:
        """A person's token, for a day."""
        say(self._platform.team.tokens.person(arguments.get("email") or DEVELOPER, expires_in=DAY))

    def routes(self, _arguments: Mapping[str, Any], say: Say) -> None:
        """What the deployed API does with requests."""
        for line in self._platform.routes():
            say(line)


def _explain(url: str, token: str, settings: Environment) -> None:
    print(
        f"""
export PARAKEET_API={url}
export PARAKEET_TOKEN={token}

    curl -s $PARAKEET_API/health
    curl -s $PARAKEET_API/trades -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN" \\
        -H 'Content-Type: application/json' -d '{{
            "ticker": "AAPL", "direction": "BUY", "quantity": 10, "entry_price": 187.25,
            "entry_date": "2026-11-02T10:30:00-05:00", "currency": "USD"}}'
    curl -s "$PARAKEET_API/trades?ticker=AAPL" -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN"
    curl -s $PARAKEET_API/trades    # without a token: 401

In a second terminal: make redeploy (after a change of code), make token EMAIL=…, make routes.
This is {settings.name}; what its functions log and the API's access log follow.
""",
        flush=True,
    )


def main() -> int:
    """Its exit code, as `run` gives it."""
    parser = argparse.ArgumentParser(prog="python -m local.serve", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: a free one)")
    options = parser.parse_args()
    return run(lambda narration: serve(options.environment, options.port, narration))


if __name__ == "__main__":
    sys.exit(main())
