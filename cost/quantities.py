"""How many units a stack uses a month: idle, as expected, and at most."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from config.usage import Usage
from cost.prices import FREE_TYPES, PRICED_TYPES

Document = Mapping[str, Any]

SECONDS = Decimal(730 * 3600)
"""Of AWS's month."""
DAYS = Decimal(730) / 24
ACCOUNT_CONCURRENCY = 1000
"""Lambda's default quota for an account: the bound of a function that has none of its own."""
ACCOUNT_THROTTLE = Decimal(10_000)
"""Requests a second that API Gateway lets through for all of an account's APIs (API Gateway quotas page)."""
_LOG_COMPRESSION = Decimal("0.15")
"""What of a log's bytes CloudWatch stores, in AWS's own examples (CloudWatch pricing page)."""
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_CACHE = "${aws_s3_bucket.cache.id}"
_KB_IN_GB = Decimal(1024 * 1024)


@dataclass(frozen=True)
class Line:
    """Units of one price. `price` is a key of `cost.prices.PRICES`."""

    price: str
    idle: Decimal
    expected: Decimal
    ceiling: Decimal


def quantities(document: Document, usage: Usage) -> list[Line]:
    """All lines of a stack; what `unknown` names is not among them."""
    document = without(document, without_a_number(document))
    platform = bool(_of(document, "aws_lambda_function"))
    lines = [*(_platform(document, usage) if platform else _bootstrap(document)), *_secrets(document, usage)]
    return [line for line in lines if any((line.idle, line.expected, line.ceiling))]


def unknown(document: Document) -> list[str]:
    """Types with neither a price nor a stated zero; addresses of what has no size or throttle known here."""
    kinds = {*document.get("resource", {})} - {*FREE_TYPES} - PRICED_TYPES
    stages = [
        f"aws_apigatewayv2_stage.{name}"
        for name, stage in document.get("resource", {}).get("aws_apigatewayv2_stage", {}).items()
        if not _is_known(_shares, stage)
    ]
    return sorted({*kinds, *stages, *without_a_number(document)})


def uncounted(document: Document) -> list[str]:
    """Addresses of what no line is about, as far as they go: of a table, or of one of its arguments."""
    found = []
    for kind, named in document.get("resource", {}).items():
        counted, costly = _COUNTED.get(kind), _COSTLY.get(kind, {})
        for name, block in named.items():
            address = f"{kind}.{name}"
            if counted is not None:
                found += [f"{address}.{argument}" for argument in block if argument not in counted]
            found += [
                f"{address}.{path}"
                for path, costs in costly.items()
                if any(costs(value) for value in _given(block, path))
            ]
    # The table of a platform holds nobody knows what; that of the state, locks.
    tables = [
        f"aws_dynamodb_table.{name}" for name in document.get("resource", {}).get("aws_dynamodb_table", {})
    ]
    found += tables if _of(document, "aws_lambda_function") else tables[1:]
    return sorted({*found})


def _given(value: Any, path: str) -> list[Any]:
    """What there is at a path, in whichever of the blocks on the way."""
    found = [value]
    for name in path.split("."):
        found = [part for one in found for part in _listed(one.get(name) if isinstance(one, dict) else None)]
    return found


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def without_a_number(document: Document) -> list[str]:
    """Addresses of what only Terraform knows the size of: they are left out."""
    return [
        f"{kind}.{name}"
        for kind, numbers in _NUMBERS.items()
        for name, block in document.get("resource", {}).get(kind, {}).items()
        if not all(_is_known(number, block) for number in numbers)
    ]


def without(document: Document, addresses: Collection[str]) -> Document:
    """The document without these resources."""
    resources = {
        kind: {name: block for name, block in named.items() if f"{kind}.{name}" not in addresses}
        for kind, named in document.get("resource", {}).items()
    }
    return {**document, "resource": resources}


def _is_known(number: Callable[[Mapping[str, Any]], Any], block: Mapping[str, Any]) -> bool:
    try:
        number(block)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return False
    return True


def throttle(document: Document) -> Decimal:
    """Requests a second that the API lets through: of each route with a bound of its own, and of the rest."""
    rates = (ACCOUNT_THROTTLE if rate is None else rate for rate in _rates(document))
    return min(sum(rates, Decimal(0)), ACCOUNT_THROTTLE)


def unthrottled(document: Document) -> bool:
    """Whether some route has no bound but the account's."""
    return None in _rates(document)


def _rates(document: Document) -> list[Decimal | None]:
    rates: list[Decimal | None] = []
    for stage in _of(document, "aws_apigatewayv2_stage"):
        # What is not known bounds nothing.
        own, default = _shares(stage) if _is_known(_shares, stage) else ([], None)
        rates += own
        if len(own) < len(_of(document, "aws_apigatewayv2_route")):
            rates.append(default)
    return rates


