"""Who may do what in the embedded AWS: the deployed roles' policies, enforced."""

from local.aws.authorization.credentials import Credentials
from local.aws.authorization.errors import AuthorizationError
from local.aws.authorization.middleware import SIGNED_FOR, Authorization

__all__ = ["SIGNED_FOR", "Authorization", "AuthorizationError", "Credentials"]
