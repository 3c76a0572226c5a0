"""What an environment of the platform may say of itself, and what it is when it says nothing.

`config/dev.py`, `staging.py` and `prod.py` say what differs from the defaults here.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr, ValidationError, model_validator

from config.names import REGION, SITE
from config.validation import (
    DAILY_HOURS,
    FieldError,
    FrozenTags,
    LogRetentionDays,
    NotEmpty,
    RecoveryWindowDays,
    ScheduleExpression,
    Section,
    between,
    explain,
    leaves_out_days,
    matching,
    positive,
)

# API Gateway quotas page: an HTTP API's integration ends at 30 s.
API_TIMEOUT_SECONDS = 29

Days = Annotated[StrictInt, positive("days")]
# Lambda quotas page.
MemoryMb = Annotated[
    StrictInt,
    between(128, 10240, "MB"),
    Field(description="Memory in MB; Lambda gives processor time in proportion to it"),
]
EphemeralStorageMb = Annotated[
    StrictInt, between(512, 10240, "MB"), Field(description="Size of `/tmp` in MB")
]
_ENDS = Field(description="Seconds after which Lambda ends it; its duration alarm rings at 80 % of them")
TimeoutSeconds = Annotated[StrictInt, between(1, 900, "seconds"), _ENDS]
ApiTimeoutSeconds = Annotated[
    StrictInt, between(1, API_TIMEOUT_SECONDS, "seconds, as an HTTP API ends at 30"), _ENDS
]
Concurrency = Annotated[
    Annotated[StrictInt, positive("concurrent executions")] | None,
    Field(description="How many run at once at most, taken from what the account has; None: no bound"),
]


class FunctionSettings(Section):
    """One function."""

    memory_mb: MemoryMb
    timeout_seconds: TimeoutSeconds
    ephemeral_storage_mb: EphemeralStorageMb = 512
    reserved_concurrency: Concurrency = None


HttpsAddress = Annotated[
    StrictStr,
    matching(
        r"https://[^/\\\s?#@]+(/[^\s?#]*)?", "an https address without a login, as https://example.com/keys"
    ),
]


class ApiFunctionSettings(FunctionSettings):
    """A function behind the HTTP API, which gives up at 30 s."""

    memory_mb: MemoryMb = 512
    timeout_seconds: ApiTimeoutSeconds = API_TIMEOUT_SECONDS
    # What a leaked token can run at once, and so what it can cost.
    reserved_concurrency: Concurrency = 20


class TradesSettings(ApiFunctionSettings):
    """Trades, which everybody asks at once when a market opens."""

    # Beyond it an HTTP API answers 503 at once. All environments in one account take half of the 1,000 that
    # it has (Lambda quotas page, "Concurrent executions"); a new one may have 10.
    reserved_concurrency: Concurrency = 100


class StrategiesSettings(ApiFunctionSettings):
    """The backtests, over the closes of all years. What would not fit is refused before it starts."""

    # 500 tickers over ten years take 324 MiB and want half a processor.
    memory_mb: MemoryMb = 1024


class ScannerSettings(ApiFunctionSettings):
    """The scanner, which reads all instruments at once."""

    memory_mb: MemoryMb = 1024


class IngestSettings(FunctionSettings):
    """The daily ingest."""

    memory_mb: MemoryMb = 1024
    timeout_seconds: TimeoutSeconds = 300
    # A day's Parquet files are put together on /tmp.
    ephemeral_storage_mb: EphemeralStorageMb = 1024
    requests_per_hour: Annotated[StrictInt, positive("requests an hour")] = Field(
        default=10_000, description="Requests to a data provider, as its plan allows"
    )
    requests_at_once: Annotated[StrictInt, between(1, 32, "requests")] = Field(
        default=8, description="Requests to a data provider at the same time"
    )
    failed_percent: Annotated[StrictInt, between(0, 100, "percent of the tickers")] = Field(
        default=5, description="If more of the tickers fail, the run does, and its alarm rings"
    )
    tiingo_url: HttpsAddress = Field(
        default="https://api.tiingo.com", description="Where daily prices come from first"
    )
    polygon_url: HttpsAddress = Field(
        default="https://api.polygon.io", description="Where they come from where Tiingo has none"
    )
    # Two at once would only fetch the same twice.
    reserved_concurrency: Concurrency = 1


class AuthorizerSettings(FunctionSettings):
    """The Lambda authorizer, where there is one: every request waits for it."""

    memory_mb: MemoryMb = 256
    timeout_seconds: TimeoutSeconds = 5


class MigrateSettings(FunctionSettings):
    """What brings the database's schema up to date, during a deployment."""

    memory_mb: MemoryMb = 512
    timeout_seconds: TimeoutSeconds = 300


