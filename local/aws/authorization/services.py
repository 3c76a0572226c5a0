"""Requests of the services with one address for all operations, and the permissions that they need."""

import json
from typing import Any
from urllib.parse import parse_qsl

from moto.dynamodb.models import dynamodb_backends
from moto.secretsmanager.models import secretsmanager_backends

from local.aws.authorization import deployments, keys
from local.aws.authorization.calls import Call, Needs, Parameters, Permission, Request
from local.aws.authorization.errors import NotMapped

_FORM = "application/x-www-form-urlencoded"
_JSON = ("application/x-amz-json-1.0", "application/x-amz-json-1.1")


def call(request: Request) -> Call:
    """The call, or NotMapped."""
    operation, parameters = _operation(request)
    asked = (request.service, operation)
    needs = _OPERATIONS.get(asked) or deployments.OPERATIONS.get(asked)
    if needs is None:
        raise NotMapped(f"{request.service}:{operation}")
    if keys.named(parameters):
        raise NotMapped(f"{request.service}:{operation} with a KMS key of one's own")
    try:
        return Call(tuple(needs(request, parameters)))
    except (KeyError, TypeError, AttributeError, IndexError):
        raise NotMapped(
            f"{request.service}:{operation} without the parameter that names its resource"
        ) from None


def _operation(request: Request) -> tuple[str, Parameters]:
    if request.query or request.method != "POST":
        raise NotMapped(f"a request to {request.service} with a query, or another method than POST")
    target = request.header("x-amz-target")
    # The embedded AWS unpacks a body that is encoded, and reads one that is a form of files by its parts.
    kinds = (_FORM,) if target is None else _JSON
    if request.raw_path != "/" or request.content_type not in kinds or request.header("content-encoding"):
        raise NotMapped(f"a request to {request.service} in a protocol of its own")
    body = request.body()
    if target is None:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) != len(pairs):
            raise NotMapped("a form with a name twice")
        return form.get("Action", ""), form
    prefix, _, operation = target.partition(".")
    if prefix != _TARGETS.get(request.service):
        raise NotMapped(f"the target {target} of {request.service}")
    # The embedded AWS reads a body as a form too, and follows an Action in it.
    if any(name == "Action" for name, _ in parse_qsl(body.decode("utf-8", "replace"))):
        raise NotMapped(f"{request.service}:{operation} with a form's Action in its JSON")
    return operation, _json(body)


def _json(body: bytes) -> Parameters:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name twice")
        return dict(pairs)

    try:
        # Decoded here: json would guess UTF-16 and UTF-32 too.
        parameters = json.loads(body.decode("utf-8") or "{}", object_pairs_hook=once)
    except ValueError as error:
        raise NotMapped(f"a body that is not JSON: {error}") from None
    if not isinstance(parameters, dict):
        raise NotMapped("a body that is not a JSON object")
    return parameters


def _secret(action: str) -> Needs:
    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        asked = parameters["SecretId"]
        found = secretsmanager_backends[request.account][request.region].secrets.get(asked)
        arn = found.arn if found else asked if asked.startswith("arn:") else request.arn(f"secret:{asked}")
        context = {"secretsmanager:secretid": arn}
        if "VersionId" in parameters:
            context["secretsmanager:versionid"] = parameters["VersionId"]
        if "VersionStage" in parameters or "VersionId" not in parameters:
            context["secretsmanager:versionstage"] = parameters.get("VersionStage", "AWSCURRENT")
        return [Permission(f"secretsmanager:{action}", arn, context)]

    return needs


def _queue(action: str) -> Needs:
    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        name = parameters["QueueUrl"].split("/")[-1] if "QueueUrl" in parameters else parameters["QueueName"]
        return [Permission(f"sqs:{action}", request.arn(name))]

    return needs


def _log(action: str) -> Needs:
    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        stream = parameters["logStreamName"] if action != "CreateLogGroup" else ""
        group = parameters["logGroupName"]
        resource = request.arn(f"log-group:{group}:log-stream:{stream}")
        also = [Permission("logs:TagResource", resource)] if parameters.get("tags") else []
        return [Permission(f"logs:{action}", resource), *also]

    return needs


def _table(action: str) -> Needs:
    def needs(request: Request, parameters: Parameters) -> list[Permission]:
        name = parameters["TableName"].rpartition("table/")[2]
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        item = parameters.get("Key", parameters.get("Item"))
        context = {} if item is None else _leading_key(request, name, item)
        return [Permission(f"dynamodb:{action}", request.arn(f"table/{name}{index}"), context)]

    return needs


def _leading_key(request: Request, table: str, item: Parameters) -> dict[str, tuple[str, ...]]:
    """The item's partition key, if there is such a table. Of several items, none is told: it is refused."""
    found = dynamodb_backends[request.account][request.region].tables.get(table)
    if found is None:
        return {}
    (value,) = item[found.hash_key_attr].values()
    return {"dynamodb:leadingkeys": (str(value),)}


def _topic(_: Request, parameters: Parameters) -> list[Permission]:
    if "PhoneNumber" in parameters or "TargetArn" in parameters:
        raise NotMapped("sns:Publish to something else than a topic")
    return [Permission("sns:Publish", parameters["TopicArn"])]


def _metric(_: Request, parameters: Parameters) -> list[Permission]:
    return [Permission("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": parameters["Namespace"]})]


def _events(request: Request, parameters: Parameters) -> list[Permission]:
    buses = [
        entry.get("EventBusName", "default").rpartition("event-bus/")[2] for entry in parameters["Entries"]
    ]
    return [Permission("events:PutEvents", request.arn(f"event-bus/{bus}")) for bus in dict.fromkeys(buses)]


def _always(_: Request, _parameters: Parameters) -> list[Permission]:
    # AWS lets everybody ask who they are, whatever the policies say.
    return []


# What the credential scope calls a service -> the prefix of its targets.
_TARGETS = {
    "secretsmanager": "secretsmanager",
    "sqs": "AmazonSQS",
    "logs": "Logs_20140328",
    "dynamodb": "DynamoDB_20120810",
    "events": "AWSEvents",
    "monitoring": "GraniteServiceVersion20100801",
}
_BATCHES = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}
_QUEUE = ("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
_QUEUE_TOLD = ("GetQueueAttributes", "GetQueueUrl", "PurgeQueue")
_TABLE = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "DescribeTable")
_OPERATIONS: dict[tuple[str, str], Needs] = {
    **{
        ("secretsmanager", name): _secret(name)
        for name in (
            *("GetSecretValue", "DescribeSecret", "PutSecretValue", "DeleteSecret", "UpdateSecret"),
            *("GetResourcePolicy", "TagResource", "UntagResource", "UpdateSecretVersionStage"),
        )
    },
    **{("sqs", name): _queue(name) for name in (*_QUEUE, *_QUEUE_TOLD)},
    **{("sqs", name): _queue(single) for name, single in _BATCHES.items()},
    **{
        ("logs", name): _log(name)
        for name in ("CreateLogGroup", "CreateLogStream", "PutLogEvents", "GetLogEvents")
    },
    **{("dynamodb", name): _table(name) for name in _TABLE},
    ("events", "PutEvents"): _events,
    ("monitoring", "PutMetricData"): _metric,
    ("sns", "Publish"): _topic,
    ("sts", "GetCallerIdentity"): _always,
}
