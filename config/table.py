"""The table of what an environment may set, for `docs/configuration.md`: `make docs`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from config.errors import in_one_line
from config.settings import Environment

_DOCUMENT = Path(__file__).parents[1] / "docs/configuration.md"
_BEGIN, _END = "<!-- table -->\n", "<!-- end of table -->\n"


def table() -> str:
    """A row for every field: what it is called, what it does, and each environment's value.

    Raises ConfigurationError.
    """
    from config.environments import ENVIRONMENTS  # noqa: PLC0415 - it can fail, and that is one line

    names = [environment.name for environment in ENVIRONMENTS]
    heading = [f"| field | what it does | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    rows = [
        f"| `{path}` | {what} | {' | '.join(map(_shown, values))} |"
        for path, what, values in _fields(Environment, [[environment] for environment in ENVIRONMENTS])
    ]
    return "\n".join([*heading, *rows]) + "\n"


def documented(text: str) -> str:
    """The document with the table as it is now."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}{table()}{_END}{tail}"


def _fields(
    section: type[BaseModel], values: Sequence[Sequence[BaseModel]], path: str = ""
) -> Iterator[tuple[str, str, list[Any]]]:
    """Of each environment `values` has the sections of that kind: one, or as many as there are."""
    for name, field in section.model_fields.items():
        where = f"{path}{name}"
        found = [tuple(getattr(each, name) for each in sections) for sections in values]
        inner = _section_in(field.annotation)
        if field.description:
            yield where, field.description, [_said(each, inner) for each in found]
        assert field.description or inner, f"{where} says nothing of itself"
        if inner:
            several = "[]" if get_origin(field.annotation) is tuple else ""
            yield from _fields(inner, [_sections(each) for each in found], f"{where}{several}.")


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The kind of section that a field is, may be, or has several of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _section_in(each))), None)


def _sections(found: tuple[Any, ...]) -> list[BaseModel]:
    flat = [one for each in found for one in (each if isinstance(each, tuple) else (each,))]
    return [each for each in flat if isinstance(each, BaseModel)]


def _said(found: tuple[Any, ...], inner: type[BaseModel] | None) -> Any:
    """A field's value; of a section, whether there is one, and of several, how many."""
    if inner is None:
        return found[0] if len(found) == 1 else found
    return len(_sections(found)) or None


def _shown(value: Any) -> str:
    match value:
        case None | ():
            return "-"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value))
        case Mapping():
            return ", ".join(f"{name}: {each}" for name, each in value.items()) or "-"
    return str(value)


@in_one_line()
def main() -> int:
    """Rewrite the document; the exit code."""
    _DOCUMENT.write_text(documented(_DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
