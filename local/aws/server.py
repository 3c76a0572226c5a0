"""The embedded AWS's process: moto's server, mended where it differs from AWS in what a deployment needs."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from local.aws import authorizers, not_emulated, objects, stages, writes
from local.aws.api_revision import ApiRevision
from local.aws.authorization import Authorization
from local.aws.functions import event_configs, layers, statements, versions
from local.aws.functions.application import Functions
from local.aws.functions.machine import Machine, Settings
from local.aws.request_handler import WholeAnswers


def _sink(path: str | None) -> Callable[[str], None]:
    """What functions log goes to the file, if there is one, line by line."""
    if not path:
        return lambda _message: None
    file, lock = Path(path).open("a", encoding="utf-8"), Lock()  # noqa: SIM115 - open as long as the process

    def write(message: str) -> None:
        with lock:
            file.write(message.rstrip("\n") + "\n")
            file.flush()

    return write


def serve(folder: Path, variables: dict[str, str]) -> BaseWSGIServer:
    """An AWS on a free port of 127.0.0.1 that keeps its functions' files in the folder."""
    services = (objects, writes, stages, authorizers, not_emulated)
    for moto in (*services, versions, statements, event_configs, layers):
        moto.mend()
    server = make_server("127.0.0.1", 0, _not_ready, threaded=True, request_handler=WholeAnswers)
    authorization = Authorization(variables["PARAKEET_DEPLOYERS_SECRET"])
    machine = Machine(
        f"http://127.0.0.1:{server.port}",
        folder,
        Settings.of(variables),
        _sink(variables.get("PARAKEET_FUNCTIONS_LOG")),
        authorization,
    )
    account = DomainDispatcherApplication(create_backend_app)
    functions = Functions(account, machine, variables.get("PARAKEET_SERVICE_TOKEN", ""))
    server.app = authorization.guard(ApiRevision(functions))
    return server


def _not_ready(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return [b""]


def main() -> None:
    """Serve on a free port of 127.0.0.1, written to stdout, for as long as stdin is open.

    Whoever started it holds stdin's other end, so that it goes when they go, killed outright or not. Its
    stdout ends when all that it started is gone, too.
    """
    if not os.environ.get("PARAKEET_DEPLOYERS_SECRET"):
        sys.exit("PARAKEET_DEPLOYERS_SECRET is needed: deployers sign with keys made of it")
    server = serve(Path(tempfile.mkdtemp(prefix="parakeet-aws-")), dict(os.environ))
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
