"""The ways out that the documents tell, as commands, and a person who follows them."""

import re
import shlex
import time
from pathlib import Path

from deployment.command import Command
from tests.terraform.deployments import DEPLOY_SECONDS
from tests.terraform.direct_workspace import DirectWorkspace

_IN_STACK = "-chdir=cdktf.out/stacks/"
DOCUMENTS = [Path(__file__).parents[2] / "docs" / name for name in ("deploy.md", "operate.md")]


def recovery(what: str, **values: str) -> list[list[str]]:
    """The documents' commands for this recovery, with the values that they say to take from the message."""
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    found = re.search(rf"<!-- recovery: {what} -->\n```console\n(.*?)```", text, re.DOTALL)
    assert found, f"no document has a recovery of {what}"
    text = re.sub(r"<(\w+)>", lambda name: shlex.quote(values[name[1]]), found[1])
    return [shlex.split(line) for line in text.splitlines()]


def run(workspace: DirectWorkspace, command: list[str], *secrets_of: str) -> Command:
    """Run a command of the documents in the folder that was deployed from, to its end.

    The shell has the variables of these stacks' secrets, too.
    """
    # Nobody is there to say yes.
    command = [*command, "--auto-approve"] if command[:2] == ["cdktf", "deploy"] else command
    log = workspace.folder / "logs" / f"recovery {time.monotonic()}.log"
    variables = dict(workspace.variables)
    for stack in secrets_of:
        variables |= workspace.secrets[stack]
    for argument in command:
        if argument.startswith(_IN_STACK):
            variables |= workspace.kept_provider(argument.removeprefix(_IN_STACK))
    started = Command(shlex.join(command), command, folder=workspace.folder, variables=variables, log=log)
    try:
        started.wait(DEPLOY_SECONDS)
    finally:
        started.stop()
    return started
