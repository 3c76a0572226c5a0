"""Field types whose error says what is allowed, in the unit the field is written in."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, get_args

from aws_cron_expression_validator.validator import AWSCronExpressionError, AWSCronExpressionValidator
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    StrictInt,
    StrictStr,
    ValidationError,
)


class ConfigurationError(ValueError):
    """Configuration that cannot be deployed: environment, field, value and what is allowed, a line each."""


class Section(BaseModel):
    """A frozen part of an environment; a field it does not know is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, arbitrary_types_allowed=True
    )


def between(low: int, high: int, unit: str) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"allowed: {low} to {high} {unit}")
        return value

    return AfterValidator(check)


def at_least(low: int, unit: str) -> AfterValidator:
    def check(value: int) -> int:
        if value < low:
            raise ValueError(f"allowed: {low} {unit} or more")
        return value

    return AfterValidator(check)


def matching(pattern: str, allowed: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"allowed: {allowed}")
        return value

    return AfterValidator(check)


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("allowed: one or more")
    return values


NotEmpty = AfterValidator(_not_empty)


# S3 objects take 10 tags (S3 User Guide, "Categorizing your objects using tags"); three are the platform's.
_TAGS = 7
# IAM API, Tag
_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    reserved = {"project", "environment", "managedby"} & {key.casefold() for key in tags}
    if reserved:
        raise ValueError("allowed: any tag but Project, Environment and ManagedBy, which the platform sets")
    if len(tags) > _TAGS:
        raise ValueError(f"allowed: {_TAGS} tags")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.casefold().startswith("aws:") or not _TAG_TEXT.fullmatch(key):
            raise ValueError(
                f"{key!r}: allowed as key: 1 to 128 letters, digits, spaces and .:/=+@_-, no aws:"
            )
        if len(value) > 256 or not _TAG_TEXT.fullmatch(value):
            raise ValueError(f"{key} = {value!r}: allowed: up to 256 letters, digits, spaces and .:/=+@_-")
    return MappingProxyType(dict(tags))


FrozenTags = Annotated[
    Mapping[StrictStr, StrictStr], AfterValidator(_tags), PlainSerializer(dict, return_type=dict[str, str])
]

# CloudWatch Logs API, PutRetentionPolicy
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise ValueError(f"allowed: {', '.join(map(str, RETENTION_DAYS))} days")
    return days


LogRetentionDays = Annotated[StrictInt, AfterValidator(_retention)]


def _recovery_window(days: int) -> int:
    # Secrets Manager API, DeleteSecret.
    if days != 0 and not 7 <= days <= 30:
        raise ValueError("allowed: 0 (at once) or 7 to 30 days")
    return days


RecoveryWindowDays = Annotated[StrictInt, AfterValidator(_recovery_window)]


def _schedule(expression: str) -> str:
    allowed = "allowed: cron(minutes hours day-of-month month day-of-week year) or rate(n minutes|hours|days)"
    kind = re.fullmatch(r"(cron|rate)\((.+)\)", expression)
    if kind is None:
        raise ValueError(allowed)
    if kind[1] == "rate":
        # EventBridge wants the singular for 1 and the plural for the rest.
        if not re.fullmatch(r"1 (minute|hour|day)|(?!1 )[1-9][0-9]* (minutes|hours|days)", kind[2]):
            raise ValueError(allowed)
        return expression
    try:
        AWSCronExpressionValidator.validate(kind[2])
    except AWSCronExpressionError as error:
        raise ValueError(f"{allowed} ({error})") from None
    return expression


ScheduleExpression = Annotated[StrictStr, AfterValidator(_schedule)]


def explain(environment: str, model: type[BaseModel], error: ValidationError) -> ConfigurationError:
    """The faults of ``environment`` as lines of ``environment: field = value: what is allowed``."""
    lines = []
    for fault in error.errors(include_url=False):
        location = [str(part) for part in fault["loc"]]
        given = "" if isinstance(fault["input"], Mapping | BaseModel) else f" = {fault['input']!r}"
        match fault["type"]:
            case "extra_forbidden":
                message = f"unknown field; allowed: {', '.join(_section(model, location[:-1]).model_fields)}"
                given = f" = {fault['input']!r}"
            case "missing":
                message = "a value is required"
            case "int_type":
                message = "allowed: a whole number"
            case "bool_type":
                message = "allowed: True or False"
            case "string_type":
                message = "allowed: text"
            case "literal_error":
                message = f"allowed: {fault['ctx']['expected']}"
            case _:
                message = fault["msg"].removeprefix("Value error, ")
        field = f"{'.'.join(location)}{given}: " if location else ""
        lines.append(f"{environment}: {field}{message}")
    return ConfigurationError("\n".join(lines))


def _section(model: type[BaseModel], location: list[str]) -> type[BaseModel]:
    for part in location:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        for candidate in (annotation, *get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