def _shares(stage: Mapping[str, Any]) -> tuple[list[Decimal | None], Decimal | None]:
    """Requests a second: of each route with settings of its own, and of the rest. None: the account's."""
    default, *_ = [*_blocks(stage.get("default_route_settings")), {}]
    own, of_the_rest = (
        [
            None if rate is None else _number(rate)
            for rate in ((default | one).get("throttling_rate_limit") for one in settings)
        ]
        for settings in (_blocks(stage.get("route_settings")), [default])
    )
    return own, of_the_rest[0]


def _platform(document: Document, usage: Usage) -> Iterator[Line]:
    most = throttle(document) * SECONDS
    requests = Decimal(usage.requests)
    runs = _runs(document)
    yield Line("api.request", Decimal(0), requests, most)
    yield from _functions(document, usage, requests, runs)
    yield from _storage(document, usage, requests, most, runs)
    yield from _watching(document, usage, requests, most)
    queues = Decimal(len(_of(document, "aws_sqs_queue")))
    yield Line("sqs.request", Decimal(0), queues * runs, queues * runs * 3)
    yield Line("transfer", Decimal(0), requests * _gb(usage.response_kb), most * _gb(usage.response_kb))


def _functions(document: Document, usage: Usage, requests: Decimal, runs: Decimal) -> Iterator[Line]:
    functions = _of(document, "aws_lambda_function")
    routed = [one for one in functions if _takes_requests(document, one)]
    # Requests are taken to be spread evenly over the functions that answer them.
    share = requests / len(routed) * Decimal(str(usage.request_ms)) / 1000 if routed else Decimal(0)
    ingest = runs * Decimal(str(usage.ingest_seconds))
    # Seconds that each runs: idle, expected, and at most.
    busy = [
        # All that may run at once, all the time: what a leaked token can ask for.
        *((one, Decimal(0), share, _at_once(one) * SECONDS) for one in routed),
        *((one, ingest, ingest, runs * _timeout(one) * 3) for one in functions if _scheduled(document, one)),
    ]
    yield Line("lambda.request", runs, requests + runs, throttle(document) * SECONDS + runs * 3)
    for processor in ("arm64", "x86_64"):
        sizes = [(_memory(one), *seconds) for one, *seconds in busy if _processor(one) == processor]
        yield _gb_seconds(f"lambda.{processor}", sizes)
    yield _gb_seconds("lambda.tmp", [(_paid_tmp(one), *seconds) for one, *seconds in busy])


def _gb_seconds(price: str, sizes: Sequence[tuple[Decimal, ...]]) -> Line:
    idle, expected, most = (
        sum((gb * seconds[column] for gb, *seconds in sizes), Decimal(0)) for column in range(3)
    )
    return Line(price, idle, expected, most)


def _storage(
    document: Document, usage: Usage, requests: Decimal, most: Decimal, runs: Decimal
) -> Iterator[Line]:
    cache, rewritten = Decimal(str(usage.cache_gb)), Decimal(str(usage.rewritten_gb))
    old = rewritten * _old_version_days(document) / DAYS
    # The ingest makes it, whoever calls; and callers cannot make it grow.
    yield Line("s3.standard", cache + old, cache + old, cache + old)
    writes = runs * usage.ingest_writes
    yield Line("s3.put", writes, writes, writes)
    reads = Decimal(str(usage.cache_reads))
    yield Line("s3.get", Decimal(0), requests * reads, most * reads)


def _watching(document: Document, usage: Usage, requests: Decimal, most: Decimal) -> Iterator[Line]:
    retention = max(
        (_retention(group) for group in _of(document, "aws_cloudwatch_log_group")), default=Decimal(0)
    )
    kept = retention / DAYS * _LOG_COMPRESSION
    expected, ceiling = requests * _gb(usage.log_kb), most * _gb(usage.log_kb)
    yield Line("log.ingested", Decimal(0), expected, ceiling)
    yield Line("log.kept", Decimal(0), expected * kept, ceiling * kept)
    alarms = Decimal(sum(_metrics(alarm) for alarm in _of(document, "aws_cloudwatch_metric_alarm")))
    yield Line("alarm", alarms, alarms, alarms)
    dashboards = Decimal(len(_of(document, "aws_cloudwatch_dashboard")))
    yield Line("dashboard", dashboards, dashboards, dashboards)
    metrics = Decimal(usage.custom_metrics)
    yield Line("metric", Decimal(0), metrics, metrics)
    if _of(document, "aws_sns_topic_subscription"):
        emails = Decimal(usage.alarm_emails)
        yield Line("sns.email", Decimal(0), emails, emails)


