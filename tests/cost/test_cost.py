"""What the stacks cost: every deployed type has a price or a stated zero; no number comes from nowhere."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.names import secrets_stack_name, stack_name
from config.usage import USAGE, usage
from config.validation import ConfigurationError
from cost.bill import Amounts, bill, bill_of_all
from cost.document import documented
from cost.plot import draw
from cost.prices import FREE_TYPES, PRICED_TYPES, PRICES
from cost.quantities import quantities, throttle
from cost.report import _WHY, EARLIER, beside_the_earlier, report, sources
from tests.platform import APIS
from tests.template import Block, Template

EXPLAINED = re.compile(r"- (.+): [\d.]+ → [\d.]+ \(([+-][\d.]+)\): .{10,}")
"""A service's line beside the earlier estimate: its difference, and the reason."""
DOCS = Path(__file__).parents[2] / "docs"


def documents(templates: Mapping[str, Template], environment: str) -> list[Block]:
    """Of all the environment's stacks."""
    return [templates[name].document for name in (stack_name(environment), secrets_stack_name(environment))]


def test_the_secrets_count_to_their_environment(templates: Mapping[str, Template]) -> None:
    platform, secrets = (bill(one, USAGE["prod"]) for one in documents(templates, "prod"))
    assert {item.line.price for item in secrets.items} == {"secret", "secret.read"}
    together = bill_of_all(documents(templates, "prod"), USAGE["prod"]).by_service()
    assert together == platform.by_service() | secrets.by_service()
    assert "Secrets Manager" not in platform.by_service()
    assert together["Secrets Manager"].idle == Decimal("0.80")


def test_every_deployed_type_has_a_price_or_a_stated_zero(template: Template) -> None:
    assert bill(template.document, USAGE["prod"]).unknown == ()


def test_a_type_is_priced_or_free_and_never_both() -> None:
    assert not PRICED_TYPES & {*FREE_TYPES}


