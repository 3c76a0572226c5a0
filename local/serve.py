"""The platform served on this machine, until Ctrl-C: `make serve`."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.error import HTTPError

from config.named import environment_named
from config.settings import Environment
from local import control
from local.control import ControlError, Say
from local.deployment_steps import deploy, provider_mirror
from local.following import shown
from local.ingesting import FIRST_TICKERS, api_client, first_tickers, ingest
from local.interruption import run
from local.market_data.history import LAST
from local.market_data.server import FAULTS
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
    control.refuse_a_second()
    mirror = provider_mirror(narration)
    with run_folder() as folder:
        narration.say("starting an embedded AWS, PostgreSQL, a Cloudflare team and market data ...")
        with LocalPlatform(folder, settings, mirror, os.environ) as platform:
            narration.say(f"  AWS answers at {platform.aws.endpoint}")
            orders = Orders(platform)
            with control.taking(orders.by_name):
                deploy(platform, narration)
                gateway = platform.serve(port)
                token = platform.team.tokens.person(DEVELOPER, expires_in=DAY)
                with narration.step(f"POST /data/refresh: bars of {FIRST_TICKERS} instruments since 2005"):
                    ingest(api_client(gateway.endpoint, token), first_tickers(), lambda *_: None)
                narration.say("the API answers; Ctrl-C ends all of it")
                _explain(gateway.endpoint, token, settings)
                with shown([platform.functions_log, platform.gateway_log]):
                    while True:
                        signal.pause()
    narration.say("everything is gone")


class Orders:
    """What a second terminal may ask of the platform."""

    def __init__(self, platform: LocalPlatform) -> None:
        self._platform = platform
        self.by_name = {
            "redeploy": self.redeploy,
            "token": self.token,
            "routes": self.routes,
            "ingest": self.ingest,
            "providers": self.providers,
        }

    def redeploy(self, _arguments: Mapping[str, Any], say: Say) -> None:
        """Deploy what has changed, with the real cdktf; data stays."""
        say(f"cdktf deploy {self._platform.stack} ...")
        self._platform.deploy()
        say("deployed: the next request is answered by it")

    def token(self, arguments: Mapping[str, Any], say: Say) -> None:
        """A person's token, for a day."""
        say(self._platform.team.tokens.person(arguments.get("email") or DEVELOPER, expires_in=DAY))

    def ingest(self, arguments: Mapping[str, Any], say: Say) -> None:
        """Ingest these tickers, or all, by the deployed function."""
        told = Progress(say)
        tickers = [each for each in str(arguments.get("tickers") or "").replace(",", " ").split() if each]
        token = self._platform.team.tokens.person(DEVELOPER)
        report = ingest(api_client(self._platform.url, token), tickers or None, told)
        say(f"done: {report['tickers']} tickers, {report['rows']:,} rows, {report['failed']} failed")

    def providers(self, arguments: Mapping[str, Any], say: Say) -> None:
        """The day until which the data providers have bars, and what goes wrong with their next answers.

        Raises ControlError for what they do not understand.
        """
        market, day, fault = self._platform.market_data, arguments.get("day"), arguments.get("fault")
        if fault not in (None, "", "none", *FAULTS):
            raise ControlError(f"FAULT={fault}: allowed: none, {', '.join(FAULTS)}")
        if day:
            try:
                market.move_to(date.fromisoformat(str(day)))
            except (ValueError, HTTPError):
                raise ControlError(f"DAY={day}: allowed: a day as 2026-01-30, until {LAST}") from None
            say(f"they have bars until {day}")
        if fault == "none":
            market.recover()
            say("nothing goes wrong any more")
        elif fault:
            ticker = str(arguments.get("ticker") or "*")
            market.fail(str(fault), ticker=ticker)
            say(f"from now on, {fault} is answered for {'every ticker' if ticker == '*' else ticker}")

    def routes(self, _arguments: Mapping[str, Any], say: Say) -> None:
        """What the deployed API does with requests."""
        for line in self._platform.routes():
            say(line)


class Progress:
    """Says how far an ingest is, its rate and the time left, now and then."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = -1

    def __call__(self, settled: int, total: int, seconds: float) -> None:
        """Say it if there is news."""
        if not total or settled == self._said:
            return
        self._said = settled
        rate = settled / seconds if seconds else 0
        left = f"{(total - settled) / rate:.0f} s left" if rate else "time left unknown"
        done = round(30 * settled / total)
        self._say(f"[{'#' * done}{'.' * (30 - done)}] {settled} of {total}, {rate:.1f} a second, {left}")


def _explain(url: str, token: str, settings: Environment) -> None:
    print(
        f"""
export PARAKEET_API={url}
export PARAKEET_TOKEN={token}

    curl -s $PARAKEET_API/health
    curl -s $PARAKEET_API/trades -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN" \\
        -H 'Content-Type: application/json' -d '{{
            "ticker": "AAPL", "direction": "BUY", "quantity": 10, "entry_price": 187.25,
            "entry_date": "2024-11-04T10:30:00-05:00", "currency": "USD"}}'
    curl -s "$PARAKEET_API/trades?ticker=AAPL" -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN"
    curl -s "$PARAKEET_API/data/prices/SPY?limit=3&currency=AUD" -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN"
    curl -s $PARAKEET_API/strategies/dual_momentum/run -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN" \\
        -H 'Content-Type: application/json' -d '{{
            "tickers": ["SPY", "QQQ", "TLT", "IEF", "BND"], "start": "2015-01-01", "end": "2024-12-31"}}'
    curl -s $PARAKEET_API/strategies/equal_weight/run -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN" \\
        -H 'Content-Type: application/json' -d '{{
            "tickers": ["SPY", "QQQ", "TLT", "IEF", "BND"], "start": "2015-01-01", "end": "2024-12-31"}}'
    curl -s "$PARAKEET_API/strategies/compare?ids=1,2" -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN"
    curl -s $PARAKEET_API/scanner/run -H "Cf-Access-Jwt-Assertion: $PARAKEET_TOKEN" \\
        -H 'Content-Type: application/json' -d '{{"scanner": "breakout"}}'
    curl -s $PARAKEET_API/trades    # without a token: 401

In a second terminal: make redeploy (after a change of code), make token EMAIL=…, make routes, and make ingest
(all instruments; TICKERS="SPY QQQ" for some). The data providers are played: make providers moves their clock
(DAY=2026-01-30), has them fail (FAULT=429, 500, slow, …, of TICKER=SPY or all) and recover (FAULT=none).
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
