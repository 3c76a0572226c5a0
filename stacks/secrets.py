"""The secrets of one environment, apart from its platform: whoever plans these has their values read."""

from config.names import secrets_stack_name
from config.settings import Environment
from config.target import Target
from constructs import Construct
from constructs.secrets import Secrets
from stacks.stack import EnvironmentStack


class SecretsStack(EnvironmentStack):
    """`parakeet-<environment>-secrets`: deployed before the platform, and when a secret changes.

    cdktf is told of no dependency between the two: it would deploy the platform together with this one only,
    and so with every secret at hand.
    """

    def __init__(self, scope: Construct, environment: Environment, target: Target) -> None:
        super().__init__(scope, secrets_stack_name(environment.name), environment, target, state="secrets")
        Secrets(self, "secrets", environment.secrets, environment.name)
