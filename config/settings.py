"""What an environment of the platform may say of itself, and what it is when it says nothing.

`config/dev.py`, `staging.py` and `prod.py` say what differs from the defaults here.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr, ValidationError, model_validator

from config.names import SITE
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
MemoryMb = Annotated[StrictInt, between(128, 10240, "MB")]
EphemeralStorageMb = Annotated[StrictInt, between(512, 10240, "MB")]
TimeoutSeconds = Annotated[StrictInt, between(1, 900, "seconds")]


class FunctionSettings(Section):
    """One function."""

    memory_mb: MemoryMb
    timeout_seconds: TimeoutSeconds
    ephemeral_storage_mb: EphemeralStorageMb = 512
    reserved_concurrency: Annotated[StrictInt, positive("concurrent executions")] | None = None


class ApiFunctionSettings(FunctionSettings):
    """A function behind the HTTP API, which gives up at 30 s."""

    memory_mb: MemoryMb = 512
    timeout_seconds: Annotated[
        StrictInt, between(1, API_TIMEOUT_SECONDS, "seconds, as an HTTP API ends at 30")
    ] = API_TIMEOUT_SECONDS


class ScannerSettings(ApiFunctionSettings):
    memory_mb: MemoryMb = 1024


class IngestSettings(FunctionSettings):
    memory_mb: MemoryMb = 1024
    timeout_seconds: TimeoutSeconds = 300
    # A day's Parquet files are put together on /tmp.
    ephemeral_storage_mb: EphemeralStorageMb = 1024


class VpcSettings(Section):
    """The private network the functions join; without it they have AWS's own. Both lists have to be given."""

    subnet_ids: Annotated[
        tuple[Annotated[StrictStr, matching(r"subnet-[0-9a-f]+", "subnet-…")], ...], NotEmpty
    ] = ()
    security_group_ids: Annotated[
        tuple[Annotated[StrictStr, matching(r"sg-[0-9a-f]+", "sg-…")], ...], NotEmpty
    ] = ()


class FunctionsSettings(Section):
    trades: ApiFunctionSettings = ApiFunctionSettings()
    data: ApiFunctionSettings = ApiFunctionSettings()
    strategies: ApiFunctionSettings = ApiFunctionSettings()
    scanner: ScannerSettings = ScannerSettings()
    ingest: IngestSettings = IngestSettings()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: StrictBool = False
    vpc: VpcSettings | None = None


class Transition(Section):
    """When objects move to a cheaper storage class."""

    after_days: Days
    storage_class: Literal["STANDARD_IA", "GLACIER_IR"]

    @model_validator(mode="after")
    def _old_enough(self) -> Self:
        # S3 User Guide, "Transitioning objects": STANDARD_IA takes objects of 30 days.
        if self.storage_class == "STANDARD_IA" and self.after_days < 30:
            raise FieldError("after_days", self.after_days, "30 or more days for STANDARD_IA")
        return self


class CacheSettings(Section):
    """The Parquet cache: what it keeps, and for how long."""

    versioned: StrictBool = True
    old_versions_days: Days = 30
    transitions: tuple[Transition, ...] = ()
    expire_after_days: Days | None = None

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
        if self.expire_after_days is not None and steps and self.expire_after_days <= steps[-1][1]:
            raise FieldError(
                "expire_after_days",
                self.expire_after_days,
                f"more than {steps[-1][1]}, when objects move last",
            )
        return self


class StorageSettings(Section):
    cache: CacheSettings = CacheSettings()
    protected: StrictBool = False


class SecretsSettings(Section):
    """The two secrets. Counting `version` up writes the variables' values anew."""

    version: Annotated[StrictInt, positive()] = 1
    recovery_window_days: RecoveryWindowDays = 7
    protected: StrictBool = False


Origin = Annotated[
    StrictStr, matching(r"\*|https?://[^/\s*]+", "* or a scheme and host, as https://example.com")
]


class ApiSettings(Section):
    """The HTTP API's edge: who may call from a browser, how often, and who signs the callers' tokens."""

    cors_origins: Annotated[tuple[Origin, ...], NotEmpty] = (SITE,)
    throttle_rps: Annotated[StrictInt, positive("requests a second")]
    throttle_burst: Annotated[StrictInt, positive("requests")]
    access_team: Annotated[StrictStr, matching(r"[a-z0-9-]+", "a Cloudflare team name: a-z, 0-9 and -")] = (
        "potential-parakeet"
    )


class ScheduleSettings(Section):
    """The daily ingest. Times are UTC."""

    enabled: StrictBool = True
    expression: ScheduleExpression = "cron(0 6 * * ? *)"


class MonitoringSettings(Section):
    enabled: StrictBool = True


class Environment(Section):
    """One deployed copy of the platform. Made by `environment`, which explains what is wrong with it."""

    name: Literal["dev", "staging", "prod"]
    # China's and the government's have ARNs and consoles of another form.
    region: Annotated[
        StrictStr,
        matching(r"(?!cn-|us-gov-|[a-z]{2}-iso)[a-z]{2}(-[a-z]+)+-[0-9]", "a public region, as us-east-1"),
    ] = "us-east-1"
    account_id: Annotated[StrictStr, matching(r"[0-9]{12}", "an account id of 12 digits")] | None = None
    tags: FrozenTags = Field(default_factory=dict)
    log_retention_days: LogRetentionDays
    storage: StorageSettings = StorageSettings()
    secrets: SecretsSettings = SecretsSettings()
    functions: FunctionsSettings = FunctionsSettings()
    api: ApiSettings
    schedule: ScheduleSettings = ScheduleSettings()
    monitoring: MonitoringSettings = MonitoringSettings()

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
