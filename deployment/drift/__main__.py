"""Say what differs from what was deployed, also where a plan says "No changes" (`make drift`)."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from config.errors import in_one_line
from config.names import stack_name
from deployment.drift.comparison import differences
from deployment.drift.described import Described, Difference
from deployment.drift.resources import resources
from deployment.plan import prepared
from deployment.region import client_in
from deployment.synthesis import PROJECT


def drift(environment: str, folder: Path = PROJECT) -> int:
    """Print a line for each difference; the exit code, 1 if there is one that is not allowed.

    Raises OneLineError.
    """
    aws = client_in(environment)
    stack = prepared(stack_name(environment), folder)
    wrong = _printed(resources(stack.planned()))
    wrong += _printed(differences(Described(stack.state()), environment, aws))
    print(f"{environment}: {wrong or 'no'} difference{'s' * (wrong != 1)} from what was deployed")
    return int(wrong > 0)


def _printed(found: Iterable[Difference]) -> int:
    """How many of them, printed as they are found, are not allowed."""
    wrong = 0
    for difference in found:
        print(f"{'told' if difference.allowed else 'differs'}: {difference.text}", flush=True)
        wrong += not difference.allowed
    return wrong


@in_one_line()
def main() -> int:
    """Its exit code: 1 if something differs, or could not be compared."""
    parser = argparse.ArgumentParser(prog="python -m deployment.drift", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=PROJECT, help="of cdktf.out (default: the project)")
    options = parser.parse_args()
    return drift(options.environment, options.folder)


if __name__ == "__main__":
    sys.exit(main())
