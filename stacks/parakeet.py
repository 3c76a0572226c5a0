"""The platform of one environment."""

from bindings.aws import DataAwsCallerIdentity
from config.names import stack_name
from config.place import Place
from config.settings import Environment, IngestSettings
from config.target import Target
from constructs import Construct
from constructs.api import Api
from constructs.authorizer import Authorizer, JwtAuthorizer, LambdaAuthorizer
from constructs.database import Schema
from constructs.functions import Function, FunctionDefaults
from constructs.monitoring import Monitoring
from constructs.release import Release
from constructs.resources.layer import Layer
from constructs.resources.queue import DeadLetterQueue
from constructs.scheduler import Scheduler
from constructs.secrets import ExistingSecrets
from constructs.storage import Storage
from packages import layer
from stacks.stack import EnvironmentStack


class ParakeetStack(EnvironmentStack):
    """`parakeet-<environment>`: what an environment deploys, and who may use what."""

    def __init__(self, scope: Construct, environment: Environment, target: Target) -> None:
        super().__init__(scope, stack_name(environment.name), environment, target, state="terraform")
        account = DataAwsCallerIdentity(self, "account")
        place = Place(environment.name, environment.region, account.account_id)
        retention = environment.log_retention_days

        # What there is
        storage = Storage(self, "storage", environment.storage, place)
        secrets = ExistingSecrets(self, "secrets", environment.name)
        dead_letters = DeadLetterQueue(
            self, "dead-letters", name=place.name("lambda-dlq"), address="dead_letters"
        )
        settings = environment.functions
        defaults = FunctionDefaults(
            place,
            packages=storage.packages,
            layers={name: Layer(self, name, place, packages=storage.packages) for name in layer.LAYERS},
            log_retention_days=retention,
            variables={"LOG_LEVEL": settings.log_level},
            tracing=settings.tracing,
            vpc=settings.vpc,
            # A state that is local was made without bootstrap.
            boundary=None if target.local_state else place.function_boundary_arn,
        )
        database = {"SECRETS_ARN": secrets.database.arn}
        cache = {"AWS_S3_BUCKET": storage.cache.name}

        # The schema is brought up to date before the code that needs it is there
        migrate = Function(self, "migrate", defaults, settings.migrate, part="migrate", variables=database)
        schema = Schema(self, "schema", function=migrate, needs=[secrets.database.grant_read(migrate)])
        migrated = [schema.applied]
        trades = Function(
            self, "trades", defaults, settings.trades, part="trades-api", variables=database, after=migrated
        )
        ingest = Function(
            self,
            "ingest",
            defaults,
            settings.ingest,
            part="ingest",
            variables={"API_KEYS_ARN": secrets.api_keys.arn, **cache, **providers(settings.ingest, target)},
        )
        data = Function(
            self,
            "data",
            defaults,
            settings.data,
            part="data-api",
            variables={"INGEST_FUNCTION_NAME": ingest.arn, **database, **cache},
            after=migrated,
        )
        strategies = Function(
            self,
            "strategies",
            defaults,
            settings.strategies,
            part="strategies-api",
            variables={**database, **cache},
            after=migrated,
        )
        scanner = Function(self, "scanner", defaults, settings.scanner, part="scanner-api", variables=cache)
        functions = [trades, data, strategies, scanner, ingest, migrate]

        # Who may use what
        secrets.database.grant_read(trades)
        secrets.database.grant_read(data)
        secrets.database.grant_read(strategies)
        secrets.api_keys.grant_read(ingest)
        storage.grant_read(data)
        storage.grant_read(strategies)
        storage.grant_read(scanner)
        storage.grant_read(ingest)
        storage.grant_write_scans(scanner)
        storage.grant_write_bars(ingest)
        ingest.grant_invoke(data)
        # What does not fit into one run it goes on with in the next.
        ingest.grant_invoke(ingest)

        # How it is reached, and where failures go
        authorizer: Authorizer = JwtAuthorizer(environment.api)
        if environment.api.authorizer == "lambda":
            verifier = Function(
                self,
                "authorizer",
                defaults,
                settings.authorizer,
                part="authorizer",
                variables={
                    "ACCESS_ISSUER": environment.api.issuer,
                    "ACCESS_KEYS_URL": target.stand_ins.access_keys_url or environment.api.keys_url,
                    "ACCESS_AUDIENCE": environment.api.access_audience,
                },
            )
            functions.append(verifier)
            authorizer = LambdaAuthorizer(environment.api, verifier)
        api = Api(
            self,
            "api",
            environment.api,
            place,
            authorizer=authorizer,
            log_retention_days=retention,
            health=data,
        )
        api.route("/trades", trades, "GET", "POST", "PATCH", "DELETE")
        api.route("/data", data, "GET", "POST")
        api.route("/strategies", strategies, "GET", "POST")
        api.route("/scanner", scanner, "GET", "POST")
        ingest.send_failures_to(dead_letters)
        Scheduler(self, "scheduler", environment.schedule, place, function=ingest, dead_letters=dead_letters)

        # What `make rollback` goes back to. The schema stays as it is.
        serving = [function for function in functions if function is not migrate]
        Release(self, "release", storage.packages, serving)

        # Who is told when it fails. A migration that fails fails its deployment.
        if environment.monitoring.enabled:
            monitoring = Monitoring(
                self,
                "monitoring",
                environment.monitoring,
                place,
                functions=serving,
                api=api,
                dead_letters=dead_letters,
                daily=ingest if environment.schedule.enabled else None,
                billed=target.is_aws,
            )
            self.output("alarm_topic_arn", monitoring.topic_arn, "Topic of the alarms")
            self.output("dashboard_url", monitoring.dashboard_url, "Is it healthy, and if not, where")

        # Once here, now the secrets stack's: the state of an environment from then still has them.
        self.forget(
            *(
                f"aws_secretsmanager_{kind}.{secret}"
                for kind in ("secret", "secret_version")
                for secret in ("database", "api_keys")
            )
        )

        self.output("api_gateway_url", api.url, "Where the HTTP API answers")
        self.output("s3_cache_bucket_name", storage.cache.name, "Bucket of the Parquet cache")
        self.output("s3_cache_bucket_arn", storage.cache.arn, "ARN of the cache bucket")
        self.output("s3_lambda_artifacts_bucket", storage.packages.name, "Bucket of the deployment packages")
        self.output("lambda_function_names", {f.part: f.name for f in functions}, "Function by part")
        self.output("lambda_role_arns", {f.part: f.role.arn for f in functions}, "Role by part")
        self.output("secrets_manager_arn", secrets.database.arn, "ARN of the database secret")
        self.output("secrets_manager_name", secrets.database.name, "Name of the database secret")
        self.output("api_keys_secret_arn", secrets.api_keys.arn, "ARN of the data providers' keys")
        self.output("environment", environment.name, "This environment")
        self.output("aws_region", environment.region, "Region of everything here")


def providers(settings: IngestSettings, target: Target) -> dict[str, str]:
    """What the ingest is told of the market data providers, as its variables."""
    return {
        "TIINGO_URL": target.stand_ins.tiingo_url or settings.tiingo_url,
        "POLYGON_URL": target.stand_ins.polygon_url or settings.polygon_url,
        "INGEST_REQUESTS_PER_HOUR": str(settings.requests_per_hour),
        "INGEST_CONCURRENCY": str(settings.requests_at_once),
        "INGEST_FAILURE_SHARE": str(settings.failed_percent / 100),
    }
