"""The two secrets: where they are made, from variables, and where they are used."""

from functools import partial

from config.names import api_keys_secret, database_secret
from config.settings import SecretsSettings
from constructs import Construct
from constructs.resources.secret import ExistingSecret, Secret
from constructs.resources.variable import variable

DATABASE_NAME = "potential_parakeet"
DATABASE_PORT = 5432


class Secrets(Construct):
    """One for Neon, one for the data providers, with what the variables say."""

    def __init__(self, scope: Construct, id: str, settings: SecretsSettings, environment: str) -> None:
        super().__init__(scope, id)
        given = partial(variable, self, secret=True)
        Secret(
            self,
            "database",
            settings,
            name=database_secret(environment),
            address="database",
            description="Connection to Neon PostgreSQL",
            values={
                "NEON_DATABASE_URL": given(
                    "neon_database_url",
                    "Neon connection string",
                    pattern=(
                        r"^postgres(ql)?(\+[a-z0-9]+)?://[^[:space:]/?#]+/[^[:space:]?#]+"
                        r"[?]([^[:space:]#]*&)?sslmode=(require|verify-full)(&[^[:space:]#]*)?$"
                    ),
                    # Of two, PostgreSQL's library takes the last, and others the first.
                    once="sslmode=",
                    # Either is verified in full by the functions, whatever it says.
                    allowed="a PostgreSQL URL with sslmode=require or sslmode=verify-full, as "
                    "postgresql://user:password@host/database?sslmode=require",
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
        Secret(
            self,
            "api-keys",
            settings,
            name=api_keys_secret(environment),
            address="api_keys",
            description="Keys of the market data providers",
            values={
                "TIINGO_API_KEY": given("tiingo_api_key", "Tiingo API key"),
                "POLYGON_API_KEY": given("polygon_api_key", "Polygon API key"),
            },
        )


class ExistingSecrets(Construct):
    """`database` for Neon, `api_keys` for the data providers, which the secrets stack has made."""

    def __init__(self, scope: Construct, id: str, environment: str) -> None:
        super().__init__(scope, id)
        self.database = ExistingSecret(
            self, "database", name=database_secret(environment), address="database"
        )
        self.api_keys = ExistingSecret(
            self, "api-keys", name=api_keys_secret(environment), address="api_keys"
        )
