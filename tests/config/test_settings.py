"""The environments, and what is said of a wrong one."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from config.environments import DEV, ENVIRONMENTS, PROD, STAGING
from config.settings import FunctionSettings, environment
from config.target import Target
from config.validation import ConfigurationError
from tests.platform import APIS, FUNCTIONS
from tests.template import changed

# A digit to Python, not to AWS.
ARABIC_ONE = "\N{ARABIC-INDIC DIGIT ONE}"
SCHEDULES = "cron(minutes hours day-of-month month day-of-week year) or rate(n minutes|hours|days)"
TAG = "the Access application's AUD tag, without spaces"
RETENTIONS = (
    "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
)


def told(name: str, **sections: Any) -> list[str]:
    """The lines that the author of a wrong environment gets to read."""
    with pytest.raises(ConfigurationError) as error:
        environment(name, **sections)
    return str(error.value).splitlines()


def wrong(**sections: Any) -> str:
    """The only line that the author of a wrong prod gets to read."""
    with pytest.raises(ConfigurationError) as error:
        changed(PROD, **sections)
    (line,) = str(error.value).splitlines()
    return line


def transitions(*steps: tuple[int, str]) -> dict[str, Any]:
    return {"cache": {"transitions": tuple({"after_days": days, "storage_class": to} for days, to in steps)}}


def test_every_environment_is_there_once() -> None:
    names = [environment.name for environment in ENVIRONMENTS]
    assert len(set(names)) == len(names)
    assert {"dev", "staging", "prod"} <= set(names)


def test_an_environment_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PROD.functions.trades.memory_mb = 128
    with pytest.raises(TypeError):
        PROD.tags["Team"] = "quant"  # type: ignore[index]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("memory", [127, 10241])
def test_memory_outside_of_lambdas_bounds_is_refused(function: str, memory: int) -> None:
    line = wrong(functions={function: {"memory_mb": memory}})
    assert line == f"prod: functions.{function}.memory_mb = {memory}: allowed: 128 to 10240 MB"


@pytest.mark.parametrize("timeout", [0, 901])
def test_a_timeout_outside_of_lambdas_bounds_is_refused(timeout: int) -> None:
    line = wrong(functions={"ingest": {"timeout_seconds": timeout}})
    assert line == f"prod: functions.ingest.timeout_seconds = {timeout}: allowed: 1 to 900 seconds"


@pytest.mark.parametrize("function", APIS)
@pytest.mark.parametrize("timeout", [0, 30])
def test_an_api_function_that_outlasts_the_http_api_is_refused(function: str, timeout: int) -> None:
    line = wrong(functions={function: {"timeout_seconds": timeout}})
    assert line == (
        f"prod: functions.{function}.timeout_seconds = {timeout}: "
        "allowed: 1 to 29 seconds, as an HTTP API ends at 30"
    )


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("storage", [511, 10241])
def test_tmp_outside_of_lambdas_bounds_is_refused(function: str, storage: int) -> None:
    line = wrong(functions={function: {"ephemeral_storage_mb": storage}})
    assert line == f"prod: functions.{function}.ephemeral_storage_mb = {storage}: allowed: 512 to 10240 MB"


@pytest.mark.parametrize(
    "size",
    [
        {"memory_mb": 128, "timeout_seconds": 1, "ephemeral_storage_mb": 512, "reserved_concurrency": 1},
        {
            "memory_mb": 10240,
            "timeout_seconds": 900,
            "ephemeral_storage_mb": 10240,
            "reserved_concurrency": 1,
        },
    ],
    ids=["smallest", "largest"],
)
def test_a_function_at_lambdas_bounds_is_taken(size: dict[str, int]) -> None:
    ingest = changed(PROD, functions={"ingest": size}).functions.ingest.model_dump()
    assert size.items() <= ingest.items()


@pytest.mark.parametrize(
    "size",
    [
        {"memory_mb": 127, "timeout_seconds": 1},
        {"memory_mb": 10241, "timeout_seconds": 1},
        {"memory_mb": 128, "timeout_seconds": 0},
        {"memory_mb": 128, "timeout_seconds": 901},
    ],
)
def test_a_function_that_is_added_tomorrow_has_lambdas_bounds_too(size: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="allowed: "):
        FunctionSettings(**size)


def test_a_reservation_of_nothing_is_refused() -> None:
    """Zero would switch the function off."""
    line = wrong(functions={"trades": {"reserved_concurrency": 0}})
    assert line == "prod: functions.trades.reserved_concurrency = 0: allowed: 1 or more concurrent executions"


@pytest.mark.parametrize("value", ["512", 512.0, True], ids=["text", "fraction", "truth"])
def test_a_number_is_written_as_a_number(value: object) -> None:
    line = wrong(functions={"trades": {"memory_mb": value}})
    assert line == f"prod: functions.trades.memory_mb = {value!r}: allowed: a whole number"


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "daily",
        "0 6 * * ? *",
        "at(2030-01-31T06:00:00)",
        "cron(0 6 * * ?)",
        "cron(0 6 * * * *)",
        "cron(60 6 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 6 * * ? 1969)",
        "cron(0 6 ? * 8 *)",
        "cron(0 6 * * ? *) ",
        "rate(day)",
        "rate(0 days)",
        "rate(1 days)",
        "rate(2 day)",
        "rate(2 weeks)",
    ],
)
def test_a_schedule_that_eventbridge_would_refuse_is_refused(expression: str) -> None:
    line = wrong(schedule={"expression": expression})
    assert line.startswith(f"prod: schedule.expression = {expression!r}: allowed: {SCHEDULES}")


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 6 ? * MON-FRI *)",
        "cron(0 6 1 * ? *)",
        "cron(0 6 * 1 ? *)",
        "cron(0 6 * * ? 2030)",
        "rate(2 days)",
        "rate(25 hours)",
        "rate(1441 minutes)",
    ],
)
def test_a_schedule_that_leaves_out_days_is_refused(expression: str) -> None:
    """Monitoring would take each of those days for a failure."""
    line = wrong(schedule={"expression": expression})
    assert line == (
        f"prod: schedule.expression = {expression!r}: allowed: every day (* or ?) while monitored, "
        "as 26 hours without a run are an alarm"
    )


def test_a_schedule_that_nobody_watches_may_leave_out_days() -> None:
    for unwatched in ({"monitoring": {"enabled": False}}, {"schedule": {"enabled": False}}):
        weekdays = {"expression": "cron(0 6 ? * MON-FRI *)", **unwatched.get("schedule", {})}
        settings = changed(PROD, **unwatched | {"schedule": weekdays})
        assert settings.schedule.expression == "cron(0 6 ? * MON-FRI *)"


def test_a_wrong_schedule_is_told_what_is_wrong_with_it() -> None:
    assert wrong(schedule={"expression": "cron(0 25 * * ? *)"}).endswith("(Invalid hour value '25'.)")


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 6 * * ? *)",
        "cron(30 6,18 ? * * *)",
        "cron(0 6 1/1 * ? *)",
        "rate(1 day)",
        "rate(24 hours)",
        "rate(1440 minutes)",
    ],
)
def test_a_schedule_that_eventbridge_takes_is_taken(expression: str) -> None:
    assert changed(PROD, schedule={"expression": expression}).schedule.expression == expression


@pytest.mark.parametrize("days", [0, 2, 15, 91, 3654])
def test_a_log_retention_that_cloudwatch_has_not_is_refused(days: int) -> None:
    assert wrong(log_retention_days=days) == f"prod: log_retention_days = {days}: allowed: {RETENTIONS} days"


def test_an_expiry_that_failed_ingests_would_lose_data_by_is_refused() -> None:
    line = wrong(storage={"cache": {"expire_after_days": 29}})
    assert line == (
        "prod: storage.cache.expire_after_days = 29: "
        "allowed: 30 to 3650 days, as an ingest may fail for two weeks"
    )


def test_old_versions_are_kept_for_a_day_at_least() -> None:
    line = wrong(storage={"cache": {"old_versions_days": 0}})
    assert line == "prod: storage.cache.old_versions_days = 0: allowed: 1 or more days"


@pytest.mark.parametrize("days", [30, 89, 90])
def test_an_expiry_before_the_last_transition_is_refused(days: int) -> None:
    line = wrong(storage={"cache": {"expire_after_days": days}})
    assert line == (
        f"prod: storage.cache.expire_after_days = {days}: allowed: more than 90, when objects move last"
    )


def test_an_expiry_after_the_last_transition_is_taken() -> None:
    assert changed(PROD, storage={"cache": {"expire_after_days": 91}}).storage.cache.expire_after_days == 91


@pytest.mark.parametrize(
    "steps",
    [
        ((90, "STANDARD_IA"), (30, "GLACIER_IR")),
        ((30, "STANDARD_IA"), (59, "GLACIER_IR")),
        ((30, "GLACIER_IR"), (90, "STANDARD_IA")),
        ((30, "STANDARD_IA"), (90, "STANDARD_IA")),
        ((30, "STANDARD_IA"), (60, "GLACIER_IR"), (90, "GLACIER_IR")),
    ],
    ids=["earlier", "too soon", "upwards", "the same", "three"],
)
def test_transitions_that_s3_would_refuse_are_refused(steps: tuple[tuple[int, str], ...]) -> None:
    line = wrong(storage=transitions(*steps))
    assert line == (
        f"prod: storage.cache.transitions = {[(to, days) for days, to in steps]}: "
        "allowed: one, or STANDARD_IA and 30 or more days after it GLACIER_IR"
    )


@pytest.mark.parametrize(
    "steps", [(), ((1, "GLACIER_IR"),), ((30, "STANDARD_IA"), (60, "GLACIER_IR"))], ids=len
)
def test_transitions_that_s3_takes_are_taken(steps: tuple[tuple[int, str], ...]) -> None:
    cache = changed(PROD, storage=transitions(*steps)).storage.cache
    assert [(step.after_days, step.storage_class) for step in cache.transitions] == list(steps)


def test_standard_ia_before_thirty_days_is_refused() -> None:
    line = wrong(storage=transitions((29, "STANDARD_IA")))
    assert line == (
        "prod: storage.cache.transitions.0.after_days = 29: allowed: 30 or more days for STANDARD_IA"
    )


def test_any_origin_is_refused_in_prod() -> None:
    line = wrong(api={"cors_origins": ("https://potential-parakeet.pages.dev", "*")})
    assert line == "prod: api.cors_origins = '*': allowed: https origins by name in prod"


def test_an_origin_without_tls_is_refused_in_prod() -> None:
    line = wrong(api={"cors_origins": ("http://localhost:3000",)})
    assert line == "prod: api.cors_origins = 'http://localhost:3000': allowed: https origins by name in prod"


def test_any_origin_is_taken_outside_of_prod() -> None:
    assert changed(DEV, api={"cors_origins": ("*",)}).api.cors_origins == ("*",)


@pytest.mark.parametrize("origin", ["example.com", "https://*.example.com", "https://example.com/path", ""])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    line = wrong(api={"cors_origins": (origin,)})
    assert line == (
        f"prod: api.cors_origins.0 = {origin!r}: allowed: * or a scheme and host, as https://example.com"
    )


def test_an_api_that_no_browser_may_call_is_refused() -> None:
    assert wrong(api={"cors_origins": ()}) == "prod: api.cors_origins = (): allowed: one or more"


@pytest.mark.parametrize(
    ("field", "unit"), [("throttle_rps", "requests a second"), ("throttle_burst", "requests")]
)
def test_a_throttle_that_lets_nobody_in_is_refused(field: str, unit: str) -> None:
    assert wrong(api={field: 0}) == f"prod: api.{field} = 0: allowed: 1 or more {unit}"


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"functons": {}},
            (
                "prod: functons = {}: unknown field; allowed: name, region, "
                "leave_behind_region, account_id, repository, tags, "
                "log_retention_days, storage, secrets, functions, api, schedule, monitoring"
            ),
        ),
        (
            {"schedule": {"cron": "0 6 * * ? *"}},
            "prod: schedule.cron = '0 6 * * ? *': unknown field; allowed: enabled, expression",
        ),
        (
            {"functions": {"ingest": {"memory": 512}}},
            (
                "prod: functions.ingest.memory = 512: unknown field; "
                "allowed: memory_mb, timeout_seconds, ephemeral_storage_mb, reserved_concurrency, "
                "requests_per_hour, requests_at_once, failed_percent, tiingo_url, polygon_url"
            ),
        ),
        (
            {"functions": {"vpc": {"subnet_ids": ("subnet-1",), "security_group_ids": ("sg-1",), "id": 1}}},
            "prod: functions.vpc.id = 1: unknown field; allowed: subnet_ids, security_group_ids",
        ),
    ],
    ids=["section", "field", "nested", "optional"],
)
def test_an_unknown_field_is_refused_and_the_known_ones_are_named(
    sections: Mapping[str, Any], line: str
) -> None:
    assert wrong(**sections) == line


def test_an_address_with_a_login_is_refused_and_what_is_before_its_host_is_not_shown() -> None:
    for login in ("https://api.tiingo.com:443@evil.example", "https://canary:a@b@evil.example"):
        assert wrong(functions={"ingest": {"tiingo_url": login}}) == (
            "prod: functions.ingest.tiingo_url = 'https://…@evil.example': "
            "allowed: an https address without a login, as https://example.com/keys"
        )


@pytest.mark.parametrize(
    ("vpc", "line"),
    [
        (
            {"subnet_ids": ("subnet-0a1b2c",)},
            "prod: functions.vpc.security_group_ids = (): allowed: one or more",
        ),
        (
            {"subnet_ids": ("subnet-0a1b2c",), "security_group_ids": ()},
            "prod: functions.vpc.security_group_ids = (): allowed: one or more",
        ),
        (
            {"security_group_ids": ("sg-0a1b2c",)},
            "prod: functions.vpc.subnet_ids = (): allowed: one or more",
        ),
        (
            {"subnet_ids": ("sg-0a1b2c",), "security_group_ids": ("sg-0a1b2c",)},
            "prod: functions.vpc.subnet_ids.0 = 'sg-0a1b2c': allowed: subnet-…",
        ),
        (
            {"subnet_ids": ("subnet-0a1b2c",), "security_group_ids": ("subnet-0a1b2c",)},
            "prod: functions.vpc.security_group_ids.0 = 'subnet-0a1b2c': allowed: sg-…",
        ),
    ],
    ids=[
        "no security groups",
        "empty security groups",
        "no subnets",
        "a group as subnet",
        "a subnet as group",
    ],
)
def test_subnets_and_security_groups_come_together(vpc: Mapping[str, Any], line: str) -> None:
    assert wrong(functions={"vpc": vpc}) == line


@pytest.mark.parametrize("days", [-1, 1, 6, 31])
def test_a_recovery_window_that_secrets_manager_has_not_is_refused(days: int) -> None:
    line = wrong(secrets={"recovery_window_days": days})
    assert line == f"prod: secrets.recovery_window_days = {days}: allowed: 0 (at once) or 7 to 30 days"


def test_a_secrets_version_below_one_is_refused() -> None:
    assert wrong(secrets={"version": 0}) == "prod: secrets.version = 0: allowed: 1 or more"


@pytest.mark.parametrize(
    "account", ["12345678901", "1234567890123", "potential-pa", "\N{ARABIC-INDIC DIGIT ONE}" * 12]
)
def test_what_is_no_account_id_is_refused(account: str) -> None:
    assert wrong(account_id=account) == f"prod: account_id = {account!r}: allowed: an account id of 12 digits"


@pytest.mark.parametrize(
    "region", ["virginia", f"us-east-{ARABIC_ONE}", "cn-north-1", "us-gov-west-1", "eu-isoe-west-1"]
)
def test_what_is_no_public_region_is_refused(region: str) -> None:
    assert wrong(region=region) == f"prod: region = {region!r}: allowed: a public region, as us-east-1"


@pytest.mark.parametrize("team", ["", "Potential Parakeet", "team.cloudflareaccess.com"])
def test_what_is_no_cloudflare_team_is_refused(team: str) -> None:
    line = wrong(api={"access_team": team})
    assert line == f"prod: api.access_team = {team!r}: allowed: a Cloudflare team name: a-z, 0-9 and -"


def test_a_log_level_that_python_has_not_is_refused() -> None:
    line = wrong(functions={"log_level": "LOUD"})
    assert line == ("prod: functions.log_level = 'LOUD': allowed: 'DEBUG', 'INFO', 'WARNING' or 'ERROR'")


@pytest.mark.parametrize("tag", ["Project", "Environment", "ManagedBy", "project"])
def test_the_platforms_own_tags_cannot_be_replaced(tag: str) -> None:
    assert wrong(tags={tag: "mine"}) == (
        f"prod: tags.{tag} = 'mine': "
        "allowed: a tag once, and none of Project, Environment, ManagedBy, whatever its case"
    )


def test_tags_that_iam_takes_for_the_same_are_refused() -> None:
    line = wrong(tags={"Team": "quant", "team": "ops"})
    assert line.startswith("prod: tags.team = 'ops': allowed: a tag once")


def test_more_tags_than_an_s3_object_takes_are_refused() -> None:
    seven = {f"Tag{number}": "x" for number in range(7)}
    assert dict(changed(PROD, tags=seven).tags) == seven
    assert wrong(tags=seven | {"Tag8": "x"}) == "prod: tags: 8 tags: allowed: 7"


def test_a_tag_of_all_that_aws_takes_is_taken() -> None:
    tags = {"Team 1 .:/=+@_-": "Quant 2 .:/=+@_-"}
    assert dict(changed(PROD, tags=tags).tags) == tags


@pytest.mark.parametrize("key", ["", "aws:team", "AWS:team", "Team!", "x" * 129])
def test_a_tag_that_aws_has_not_as_key_is_refused(key: str) -> None:
    assert wrong(tags={key: "quant"}) == (
        f"prod: tags.{key} = 'quant': "
        "allowed: a key of 1 to 128 letters, digits, spaces and .:/=+@_-, no aws:"
    )


@pytest.mark.parametrize("value", ["quant!", "x" * 257])
def test_a_tag_that_aws_has_not_as_value_is_refused(value: str) -> None:
    assert wrong(tags={"Team": value}) == (
        f"prod: tags.Team = {value!r}: allowed: up to 256 letters, digits, spaces and .:/=+@_-"
    )


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"storage": None}, "prod: storage = None: allowed: a section of cache, protected"),
        ({"functions": {"trades": 512}}, "prod: functions.trades = 512: allowed: a section of memory_mb, "),
        ({"api": {"cors_origins": "*"}}, "prod: api.cors_origins = '*': allowed: a tuple, as "),
        ({"tags": "quant"}, "prod: tags = 'quant': allowed: a dictionary of texts"),
        ({"tags": {"Team": 1}}, "prod: tags.Team = 1: allowed: text"),
        ({"region": 1}, "prod: region = 1: allowed: text"),
        ({"monitoring": {"enabled": "no"}}, "prod: monitoring.enabled = 'no': allowed: True or False"),
        ({"schedule": {"enabled": "no"}}, "prod: schedule.enabled = 'no': allowed: True or False"),
        ({"functions": {"tracing": "no"}}, "prod: functions.tracing = 'no': allowed: True or False"),
        ({"secrets": {"protected": "no"}}, "prod: secrets.protected = 'no': allowed: True or False"),
        ({"storage": {"protected": 1}}, "prod: storage.protected = 1: allowed: True or False"),
        (
            {"storage": {"cache": {"versioned": "no"}}},
            "prod: storage.cache.versioned = 'no': allowed: True or False",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
def test_a_value_of_another_kind_is_told_what_belongs_there(sections: Mapping[str, Any], line: str) -> None:
    assert wrong(**sections).startswith(line)


def test_every_fault_is_told_at_once_with_the_environments_name() -> None:
    assert told(
        "staging",
        log_retention_days=30,
        functions={"trades": {"memory_mb": 64}, "ingest": {"timeout_seconds": 901}},
        api={"throttle_rps": 200, "access_audience": "two words"},
        monitoring={"alert_email": "a@b"},
    ) == [
        "staging: functions.trades.memory_mb = 64: allowed: 128 to 10240 MB",
        "staging: functions.ingest.timeout_seconds = 901: allowed: 1 to 900 seconds",
        "staging: api.throttle_burst: a value is required",
        f"staging: api.access_audience = 'two words': allowed: {TAG}",
        "staging: monitoring.alert_email = 'a@b': allowed: one e-mail address, as oncall@example.com",
    ]


@pytest.mark.parametrize("audience", ["", " ", "f8b1 7c2d", "f8b1,7c2d", "f8b1\n", "https://a.example", "*"])
def test_an_audience_is_the_tag_of_one_application(audience: str) -> None:
    assert wrong(api={"access_audience": audience}) == (
        f"prod: api.access_audience = {audience!r}: allowed: {TAG}"
    )


@pytest.mark.parametrize(
    "address", ["", "a@b", "a b@c.de", "a@b.c, d@e.f", "a@b.c,d", "<a@b.c>", "a@b.c\n", "@b.c"]
)
def test_alarms_go_to_one_e_mail_address(address: str) -> None:
    assert wrong(monitoring={"alert_email": address}) == (
        f"prod: monitoring.alert_email = {address!r}: allowed: one e-mail address, as oncall@example.com"
    )


def test_alarms_that_nobody_gets_are_refused() -> None:
    assert wrong(monitoring={"alert_email": None}) == (
        "prod: monitoring.alert_email = None: allowed: an e-mail address, as alarms that nobody gets are none"
    )


def test_the_region_changes_only_when_said_twice() -> None:
    """Terraform would make everything anew there, and leave what is here without destroying it."""
    assert wrong(region="eu-central-1") == (
        "prod: region = 'eu-central-1': allowed: us-east-1, or leave_behind_region = 'us-east-1' beside it, "
        "as all that is there stays there"
    )
    for left in ("us-east-1", "eu-west-1"):
        moved = changed(PROD, region="eu-central-1", leave_behind_region=left)
        assert moved.region == "eu-central-1"
    assert "allowed: us-east-1" in wrong(region="eu-central-1", leave_behind_region="eu-central-1")


def test_an_environment_of_another_name_is_refused() -> None:
    line, *_ = told("moon")
    *names, last = (repr(each.name) for each in ENVIRONMENTS)
    assert line == f"moon: name = 'moon': allowed: {', '.join(names)} or {last}"


@pytest.mark.parametrize(
    ("environment", "days", "expiry", "versioned"),
    [(DEV, 14, 30, False), (STAGING, 30, 90, True), (PROD, 90, 120, True)],
    ids=["dev", "staging", "prod"],
)
def test_data_is_kept_as_the_table_of_environments_says(
    environment: Any, days: int, expiry: int, versioned: bool
) -> None:
    assert environment.log_retention_days == days
    assert environment.storage.cache.expire_after_days == expiry
    assert environment.storage.cache.versioned is versioned


def test_state_is_kept_in_s3_unless_the_shell_asks_for_a_local_one() -> None:
    assert Target.from_variables({}) == Target(local_state=False, path_style=False)
    assert Target.from_variables({"PARAKEET_STATE": ""}) == Target(local_state=False)
    assert Target.from_variables({"PARAKEET_STATE": "s3"}) == Target(local_state=False)
    assert Target.from_variables({"PARAKEET_STATE": "local"}) == Target(local_state=True)


def test_another_kind_of_state_is_refused() -> None:
    with pytest.raises(ConfigurationError) as told:
        Target.from_variables({"PARAKEET_STATE": "remote"})
    assert str(told.value) == "PARAKEET_STATE = 'remote': allowed: s3, local"


def test_an_endpoint_of_ones_own_is_asked_for_buckets_by_path() -> None:
    assert Target.from_variables({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}).path_style
    assert not Target.from_variables({"AWS_ENDPOINT_URL": ""}).path_style
