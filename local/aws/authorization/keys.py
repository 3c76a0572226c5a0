"""KMS keys of one's own. Who uses them needs KMS's permission too, which nothing here judges."""

import re
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from moto.s3.models import s3_backends
from moto.secretsmanager.models import ReplicaSecret, secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.aws.authorization.credentials import PARTITION

# KmsKeyId, KmsMasterKeyId, KMSMasterKeyID, kmsKeyId, KMSKeyArn.
_NAME = re.compile(r"kms.*key(id|arn)", re.IGNORECASE)
# AWS's own keys let in whoever the service lets in.
_OF_AWS = re.compile(r"(arn:aws:kms:[a-z0-9-]+:\d{12}:)?alias/aws/.+")


def of_resource(arn: str, account: str) -> str | None:
    """The key of one's own that is used with a resource; None where there is none."""
    service, region, name = ("", "", "") if arn == "*" else itemgetter(2, 3, 5)(arn.split(":", 5))
    found = _KEYS.get(service, _none)(arn, account, region, name)
    return next((key for key in found if _is_own(key)), None)


def named(parameters: Any) -> bool:
    """Whether an operation is asked with a key of one's own, in JSON or in a form."""
    if isinstance(parameters, Mapping):
        return any(
            (_NAME.fullmatch(name) and _is_own(value))
            # A form's attributes have their names for values.
            or (isinstance(value, str) and _NAME.fullmatch(value))
            or named(value)
            for name, value in parameters.items()
        )
    return isinstance(parameters, list) and any(map(named, parameters))


def _is_own(key: Any) -> bool:
    return bool(key) and _OF_AWS.fullmatch(str(key)) is None


def _none(_arn: str, _account: str, _region: str, _name: str) -> Iterator[Any]:
    yield from ()


def _of_objects(_: str, account: str, _region: str, name: str) -> Iterator[Any]:
    """The bucket's, for what is put there, and that of each version of the object."""
    bucket_name, _, key = name.partition("/")
    bucket = s3_backends[account][PARTITION].buckets.get(bucket_name)
    if bucket is None or not key:
        return
    if bucket.encryption:
        yield bucket.encryption["Rule"]["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    for version in bucket.keys.getlist(key, []):
        yield getattr(version, "kms_key_id", None)


def _of_queue(_: str, account: str, region: str, name: str) -> Iterator[Any]:
    queue = sqs_backends[account][region].queues.get(name)
    yield getattr(queue, "kms_master_key_id", None)


def _of_topic(arn: str, account: str, region: str, _: str) -> Iterator[Any]:
    topic = sns_backends[account][region].topics.get(arn)
    yield topic.kms_master_key_id if topic else None


def _of_secret(arn: str, account: str, region: str, _: str) -> Iterator[Any]:
    for secret in list(dict.values(secretsmanager_backends[account][region].secrets)):
        if secret.arn == arn:
            yield (secret.source if isinstance(secret, ReplicaSecret) else secret).kms_key_id


_KEYS: Mapping[str, Callable[[str, str, str, str], Iterator[Any]]] = {
    "s3": _of_objects,
    "sqs": _of_queue,
    "sns": _of_topic,
    "secretsmanager": _of_secret,
}