def _secrets(document: Document, usage: Usage) -> Iterator[Line]:
    secrets = Decimal(len(_of(document, "aws_secretsmanager_secret")))
    yield Line("secret", secrets, secrets, secrets)
    # An execution environment reads a secret once; a caller cannot make it read more often.
    reads = Decimal(usage.secret_reads) if secrets else Decimal(0)
    yield Line("secret.read", Decimal(0), reads, reads)


def _bootstrap(document: Document) -> Iterator[Line]:
    """State and locks: some MB, and a handful of requests a deployment."""
    if _of(document, "aws_s3_bucket"):
        size = Decimal("0.1")
        yield Line("s3.standard", size, size, size)
    if _of(document, "aws_dynamodb_table"):
        locks = Decimal(1000)
        yield Line("dynamodb.write", Decimal(0), locks, locks)
        yield Line("dynamodb.read", Decimal(0), locks, locks)


def _of(document: Document, kind: str) -> list[Mapping[str, Any]]:
    return list(document.get("resource", {}).get(kind, {}).values())


def _addresses(document: Document, function: Mapping[str, Any]) -> str:
    functions: Mapping[str, Any] = document["resource"]["aws_lambda_function"]
    return next(name for name, block in functions.items() if block is function)


def _takes_requests(document: Document, function: Mapping[str, Any]) -> bool:
    """Whether the API calls it, for a route or to ask who calls."""
    return _referred_to(document, function, "aws_apigatewayv2_integration", "integration_uri") or (
        _referred_to(document, function, "aws_apigatewayv2_authorizer", "authorizer_uri")
    )


def _scheduled(document: Document, function: Mapping[str, Any]) -> bool:
    return _referred_to(document, function, "aws_cloudwatch_event_target", "arn")


def _referred_to(document: Document, function: Mapping[str, Any], kind: str, argument: str) -> bool:
    itself = f"${{aws_lambda_function.{_addresses(document, function)}."
    aliases = document["resource"].get("aws_lambda_alias", {})
    references = (
        itself,
        *(
            f"${{aws_lambda_alias.{name}."
            for name, alias in aliases.items()
            if str(alias.get("function_name")).startswith(itself)
        ),
    )
    return any(str(block.get(argument, "")).startswith(references) for block in _of(document, kind))


def _runs(document: Document) -> Decimal:
    """Runs a month of the schedules that are on."""
    rules = _of(document, "aws_cloudwatch_event_rule")
    return sum(map(_runs_of_rule, rules), Decimal(0))


def _runs_of_rule(rule: Mapping[str, Any]) -> Decimal:
    # What follows events, and no schedule, is not run by itself.
    expression = rule.get("schedule_expression")
    return Decimal(0) if not expression or rule.get("state") == "DISABLED" else _runs_of(expression)


def _runs_of(expression: str) -> Decimal:
    kind, _, times = expression.rstrip(")").partition("(")
    if kind == "rate":
        number, unit = times.split()
        return SECONDS / (int(number) * _UNIT_SECONDS[unit.rstrip("s")])
    if kind != "cron":
        raise ValueError(f"{expression}: neither rate nor cron")
    # A cron expression that names days is counted as if it ran every day: at most too much.
    minutes, hours, *_ = [*times.split(), "0", "0"]
    return DAYS * _values(minutes, 60) * _values(hours, 24)


def _values(field: str, all_of_them: int) -> int:
    """How many values a field of a cron expression names."""
    total = 0
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span == "*" or (step and not high):
            count = all_of_them - (int(low) if low.isdigit() else 0)
        else:
            count = int(high or low) - int(low) + 1
        total += -(-count // int(step or 1))
    return total


def _memory(function: Mapping[str, Any]) -> Decimal:
    return _number(function.get("memory_size"), 128) / 1024


def _timeout(function: Mapping[str, Any]) -> Decimal:
    return _number(function.get("timeout"), 3)


def _at_once(function: Mapping[str, Any]) -> Decimal:
    own = _number(function.get("reserved_concurrent_executions"), -1)
    return Decimal(ACCOUNT_CONCURRENCY) if own < 0 else own


def _paid_tmp(function: Mapping[str, Any]) -> Decimal:
    """GB of /tmp beyond those that are free."""
    sizes = [_number(one.get("size"), 512) for one in _blocks(function.get("ephemeral_storage"))]
    return max(sum(sizes, Decimal(0)) - 512, Decimal(0)) / 1024


def _processor(function: Mapping[str, Any]) -> str:
    # Where nothing is said, Lambda takes x86_64.
    processors = {"[]": "x86_64", "['arm64']": "arm64", "['x86_64']": "x86_64"}
    return processors[str(function.get("architectures") or [])]


def _metrics(alarm: Mapping[str, Any]) -> int:
    return sum("metric" in query for query in _blocks(alarm.get("metric_query"))) or 1


def _retention(group: Mapping[str, Any]) -> Decimal:
    # For ever is priced as ten years.
    return _number(group.get("retention_in_days") or None, 3650)


def _old_version_days(document: Document) -> Decimal:
    """Of the cache, which is written anew each day. The packages' are below a GB, and counted with them."""
    if not any(one.get("bucket") == _CACHE for one in _of(document, "aws_s3_bucket_versioning")):
        return Decimal(0)
    days = [
        each
        for one in _of(document, "aws_s3_bucket_lifecycle_configuration")
        if one.get("bucket") == _CACHE
        for each in _noncurrent_days(one)
    ]
    return max(days, default=Decimal(3650))


def _noncurrent_days(configuration: Mapping[str, Any]) -> list[Decimal]:
    return [
        _number(part.get("noncurrent_days"), 0)
        for rule in _blocks(configuration.get("rule"))
        for part in _blocks(rule.get("noncurrent_version_expiration"))
    ]


def _number(value: Any, otherwise: int | None = None) -> Decimal:
    """Raises ValueError or ArithmeticError for what is none."""
    number = Decimal(str(otherwise if value is None else value))
    if not number.is_finite():
        raise ValueError(f"{value} is no number")
    return number


def _blocks(value: Any) -> list[dict[str, Any]]:
    """In JSON, one block is given by itself or as a list of one. Raises ValueError for what is none."""
    given = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in given):
        raise ValueError(f"{value}: no block")
    return given


