"""The table of what an environment may set, for `docs/configuration.md`: `make docs`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.environments import ENVIRONMENTS

_DOCUMENT = Path(__file__).parents[1] / "docs/configuration.md"
_BEGIN, _END = "<!-- table -->\n", "<!-- end of table -->\n"


def table() -> str:
    """A row for every field: what it is called, what it does, and each environment's value."""
    names = [environment.name for environment in ENVIRONMENTS]
    heading = [f"| field | what it does | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    rows = [
        f"| `{path}` | {what} | {' | '.join(map(_shown, values))} |"
        for path, what, values in _fields(ENVIRONMENTS, "")
    ]
    return "\n".join([*heading, *rows]) + "\n"


def documented(text: str) -> str:
    """The document with the table as it is now."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}{table()}{_END}{tail}"


def _fields(sections: Sequence[BaseModel], path: str) -> Iterator[tuple[str, str, list[Any]]]:
    for name, field in type(sections[0]).model_fields.items():
        values = [getattr(section, name) for section in sections]
        where = f"{path}.{name}" if path else name
        if isinstance(values[0], BaseModel):
            yield from _fields(values, where)
        elif where != "name":
            assert field.description, f"{where} says nothing of itself"
            yield where, field.description, values


def _shown(value: Any) -> str:
    match value:
        case None | () | {}:
            return "-"
        case bool():
            return "yes" if value else "no"
        case tuple() if isinstance(value[0], BaseModel):
            return "; ".join(", ".join(str(part) for _, part in each) for each in value)
        case tuple():
            return ", ".join(map(str, value))
    return "-" if isinstance(value, dict) or (hasattr(value, "keys") and not value) else str(value)


def main() -> None:
    """Rewrite the document."""
    _DOCUMENT.write_text(documented(_DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
