"""Check, before a first deployment, what only the outside knows: `make preflight ENVIRONMENT=…`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from config.errors import in_one_line
from deployment.preflight.checks import SECONDS, Check, Outcome, Verdict, run
from deployment.preflight.everything import checks_of
from deployment.preflight.masked import masked


def report(checks: Sequence[Check], variables: Mapping[str, str], seconds: float = SECONDS) -> int:
    """Print a line for each; the exit code: 1 if there is a problem."""
    width = max(len(check.name) for check in checks)
    outcomes: list[Outcome] = []
    for outcome in run(checks, seconds):
        text = masked(outcome.text, variables)
        print(f"{outcome.verdict:<14}  {outcome.name:<{width}}  {text}", flush=True)
        outcomes.append(outcome)
    return int(any(outcome.verdict == Verdict.PROBLEM for outcome in outcomes))


@in_one_line()
def main() -> int:
    """Its exit code."""
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    environments = {environment.name: environment for environment in ENVIRONMENTS}
    parser = argparse.ArgumentParser(prog="python -m deployment.preflight", description=__doc__)
    parser.add_argument("--environment", choices=environments, default="dev", help="(default: %(default)s)")
    environment = environments[parser.parse_args().environment]
    return report(checks_of(environment, os.environ), os.environ)


if __name__ == "__main__":
    sys.exit(main())
