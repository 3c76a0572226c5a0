"""Every permission of every stack: principal, action, resource (`make permissions`)."""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.errors import in_one_line
from deployment.synthesis import synthesize
from review.permissions import Permissions, in_words
from review.stack import Stack, read_stacks


def matrix(stacks: Mapping[str, Stack]) -> str:
    """Markdown, a table for each stack."""
    parts = []
    for name, stack in stacks.items():
        permissions = Permissions.of(stack.existing)
        rows = [
            f"| `{one.principal}` | {'**not** ' if one.denied else ''}`{one.action}` | `{one.resource}` | "
            f"{' and '.join(one.conditions) or '-'} |"
            for one in in_words(permissions.all, stack.environment)
        ]
        heading = [f"## {name}", "", "| who | may | on | if |", "|---|---|---|---|"]
        not_understood = [f"\nNot counted: {line}" for line in permissions.not_understood]
        parts.append("\n".join([*heading, *rows, *not_understood]) + "\n")
    return "\n".join(parts)


@in_one_line()
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if there are no stacks."""
    argparse.ArgumentParser(prog="python -m review.matrix", description=__doc__).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="parakeet-permissions-") as folder:
        synthesize(Path(folder))
        print(matrix(read_stacks(Path(folder))), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
