"""Lambda layers."""

from bindings.aws import LambdaLayerVersion
from config.place import Place
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.package import Package
from packages import layer
from packages.lambda_runtime import ARCHITECTURE, PYTHON


class Layer(Construct):
    """The dependencies of `packages/locks/<id>.lock`, for all functions that import one of them."""

    def __init__(self, scope: Construct, id: str, place: Place, *, packages: Bucket) -> None:
        """Raises OneLineError if they have to be built and cannot be."""
        super().__init__(scope, id)
        self.built = layer.built(id)
        package = Package(self, "code", self.built, bucket=packages, folder="layers", address=f"{id}_layer")
        self.arn = pinned(
            id,
            LambdaLayerVersion(
                self,
                "layer",
                layer_name=place.name(id),
                s3_bucket=package.bucket,
                s3_key=package.key,
                s3_object_version=package.object_version,
                source_code_hash=package.hash,
                compatible_architectures=[ARCHITECTURE],
                compatible_runtimes=[PYTHON],
                # A new one is made after the old one is deleted. The other way round would hold for its
                # package, too: one that was half uploaded, and is made anew, would be deleted right after, at
                # the same key. Functions keep their layer: Lambda has a copy for as long as a version refers
                # to it (Lambda API reference, "DeleteLayerVersion").
            ),
        ).arn
