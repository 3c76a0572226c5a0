"""Remove the functions' versions that nobody can go back to any more (`make prune`, and `make apply`).

Lambda keeps 75 GB of versions and layers for an account in a region (Lambda quotas page), then refuses more.
"""

import argparse
import sys
from collections.abc import Iterator

from config.errors import in_one_line
from deployment.region import client_in
from deployment.releases import Releases


def prune(releases: Releases) -> Iterator[str]:
    """Remove them, a line each: all but what is live, the newest, and those of the last releases.

    Terraform's state names the newest. A function without the alias is left alone. Raises ReleaseError.
    """
    live = releases.live()
    history = releases.history()
    for part, live_version in live.items():
        published = releases.published(part)
        wanted = {live_version, published[-1], *(each.versions.get(part, live_version) for each in history)}
        for version in published:
            if version not in wanted:
                releases.remove(part, version)
                yield f"{part}: version {version} removed"


@in_one_line()
def main() -> int:
    """Its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployment.prune", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    return report(parser.parse_args().environment)


def report(environment: str) -> int:
    """Prune, and say what went; 0. Raises OneLineError."""
    removed = 0
    for line in prune(Releases(environment, client_in(environment))):
        print(line, flush=True)
        removed += 1
    print(f"{removed or 'no'} old version{'s' * (removed != 1)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
