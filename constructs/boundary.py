"""What an environment's functions may do at most, whatever their roles' policies say."""

from bindings.aws import DataAwsIamPolicyDocumentStatement
from config.names import DEPLOYMENT_PATH, FUNCTION_BOUNDARY, api_keys_secret, database_secret
from config.place import Place
from config.settings import FunctionsSettings
from constructs import Construct
from constructs.resources.policy import ManagedPolicy, condition, network_interfaces, traces
from constructs.storage import CACHE_PREFIX


class FunctionBoundary(Construct):
    """The boundary of one environment: its cache, secrets, logs, ingest and failures, and no other's."""

    def __init__(self, scope: Construct, id: str, settings: FunctionsSettings, place: Place) -> None:
        super().__init__(scope, id)
        ManagedPolicy(
            self,
            "boundary",
            *_statements(settings, place),
            name=place.name(FUNCTION_BOUNDARY),
            path=DEPLOYMENT_PATH,
            address=f"function_boundary_{place.environment}",
            description=f"What functions of {place.environment} may do at most",
        )


def _statements(settings: FunctionsSettings, place: Place) -> list[DataAwsIamPolicyDocumentStatement]:
    cache = f"arn:aws:s3:::{place.name('cache')}"
    ours = condition("StringEquals", "aws:ResourceAccount", place.account_id)
    secrets = (database_secret(place.environment), api_keys_secret(place.environment))
    ingest = place.arn("lambda", f"function:{place.name('ingest')}")
    statements = [
        DataAwsIamPolicyDocumentStatement(
            sid="ListCache", actions=["s3:ListBucket"], resources=[cache], condition=[ours]
        ),
        DataAwsIamPolicyDocumentStatement(
            sid="UseCache",
            actions=["s3:GetObject", "s3:PutObject"],
            resources=[f"{cache}/{CACHE_PREFIX}*"],
            condition=[ours],
        ),
        DataAwsIamPolicyDocumentStatement(
            sid="ReadSecrets",
            actions=["secretsmanager:GetSecretValue"],
            # AWS ends a secret's ARN with six characters of its own.
            resources=[place.arn("secretsmanager", f"secret:{name}-??????") for name in secrets],
        ),
        DataAwsIamPolicyDocumentStatement(
            sid="WriteLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[place.arn("logs", f"log-group:/aws/lambda/{place.name('*')}:*")],
        ),
        DataAwsIamPolicyDocumentStatement(
            sid="InvokeIngest", actions=["lambda:InvokeFunction"], resources=[ingest, f"{ingest}:*"]
        ),
        DataAwsIamPolicyDocumentStatement(
            sid="ReportFailures",
            actions=["sqs:SendMessage"],
            resources=[place.arn("sqs", place.name("lambda-dlq"))],
        ),
    ]
    if settings.vpc:
        statements.append(network_interfaces())
    if settings.tracing:
        statements.append(traces())
    return statements
