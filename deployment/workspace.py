"""A folder that cdktf and Terraform run in, with what people do to a stack."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from deployment.cdktf import COMMAND
from deployment.command import Command
from deployment.plan import PLAN
from deployment.programs import has_own_configuration, terraform_variables

_PROJECT = Path(__file__).parents[1]
# The provider's own waiting takes minutes; nothing takes this long.
_COMMAND_SECONDS = 1200


class Workspace:
    """Deploys, plans and destroys this project's stacks from a folder of its own; several go side by side.

    `cdktf.out`, local states, logs and temporary files are all in `folder`. Leaving the context stops what
    still runs. Whatever runs a command to its end raises CommandError if that is not a good one.
    """

    def __init__(
        self,
        folder: Path,
        mirror: Path | None,
        variables: Mapping[str, str],
        secrets: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        """`variables` says which AWS and which variables; `mirror` where the provider comes from.

        `secrets` are variables that only the commands of one stack are given, by that stack's name.
        """
        self.folder = folder
        self.secrets = {stack: dict(given) for stack, given in secrets.items()}
        self._logs = folder / "logs"
        temporary = folder / "tmp"
        for made in (self._logs, temporary):
            made.mkdir(parents=True, exist_ok=True)
        project = {
            "language": "python",
            "app": shlex.join([sys.executable, str(_PROJECT / "main.py")]),
            "sendCrashReports": "false",
        }
        (folder / "cdktf.json").write_text(json.dumps(project), encoding="utf-8")
        self.variables = terraform_variables(mirror, folder, variables) | {
            "TMPDIR": str(temporary),
            "CDKTF_HOME": str(folder / "cdktf"),
            # Without it, cdktf redraws its progress several times a second, into a file too.
            "CI": "true",
        }
        if mirror is None and not has_own_configuration(variables):
            # Downloaded once for all stacks. Terraform takes nothing from its cache without a lock file; here
            # that file would live no longer than the cache.
            cache = folder / "providers"
            cache.mkdir(exist_ok=True)
            self.variables |= {
                "TF_PLUGIN_CACHE_DIR": str(cache),
                "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true",
                "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",
            }
        self._commands: list[Command] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for command in self._commands:
            command.stop()

    def stack_folder(self, stack: str) -> Path:
        """Where the stack's synthesized code is, once there is some."""
        return self.folder / "cdktf.out" / "stacks" / stack

    def synth(self) -> None:
        """Synthesize all stacks."""
        self.cdktf("synth")

    def deploy(self, stack: str, *, synthesized: bool = False) -> str:
        """Deploy a stack, or as it was last synthesized here; what cdktf says."""
        return self.finish(self.start_deploy(stack, synthesized=synthesized))

    def start_deploy(self, stack: str, *, synthesized: bool = False) -> Command:
        """Start to deploy a stack, for those who do something meanwhile or interrupt it."""
        skip = ("--skip-synth",) if synthesized else ()
        return self.start_cdktf("deploy", stack, "--auto-approve", *skip)

    def destroy(self, stack: str) -> str:
        """Destroy a stack as last synthesized here, unless its data refuses; what cdktf says."""
        return self.cdktf("destroy", stack, "--auto-approve", "--skip-synth")

    def has_changes(self, stack: str) -> bool:
        """Whether a plan of the stack, as last synthesized here, finds anything to do."""
        plan = self.start_terraform(stack, *PLAN, "-detailed-exitcode", "-no-color")
        return plan.finish(_COMMAND_SECONDS, accepted=(0, 2)) == 2

    def outputs(self, stack: str) -> dict[str, Any]:
        """The values of a deployed stack's outputs by their names."""
        said = self.terraform(stack, "output", "-json")
        return {name: output["value"] for name, output in json.loads(said).items()}

    def cdktf(self, *arguments: str) -> str:
        """Run cdktf to its end; what it says."""
        return self.finish(self.start_cdktf(*arguments))

    def terraform(self, stack: str, *arguments: str) -> str:
        """Run Terraform in the stack's folder to its end; what it says."""
        return self.finish(self.start_terraform(stack, *arguments))

    def finish(self, command: Command) -> str:
        """Wait for the end of what was started here; what it says."""
        command.finish(_COMMAND_SECONDS)
        return command.output

    def start_cdktf(self, *arguments: str) -> Command:
        """Start cdktf, for those who do something meanwhile or interrupt it."""
        stacks = [stack for stack in self.secrets if stack in arguments]
        return self._start(["cdktf", *arguments], [*COMMAND, *arguments], self.folder, stacks)

    def start_terraform(self, stack: str, *arguments: str) -> Command:
        """Start Terraform in the stack's folder."""
        program = self.variables.get("TERRAFORM_BINARY_NAME", "terraform")
        return self._start(
            ["terraform", *arguments, f"({stack})"], [program, *arguments], self.stack_folder(stack), [stack]
        )

    def _start(self, shown: list[str], arguments: list[str], folder: Path, stacks: list[str]) -> Command:
        name = " ".join(shown)
        variables = dict(self.variables)
        for stack in stacks:
            variables |= self.secrets.get(stack, {})
        log = self._logs / f"{len(self._commands):02} {name.replace(os.sep, '_')}.log"
        command = Command(name, arguments, folder=folder, variables=variables, log=log)
        self._commands.append(command)
        return command
