"""Temporary credentials of roles, as the embedded STS keeps them."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.sts.models import AssumedRole, sts_backends

from local.aws.authorization.errors import Refused
from local.aws.authorization.signature import Signature

PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A role's, for a session."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: datetime

    def variables(self) -> dict[str, str]:
        """The environment variables that AWS's SDKs read them from."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


def issue(account: str, region: str, role_arn: str, session_name: str, seconds: int) -> Credentials:
    """Credentials of a role that somebody has found to be there, and assumable."""
    session = sts_backends[account][PARTITION].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=seconds,
        external_id="",
    )
    return Credentials(
        session.access_key_id,
        session.secret_access_key,
        session.session_token,
        session.expiration.replace(tzinfo=UTC),
    )


def session_of(signature: Signature) -> AssumedRole:
    """The role's session whose key and token a request shows. Its signature is not yet verified by that."""
    for backends in sts_backends.values():
        for backend in backends.values():
            session = backend.get_assumed_role_from_access_key(signature.access_key)
            if session is not None:
                return _valid(session, signature)
    raise Refused("InvalidClientTokenId", "The security token included in the request is invalid.")


def _valid(session: AssumedRole, signature: Signature) -> AssumedRole:
    if not hmac.compare_digest(session.session_token.encode(), signature.token.encode()):
        raise Refused("InvalidClientTokenId", "The security token included in the request is invalid.")
    if session.expiration.replace(tzinfo=UTC) < datetime.now(UTC):
        raise Refused("ExpiredToken", "The security token included in the request is expired.")
    return session