def test_an_unknown_type_is_named_and_not_counted_as_nothing(prod: Template) -> None:
    document: Block = {
        **prod.document,
        "resource": {**prod.document["resource"], "aws_nat_gateway": {"x": {}}},
    }
    counted = bill(document, USAGE["prod"])
    assert counted.unknown == ("aws_nat_gateway",)
    assert "`aws_nat_gateway`" in report("prod", counted, USAGE["prod"], free_tier=False)


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("aws_apigatewayv2_stage", {"default_route_settings": [{"detailed_metrics_enabled": True}]}, None),
        ("aws_cloudwatch_metric_alarm", {"period": 10}, "period"),
        ("aws_cloudwatch_log_group", {"count": 3}, "count"),
        ("aws_lambda_function", {"snap_start": {"apply_on": "PublishedVersions"}}, "snap_start"),
        (
            "aws_s3_bucket_server_side_encryption_configuration",
            {"rule": [{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms"}}]},
            None,
        ),
        ("aws_sqs_queue", {"kms_master_key_id": "alias/ours"}, "kms_master_key_id"),
    ],
)
def test_an_argument_that_no_line_counts_is_named(
    kind: str, arguments: Block, said: str | None, prod: Template
) -> None:
    counted = bill(altered(prod, kind, **arguments), USAGE["prod"])
    ending = f".{said}" if said else ("detailed_metrics_enabled", "sse_algorithm")
    assert counted.unknown
    assert all(one.startswith(f"{kind}.") and one.endswith(ending) for one in counted.unknown)


def test_a_table_that_is_paid_by_the_hour_or_is_not_the_states_is_not_counted(
    templates: Mapping[str, Template], prod: Template
) -> None:
    provisioned = {"billing_mode": "PROVISIONED", "read_capacity": 40_000, "write_capacity": 40_000}
    bootstrap = altered(templates["parakeet-bootstrap"], "aws_dynamodb_table", **provisioned)
    (name,) = bootstrap["resource"]["aws_dynamodb_table"]
    assert bill(bootstrap, USAGE["prod"]).unknown == tuple(
        f"aws_dynamodb_table.{name}.{argument}" for argument in provisioned
    )
    table = {"aws_dynamodb_table": {"items": {"name": "items", "billing_mode": "PAY_PER_REQUEST"}}}
    document = {**prod.document, "resource": {**prod.document["resource"], **table}}
    assert bill(document, USAGE["prod"]).unknown == ("aws_dynamodb_table.items",)


def test_usage_beyond_what_the_throttles_let_through_is_said(templates: Mapping[str, Template]) -> None:
    most = int(throttle(templates["parakeet-dev"].document) * 730 * 3600)
    said = f"**More than can be**: the API's throttles let {most:,} requests a month through"
    for requests, beyond in ((most, False), (most + 1, True)):
        used = usage("dev", f"requests={requests}")
        text = report("dev", bill_of_all(documents(templates, "dev"), used), used, free_tier=False)
        assert (said in text) is beyond


def test_idle_is_at_most_expected_and_expected_at_most_the_ceiling(platform: Template) -> None:
    for item in bill(platform.document, USAGE[platform.environment]).items:
        amounts = item.amounts
        assert amounts.idle <= amounts.expected <= amounts.ceiling, item.price


def test_the_ceiling_is_what_throttles_and_concurrency_let_through(prod: Template) -> None:
    by_price = {line.price: line for line in quantities(prod.document, USAGE["prod"])}
    # 1,000 requests a second, but for what is rounded off, and /health's 10, all of a month of 730 hours.
    together = throttle(prod.document)
    assert 1009 < together <= 1010
    assert by_price["api.request"].ceiling == together * 730 * 3600
    # A route that has no share has all of the stage's limit.
    unshared = {**prod.one("aws_apigatewayv2_stage")}
    *unshared["route_settings"], last = unshared["route_settings"]
    share = Decimal(str(last["throttling_rate_limit"]))
    stage = {**prod.document["resource"], "aws_apigatewayv2_stage": {"api_stage": unshared}}
    assert throttle({**prod.document, "resource": stage}) == together - share + 1000
    functions = [prod.function(named) for named in APIS.values()]
    busy = sum(
        Decimal(one["reserved_concurrent_executions"]) * one["memory_size"] / 1024 * 730 * 3600
        for one in functions
    )
    ingest = prod.function("ingest")
    retried = Decimal(730) / 24 * 3 * ingest["timeout"] * ingest["memory_size"] / 1024
    assert by_price["lambda.arm64"].ceiling == busy + retried


def altered(prod: Template, kind: str, **arguments: Any) -> Block:
    """With these arguments in every resource of that type; None: without it."""
    blocks = {
        name: {key: value for key, value in (block | arguments).items() if value is not None}
        for name, block in prod.resources(kind).items()
    }
    return {**prod.document, "resource": {**prod.document["resource"], kind: blocks}}


@pytest.mark.parametrize(
    ("own", "default", "rate"),
    [(None, None, 10_000), (None, {"throttling_rate_limit": 20}, 20), ([], {}, 10_000), ([{}], {}, 10_000)],
)
def test_a_route_without_a_throttle_counts_with_the_accounts_and_it_is_said(
    own: list[Block] | None, default: Block | None, rate: int, prod: Template
) -> None:
    document = altered(prod, "aws_apigatewayv2_stage", route_settings=own, default_route_settings=default)
    assert throttle(document) == rate
    counted = bill(document, USAGE["prod"])
    assert counted.total.ceiling > bill(prod.document, USAGE["prod"]).total.ceiling or rate < 1010
    said = report("prod", counted, USAGE["prod"], free_tier=False)
    assert ("**Not throttled**: " in said) == (rate == 10_000)
    assert "10,000 requests a second" in said or rate != 10_000


@pytest.mark.parametrize("architectures", [["x86_64"], None])
def test_a_function_costs_what_its_processor_does(architectures: list[str] | None, prod: Template) -> None:
    document = altered(prod, "aws_lambda_function", architectures=architectures)
    before, after = (
        {line.price: line for line in quantities(one, USAGE["prod"])} for one in (prod.document, document)
    )
    assert "lambda.x86_64" not in before
    assert "lambda.arm64" not in after
    assert after["lambda.x86_64"].ceiling == before["lambda.arm64"].ceiling
    assert PRICES["lambda.x86_64"].of(Decimal(7_000_000_000)) == 100_000 + Decimal("0.2") + 15_000


def test_tmp_beyond_512_mb_costs_whoever_calls_the_function(prod: Template) -> None:
    document = altered(prod, "aws_lambda_function", ephemeral_storage={"size": 1024})
    (line,) = (line for line in quantities(document, USAGE["prod"]) if line.price == "lambda.tmp")
    at_once = sum(prod.function(named)["reserved_concurrent_executions"] for named in APIS.values())
    retried = Decimal(730) / 24 * 3 * prod.function("ingest")["timeout"]
    assert line.ceiling == (at_once * 730 * 3600 + retried) / 2
    ingest = Decimal(730) / 24 * Decimal(str(USAGE["prod"].ingest_seconds))
    requests = Decimal(USAGE["prod"].requests) * Decimal(str(USAGE["prod"].request_ms)) / 1000
    assert (line.idle, line.expected) == (ingest / 2, (ingest + requests) / 2)


def test_a_price_counts_its_tiers_and_its_free_units() -> None:
    price = PRICES["api.request"]
    assert price.of(Decimal(1_000_000)) == 1
    assert price.of(Decimal(400_000_000)) == 300 + 90
    assert price.of(Decimal(1_000_000), free_tier=True) == 0
    assert price.of(Decimal(3_000_000), free_tier=True) == 2


def test_a_quantity_beyond_every_tier_is_counted_whole() -> None:
    for price in PRICES.values():
        last = price.tiers[-1]
        assert last[0] is None, price
        ends = [end for end, _ in price.tiers[:-1]]
        assert ends == sorted(end for end in ends if end is not None)


def test_every_price_has_a_source_of_aws() -> None:
    assert all(price.source.startswith("https://aws.amazon.com/") for price in PRICES.values())
    assert sources().count("\n") == len(PRICES) + 2


@pytest.mark.parametrize("environment", EARLIER)
def test_the_reasons_add_up_to_the_difference_from_the_earlier_estimate(
    environment: str, templates: Mapping[str, Template]
) -> None:
    counted = bill_of_all(documents(templates, environment), USAGE[environment])
    services = counted.by_service()
    earlier = {name: Decimal(amount) for name, amount in EARLIER[environment].items()}
    total, _, *said = beside_the_earlier(environment, counted)
    lines = [EXPLAINED.fullmatch(line) for line in said]
    assert all(lines), said
    now = sum(services.values(), Amounts()).expected
    assert f"{now:.2f}" in total
    differences = sum((Decimal(line[2]) for line in lines if line), Decimal(0))
    # A line less than a cent is none, and each is rounded.
    assert abs(now - sum(earlier.values()) - differences) < Decimal("0.01") * len(services)


def test_a_service_that_makes_a_difference_has_a_reason() -> None:
    """Else the whole table would be none."""
    assert {price.service for price in PRICES.values()} <= {*_WHY}


def test_usage_is_overridden_by_name() -> None:
    assert usage("prod", "requests=20000000,request_ms=50").requests == 20_000_000
    assert usage("prod", "").model_dump() == USAGE["prod"].model_dump()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("requests", "'requests': allowed: field=number"),
        ("request=5", "unknown field; allowed: requests, "),
        ("requests=-5", "requests = '-5'"),
        ("requests=many", "requests = 'many'"),
        ("cache_gb=nan", "cache_gb = 'nan'"),
    ],
)
def test_wrong_usage_is_refused_by_field_and_value(given: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match="USAGE") as refused:
        usage("prod", given)
    assert said in str(refused.value)


