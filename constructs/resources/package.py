"""Archives that Lambda takes code from."""

from pathlib import Path

from bindings.aws import S3Object
from bindings.cdktf import App, AssetType, TerraformAsset, TerraformResourceLifecycle
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from packages.archive import Archive


class Package(Construct):
    """An archive in the packages bucket, under a key that holds its hash."""

    def __init__(
        self, scope: Construct, id: str, archive: Archive, *, bucket: Bucket, folder: str, address: str
    ) -> None:
        super().__init__(scope, id)
        # Beside the stacks, so that two syntheses never share a file.
        written = archive.write(Path(App.of(self).outdir).absolute() / "packages")
        asset = TerraformAsset(self, "archive", path=str(written), type=AssetType.FILE)
        uploaded = pinned(
            address,
            S3Object(
                self,
                "object",
                bucket=bucket.name,
                key=f"{folder}/{archive.name}/{archive.sha256}.zip",
                source=asset.path,
                # The old package goes only when the function points to the new one.
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            ),
        )
        self.bucket = uploaded.bucket
        self.key = uploaded.key
        self.hash = archive.sha256_base64
