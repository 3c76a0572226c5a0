"""A workspace for tests that are not about cdktf: without it, in a fraction of the time."""

import contextlib
import json
import pickle
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType

from config.environments import ENVIRONMENTS
from config.settings import Environment
from config.target import Target
from deployment.command import Command
from deployment.workspace import Workspace
from stacks.application import application
from tests.terraform.kept_provider import KeptProvider, installed_provider

# Of this process: what Terraform has verified once need not be read again, 675 MB for each command.
_verified: list[Path] = []
# There is one Node behind all synthesis of a process, and one current folder.
_synthesis = Lock()

_PROGRAM = """
import pickle
import sys
sys.path.insert(0, {project!r})
import bindings
from config.settings import environment
from config.target import Target
from stacks.application import application
environments, target = pickle.loads({given!r})
target = Target.model_validate(target) if target else Target.from_variables()
application([environment(**each) for each in environments], target).synth()
"""


class DirectWorkspace(Workspace):
    """A workspace that synthesizes in this process, and deploys and destroys with Terraform alone.

    Terraform finds its provider running, but for `cdktf` and `start_cdktf`, which are everybody's. Not for
    commands that are interrupted, which tell the provider to stop, or told to log, which it would do
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
        # Of several at once, each is started with its own.
        self._starting = Lock()
        self._environments: Sequence[Environment] = ENVIRONMENTS
        self._target: Target | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            for _, provider in self._kept.values():
                provider.stop()

    def synthesizes(self, environments: Sequence[Environment], target: Target | None = None) -> None:
        """These from now on, `cdktf` included; for `target`, if it is named, and not as the variables say."""
        self._environments, self._target = environments, target
        program = self.folder / "changed.py"
        given = pickle.dumps(([each.model_dump() for each in environments], target and target.model_dump()))
        text = _PROGRAM.format(project=str(Path(__file__).parents[2]), given=given)
        program.write_text(text, encoding="utf-8")
        description = self.folder / "cdktf.json"
        told = json.loads(description.read_text(encoding="utf-8"))
        told["app"] = shlex.join([sys.executable, str(program)])
        description.write_text(json.dumps(told), encoding="utf-8")

    def synth(self) -> None:
        target = self._target or Target.from_variables(self.variables)
        outdir = self.folder / "cdktf.out"
        with _synthesis, contextlib.chdir(self.folder):
            application(self._environments, target, str(outdir)).synth()

    def start_deploy(self, stack: str, *, synthesized: bool = False) -> Command:
        if not synthesized:
            self.synth()
        self.terraform(stack, "init", "-input=false")
        return self.start_terraform(stack, "apply", "-auto-approve", "-input=false")

    def destroy(self, stack: str) -> str:
        return self.terraform(stack, "destroy", "-auto-approve", "-input=false")

    def start_terraform(self, stack: str, *arguments: str) -> Command:
        with self._starting:
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
            _verified[:] = [installed_provider(folder, self.variables)]
        return self._provider(_verified[0], folder).variables

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
