"""What planning and deploying an environment asks of AWS, by what it is asked of: read off real deployments.

`tests/terraform/test_deployment_roles.py` deploys with nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bindings.aws import (
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
)
from config.names import BUCKETS, PROJECT, RELEASE_KEY, api_keys_secret, database_secret
from config.place import Place
from config.settings import FunctionsSettings
from config.terraform import LOCK_TABLE, STATE_REGION
from constructs.resources.policy import condition
from constructs.storage import CACHE_PREFIX


@dataclass(frozen=True)
class Access:
    """Actions on the same resources. Those of `reads` are a plan's; a deployment has the `writes`, too."""

    name: str
    resources: Sequence[str]
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    conditions: Sequence[DataAwsIamPolicyDocumentStatementCondition] = ()
    bounded_by_action: bool = False
    """Whether a boundary has to name the actions: what the resources are called is not enough."""


def planning(accesses: Sequence[Access]) -> list[DataAwsIamPolicyDocumentStatement]:
    """Statements with which Terraform can plan, and change nothing."""
    return [_statement(access, access.reads) for access in accesses if access.reads]


def changing(accesses: Sequence[Access]) -> list[DataAwsIamPolicyDocumentStatement]:
    """Statements with which Terraform, beside those of planning, can deploy and destroy."""
    return [_statement(access, access.writes) for access in accesses if access.writes]


def bounding(accesses: Sequence[Access]) -> list[DataAwsIamPolicyDocumentStatement]:
    """Statements that give nothing, and take away all that is not called as the environment's own is.

    A boundary is one policy of 6,144 characters: that all actions are named is for what gives them.
    """
    named = [access for access in accesses if access.bounded_by_action]
    others = [access for access in accesses if not access.bounded_by_action]
    widest = [access for access in others if not any(_is_within(access, other) for other in others)]
    together = [access for access in widest if not access.conditions]
    apart = [access for access in widest if access.conditions]
    return [
        *(_statement(access, [*access.reads, *access.writes]) for access in named),
        *(_statement(access, _services(access)) for access in apart),
        DataAwsIamPolicyDocumentStatement(
            sid="Named",
            actions=sorted({action for access in together for action in _services(access)}),
            resources=list(dict.fromkeys(resource for access in together for resource in access.resources)),
        ),
    ]


def withheld(accesses: Sequence[Access]) -> list[DataAwsIamPolicyDocumentStatement]:
    """Statements against what buckets and queues may give by policies of their own.

    Who writes these could name itself there, and a boundary does not hold for a session that is named.
    """
    return [
        DataAwsIamPolicyDocumentStatement(
            effect="Deny",
            actions=["s3:GetObject*", "s3:PutObject*"],
            not_resources=[
                resource
                for access in accesses
                if "s3:GetObject" in (*access.reads, *access.writes)
                for resource in access.resources
            ],
        ),
        DataAwsIamPolicyDocumentStatement(effect="Deny", actions=["sqs:ReceiveMessage"], resources=["*"]),
    ]


def _is_within(access: Access, other: Access) -> bool:
    return (
        access is not other
        and _services(access) <= _services(other)
        and access.conditions == other.conditions
        and all(any(_matches(one, wide) for wide in other.resources) for one in access.resources)
    )


def _matches(resource: str, pattern: str) -> bool:
    # IAM knows `*` and `?`; the brackets are those of CDKTF's references.
    return fnmatchcase(resource, pattern.replace("[", "[[]"))


def _services(access: Access) -> set[str]:
    return {f"{action.partition(':')[0]}:*" for action in (*access.reads, *access.writes)}


def _statement(access: Access, actions: Iterable[str]) -> DataAwsIamPolicyDocumentStatement:
    return DataAwsIamPolicyDocumentStatement(
        sid=access.name,
        actions=sorted(actions),
        resources=list(access.resources),
        condition=list(access.conditions) or None,
    )


def accesses(settings: FunctionsSettings, place: Place, states: str) -> list[Access]:
    """Of an environment's plans and deployments, in its own names. `states` is the bucket of its state."""
    return [
        *_state(place, states),
        *_buckets(place),
        *_functions(place),
        *_roles(place),
        *_secrets(place),
        *_api(place),
        *_messages(place),
        *_logs_and_alarms(place),
        *_without_names(settings),
    ]