def test_a_schedule_that_runs_more_often_costs_more(prod: Template) -> None:
    runs = {}
    for expression in ("cron(0 6 * * ? *)", "cron(0 6,18 * * ? *)", "rate(1 hour)", "cron(0/15 * * * ? *)"):
        (name,) = prod.resources("aws_cloudwatch_event_rule")
        rule = {**prod.resources("aws_cloudwatch_event_rule")[name], "schedule_expression": expression}
        document = {
            **prod.document,
            "resource": {**prod.document["resource"], "aws_cloudwatch_event_rule": {name: rule}},
        }
        lines = {line.price: line for line in quantities(document, USAGE["prod"])}
        runs[expression] = round(lines["lambda.request"].idle * 24 / 730, 6)
    assert list(runs.values()) == [1, 2, 24, 96]


# Where matplotlib has not yet looked for the machine's fonts, it starts a program that lists them.
@pytest.mark.integration
def test_the_picture_is_as_make_docs_draws_it_on_every_machine(
    templates: Mapping[str, Template], tmp_path: Path
) -> None:
    file = tmp_path / "cost.svg"
    draw(documents(templates, "prod"), USAGE["prod"], file)
    assert file.read_bytes() == (DOCS / "cost.svg").read_bytes(), "run `make docs`"


def test_the_document_is_as_make_docs_writes_it(templates: Mapping[str, Template]) -> None:
    bills = {name: bill_of_all(documents(templates, name), expected) for name, expected in USAGE.items()}
    text = (DOCS / "cost.md").read_text(encoding="utf-8")
    assert documented(text, bills, USAGE) == text, "run `make docs`"
