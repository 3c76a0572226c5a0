"""Lambda layers."""

from bindings.aws import LambdaLayerVersion
from bindings.cdktf import TerraformResourceLifecycle
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
                # A function can be given no layer that is gone. Published versions keep theirs: Lambda has a
                # copy for as long as one of them refers to it (Lambda API reference, "DeleteLayerVersion").
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            ),
        ).arn
