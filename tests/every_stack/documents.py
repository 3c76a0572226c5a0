"""Ways through a synthesized stack that several promises need."""

from collections.abc import Iterator
from typing import Any

from tests.template import Block, Template


def parts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every part of a document with its path, but for cdktf's own notes."""
    yield path, value
    match value:
        case dict():
            for key, part in value.items():
                if key != "//":
                    yield from parts(part, f"{path}.{key}" if path else key)
        case list():
            for number, part in enumerate(value):
                yield from parts(part, f"{path}[{number}]")


def policy_of(template: Template, bucket: str) -> list[Block]:
    return template.statements(
        template.one("aws_s3_bucket_policy", bucket=f"${{aws_s3_bucket.{bucket}.id}}")["policy"]
    )
