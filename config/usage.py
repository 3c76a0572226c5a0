"""How much an environment is used a month, for `make cost`: assumptions, where nobody has measured."""

from typing import Annotated

from pydantic import Field, ValidationError

from config.validation import ConfigurationError, Section, explain

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class Usage(Section):
    """A month of one environment."""

    requests: Count = Field(description="Requests that the API answers")
    request_ms: Amount = Field(default=100, description="Milliseconds that a function runs for a request")
    response_kb: Amount = Field(default=5, description="KB that a request sends out to the internet")
    log_kb: Amount = Field(default=1, description="KB that a request logs, access log and function together")
    cache_reads: Amount = Field(default=1, description="Objects that a request reads from the cache")
    ingest_seconds: Amount = Field(default=120, description="Seconds that an ingest runs")
    ingest_writes: Count = Field(default=1500, description="Objects that an ingest writes")
    cache_gb: Amount = Field(description="GB in the cache")
    rewritten_gb: Amount = Field(description="GB of the cache that are overwritten, kept where versioned")
    secret_reads: Count = Field(default=10_000, description="Times that functions read a secret")
    alarm_emails: Count = Field(default=20, description="E-mails of alarms")
    custom_metrics: Count = Field(default=0, description="Metrics that the functions' code makes")


# Requests, GB and the KB of a request's log are the earlier estimate's: prod 10 million requests, 10 GB with
# as much again in old versions, and 5 USD of logs, which are 10 GB. Nobody has measured the rest.
USAGE = {
    "dev": Usage(requests=1_000_000, cache_gb=1, rewritten_gb=1),
    "staging": Usage(requests=1_000_000, cache_gb=10, rewritten_gb=10),
    "prod": Usage(requests=10_000_000, cache_gb=10, rewritten_gb=10),
}
"""By environment."""


def usage(environment: str, changes: str = "") -> Usage:
    """Of an environment, with changes as `requests=20000000,request_ms=50`. Raises ConfigurationError."""
    given: dict[str, str] = {}
    for change in filter(None, changes.split(",")):
        name, equals, value = change.partition("=")
        if not equals:
            raise ConfigurationError(f"USAGE: {change!r}: allowed: field=number, with commas between")
        given[name.strip()] = value.strip()
    try:
        return Usage.model_validate(USAGE[environment].model_dump() | given)
    except ValidationError as error:
        raise explain(f"USAGE of {environment}", Usage, error) from None
