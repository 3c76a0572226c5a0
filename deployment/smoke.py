"""Does what was deployed answer, and is it the code that is here (`make smoke`)?"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from config.errors import OneLineError
from config.names import stack_name
from deployment.plan import Prepared, prepared

_SECONDS = 90.0
"""Long enough for a database that sleeps, and for an answer that the API remembers for half a minute."""
_PAUSE = 5.0
_TIMEOUT = 10.0


class SmokeError(OneLineError):
    """It does not answer as it should; the text says how it does."""


def smoke(
    url: str, version: str, seconds: float = _SECONDS, sleep: Callable[[float], None] = time.sleep
) -> str:
    """What `GET <url>/health` says, once all is well and the code is of that version. Raises SmokeError."""
    address = f"{url.rstrip('/')}/health"
    deadline = time.monotonic() + seconds
    while True:
        said = _health(address)
        if said.get("status") == "ok" and said.get("version") == version:
            return json.dumps(said)
        if time.monotonic() + _PAUSE > deadline:
            raise SmokeError(
                f"{address} said within {seconds:.0f} s, of version {version}: {json.dumps(said)}"
            )
        sleep(_PAUSE)


def _health(address: str) -> dict[str, Any]:
    try:
        answer = httpx.get(address, timeout=_TIMEOUT)
    except httpx.HTTPError as error:
        return {"status": f"no answer ({type(error).__name__})"}
    if answer.status_code != 200:
        return {"status": f"HTTP {answer.status_code}"}
    try:
        said = answer.json()
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {"status": "no JSON object"}


def deployed_url(stack: Prepared) -> str:
    """Where the deployed API answers. Raises SmokeError."""
    done = subprocess.run(
        [stack.program, "output", "-raw", "api_gateway_url"],
        cwd=stack.folder,
        env=stack.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.startswith("https://"):
        raise SmokeError(f"{stack.folder.name} has no output api_gateway_url: deploy it first")
    return done.stdout.strip()


def version_here(stack: Prepared) -> str:
    """Of the code of the function that answers."""
    document = json.loads((stack.folder / "cdk.tf.json").read_text(encoding="utf-8"))
    function = document["resource"]["aws_lambda_function"]["data"]
    return str(function["environment"]["variables"]["CODE_VERSION"])


def main() -> int:
    """Print what it says; 1 if that is not good."""
    parser = argparse.ArgumentParser(prog="python -m deployment.smoke", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    try:
        stack = prepared(stack_name(parser.parse_args().environment))
        print(smoke(deployed_url(stack), version_here(stack)))
    except OneLineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
