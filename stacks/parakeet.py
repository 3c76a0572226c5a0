"""The platform of one environment."""

from bindings.aws import DataAwsCallerIdentity
from bindings.cdktf import TerraformStack
from config.names import resource_name
from config.settings import Environment
from config.target import Target
from constructs import Construct
from constructs.api import Api
from constructs.functions import Function, FunctionDefaults
from constructs.monitoring import Monitoring
from constructs.resources.queue import DeadLetterQueue
from constructs.scheduler import Scheduler
from constructs.secrets import Secrets
from constructs.storage import Storage
from stacks.stack import configure_provider, configure_terraform, output, store_state


class ParakeetStack(TerraformStack):
    """`parakeet-<environment>`: what an environment deploys, and who may use what."""

    def __init__(self, scope: Construct, environment: Environment, target: Target) -> None:
        env = environment.name
        super().__init__(scope, f"parakeet-{env}")
        configure_terraform(self)
        store_state(self, target, key=f"{env}/terraform.tfstate", account_id=environment.account_id)
        configure_provider(
            self,
            target,
            environment=env,
            region=environment.region,
            account_id=environment.account_id,
            tags=environment.tags,
        )
        account_id = DataAwsCallerIdentity(self, "account").account_id

        # What there is
        storage = Storage(self, "storage", environment.storage, environment=env, account_id=account_id)
        secrets = Secrets(self, "secrets", environment.secrets, environment=env)
        dead_letters = DeadLetterQueue(
            self, "dead-letters", name=resource_name("lambda-dlq", env), address="dead_letters"
        )
        settings = environment.functions
        defaults = FunctionDefaults(
            environment=env,
            packages=storage.packages,
            log_retention_days=environment.log_retention_days,
            variables={
                "AWS_S3_BUCKET": storage.cache.name,
                "SECRETS_ARN": secrets.database.arn,
                "API_KEYS_ARN": secrets.api_keys.arn,
                "LOG_LEVEL": settings.log_level,
            },
            tracing=settings.tracing,
            vpc=settings.vpc,
        )
        trades = Function(self, "trades", defaults, settings.trades, part="trades-api")
        data = Function(self, "data", defaults, settings.data, part="data-api")
        strategies = Function(self, "strategies", defaults, settings.strategies, part="strategies-api")
        scanner = Function(self, "scanner", defaults, settings.scanner, part="scanner-api")
        ingest = Function(self, "ingest", defaults, settings.ingest, part="ingest")
        functions = [trades, data, strategies, scanner, ingest]

        # Who may use what
        secrets.database.grant_read(trades)
        secrets.database.grant_read(data)
        secrets.database.grant_read(strategies)
        secrets.database.grant_read(scanner)
        secrets.api_keys.grant_read(ingest)
        storage.grant_read(data)
        storage.grant_read(strategies)
        storage.grant_read(scanner)
        storage.grant_read_write(ingest)

        # How it is reached, and where failures go
        api = Api(
            self,
            "api",
            environment.api,
            environment=env,
            log_retention_days=environment.log_retention_days,
            health=data,
        )
        api.route("/trades", trades)
        api.route("/data", data)
        api.route("/strategies", strategies)
        api.route("/scanner", scanner)
        ingest.send_failures_to(dead_letters)
        Scheduler(
            self,
            "scheduler",
            environment.schedule,
            environment=env,
            function=ingest,
            dead_letters=dead_letters,
        )

        # Who is told when it fails
        if environment.monitoring.enabled:
            monitoring = Monitoring(
                self,
                "monitoring",
                environment=env,
                region=environment.region,
                account_id=account_id,
                functions=functions,
                api=api,
                dead_letters=dead_letters,
                daily=ingest if environment.schedule.enabled else None,
            )
            output(self, "alarm_topic_arn", monitoring.topic_arn, "Topic of the alarms")
            output(self, "dashboard_url", monitoring.dashboard_url, "Is it healthy, and if not, where")

        output(self, "api_gateway_url", api.url, "Where the HTTP API answers")
        output(self, "s3_cache_bucket_name", storage.cache.name, "Bucket of the Parquet cache")
        output(self, "s3_cache_bucket_arn", storage.cache.arn, "ARN of the cache bucket")
        output(self, "s3_lambda_artifacts_bucket", storage.packages.name, "Bucket of the deployment packages")
        output(self, "lambda_function_names", {f.part: f.name for f in functions}, "Function by part")
        output(self, "lambda_role_arns", {f.part: f.role.arn for f in functions}, "Role by part")
        output(self, "secrets_manager_arn", secrets.database.arn, "ARN of the database secret")
        output(self, "secrets_manager_name", secrets.database.name, "Name of the database secret")
        output(self, "api_keys_secret_arn", secrets.api_keys.arn, "ARN of the data providers' keys")
        output(self, "environment", env, "This environment")
        output(self, "aws_region", environment.region, "Region of everything here")
