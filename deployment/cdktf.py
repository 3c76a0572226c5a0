"""The `cdktf` command of the virtual environment: npm's, told where Terraform's provider is."""

import os
import sys
from pathlib import Path

from config.errors import in_one_line
from deployment.programs import (
    find_terraform,
    named_provider_mirror,
    quiet_variables,
    terraform_variables,
)
from deployment.refusals import refuse

COMMAND = (
    str(Path(sys.executable).with_name("node")),
    "--require",
    str(Path(__file__).with_name("cdktf_preload.cjs")),
    str(Path(__file__).parents[1] / "node_modules/cdktf-cli/bundle/bin/cdktf.js"),
)
_RUN_TERRAFORM = {"apply", "deploy", "destroy", "diff", "output", "outputs", "plan", "watch"}
_ONLY_ASK = {"-h", "--help", "--version"}


@in_one_line()
def main(arguments: list[str]) -> int:
    """Become npm's cdktf. Where a command needs Terraform and it is missing or too old, one line says so."""
    variables = quiet_variables(os.environ)
    if _RUN_TERRAFORM.intersection(arguments) and not _ONLY_ASK.intersection(arguments):
        mirror = named_provider_mirror(find_terraform(os.environ).platform, os.environ)
        refuse(arguments)
        variables = terraform_variables(mirror, Path(sys.prefix), os.environ)
    os.execve(COMMAND[0], [*COMMAND, *arguments], variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
