"""The two secrets. Their values pass from Terraform's variables to AWS and rest nowhere in between."""

from collections.abc import Mapping
from functools import partial

from bindings.aws import DataAwsIamPolicyDocumentStatement, SecretsmanagerSecret, SecretsmanagerSecretVersion
from bindings.cdktf import Fn, TerraformResourceLifecycle
from config.names import PROJECT
from config.settings import SecretsSettings
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.role import Grantee
from constructs.resources.variable import variable

DATABASE_NAME = "potential_parakeet"
DATABASE_PORT = 5432


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
        self.name = secret.name
        self.arn = secret.arn

    def grant_read(self, grantee: Grantee) -> None:
        grantee.role.allow(
            f"read-{self.node.id}-secret",
            DataAwsIamPolicyDocumentStatement(
                actions=["secretsmanager:GetSecretValue"], resources=[self.arn]
            ),
        )


class Secrets(Construct):
    """`database` for Neon, `api_keys` for the data providers."""

    def __init__(self, scope: Construct, id: str, settings: SecretsSettings, *, environment: str) -> None:
        super().__init__(scope, id)
        given = partial(variable, self, secret=True)
        self.database = Secret(
            self,
            "database",
            settings,
            name=f"{PROJECT}/{environment}",
            address="database",
            description="Connection to Neon PostgreSQL",
            values={
                "NEON_DATABASE_URL": given(
                    "neon_database_url",
                    "Neon connection string",
                    pattern=(
                        r"^postgres(ql)?(\+[a-z0-9]+)?://[^[:space:]/?#]+/[^[:space:]?#]+"
                        r"[?]([^[:space:]#]*&)?sslmode=require(&[^[:space:]#]*)?$"
                    ),
                    # Of two, PostgreSQL's library takes the last, and others the first.
                    once="sslmode=",
                    allowed="a PostgreSQL URL with sslmode=require, as postgresql://user:password@host/database?sslmode=require",
                ),
                "DB_USERNAME": given("db_username", "Neon user"),
                "DB_PASSWORD": given("db_password", "Neon password"),
                "DB_HOST": given(
                    "db_host",
                    "Neon host name",
                    pattern=r"^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$",
                    allowed="a host name, without a scheme, port or path",
                ),
                "DB_NAME": DATABASE_NAME,
                "DB_PORT": DATABASE_PORT,
            },
        )
        self.api_keys = Secret(
            self,
            "api-keys",
            settings,
            name=f"{PROJECT}/{environment}/api-keys",
            address="api_keys",
            description="Keys of the market data providers",
            values={
                "TIINGO_API_KEY": given("tiingo_api_key", "Tiingo API key"),
                "POLYGON_API_KEY": given("polygon_api_key", "Polygon API key"),
            },
        )
