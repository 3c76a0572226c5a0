"""All differences of a deployed environment from its description."""

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from deployment.drift.described import Client, Described, Difference
from deployment.drift.functions import functions
from deployment.drift.policies import policies
from deployment.drift.routes import apis
from deployment.releases import Release, ReleaseError, Releases


def differences(described: Described, environment: str, aws: Client) -> Iterator[Difference]:
    """Each, as it is found. What cannot be read is one, too."""
    releases: list[Release] = []
    try:
        releases = Releases(environment, aws).history()
    except ReleaseError as error:
        yield Difference(f"the releases cannot be read: {error}")
    for compared in (
        functions(described, environment, aws, releases),
        apis(described, aws),
        policies(described, aws),
    ):
        for name, found in compared:
            try:
                yield from found
            except (BotoCoreError, ClientError) as error:
                yield Difference(f"{name}: cannot be read: {error}")
            except (KeyError, TypeError, ValueError) as error:
                yield Difference(f"{name}: is not understood ({type(error).__name__}: {error})")
