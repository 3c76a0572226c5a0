"""Looking for values where they must not be."""

import base64
import io
import json
import os
import stat
import urllib.parse
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from config.terraform import STATE_BUCKET
from packages.layer import LAYERS, built
from tests.terraform.account import Account

# A value of this length does not turn up by chance.
SHORTEST = 16


def forms(value: str) -> Iterator[bytes]:
    """A value as programs write it: as it is, inside of JSON, in a URL, in base64 wherever it starts."""
    assert len(value) >= SHORTEST
    yield value.encode()
    yield json.dumps(value)[1:-1].encode()
    # As Go writes JSON.
    yield value.replace("&", "\\u0026").encode()
    yield urllib.parse.quote(value, safe="").encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value.encode())
        # The ends depend on what stands beside the value.
        yield encoded[4:-4]


def traces(values: Iterable[str], contents: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where any of the values is found, zip archives (as a plan is) unpacked.

    What is in several places is searched once; the layers, built before any value was made up, are not.
    """
    looked_for = [form for value in values for form in forms(value)]
    places: dict[bytes, list[str]] = {}
    for name, content in contents:
        places.setdefault(content, []).append(name)
    for name in LAYERS:
        places.pop(built(name).path.read_bytes(), None)
    return sorted(
        name
        for content, names in places.items()
        if any(form in part for part in _unpacked(content) for form in looked_for)
        for name in names
    )


def files_below(folder: Path, *, but: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder but the provider's own program: a link to it, or 700 MB of somebody else's.

    `but` are folders directly below it that are left out.
    """
    for place, folders, names in os.walk(folder):
        if Path(place) == folder:
            folders[:] = [name for name in folders if name not in but]
        for name in names:
            file = Path(place, name)
            if stat.S_ISREG(file.lstat().st_mode) and not name.startswith("terraform-provider-"):
                yield str(file.relative_to(folder)), file.read_bytes()


def states_of(account: Account) -> Iterator[tuple[str, bytes]]:
    """Every object of the state bucket, if there is one, in every version."""
    s3 = account.client("s3")
    if STATE_BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    for version in account.pages("s3", "list_object_versions", "Versions", Bucket=STATE_BUCKET):
        key, number = version["Key"], version["VersionId"]
        answer = s3.get_object(Bucket=STATE_BUCKET, Key=key, VersionId=number)
        yield f"{STATE_BUCKET}/{key} {number}", answer["Body"].read()


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    # What was killed leaves archives without an end.
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield archive.read(name)
