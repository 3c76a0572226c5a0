"""An embedded AWS behind the authorization, and clients of it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Thread
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from local.aws.authorization import Authorization, Credentials
from local.aws.deployers_key import secret_access_key
from tests.local.aws.authorization.statements import TRUST, document

REGION = "us-east-1"
DEPLOYERS_SECRET = "run"
# One session for all: it keeps the services' descriptions, which take longest.
SESSION = boto3.session.Session()


@dataclass(frozen=True)
class Aws:
    """The server, and clients of it."""

    endpoint: str
    authorization: Authorization

    def client(self, service: str, credentials: Credentials | None = None, **more: Any) -> Any:
        """A client with a role's credentials, or the deployer's."""
        return _client(self.endpoint, service, credentials, **more)

    def role(self, **policies: str) -> str:
        """A new role with inline policies; its ARN."""
        iam = self.client("iam")
        name = f"role-{uuid4().hex[:12]}"
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
        for policy, text in policies.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
        return str(arn)

    def as_role(self, service: str, role_arn: str, **more: Any) -> Any:
        """A client with fresh credentials of a role."""
        return self.client(service, self.authorization.credentials_for(role_arn, "session"), **more)

    def as_one_who_may(self, service: str, *statements: dict[str, Any]) -> Any:
        """A client of a new role with these statements."""
        return self.as_role(service, self.role(**({"may": document(*statements)} if statements else {})))


# Making one takes as long as some calls of it.
@lru_cache(maxsize=64)
def _client(endpoint: str, service: str, credentials: Credentials | None, **more: Any) -> Any:
    deployers = f"MADEUP{secrets.token_hex(7).upper()}"
    keys = (
        {
            "aws_access_key_id": credentials.access_key_id,
            "aws_secret_access_key": credentials.secret_access_key,
            "aws_session_token": credentials.session_token,
        }
        if credentials
        else {
            "aws_access_key_id": deployers,
            "aws_secret_access_key": secret_access_key(deployers, DEPLOYERS_SECRET),
        }
    )
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, proxies={})
    return SESSION.client(
        service, endpoint_url=endpoint, region_name=REGION, **{**keys, "config": config, **more}
    )


@contextmanager
def served(authorization: Authorization, app: Any = None) -> Iterator[Aws]:
    """A server on a free port, of moto or the app. A process's servers share one account."""
    guarded = authorization.guard(app or DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, guarded, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Aws(f"http://127.0.0.1:{server.port}", authorization)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        authorization.close()
