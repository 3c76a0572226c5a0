"""What a deployment would change: synthesis and Terraform's plan, no cdktf between them (`make plan`)."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import OneLineError, in_one_line
from config.names import secrets_stack_name, stack_name
from deployment.foreground import run_to_its_end
from deployment.programs import find_terraform, named_provider_mirror, terraform_variables
from deployment.synthesis import PROJECT, synthesis

# Without the state's lock: Terraform applies no plan of an older state, and who only plans may not lock.
PLAN = ("plan", "-input=false", "-lock=false")


class PlanError(OneLineError):
    """There is no plan to show or to apply; what a step that failed said was printed before."""


@dataclass(frozen=True)
class Prepared:
    """A synthesized stack whose folder Terraform is initialized in."""

    folder: Path
    program: str
    variables: Mapping[str, str]

    def terraform(self, *arguments: str) -> int:
        """Run Terraform there, in sight and to its end; its exit code."""
        return run_to_its_end([self.program, *arguments], self.folder, self.variables)

    def state(self) -> dict[str, Any]:
        """The state, as Terraform describes it. Raises PlanError."""
        return self._shown()

    def planned(self) -> dict[str, Any]:
        """A plan, as Terraform describes it. Raises PlanError."""
        with tempfile.TemporaryDirectory(prefix="parakeet-plan-") as folder:
            file = str(Path(folder, "plan"))
            command = [self.program, *PLAN, "-no-color", f"-out={file}"]
            _run(command, self.folder, self.variables)
            return self._shown(file)

    def _shown(self, *what: str) -> dict[str, Any]:
        said = _run([self.program, "show", "-json", *what], self.folder, self.variables)
        try:
            shown: dict[str, Any] = json.loads(said)
        except ValueError:
            raise PlanError(f"terraform show says what is no JSON: {said[:100]!r}") from None
        return shown


def prepared(stack: str, folder: Path = PROJECT, *, to: str = "plan") -> Prepared:
    """The stack alone, synthesized into the folder's `cdktf.out` and initialized, `to` be planned or applied.

    What cdktf is refused is refused here, too. Raises OneLineError.
    """
    terraform = find_terraform(os.environ)
    mirror = named_provider_mirror(terraform.platform, os.environ)
    variables = terraform_variables(mirror, Path(sys.prefix), os.environ)
    main = [sys.executable, str(PROJECT / "main.py"), stack]
    with synthesis(main, folder, variables) as complaint:
        from deployment.refusals import refuse  # noqa: PLC0415 - synthesis runs meanwhile

        refuse([to, stack])
        print(complaint(), end="", file=sys.stderr)
    code = folder / "cdktf.out" / "stacks" / stack
    program = str(terraform.program)
    initialize(program, code, variables)
    return Prepared(code, program, variables)


def initialize(program: str, code: Path, variables: Mapping[str, str]) -> None:
    """Have Terraform initialize the folder of a stack's code, unless it is as this left it.

    Raises PlanError. Terraform checks a provider's hash in every command.
    """
    data = code / variables.get("TF_DATA_DIR", ".terraform")
    options = variables.get("TF_CLI_ARGS_init", "")
    kept = data / "initialized"
    if kept.is_file() and kept.read_text(encoding="utf-8") == _initialized_for(code, data, options):
        return
    _run([program, "init", "-input=false", "-no-color"], code, variables)
    kept.write_text(_initialized_for(code, data, options), encoding="utf-8")


def _initialized_for(code: Path, data: Path, options: str) -> str:
    """What the folder is initialized for, and with: a digest that another backend or provider changes."""
    asked = json.loads((code / "cdk.tf.json").read_text(encoding="utf-8"))["terraform"]
    # Registry, owner, provider, version, platform: a link, which may lead nowhere by now.
    found = sorted(map(str, data.glob("providers/*/*/*/*/*/terraform-provider-*")))
    parts = [options.encode(), json.dumps(asked, sort_keys=True).encode(), *(each.encode() for each in found)]
    files = (code / ".terraform.lock.hcl", data / "terraform.tfstate")
    parts += [file.read_bytes() if file.is_file() else b"" for file in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def plan(stack: str, options: Sequence[str] = (), *, folder: Path = PROJECT) -> int:
    """Print the stack's plan; Terraform's exit code. Raises OneLineError.

    `cdktf diff` does the same in 1.5 to 1.7 times the time (`make bench`): it synthesizes every stack, starts
    Node, asks Terraform's version four times, initializes what is initialized, and takes the state's lock.
    """
    return prepared(stack, folder).terraform(*PLAN, *options)


def _run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str:
    """What it says."""
    done = subprocess.run(command, cwd=folder, env=variables, check=False, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise PlanError(f"{' '.join(command[:2])} failed: see above")
    return done.stdout


@in_one_line()
def main() -> int:
    """Its exit code: Terraform's, or 1 where something failed before."""
    parser = argparse.ArgumentParser(prog="python -m deployment.plan", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    parser.add_argument("--secrets", action="store_true", help="of its secrets' stack, with their values")
    parser.add_argument("--folder", type=Path, default=PROJECT, help="of cdktf.out (default: the project)")
    options, more = parser.parse_known_args()
    name = secrets_stack_name if options.secrets else stack_name
    return plan(name(options.environment), more, folder=options.folder)


if __name__ == "__main__":
    sys.exit(main())
