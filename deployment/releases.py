"""What is live of an environment's functions, and which versions of them were deployed together."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import OneLineError
from config.names import LIVE, RELEASE_KEY, resource_name

Client = Callable[..., Any]
KEPT = 10
"""Releases that one can go back to."""


class ReleaseError(OneLineError):
    """What is live cannot be read or changed; the text says why."""


@dataclass(frozen=True)
class Release:
    """What one deployment made live, and when it was done: versions by part, as `trades-api`."""

    at: datetime
    versions: Mapping[str, int]

    @property
    def name(self) -> str:
        """Its time, as `2026-11-24T15:04:05Z`."""
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def is_before(self, live: Mapping[str, int]) -> bool:
        """Whether it is another than what is live, and nothing of it is newer."""
        both = self.versions.keys() & live.keys()
        return all(self.versions[part] <= live[part] for part in both) and any(
            self.versions[part] != live[part] for part in both
        )


class Releases:
    """The functions of an environment; `client` gives boto3's by service. All methods raise ReleaseError."""

    def __init__(self, environment: str, client: Client) -> None:
        self.environment = environment
        self._lambda = client("lambda")
        self._s3 = client("s3")

    def parts(self) -> list[str]:
        """The functions that there are, sorted."""
        before, after = resource_name("#", self.environment).split("#")
        return sorted(
            each["FunctionName"].removeprefix(before).removesuffix(after)
            for each in self._pages(self._lambda, "list_functions", "Functions")
            if each["FunctionName"].startswith(before)
            and each["FunctionName"].endswith(after)
            # The name of another environment may end with this one's.
            and each.get("Environment", {}).get("Variables", {}).get("ENVIRONMENT") == self.environment
        )

    def live(self) -> dict[str, int]:
        """The version of each function that is live; a function that was never deployed whole has none."""
        found = {}
        for part in self.parts():
            for alias in self._pages(self._lambda, "list_aliases", "Aliases", FunctionName=self._name(part)):
                if alias["Name"] == LIVE:
                    found[part] = int(alias["FunctionVersion"])
        return found

    def published(self, part: str) -> list[int]:
        """The function's versions that are there, oldest first."""
        pages = self._pages(
            self._lambda, "list_versions_by_function", "Versions", FunctionName=self._name(part)
        )
        return sorted(int(each["Version"]) for each in pages if each["Version"] != "$LATEST")

    def history(self) -> list[Release]:
        """The last releases, the newest first."""
        bucket = resource_name("lambda-artifacts", self.environment)
        pages = self._pages(self._s3, "list_object_versions", "Versions", Bucket=bucket, Prefix=RELEASE_KEY)
        newest = sorted(
            (each for each in pages if each["Key"] == RELEASE_KEY),
            key=lambda each: (each["IsLatest"], each["LastModified"]),
            reverse=True,
        )
        return [
            Release(each["LastModified"], self._versions(bucket, each["VersionId"])) for each in newest[:KEPT]
        ]

    def switch(self, part: str, version: int) -> None:
        """Make the version live, from the next request on."""
        self._call("update_alias", FunctionName=self._name(part), Name=LIVE, FunctionVersion=str(version))

    def remove(self, part: str, version: int) -> None:
        """Delete a version. AWS refuses one that an alias names."""
        self._call("delete_function", FunctionName=self._name(part), Qualifier=str(version))

    def _name(self, part: str) -> str:
        return resource_name(part, self.environment)

    def _versions(self, bucket: str, version: str) -> dict[str, int]:
        try:
            body = self._s3.get_object(Bucket=bucket, Key=RELEASE_KEY, VersionId=version)["Body"].read()
            return {str(part): int(number) for part, number in json.loads(body).items()}
        except (BotoCoreError, ClientError, ValueError, AttributeError) as error:
            raise ReleaseError(f"{bucket}/{RELEASE_KEY}, version {version}: {error}") from None

    def _pages(self, client: Any, operation: str, result: str, **arguments: str) -> list[dict[str, Any]]:
        try:
            pages = client.get_paginator(operation).paginate(**arguments)
            return [item for page in pages for item in page.get(result, [])]
        except (BotoCoreError, ClientError) as error:
            raise ReleaseError(f"{self.environment}: {error}") from None

    def _call(self, operation: str, **arguments: str) -> None:
        try:
            getattr(self._lambda, operation)(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise ReleaseError(f"{arguments['FunctionName']}: {error}") from None
