"""Deploy what a plan said, and nothing else (`make apply PLAN=`); then drop what nobody goes back to."""

import argparse
import sys
from pathlib import Path

from config.errors import OneLineError, in_one_line
from config.names import secrets_stack_name, stack_name
from deployment import prune
from deployment.plan import PlanError, prepared


def apply(stack: str, file: Path) -> int:
    """Apply a plan that `make plan OUT=` has kept; Terraform's exit code.

    Terraform refuses one that is older than the state. Raises OneLineError.
    """
    if not file.is_file():
        raise PlanError(f"PLAN={file}: there is no such file; `make plan OUT={file}` makes it")
    # Synthesized anew, the same code gives the same archives.
    return prepared(stack, to="apply").terraform("apply", "-input=false", str(file.absolute()))


@in_one_line()
def main() -> int:
    """Its exit code: Terraform's, or 1 where something failed before."""
    parser = argparse.ArgumentParser(prog="python -m deployment.apply", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    parser.add_argument("--secrets", action="store_true", help="of its secrets' stack, with their values")
    parser.add_argument("--plan", type=Path, required=True)
    options = parser.parse_args()
    name = secrets_stack_name if options.secrets else stack_name
    code = apply(name(options.environment), options.plan)
    if code == 0 and not options.secrets:
        _prune(options.environment)
    return code


def _prune(environment: str) -> None:
    # What was deployed is deployed: old versions that stay are no failure of it.
    try:
        prune.report(environment)
    except OneLineError as error:
        print(f"deployed; old versions may be left, `make prune` removes them: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
