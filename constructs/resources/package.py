"""Archives that Lambda takes code from."""

from pathlib import Path
from typing import Protocol

from bindings.aws import S3Object
from bindings.cdktf import App
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket


class Zip(Protocol):
    """An archive that can be uploaded."""

    @property
    def name(self) -> str:
        """Of what is in it, as `trades`."""

    @property
    def sha256(self) -> str:
        """In hexadecimal."""

    @property
    def sha256_base64(self) -> str:
        """As in Lambda's CodeSha256."""

    def write(self, directory: Path) -> Path:
        """Put it into the directory, under a name that holds its hash."""


class Package(Construct):
    """An archive in the packages bucket, which keeps the versions before; `object_version` is this one."""

    def __init__(
        self, scope: Construct, id: str, archive: Zip, *, bucket: Bucket, folder: str, address: str
    ) -> None:
        super().__init__(scope, id)
        # Beside the stacks, which share it. A path from the folder that Terraform runs in: another machine's
        # would differ.
        written = archive.write(Path(App.of(self).outdir).absolute() / "packages")
        uploaded = pinned(
            address,
            S3Object(
                self,
                "object",
                bucket=bucket.name,
                # One for all its versions: Terraform would delete an old key, and all that there was at it.
                key=f"{folder}/{archive.name}.zip",
                source=f"../../packages/{written.name}",
                depends_on=[bucket.versioning] if bucket.versioning else None,
            ),
        )
        self.bucket = uploaded.bucket
        self.key = uploaded.key
        self.object_version = uploaded.version_id
        self.hash = archive.sha256_base64
