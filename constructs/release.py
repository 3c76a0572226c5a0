"""What a deployment made live."""

import json
from collections.abc import Sequence

from bindings.aws import S3Object
from config.names import RELEASE_KEY
from constructs import Construct
from constructs.functions import Function
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket


class Release(Construct):
    """Which version of each function belongs together: an object whose earlier versions are earlier releases.

    Written once all of them are live, so that a deployment that was cut short is none to go back to.
    """

    def __init__(self, scope: Construct, id: str, bucket: Bucket, functions: Sequence[Function]) -> None:
        super().__init__(scope, id)
        versioning = [bucket.versioning] if bucket.versioning else []
        pinned(
            "release",
            S3Object(
                self,
                "object",
                bucket=bucket.name,
                key=RELEASE_KEY,
                content=json.dumps({each.part: each.published for each in functions}, indent=2),
                content_type="application/json",
                depends_on=[*versioning, *(each.live for each in functions)],
            ),
        )
