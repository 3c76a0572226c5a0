"""Terraform with its AWS provider kept running, where starting it is half of what a command takes."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from config.terraform import PROVIDER_VERSION
from deployment.command import Command
from deployment.programs import PROVIDER_FOLDER
from deployment.workspace import Workspace

_SAID = "TF_REATTACH_PROVIDERS="
_INSTALLED = Path(".terraform/providers", PROVIDER_FOLDER, PROVIDER_VERSION)


class KeptProvider:
    """A provider for all commands in one folder: what it uploads is named from there."""

    def __init__(self, program: Path, folder: Path, variables: Mapping[str, str]) -> None:
        """`variables` say who it is for AWS."""
        self._process = subprocess.Popen(
            [program, "-debug"],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            # Of secrets, too, and of no use.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        said = next(line for line in self._process.stdout if _SAID in line)
        self.address = said.partition(_SAID)[2].strip().strip("'")
        """For Terraform."""

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


class KeepingWorkspace(Workspace):
    """A workspace whose `terraform` keeps the provider; cdktf's starts its own, as everybody's.

    Not for commands that are interrupted, which tell it to stop, or told to log, which it would do elsewhere.
    """

    def __init__(
        self,
        folder: Path,
        mirror: Path | None,
        variables: Mapping[str, str],
        secrets: Mapping[str, Mapping[str, str]],
    ) -> None:
        super().__init__(folder, mirror, variables, secrets)
        self._kept: dict[Path, tuple[dict[str, str], KeptProvider]] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for _, provider in self._kept.values():
            provider.stop()

    def start_terraform(self, stack: str, *arguments: str) -> Command:
        given = self.variables
        if arguments[0] != "init" and "TF_LOG" not in given:
            self.variables = given | self.kept_provider(stack)
        try:
            return super().start_terraform(stack, *arguments)
        finally:
            self.variables = given

    def kept_provider(self, stack: str) -> dict[str, str]:
        """The variable with which Terraform uses it in the stack's folder, if there is one."""
        folder = self.stack_folder(stack)
        # What `init` has installed here, and verified by the lock file.
        installed = sorted((folder / _INSTALLED).glob("*/terraform-provider-aws_*"))
        return {"TF_REATTACH_PROVIDERS": self._provider(installed[0], folder).address} if installed else {}

    def _provider(self, program: Path, folder: Path) -> KeptProvider:
        variables, provider = self._kept.get(folder, ({}, None))
        if provider and variables == self.variables:
            return provider
        if provider:
            provider.stop()
        # A copy: tests change whose credentials they are.
        kept = KeptProvider(program, folder, self.variables)
        self._kept[folder] = (dict(self.variables), kept)
        return kept
