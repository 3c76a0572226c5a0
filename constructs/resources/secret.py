"""Secrets: made, with a value that rests nowhere in between; or made elsewhere, and never read here."""

from collections.abc import Mapping

from bindings.aws import (
    DataAwsIamPolicyDocumentStatement,
    DataAwsSecretsmanagerSecret,
    IamRolePolicy,
    SecretsmanagerSecret,
    SecretsmanagerSecretVersion,
)
from bindings.cdktf import Fn, TerraformResourceLifecycle
from config.settings import SecretsSettings
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.role import Grantee


class Secret(Construct):
    """A secret under the pinned address `aws_secretsmanager_secret.<address>`, holding a JSON object.

    A plan that refreshes it reads its value: keep it out of stacks that others plan.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: SecretsSettings,
        *,
        name: str,
        address: str,
        description: str,
        values: Mapping[str, str | int],
    ) -> None:
        super().__init__(scope, id)
        secret = pinned(
            address,
            SecretsmanagerSecret(
                self,
                "secret",
                name=name,
                description=description,
                recovery_window_in_days=settings.recovery_window_days,
                lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if settings.protected else None,
            ),
        )
        pinned(
            address,
            SecretsmanagerSecretVersion(
                self,
                "version",
                secret_id=secret.id,
                # Write-only: Terraform hands it to AWS and keeps it in neither plan nor state.
                secret_string_wo=Fn.jsonencode(dict(values)),
                secret_string_wo_version=settings.version,
            ),
        )


class ExistingSecret(Construct):
    """A secret that another stack has made. Terraform has it described, and never reads its value."""

    def __init__(self, scope: Construct, id: str, *, name: str, address: str) -> None:
        super().__init__(scope, id)
        secret = pinned(address, DataAwsSecretsmanagerSecret(self, "secret", name=name))
        self.name = secret.name
        self.arn = secret.arn

    def grant_read(self, grantee: Grantee) -> IamRolePolicy:
        """Let it read the value."""
        return grantee.role.allow(
            f"read-{self.node.id}-secret",
            DataAwsIamPolicyDocumentStatement(
                actions=["secretsmanager:GetSecretValue"], resources=[self.arn]
            ),
        )
