"""What a deployment asks of the services with one address, and the permissions that it needs."""

from collections.abc import Callable

from local.aws.authorization import roles
from local.aws.authorization.calls import Needs, Parameters, Permission, Request
from local.aws.authorization.errors import NotMapped

_Named = Callable[[Request, Parameters], str]


def _of(action: str, named: _Named, *, tags: tuple[str, str] | None = None) -> Needs:
    """`tags` are the parameter that tags what is made, and the permission which that needs."""

    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        resource = named(request, parameters)
        found = [Permission(action, resource)]
        if tags and any(name.partition(".")[0] == tags[0] and value for name, value in parameters.items()):
            found.append(Permission(tags[1], resource))
        return found

    return needs


def _arn(parameter: str) -> _Named:
    return lambda _, parameters: str(parameters[parameter])


def _called(prefix: str, parameter: str, service: str | None = None) -> _Named:
    return lambda request, parameters: request.arn(f"{prefix}{parameters[parameter]}", service)


def _subscribed_topic(_: Request, parameters: Parameters) -> str:
    # A subscription's ARN is its topic's with an id behind; IAM knows topics only.
    return str(parameters["SubscriptionArn"]).rpartition(":")[0]


def _queue(request: Request, parameters: Parameters) -> str:
    return request.arn(str(parameters["QueueUrl"]).split("/")[-1])


def _rule(parameter: str) -> _Named:
    def named(request: Request, parameters: Parameters) -> str:
        bus = str(parameters.get("EventBusName", "default")).rpartition("event-bus/")[2]
        return request.arn(f"rule/{'' if bus == 'default' else f'{bus}/'}{parameters[parameter]}")

    return named


def _targets(request: Request, parameters: Parameters) -> list[Permission]:
    handed = [target["RoleArn"] for target in parameters["Targets"] if "RoleArn" in target]
    return [
        Permission("events:PutTargets", _rule("Rule")(request, parameters)),
        *(roles.pass_role(role, "events.amazonaws.com") for role in handed),
    ]


def _everything(_: Request, _parameters: Parameters) -> str:
    return "*"


def _each(operation: str, parameter: str, resource: Callable[[Request, str], str]) -> Needs:
    """One permission for everything that a list names, in JSON or in a form; it has to name something."""

    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        named = parameters.get(parameter) or [
            value for name, value in parameters.items() if name.startswith(f"{parameter}.member.")
        ]
        others = {name.partition(".")[0] for name in parameters} - {parameter, "Action", "Version"}
        if not named or others - {"AlarmTypes", "MaxRecords"}:
            raise NotMapped(f"cloudwatch:{operation} of what it does not name")
        return [Permission(f"cloudwatch:{operation}", resource(request, str(name))) for name in named]

    return needs


def _alarm(request: Request, name: str) -> str:
    return request.arn(f"alarm:{name}", "cloudwatch")


def _dashboard(request: Request, name: str) -> str:
    return f"arn:aws:cloudwatch::{request.account}:dashboard/{name}"


def _one_dashboard(request: Request, parameters: Parameters) -> str:
    return _dashboard(request, parameters["DashboardName"])


_TAGGING = ("TagResource", "UntagResource", "ListTagsForResource")

OPERATIONS: dict[tuple[str, str], Needs] = {
    **{("iam", name): needs for name, needs in roles.OPERATIONS.items()},
    ("secretsmanager", "CreateSecret"): _of(
        "secretsmanager:CreateSecret",
        _called("secret:", "Name"),
        tags=("Tags", "secretsmanager:TagResource"),
    ),
    ("sqs", "CreateQueue"): _of("sqs:CreateQueue", _called("", "QueueName"), tags=("tags", "sqs:TagQueue")),
    **{
        ("sqs", name): _of(f"sqs:{name}", _queue)
        for name in ("DeleteQueue", "SetQueueAttributes", "ListQueueTags", "TagQueue", "UntagQueue")
    },
    ("sns", "CreateTopic"): _of("sns:CreateTopic", _called("", "Name"), tags=("Tags", "sns:TagResource")),
    **{
        ("sns", name): _of(f"sns:{name}", _arn("TopicArn"))
        for name in (
            *("DeleteTopic", "GetTopicAttributes", "SetTopicAttributes"),
            *("Subscribe", "ListSubscriptionsByTopic"),
        )
    },
    **{
        ("sns", name): _of(f"sns:{name}", _subscribed_topic)
        for name in ("Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes")
    },
    **{("sns", name): _of(f"sns:{name}", _arn("ResourceArn")) for name in _TAGGING},
    ("events", "PutTargets"): _targets,
    ("events", "PutRule"): _of("events:PutRule", _rule("Name"), tags=("Tags", "events:TagResource")),
    **{
        ("events", name): _of(f"events:{name}", _rule("Name"))
        for name in ("DescribeRule", "DeleteRule", "EnableRule", "DisableRule")
    },
    **{
        ("events", name): _of(f"events:{name}", _rule("Rule"))
        for name in ("RemoveTargets", "ListTargetsByRule")
    },
    **{("events", name): _of(f"events:{name}", _arn("ResourceARN")) for name in _TAGGING},
    ("logs", "DescribeLogGroups"): _of("logs:DescribeLogGroups", _everything),
    **{
        ("logs", name): _of(f"logs:{name}", _called("log-group:", "logGroupName"))
        for name in ("DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy")
    },
    **{("logs", name): _of(f"logs:{name}", _arn("resourceArn")) for name in _TAGGING},
    ("monitoring", "PutMetricAlarm"): _of(
        "cloudwatch:PutMetricAlarm",
        _called("alarm:", "AlarmName", "cloudwatch"),
        tags=("Tags", "cloudwatch:TagResource"),
    ),
    **{
        ("monitoring", name): _each(name, "AlarmNames", _alarm) for name in ("DescribeAlarms", "DeleteAlarms")
    },
    **{
        ("monitoring", name): _of(f"cloudwatch:{name}", _one_dashboard)
        for name in ("PutDashboard", "GetDashboard")
    },
    ("monitoring", "DeleteDashboards"): _each("DeleteDashboards", "DashboardNames", _dashboard),
    **{("monitoring", name): _of(f"cloudwatch:{name}", _arn("ResourceARN")) for name in _TAGGING},
}
"""By service, as the credential scope calls it, and operation."""
