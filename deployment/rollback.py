"""Make live again what was live before a deployment, without a build (`make rollback`)."""

import argparse
import sys
from collections.abc import Iterator

from config.errors import in_one_line
from deployment.region import client_in
from deployment.releases import Release, ReleaseError, Releases


def listed(releases: Releases) -> Iterator[str]:
    """A line for each release that one can go back to, the newest first. Raises ReleaseError."""
    live = releases.live()
    for release in releases.history():
        versions = " ".join(f"{part}={version}" for part, version in release.versions.items())
        is_live = all(live.get(part) == version for part, version in release.versions.items())
        yield f"{release.name}  {versions}{'  (live)' if is_live else ''}"


def roll_back(releases: Releases, to: str | None = None) -> Iterator[str]:
    """Make the last release before what is live, or the one named `to`, live; what it does, as it does it.

    It touches the functions' alias only. Nothing is changed where a version of the release is gone, or there
    is no such release: then it raises ReleaseError.
    """
    live = releases.live()
    release = _chosen(releases, live, to)
    changes = {
        part: version for part, version in release.versions.items() if part in live and live[part] != version
    }
    gone = [f"{part} {each}" for part, each in changes.items() if each not in releases.published(part)]
    if gone:
        raise ReleaseError(f"the release of {release.name} is not there any more: {', '.join(gone)}")
    for part, version in changes.items():
        releases.switch(part, version)
        yield f"{part}: {live[part]} -> {version}"
    for part in release.versions.keys() - live.keys():
        yield f"{part}: is not there any more"
    yield (
        f"live in {releases.environment} is the release of {release.name}; the schema stays as it is, and "
        "the next deployment makes the newest code live"
    )


def _chosen(releases: Releases, live: dict[str, int], to: str | None) -> Release:
    history = releases.history()
    if to is not None:
        for release in history:
            if release.name == to:
                return release
        names = ", ".join(release.name for release in history)
        raise ReleaseError(f"TO = {to!r}: allowed: {names or 'nothing: there is no release'}")
    for release in history:
        if release.is_before(live):
            return release
    raise ReleaseError(f"{releases.environment} has no release before the one that is live")


@in_one_line()
def main() -> int:
    """Its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployment.rollback", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--to", help="the release's name (default: the one before)")
    what.add_argument("--list", action="store_true", help="only list the releases")
    options = parser.parse_args()
    releases = Releases(options.environment, client_in(options.environment))
    for line in listed(releases) if options.list else roll_back(releases, options.to or None):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
