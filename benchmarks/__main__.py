"""`python -m benchmarks`: all of them, or those of `--only`, each of which has options of its own."""

import argparse
import sys

from benchmarks import functions, market_data, plans, requests, research, review, synthesis
from benchmarks.deployed import deployed
from config.errors import in_one_line

ALONE = {
    "synthesis": synthesis.main,
    "functions": functions.main,
    "research": research.main,
    "market_data": market_data.main,
    "review": review.main,
}
DEPLOYED = {"plans": plans.main, "requests": requests.main}


@in_one_line()
def main() -> int:
    """Run what is asked for. What needs a deployed platform shares one. Raises OneLineError."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=[*ALONE, *DEPLOYED], help="(default: all)")
    chosen, options = parser.parse_known_args()
    if options and not chosen.only:
        parser.error(f"{' '.join(options)}: say which one with --only")
    if chosen.only:
        (ALONE | DEPLOYED)[chosen.only](options)
        return 0
    for benchmark in ALONE.values():
        benchmark([])
        print(flush=True)
    with deployed() as platform:
        for measured in DEPLOYED.values():
            measured([], platform)
    return 0


if __name__ == "__main__":
    sys.exit(main())
