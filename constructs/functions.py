"""Lambda functions, each with a role, a log group and code of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bindings.aws import (
    CloudwatchLogGroup,
    DataAwsIamPolicyDocumentStatement,
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionEphemeralStorage,
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
    LambdaFunctionTracingConfig,
    LambdaFunctionVpcConfig,
    LambdaLayerVersion,
    LambdaPermission,
    S3Object,
)
from bindings.cdktf import (
    App,
    AssetType,
    ITerraformDependable,
    TerraformAsset,
    TerraformResourceLifecycle,
)
from config.names import PROJECT, resource_name
from config.settings import FunctionSettings, VpcSettings
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.queue import DeadLetterQueue
from constructs.resources.role import Role
from packages.archive import Archive, refuse_too_large
from packages.lambda_runtime import ARCHITECTURE, PYTHON

PROJECT_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class FunctionDefaults:
    """What every function of an environment has alike. `variables` are added to each function's own."""

    environment: str
    packages: Bucket
    log_retention_days: int
    variables: Mapping[str, str]
    tracing: bool = False
    vpc: VpcSettings | None = None


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


class Function(Construct):
    """The code of `functions/<id>` as a function. It may write its log, and what it is granted."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        defaults: FunctionDefaults,
        settings: FunctionSettings,
        *,
        part: str,
        layers: Sequence[Layer] = (),
    ) -> None:
        """`part` is its place in names, as `trades-api`.

        Raises ArchiveError if the code cannot be packed, or with its layers is more than Lambda takes.
        """
        super().__init__(scope, id)
        self.part = part
        self.timeout_seconds = settings.timeout_seconds
        name = resource_name(part, defaults.environment)
        self.role = Role(self, "role", name=name, address=id)
        archive = Archive.of(PROJECT_ROOT, f"functions/{id}", "functions/runtime")
        refuse_too_large(
            f"functions/{id} and its layers",
            archive.unzipped_size + sum(layer.unzipped_size for layer in layers),
        )
        package = Package(self, "code", archive, bucket=defaults.packages, folder="functions", address=id)
        log_group = pinned(
            id,
            CloudwatchLogGroup(
                self, "log", name=f"/aws/lambda/{name}", retention_in_days=defaults.log_retention_days
            ),
        )
        # AWS checks these permissions when the function is made.
        needed_first: list[ITerraformDependable] = [
            log_group,
            self.role.allow(
                "write-log",
                DataAwsIamPolicyDocumentStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[f"{log_group.arn}:*"]
                ),
            ),
        ]
        if defaults.vpc:
            needed_first.append(self._allow_network_interfaces())
        if defaults.tracing:
            needed_first.append(self._allow_tracing())

        function = pinned(
            id,
            LambdaFunction(
                self,
                "function",
                function_name=name,
                role=self.role.arn,
                architectures=[ARCHITECTURE],
                runtime=PYTHON,
                handler=f"functions.{id}.handler.handler",
                s3_bucket=package.bucket,
                s3_key=package.key,
                source_code_hash=package.hash,
                layers=[layer.arn for layer in layers] or None,
                memory_size=settings.memory_mb,
                timeout=settings.timeout_seconds,
                ephemeral_storage=LambdaFunctionEphemeralStorage(size=settings.ephemeral_storage_mb),
                reserved_concurrent_executions=settings.reserved_concurrency,
                environment=LambdaFunctionEnvironment(
                    variables={
                        "ENVIRONMENT": defaults.environment,
                        "CODE_VERSION": archive.version,
                        "POWERTOOLS_SERVICE_NAME": f"{PROJECT}-{part}",
                        **defaults.variables,
                    }
                ),
                # Left out, it stays as it is: switching tracing off has to be said.
                tracing_config=LambdaFunctionTracingConfig(
                    mode="Active" if defaults.tracing else "PassThrough"
                ),
                vpc_config=(
                    LambdaFunctionVpcConfig(
                        subnet_ids=list(defaults.vpc.subnet_ids),
                        security_group_ids=list(defaults.vpc.security_group_ids),
                    )
                    if defaults.vpc
                    else None
                ),
                depends_on=needed_first,
            ),
        )
        self.name = function.function_name
        self.arn = function.arn
        self.invoke_arn = function.invoke_arn
        self.log_group_name = log_group.name

    def allow_invocation(self, id: str, *, principal: str, source_arn: str) -> None:
        """Let a service invoke it on behalf of one of its resources: `events.amazonaws.com` of a rule."""
        LambdaPermission(
            self,
            id,
            statement_id=id,
            action="lambda:InvokeFunction",
            function_name=self.name,
            principal=principal,
            source_arn=source_arn,
        )

    def send_failures_to(self, queue: DeadLetterQueue) -> None:
        """Send what it failed to do, called asynchronously and after Lambda's two retries, to the queue."""
        LambdaFunctionEventInvokeConfig(
            self,
            "failures",
            function_name=self.name,
            destination_config=LambdaFunctionEventInvokeConfigDestinationConfig(
                on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(destination=queue.arn)
            ),
            # AWS checks it when the destination is set.
            depends_on=[queue.grant_send(self)],
        )

    def _allow_network_interfaces(self) -> ITerraformDependable:
        return self.role.allow(
            "join-vpc",
            DataAwsIamPolicyDocumentStatement(
                actions=[
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                # As in AWS's own AWSLambdaVPCAccessExecutionRole: describing takes no resource, and the
                # interfaces are not there before Lambda makes them (Lambda developer guide, "VPC").
                resources=["*"],
            ),
        )

    def _allow_tracing(self) -> ITerraformDependable:
        return self.role.allow(
            "trace",
            DataAwsIamPolicyDocumentStatement(
                actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
                # X-Ray has no resource-level permissions for these (Service Authorization Reference).
                resources=["*"],
            ),
        )