def _state(place: Place, name: str) -> list[Access]:
    bucket, key = f"arn:aws:s3:::{name}", f"{place.environment}/terraform.tfstate"
    table = f"arn:aws:dynamodb:{STATE_REGION}:{place.account_id}:table/{LOCK_TABLE}"
    return [
        Access("ListStates", [bucket], reads=["s3:ListBucket"], bounded_by_action=True),
        Access(
            "State",
            [f"{bucket}/{key}"],
            reads=["s3:GetObject"],
            writes=["s3:PutObject"],
            bounded_by_action=True,
        ),
        Access(
            "LockFile",
            [f"{bucket}/{key}.tflock"],
            writes=["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            bounded_by_action=True,
        ),
        Access(
            "Lock",
            [table],
            writes=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
            conditions=[condition("ForAllValues:StringEquals", "dynamodb:LeadingKeys", f"{name}/{key}")],
            bounded_by_action=True,
        ),
        Access(
            "StateDigest",
            [table],
            reads=["dynamodb:GetItem"],
            writes=["dynamodb:PutItem", "dynamodb:DeleteItem"],
            conditions=[condition("ForAllValues:StringEquals", "dynamodb:LeadingKeys", f"{name}/{key}-md5")],
            bounded_by_action=True,
        ),
    ]


def _buckets(place: Place) -> list[Access]:
    # Not by a pattern: its `*` would take slashes too, and so another bucket's objects of such an end.
    buckets = [f"arn:aws:s3:::{place.name(bucket)}" for bucket in BUCKETS]
    packages, cache = (f"arn:aws:s3:::{place.name(bucket)}" for bucket in ("lambda-artifacts", "cache"))
    ours = [condition("StringEquals", "aws:ResourceAccount", place.account_id)]
    return [
        Access(
            "Buckets",
            buckets,
            reads=[
                "s3:GetAccelerateConfiguration",
                "s3:GetBucketAcl",
                "s3:GetBucketCORS",
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketRequestPayment",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetBucketWebsite",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                # Of the releases, which make drift tells a rollback by.
                "s3:ListBucketVersions",
            ],
            writes=[
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:PutBucketLogging",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            conditions=ours,
        ),
        # By itself: a bucket that is not there yet is no account's.
        Access("NewBuckets", buckets, writes=["s3:CreateBucket"], bounded_by_action=True),
        Access(
            "Packages",
            [
                *(f"{packages}/{key}" for key in ("functions/*", "layers/*", RELEASE_KEY)),
                f"{cache}/{CACHE_PREFIX}universe.csv",
            ],
            reads=["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion"],
            writes=["s3:PutObject", "s3:PutObjectTagging"],
            conditions=ours,
        ),
        # With a bucket that may be destroyed, its objects go.
        Access(
            "Objects",
            [f"{bucket}/*" for bucket in buckets],
            writes=["s3:DeleteObject", "s3:DeleteObjectVersion"],
            conditions=ours,
            bounded_by_action=True,
        ),
    ]


def _functions(place: Place) -> list[Access]:
    function = place.arn("lambda", f"function:{place.name('*')}")
    migrate = place.arn("lambda", f"function:{place.name('migrate')}")
    layer = place.arn("lambda", f"layer:{place.name('*')}")
    return [
        Access(
            "Functions",
            [function, f"{function}:*"],
            reads=[
                "lambda:GetAlias",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionConcurrency",
                "lambda:GetFunctionEventInvokeConfig",
                "lambda:GetPolicy",
                "lambda:ListAliases",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
            ],
            writes=[
                "lambda:AddPermission",
                "lambda:CreateAlias",
                "lambda:CreateFunction",
                "lambda:DeleteAlias",
                "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency",
                "lambda:DeleteFunctionEventInvokeConfig",
                "lambda:GetFunctionConfiguration",
                "lambda:PublishVersion",
                "lambda:PutFunctionConcurrency",
                "lambda:PutFunctionEventInvokeConfig",
                "lambda:RemovePermission",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateAlias",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
                "lambda:UpdateFunctionEventInvokeConfig",
            ],
        ),
        Access("Migrations", [migrate, f"{migrate}:*"], writes=["lambda:InvokeFunction"]),
        Access(
            "Layers",
            [layer, f"{layer}:*"],
            reads=["lambda:GetLayerVersion"],
            writes=["lambda:DeleteLayerVersion", "lambda:PublishLayerVersion"],
        ),
    ]


def _roles(place: Place) -> list[Access]:
    roles = [f"arn:aws:iam::{place.account_id}:role/{place.name('*')}"]
    bounded = [condition("StringEquals", "iam:PermissionsBoundary", place.function_boundary_arn)]
    return [
        Access(
            "Roles",
            roles,
            reads=[
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
            ],
            writes=[
                "iam:DeleteRole",
                "iam:TagRole",
                "iam:UntagRole",
            ],
            bounded_by_action=True,
        ),
        # No role of more than the functions' boundary; one that has another, or none, keeps its policies.
        # Whom a role trusts is said when it is made, and never changed.
        Access(
            "BoundedRoles",
            roles,
            writes=[
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            conditions=bounded,
            bounded_by_action=True,
        ),
        Access(
            "PassRoles",
            roles,
            writes=["iam:PassRole"],
            conditions=[condition("StringEquals", "iam:PassedToService", "lambda.amazonaws.com")],
            bounded_by_action=True,
        ),
    ]


def _secrets(place: Place) -> list[Access]:
    names = [database_secret(place.environment), api_keys_secret(place.environment)]
    return [
        Access(
            "Secrets",
            # AWS ends an ARN with six characters of its own. Asked by name, it judges the name's.
            [place.arn("secretsmanager", f"secret:{name}{end}") for name in names for end in ("", "-??????")],
            reads=["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
            bounded_by_action=True,
        )
    ]


def _api(place: Place) -> list[Access]:
    return [
        Access(
            "Apis",
            # An API's ARN has neither account nor name. Its own tag keeps other environments' away; of what
            # is below it AWS says no tags (API Gateway guide, "resources that can be tagged").
            [f"arn:aws:apigateway:{place.region}::/{path}" for path in ("apis", "apis/*", "tags/*")],
            reads=["apigateway:GET"],
            writes=["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
            conditions=[
                condition("StringEqualsIfExists", "aws:ResourceTag/Environment", place.environment),
                condition("StringEqualsIfExists", "aws:ResourceTag/Project", PROJECT),
            ],
        )
    ]


def _messages(place: Place) -> list[Access]:
    return [
        Access(
            "Queues",
            [place.arn("sqs", place.name("*"))],
            reads=["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"],
            writes=[
                "sqs:CreateQueue",
                "sqs:DeleteQueue",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:UntagQueue",
            ],
        ),
        Access(
            "Topics",
            [place.arn("sns", place.name("*"))],
            reads=[
                "sns:GetSubscriptionAttributes",
                "sns:GetTopicAttributes",
                "sns:ListSubscriptionsByTopic",
                "sns:ListTagsForResource",
            ],
            writes=[
                "sns:CreateTopic",
                "sns:DeleteTopic",
                "sns:SetTopicAttributes",
                "sns:Subscribe",
                "sns:TagResource",
                "sns:Unsubscribe",
                "sns:UntagResource",
            ],
        ),
        Access(
            "Rules",
            [place.arn("events", f"rule/{place.name('*')}")],
            reads=["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"],
            writes=[
                "events:DeleteRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
                "events:TagResource",
                "events:UntagResource",
            ],
        ),
    ]


def _logs_and_alarms(place: Place) -> list[Access]:
    account = place.account_id
    groups = [f"/aws/lambda/{place.name('*')}", place.path("/aws/apigateway")]
    return [
        Access(
            "LogGroups",
            [
                place.arn("logs", f"log-group:{group}{streams}")
                for group in groups
                # AWS takes either form, by the action (CloudWatch Logs guide, "ARN formats").
                for streams in ("", ":*")
            ],
            reads=["logs:ListTagsForResource"],
            writes=[
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ],
        ),
        Access(
            "Alarms",
            [place.arn("cloudwatch", f"alarm:{place.name('*')}")],
            reads=["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
            writes=[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
        ),
        Access(
            "Dashboards",
            [f"arn:aws:cloudwatch::{account}:dashboard/{place.name('*')}"],
            reads=["cloudwatch:GetDashboard"],
            writes=["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
        ),
        Access(
            "Budgets",
            [f"arn:aws:budgets::{account}:budget/{place.name('*')}"],
            reads=["budgets:ListTagsForResource", "budgets:ViewBudget"],
            writes=["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"],
        ),
    ]


def _without_names(settings: FunctionsSettings) -> list[Access]:
    """What takes no resource but `*` (Service Authorization Reference)."""
    found = [
        Access(
            "WithoutNames",
            ["*"],
            reads=["logs:DescribeLogGroups"],
            writes=[
                # Of what was published before, something is removed after a deployment.
                "lambda:ListFunctions",
                # AWS asks for these when an API is given an access log (API Gateway guide, "Configure
                # logging for HTTP APIs"); the embedded AWS does not.
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            bounded_by_action=True,
        )
    ]
    if settings.vpc:
        # Lambda asks for these of whoever puts a function into a network (Lambda guide, "VPC").
        found.append(
            Access(
                "Networks",
                ["*"],
                writes=["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"],
                bounded_by_action=True,
            )
        )
    return found
