"""An AWS of one's own: moto's server, and an environment from which no other is reached."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from deployment.programs import impersonal_variables
from local.aws.deployers_key import secret_access_key
from local.child import Child

REGION = "us-east-1"


class EmbeddedAws(Child):
    """An empty AWS account on a free port of 127.0.0.1, from entering to leaving the context.

    What it has to say is in `log`, what its functions log in `functions_log`. `twins` are the `python`
    folders of layers built for this machine, by the layers' names.
    """

    def __init__(
        self, log: Path, *, twins: Mapping[str, Path] | None = None, functions_log: Path | None = None
    ) -> None:
        self.log = log
        # What AWS's services show when they invoke functions: the gateway needs it, nobody else.
        self.service_token = secrets.token_urlsafe(32)
        self._deployers_secret = secrets.token_urlsafe(32)
        super().__init__(
            "local.aws.server",
            [],
            what="The embedded AWS",
            log=log,
            variables={
                **impersonal_variables(os.environ),
                "PARAKEET_TWINS": json.dumps({name: str(path) for name, path in (twins or {}).items()}),
                "PARAKEET_FUNCTIONS_LOG": str(functions_log or ""),
                "PARAKEET_SERVICE_TOKEN": self.service_token,
                "PARAKEET_DEPLOYERS_SECRET": self._deployers_secret,
            },
        )

    def client(self, service: str) -> Any:
        """boto3's client of that service, with a key that may do everything."""
        variables = self.variables({})
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )

    def variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        """`variables` for processes that are to reach this AWS, and no other: with keys made up for it."""
        bypass = ",".join(filter(None, [variables.get("NO_PROXY") or variables.get("no_proxy"), "127.0.0.1"]))
        # A key that may do everything; no function can sign with it.
        key = f"MADEUP{secrets.token_hex(7).upper()}"
        return impersonal_variables(variables) | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret_access_key(key, self._deployers_secret),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # What fails here fails again; the provider would try 25 times, for minutes.
            "AWS_MAX_ATTEMPTS": "4",
            "NO_PROXY": bypass,
            "no_proxy": bypass,
        }
