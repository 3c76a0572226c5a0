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

from config.errors import OneLineError
from config.names import platform_tags


class ConfigurationError(OneLineError):
    """Configuration that cannot be deployed: environment, field, value and what is allowed, a line each."""


class Section(BaseModel):
    """A frozen part of an environment; a field it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class FieldError(ValueError):
    """Raised where what is wrong is one field of the value that is looked at."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} = {value!r}: allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


def between(low: int, high: int, unit: str) -> AfterValidator:
    """A whole number from `low` to `high`, both allowed."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"allowed: {low} to {high} {unit}")
        return value

    return AfterValidator(check)


def positive(what: str = "") -> AfterValidator:
    """A whole number of 1 or more; `what` says of what."""

    def check(value: int) -> int:
        if value < 1:
            raise ValueError(f"allowed: 1 or more {what}".rstrip())
        return value

    return AfterValidator(check)


def matching(pattern: str, allowed: str) -> AfterValidator:
    """A text that the pattern matches as a whole; `allowed` says in words which do."""

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


_OWN_TAGS = tuple(platform_tags("any"))
# S3 objects take 10 (S3 User Guide, "Categorizing your objects using tags").
_MORE_TAGS = 10 - len(_OWN_TAGS)
# IAM API, Tag
_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    if len(tags) > _MORE_TAGS:
        raise ValueError(f"{len(tags)} tags: allowed: {_MORE_TAGS}")
    # IAM takes keys that differ in case only for the same.
    taken = {key.casefold() for key in _OWN_TAGS}
    for key, value in tags.items():
        if key.casefold() in taken:
            raise FieldError(key, value, f"a tag once, and none of {', '.join(_OWN_TAGS)}, whatever its case")
        taken.add(key.casefold())
        if not 1 <= len(key) <= 128 or key.casefold().startswith("aws:") or not _TAG_TEXT.fullmatch(key):
            raise FieldError(key, value, "a key of 1 to 128 letters, digits, spaces and .:/=+@_-, no aws:")
        if len(value) > 256 or not _TAG_TEXT.fullmatch(value):
            raise FieldError(key, value, "up to 256 letters, digits, spaces and .:/=+@_-")
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

_PER_DAY = {"minute": 24 * 60, "hour": 24, "day": 1}
_EVERY = {"*", "?", "*/1", "1/1"}


DAILY_HOURS = 26
"""A day, and two hours for a slow or repeated run: what runs daily and has not for so long is missing."""


def leaves_out_days(expression: str) -> bool:
    """Whether it may not run on some days. One that names days is taken for one that leaves some out."""
    kind, _, times = expression.rstrip(")").partition("(")
    if kind == "rate":
        number, unit = times.split()
        return int(number) > _PER_DAY[unit.rstrip("s")]
    _, _, *days = times.split()
    return not set(days) <= _EVERY


_IN_OUR_WORDS = {
    "missing": "a value is required",
    "int_type": "allowed: a whole number",
    "bool_type": "allowed: True or False",
    "string_type": "allowed: text",
    "tuple_type": "allowed: a tuple, as ('one', 'other')",
    "dict_type": "allowed: a dictionary of texts",
}


# A user and a password in an address.
_LOGIN = re.compile(r"(?<=//)[^/\s]*@")


def explain(environment: str, model: type[BaseModel], error: ValidationError) -> ConfigurationError:
    """The faults of `environment` as lines of `environment: field = value: what is allowed`."""
    lines = []
    for fault in error.errors(include_url=False):
        location = [str(step) for step in fault["loc"]]
        given = "" if isinstance(fault["input"], Mapping | BaseModel) else _shown(fault["input"])
        match fault["type"]:
            case "value_error" if isinstance(wrong := fault["ctx"]["error"], FieldError):
                location.append(wrong.field)
                given = _shown(wrong.value)
                message = f"allowed: {wrong.allowed}"
            case "extra_forbidden":
                message = f"unknown field; allowed: {', '.join(_section(model, location[:-1]).model_fields)}"
                given = _shown(fault["input"])
            case "model_type":
                message = f"allowed: a section of {', '.join(_section(model, location).model_fields)}"
            case "literal_error":
                message = f"allowed: {fault['ctx']['expected']}"
            case kind:
                message = _IN_OUR_WORDS.get(kind, fault["msg"].removeprefix("Value error, "))
        field = f"{'.'.join(location)}{given}: " if location else ""
        lines.append(f"{environment}: {field}{message}")
    return ConfigurationError("\n".join(lines))


def _shown(value: object) -> str:
    return f" = {_LOGIN.sub('…@', repr(value))}"


def _section(model: type[BaseModel], location: list[str]) -> type[BaseModel]:
    for step in location:
        annotation = model.model_fields[step].annotation if step in model.model_fields else None
        for candidate in (annotation, *get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model