class VpcSettings(Section):
    """The private network the functions join; without it they have AWS's own. Both lists have to be given."""

    subnet_ids: Annotated[
        tuple[Annotated[StrictStr, matching(r"subnet-[0-9a-f]+", "subnet-…")], ...], NotEmpty
    ] = Field(default=(), description="Subnets of the functions' network interfaces")
    security_group_ids: Annotated[
        tuple[Annotated[StrictStr, matching(r"sg-[0-9a-f]+", "sg-…")], ...], NotEmpty
    ] = Field(default=(), description="Security groups of the functions' network interfaces")


class FunctionsSettings(Section):
    """All functions: each one's size, and what is alike for all."""

    trades: TradesSettings = TradesSettings()
    data: ApiFunctionSettings = ApiFunctionSettings()
    strategies: StrategiesSettings = StrategiesSettings()
    scanner: ScannerSettings = ScannerSettings()
    ingest: IngestSettings = IngestSettings()
    authorizer: AuthorizerSettings = AuthorizerSettings()
    migrate: MigrateSettings = MigrateSettings()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least of what the functions log"
    )
    tracing: StrictBool = Field(
        default=False,
        description="X-Ray traces of every function; costs the one statement whose resource has to be `*`",
    )
    vpc: VpcSettings | None = Field(
        default=None, description="The private network that the functions join; None: AWS's own"
    )


class Transition(Section):
    """When objects move to a cheaper storage class."""

    after_days: Days = Field(description="Age in days at which they move")
    storage_class: Literal["STANDARD_IA", "GLACIER_IR"] = Field(description="Where they move to")

    @model_validator(mode="after")
    def _old_enough(self) -> Self:
        # S3 User Guide, "Transitioning objects": STANDARD_IA takes objects of 30 days.
        if self.storage_class == "STANDARD_IA" and self.after_days < 30:
            raise FieldError("after_days", self.after_days, "30 or more days for STANDARD_IA")
        return self


class CacheSettings(Section):
    """The Parquet cache: what it keeps, and for how long."""

    versioned: StrictBool = Field(default=True, description="Whether what is overwritten can be had back")
    old_versions_days: Days = Field(default=30, description="Days that overwritten objects are kept")
    transitions: tuple[Transition, ...] = Field(
        default=(),
        # S3 User Guide, "Transitioning objects": objects of up to 128 KB stay where they are.
        description="When objects larger than 128 KB move to a cheaper class; a ticker's bars are smaller "
        "and stay, the panels move",
    )
    # An ingest writes anew what it keeps and is older than 10 days; two missed weeks must not cost data.
    expire_after_days: Annotated[
        StrictInt, between(30, 3650, "days, as an ingest may fail for two weeks")
    ] = Field(default=90, description="Age in days at which objects go that no ingest has kept")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        steps = [(transition.storage_class, transition.after_days) for transition in self.transitions]
        # S3 User Guide, "Transitioning objects": down the waterfall only, and 30 days in STANDARD_IA first.
        match steps:
            case [] | [_]:
                pass
            case [("STANDARD_IA", infrequent), ("GLACIER_IR", archived)] if archived >= infrequent + 30:
                pass
            case _:
                raise FieldError(
                    "transitions", steps, "one, or STANDARD_IA and 30 or more days after it GLACIER_IR"
                )
        if steps and self.expire_after_days <= steps[-1][1]:
            raise FieldError(
                "expire_after_days",
                self.expire_after_days,
                f"more than {steps[-1][1]}, when objects move last",
            )
        return self


