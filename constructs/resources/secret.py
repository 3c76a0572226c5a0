"""A secret whose value passes from Terraform's variables to AWS and rests nowhere in between."""

from collections.abc import Mapping

from bindings.aws import (
    DataAwsIamPolicyDocumentStatement,
    IamRolePolicy,
    SecretsmanagerSecret,
    SecretsmanagerSecretVersion,
)
from bindings.cdktf import Fn, ITerraformDependable, TerraformResourceLifecycle
from config.settings import SecretsSettings
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.role import Grantee


class Secret(Construct):
    """A secret under the pinned address `aws_secretsmanager_secret.<address>`, holding a JSON object."""

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
        self.value: ITerraformDependable = pinned(
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