# About Terraform's own order, or without a price.
_COSTLESS = frozenset(
    {"//", "depends_on", "description", "lifecycle", "name", "name_prefix", "provider", "tags"}
)
# Of each type that is priced, the arguments that its lines count, and those that cost nothing.
_COUNTED: Mapping[str, frozenset[str]] = {
    kind: _COSTLESS | {*arguments.split()}
    for kind, arguments in {
        "aws_cloudwatch_dashboard": "dashboard_body dashboard_name",
        "aws_cloudwatch_log_group": "retention_in_days skip_destroy",
        "aws_cloudwatch_metric_alarm": (
            "actions_enabled alarm_actions alarm_description alarm_name comparison_operator "
            "datapoints_to_alarm dimensions evaluate_low_sample_count_percentiles evaluation_periods "
            "extended_statistic insufficient_data_actions metric_name metric_query namespace ok_actions "
            "period statistic threshold treat_missing_data unit"
        ),
        "aws_dynamodb_table": (
            "attribute billing_mode deletion_protection_enabled hash_key point_in_time_recovery range_key ttl"
        ),
        "aws_lambda_function": (
            "architectures code_signing_config_arn dead_letter_config environment ephemeral_storage "
            "function_name handler image_config image_uri layers logging_config memory_size package_type "
            "publish reserved_concurrent_executions role runtime s3_bucket s3_key s3_object_version "
            "source_code_hash timeout tracing_config vpc_config"
        ),
        "aws_s3_bucket": "acl bucket bucket_prefix force_destroy",
        "aws_secretsmanager_secret": "force_overwrite_replica_secret policy recovery_window_in_days",
        "aws_sqs_queue": (
            "delay_seconds max_message_size message_retention_seconds policy receive_wait_time_seconds "
            "redrive_allow_policy redrive_policy sqs_managed_sse_enabled visibility_timeout_seconds"
        ),
    }.items()
}


def _is_short(period: Any) -> bool:
    # An alarm on less than a minute has a price of its own.
    return not str(period).isdigit() or int(period) < 60


# What costs by its value, of those and of types that cost nothing by themselves.
_COSTLY: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "aws_apigatewayv2_stage": {
        f"{settings}.detailed_metrics_enabled": bool
        for settings in ("default_route_settings", "route_settings")
    },
    "aws_cloudwatch_metric_alarm": {"period": _is_short, "metric_query.metric.period": _is_short},
    "aws_dynamodb_table": {"billing_mode": lambda mode: mode != "PAY_PER_REQUEST"},
    "aws_lambda_function": {"tracing_config.mode": lambda mode: mode != "PassThrough"},
    "aws_s3_bucket_server_side_encryption_configuration": {
        "rule.apply_server_side_encryption_by_default.sse_algorithm": lambda algorithm: algorithm != "AES256"
    },
    "aws_sns_topic": {"kms_master_key_id": bool},
}

_NUMBERS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Any], ...]] = {
    "aws_cloudwatch_event_rule": (_runs_of_rule,),
    "aws_cloudwatch_log_group": (_retention,),
    "aws_cloudwatch_metric_alarm": (_metrics,),
    "aws_lambda_function": (_memory, _timeout, _at_once, _paid_tmp, _processor),
    "aws_s3_bucket_lifecycle_configuration": (_noncurrent_days,),
}
"""By type, what the cost of each is worked out from."""


def _gb(kilobytes: float) -> Decimal:
    return Decimal(str(kilobytes)) / _KB_IN_GB