class StorageSettings(Section):
    """The buckets."""

    cache: CacheSettings = CacheSettings()
    protected: StrictBool = Field(
        default=False,
        description="Terraform refuses to destroy the cache, and leaves the objects of all buckets",
    )


class SecretsSettings(Section):
    """The two secrets. Counting `version` up writes the variables' values anew."""

    version: Annotated[StrictInt, positive()] = Field(
        default=1, description="Counted up, the variables' values are written anew: how secrets are rotated"
    )
    recovery_window_days: RecoveryWindowDays = Field(
        default=7,
        description="Days that a destroyed secret can be had back, and its name is taken; 0: gone at once",
    )
    protected: StrictBool = Field(default=False, description="Terraform refuses to destroy the secrets")


Origin = Annotated[
    StrictStr, matching(r"\*|https?://[^/\s*]+", "* or a scheme and host, as https://example.com")
]


class ApiSettings(Section):
    """The HTTP API's edge: who may call from a browser, how often, and who signs the callers' tokens."""

    cors_origins: Annotated[tuple[Origin, ...], NotEmpty] = Field(
        default=(SITE,), description="Origins whose pages may call the API from a browser"
    )
    throttle_rps: Annotated[StrictInt, positive("requests a second")] = Field(
        description="Requests a second, over time, of all routes but /health together, before the API "
        "answers 429. Each has an equal share: AWS does not say whether routes share a stage's limit"
    )
    throttle_burst: Annotated[StrictInt, positive("requests")] = Field(
        description="Requests at once, shared out alike, before the API answers 429; at least 1 a route"
    )
    access_team: Annotated[StrictStr, matching(r"[a-z0-9-]+", "a Cloudflare team name: a-z, 0-9 and -")] = (
        Field(
            default="potential-parakeet", description="The team at Cloudflare that signs the callers' tokens"
        )
    )
    access_audience: Annotated[
        StrictStr, matching(r"[0-9A-Za-z_-]+", "the Access application's AUD tag, without spaces")
    ] = Field(description="AUD tag of the Access application whose tokens are let in")
    authorizer: Literal["jwt", "lambda"] = Field(
        default="jwt",
        description="Who checks tokens: `jwt`, API Gateway by the team's discovery document; `lambda`, our "
        "function, where Cloudflare does not serve that document",
    )
    authorizer_cache_seconds: Annotated[StrictInt, between(0, 3600, "seconds")] = Field(
        default=60,
        description="Seconds that the Lambda authorizer's answer for a token is taken again; a token is let "
        "in for as long after its end, and 30 s more for clocks that differ",
    )
    access_issuer: HttpsAddress | None = Field(
        default=None,
        description="Who signs, where it is not the team's address: a renamed team keeps its old name",
    )
    access_keys_url: HttpsAddress | None = Field(
        default=None,
        description="Where the signing keys are, where it is not the team's own place (`lambda` only)",
    )

    access_log_retention_days: LogRetentionDays | None = Field(
        default=None,
        description="Days that the access log is kept, who asked for what; None: as all logs",
    )
    protected: StrictBool = Field(
        default=False,
        description="Terraform refuses to destroy the API, whose address another would not have",
    )

    @property
    def issuer(self) -> str:
        """What tokens name as their issuer."""
        return self.access_issuer or f"https://{self.access_team}.cloudflareaccess.com"

    @property
    def keys_url(self) -> str:
        """Where the keys are that tokens are signed with."""
        team = f"https://{self.access_team}.cloudflareaccess.com"
        return self.access_keys_url or f"{team}/cdn-cgi/access/certs"


class ScheduleSettings(Section):
    """The daily ingest. Times are UTC."""

    enabled: StrictBool = Field(default=True, description="Whether the daily ingest runs by itself")
    expression: ScheduleExpression = Field(
        default="cron(0 6 * * ? *)",
        description="When it runs, as an EventBridge expression; every day if monitored",
    )


