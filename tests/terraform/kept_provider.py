"""Terraform with its AWS provider kept running, where starting it is half of what a command takes."""

import json
import shlex
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
        said = next((line for line in self._process.stdout if _SAID in line), None)
        assert said, f"{program} ended with {self._process.wait()} before it said where it is"
        self.address = said.partition(_SAID)[2].strip().strip("'")
        """For Terraform."""

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


# Of this process: what Terraform has verified once need not be read again, 675 MB for each command.
_verified: list[Path] = []


class KeepingWorkspace(Workspace):
    """A workspace that synthesizes, deploys and destroys without cdktf, its provider kept running.

    For tests that are not about cdktf: it takes as long again. `cdktf` and `start_cdktf` are everybody's. Not
    for commands that are interrupted, which tell the provider to stop, or told to log, which it would do
    elsewhere.
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
        try:
            super().__exit__(kind, error, trace)
        finally:
            for _, provider in self._kept.values():
                provider.stop()

    def synth(self) -> None:
        program = json.loads((self.folder / "cdktf.json").read_text(encoding="utf-8"))["app"]
        self.finish(self._start(["synthesis"], shlex.split(program), self.folder, []))

    def start_deploy(self, stack: str, *, synthesized: bool = False) -> Command:
        if not synthesized:
            self.synth()
        self.terraform(stack, "init", "-input=false")
        return self.start_terraform(stack, "apply", "-auto-approve", "-input=false")

    def destroy(self, stack: str) -> str:
        return self.terraform(stack, "destroy", "-auto-approve", "-input=false")

    def start_terraform(self, stack: str, *arguments: str) -> Command:
        given = self.variables
        if "TF_LOG" not in given:
            self.variables = given | self.kept_provider(stack)
        try:
            return super().start_terraform(stack, *arguments)
        finally:
            self.variables = given

    def install_provider(self, stack: str) -> None:
        """Have Terraform install the provider in the stack's folder, for those who have none running."""
        self.finish(super().start_terraform(stack, "init", "-input=false"))

    def kept_provider(self, stack: str) -> dict[str, str]:
        """The variable with which Terraform uses it in the stack's folder."""
        folder = self.stack_folder(stack)
        if not any(program.exists() for program in _verified):
            self.install_provider(stack)
            _verified[:] = [
                each.resolve() for each in (folder / _INSTALLED).glob("*/terraform-provider-aws_*")
            ]
        return {"TF_REATTACH_PROVIDERS": self._provider(_verified[0], folder).address}

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
