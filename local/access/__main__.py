"""Print a token of the team that runs on this machine: `make token EMAIL=…` or `make token SERVICE=…`."""

import argparse
import sys
from pathlib import Path

from config.errors import in_one_line
from local.access.team import HOUR, Tokens


@in_one_line()
def main() -> int:
    """Its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.access", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the running team's")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--email", help="of a person")
    whose.add_argument("--service", help="a service token's name")
    parser.add_argument("--audience", help="AUD tag (default: that of the running platform)")
    parser.add_argument("--expires-in", type=int, default=HOUR, help="seconds (default: %(default)s)")
    arguments = parser.parse_args()
    tokens = Tokens(arguments.folder)
    give = tokens.service if arguments.email is None else tokens.person
    name = arguments.service if arguments.email is None else arguments.email
    print(give(name, audience=arguments.audience, expires_in=arguments.expires_in))
    return 0


if __name__ == "__main__":
    sys.exit(main())
