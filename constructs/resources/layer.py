"""Lambda layers."""

from pathlib import Path

from bindings.aws import LambdaLayerVersion
from bindings.cdktf import TerraformResourceLifecycle
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.package import Package
from packages.archive import Archive
from packages.lambda_runtime import ARCHITECTURE, PYTHON


class Layer(Construct):
    """Dependencies that several functions share: `sources/python/...`, zipped as the functions' code is."""

    def __init__(self, scope: Construct, id: str, *, name: str, sources: Path, packages: Bucket) -> None:
        """Raises ArchiveError if `sources` has no `python` folder, or more than Lambda takes."""
        super().__init__(scope, id)
        archive = Archive.of(sources, "python", name=id)
        self.unzipped_size = archive.unzipped_size
        package = Package(self, "code", archive, bucket=packages, folder="layers", address=f"{id}_layer")
        self.arn = pinned(
            id,
            LambdaLayerVersion(
                self,
                "layer",
                layer_name=name,
                s3_bucket=package.bucket,
                s3_key=package.key,
                source_code_hash=package.hash,
                compatible_architectures=[ARCHITECTURE],
                compatible_runtimes=[PYTHON],
                # A function can be given no layer that is gone.
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            ),
        ).arn