# GitHub's names, with the ids that its tokens name them by where a repository is younger than July 2026.
Repository = Annotated[
    StrictStr,
    matching(
        r"[0-9A-Za-z](-?[0-9A-Za-z])*(@[0-9]+)?/(?!\.{1,2}(@|$))[\w.-]+(@[0-9]+)?",
        "owner/name, or owner@id/name@id if GitHub's tokens say so",
    ),
]


EmailAddress = Annotated[
    StrictStr,
    matching(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+", "one e-mail address, as oncall@example.com"),
]


class MonitoringSettings(Section):
    """Alarms and the dashboard."""

    enabled: StrictBool = Field(default=True, description="Whether there are alarms and a dashboard")
    alert_email: EmailAddress | None = Field(default=None, description="Who is told of alarms")
    monthly_budget_usd: Annotated[StrictInt, positive("USD")] | None = Field(
        default=None,
        description="USD a month of the whole account, everything in it; 80 % of them, or a forecast of more "
        "than all, is told by e-mail; None: no budget",
    )

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        if self.enabled and self.alert_email is None:
            raise FieldError("alert_email", None, "an e-mail address, as alarms that nobody gets are none")
        return self


class Environment(Section):
    """One deployed copy of the platform. Made by `environment`, which explains what is wrong with it."""

    name: Literal["dev", "staging", "prod"] = Field(description="What is part of every name in it")
    # China's and the government's have ARNs and consoles of another form.
    region: Annotated[
        StrictStr,
        matching(r"(?!cn-|us-gov-|[a-z]{2}-iso)[a-z]{2}(-[a-z]+)+-[0-9]", "a public region, as us-east-1"),
    ] = Field(
        default=REGION, description="AWS region of everything; changed, all that is deployed stays behind"
    )
    leave_behind_region: StrictStr | None = Field(
        default=None,
        description="The region that is left, said a second time, so that nobody leaves it by mistake",
    )
    account_id: Annotated[StrictStr, matching(r"[0-9]{12}", "an account id of 12 digits")] | None = Field(
        default=None,
        description="The only account that is deployed to, and that keeps the state, in a bucket with its id "
        "in the name; None: it is not deployed to AWS",
    )
    repository: Repository | None = Field(
        default=None,
        description="GitHub repository whose workflows plan and deploy it, with roles that "
        "`parakeet-bootstrap` makes for them; None: none do",
    )
    tags: FrozenTags = Field(default_factory=dict, description="Tags of everything, beside our own three")
    log_retention_days: LogRetentionDays = Field(description="Days that all logs are kept")
    storage: StorageSettings = StorageSettings()
    secrets: SecretsSettings = SecretsSettings()
    functions: FunctionsSettings = FunctionsSettings()
    api: ApiSettings
    schedule: ScheduleSettings = ScheduleSettings()
    monitoring: MonitoringSettings

    @model_validator(mode="after")
    def _not_moved_by_mistake(self) -> Self:
        # Terraform would make everything anew there and destroy nothing here, `prevent_destroy` or not. Where
        # it is deployed by then only the state says: `deployment/region.py` looks.
        if self.region != REGION and self.leave_behind_region in (None, self.region):
            raise FieldError(
                "region",
                self.region,
                f"{REGION}, or leave_behind_region = {REGION!r} beside it, as all that is there stays there",
            )
        return self

    @model_validator(mode="after")
    def _closed_in_prod(self) -> Self:
        for origin in self.api.cors_origins:
            if self.name == "prod" and not origin.startswith("https://"):
                raise FieldError("api.cors_origins", origin, "https origins by name in prod")
        return self

    @model_validator(mode="after")
    def _watched_every_day(self) -> Self:
        watched = self.monitoring.enabled and self.schedule.enabled
        if watched and leaves_out_days(self.schedule.expression):
            raise FieldError(
                "schedule.expression",
                self.schedule.expression,
                f"every day (* or ?) while monitored, as {DAILY_HOURS} hours without a run are an alarm",
            )
        return self


def environment(name: str, **sections: Any) -> Environment:
    """The environment of that name, from what it says of itself.

    Raises ConfigurationError, a line for every wrong field: environment, field, value and what is allowed.
    """
    try:
        return Environment.model_validate({"name": name, **sections})
    except ValidationError as error:
        raise explain(name, Environment, error) from None
