"""Lambda functions, each with a role, a log group and code of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bindings.aws import (
    CloudwatchLogGroup,
    DataAwsIamPolicyDocumentStatement,
    IamRolePolicy,
    LambdaAlias,
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionEphemeralStorage,
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
    LambdaFunctionTracingConfig,
    LambdaFunctionVpcConfig,
    LambdaPermission,
)
from bindings.cdktf import ITerraformDependable
from config.names import LIVE, PROJECT
from config.place import Place
from config.settings import FunctionSettings, VpcSettings
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.layer import Layer
from constructs.resources.metric import Metric
from constructs.resources.package import Package
from constructs.resources.policy import network_interfaces, traces
from constructs.resources.queue import DeadLetterQueue
from constructs.resources.role import Grantee, Role
from packages.function import pack
from packages.lambda_runtime import ARCHITECTURE, PYTHON, VARIABLES


@dataclass(frozen=True)
class FunctionDefaults:
    """What every function of an environment has alike. `variables` are added to each function's own."""

    place: Place
    packages: Bucket
    layers: Mapping[str, Layer]
    """By name; a function gets those that it imports from."""
    log_retention_days: int
    variables: Mapping[str, str]
    tracing: bool = False
    vpc: VpcSettings | None = None
    boundary: str | None = None
    """ARN of the policy that says what they may do at most."""


class Function(Construct):
    """The code of `functions/<id>` as a function. It may write its log, and what it is granted.

    Each change is published as a version. All invoke the alias `live`, which then names it: code and
    configuration change in one step, and can be changed back (`make rollback`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        defaults: FunctionDefaults,
        settings: FunctionSettings,
        *,
        part: str,
        variables: Mapping[str, str] = MappingProxyType({}),
        after: Sequence[ITerraformDependable] = (),
    ) -> None:
        """`part` is its place in names, as `trades-api`. It is deployed after what is in `after`.

        Raises OneLineError if the code cannot be packed, or with its layers is more than Lambda takes.
        """
        super().__init__(scope, id)
        self.part = part
        self._environment = defaults.place.environment
        self.timeout_seconds = settings.timeout_seconds
        self.runs_asynchronously = False
        name = defaults.place.name(part)
        self.role = Role(self, "role", name=name, address=id, boundary=defaults.boundary)
        packed = pack(id)
        self.version = packed.version
        package = Package(
            self, "code", packed.archive, bucket=defaults.packages, folder="functions", address=id
        )
        log_group = pinned(
            id,
            CloudwatchLogGroup(
                self, "log", name=f"/aws/lambda/{name}", retention_in_days=defaults.log_retention_days
            ),
        )
        # AWS checks these permissions when the function is made.
        needed_first: list[ITerraformDependable] = [
            *after,
            log_group,
            self.role.allow(
                "write-log",
                DataAwsIamPolicyDocumentStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[f"{log_group.arn}:*"]
                ),
            ),
        ]
        if defaults.vpc:
            needed_first.append(self.role.allow("join-vpc", network_interfaces()))
        if defaults.tracing:
            needed_first.append(self.role.allow("trace", traces()))

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
                s3_object_version=package.object_version,
                source_code_hash=package.hash,
                layers=[defaults.layers[name].arn for name in packed.layers] or None,
                memory_size=settings.memory_mb,
                timeout=settings.timeout_seconds,
                ephemeral_storage=LambdaFunctionEphemeralStorage(size=settings.ephemeral_storage_mb),
                reserved_concurrent_executions=settings.reserved_concurrency,
                environment=LambdaFunctionEnvironment(
                    variables={
                        "ENVIRONMENT": defaults.place.environment,
                        "POWERTOOLS_SERVICE_NAME": f"{PROJECT}-{part}",
                        **VARIABLES,
                        **defaults.variables,
                        **variables,
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
                publish=True,
                depends_on=needed_first,
            ),
        )
        self.name = function.function_name
        """For metrics. What invokes it takes `arn`."""
        self.published = function.version
        self.live = pinned(
            id,
            LambdaAlias(
                self,
                "live",
                name=LIVE,
                description="What is invoked: a deployment moves it on, make rollback moves it back",
                function_name=self.name,
                function_version=self.published,
            ),
        )
        self.arn = self.live.arn
        self.invoke_arn = self.live.invoke_arn
        self._alias = self.live.name
        self.log_group_name = log_group.name

    @property
    def errors(self) -> Metric:
        """Invocations that failed."""
        return self._metric("Errors")

    @property
    def throttles(self) -> Metric:
        """Invocations that were turned away."""
        return self._metric("Throttles")

    @property
    def invocations(self) -> Metric:
        """How often it ran."""
        return self._metric("Invocations")

    @property
    def duration(self) -> Metric:
        """Milliseconds that it ran."""
        return self._metric("Duration", "p95")

    @property
    def dropped_events(self) -> Metric:
        """Events that Lambda gave up before it ran the function: too old, or over its concurrency."""
        return self._metric("AsyncEventsDropped")

    @property
    def undelivered_failures(self) -> Metric:
        """Failures that did not reach where they are sent to: nobody will see them there."""
        return self._metric("DestinationDeliveryFailures")

    def reported(self, name: str, statistic: str = "Sum") -> Metric:
        """What its code reports of itself under that name, as `functions/runtime/metrics.py` does."""
        dimensions = {"environment": self._environment, "service": f"{PROJECT}-{self.part}"}
        return Metric("PotentialParakeet", name, dimensions, statistic, label=name)

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/Lambda", name, {"FunctionName": self.name}, statistic, label=self.part)

    def allow_invocation(self, id: str, *, principal: str, source_arn: str) -> None:
        """Let a service invoke it on behalf of one of its resources: `events.amazonaws.com` of a rule."""
        LambdaPermission(
            self,
            id,
            statement_id=id,
            action="lambda:InvokeFunction",
            function_name=self.name,
            qualifier=self._alias,
            principal=principal,
            source_arn=source_arn,
        )

    def grant_invoke(self, grantee: Grantee) -> IamRolePolicy:
        """Let it invoke this function."""
        return grantee.role.allow(
            f"invoke-{self.node.id}",
            DataAwsIamPolicyDocumentStatement(actions=["lambda:InvokeFunction"], resources=[self.arn]),
        )

    def send_failures_to(self, queue: DeadLetterQueue) -> None:
        """Send what it failed to do, called asynchronously and after Lambda's two retries, to the queue."""
        self.runs_asynchronously = True
        LambdaFunctionEventInvokeConfig(
            self,
            "failures",
            function_name=self.name,
            qualifier=self._alias,
            destination_config=LambdaFunctionEventInvokeConfigDestinationConfig(
                on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(destination=queue.arn)
            ),
            # AWS checks it when the destination is set.
            depends_on=[queue.grant_send(self)],
        )
