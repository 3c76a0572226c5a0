"""A served platform takes orders from a second terminal, over a socket that only its user can reach."""

import hashlib
import json
import os
import socket
import socketserver
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

from config.errors import OneLineError, in_one_line

Say = Callable[[str], None]
Order = Callable[[Mapping[str, Any], Say], None]
"""Does what was asked for with these arguments, and says lines to who asked. May raise OneLineError."""

_PROJECT = Path(__file__).parents[1]


class ControlError(OneLineError):
    """There is nothing to give orders to, or it could not do what it was told; the text says why."""


def _socket_path() -> Path:
    # One for each user and checkout; a socket's path may have 107 bytes, so it is not in the checkout.
    checkout = hashlib.sha256(str(_PROJECT).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"parakeet-{os.geteuid()}-{checkout}")
    # Anybody may make a folder, or a link, of that name there: neither orders nor answers are for them.
    with suppress(FileNotFoundError):
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise ControlError(f"{folder} is not yours alone: remove it")
    return folder / "control"


def refuse_a_second() -> None:
    """Raises ControlError if orders are taken already."""
    path = _socket_path()
    if path.exists():
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                raise ControlError("`make serve` runs already: end that one with Ctrl-C first")


@contextmanager
def taking(orders: Mapping[str, Order]) -> Iterator[None]:
    """Take orders by these names, from entering to leaving. Raises ControlError if another does already."""
    _socket_path().parent.mkdir(mode=0o700, exist_ok=True)
    path = _socket_path()
    refuse_a_second()
    path.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), _handler(orders)) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            path.unlink(missing_ok=True)
            path.parent.rmdir()


def ask(order: str, **arguments: Any) -> Iterator[str]:
    """The lines that a served platform answers an order with. Raises ControlError."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(_socket_path()))
        except OSError:
            raise ControlError("there is no served platform: run `make serve` in another terminal") from None
        connection.sendall(json.dumps({"order": order, **arguments}).encode() + b"\n")
        for line in connection.makefile("rb"):
            match json.loads(line):
                case {"say": str(text)}:
                    yield text
                case {"done": True}:
                    return
                case {"failed": str(text)}:
                    raise ControlError(text)
    raise ControlError("the served platform has ended")


def _handler(orders: Mapping[str, Order]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline())
            order = orders.get(asked.pop("order"))
            try:
                if order is None:
                    raise ControlError(f"allowed orders: {', '.join(orders)}")
                order(asked, lambda text: self._write({"say": text}))
            except OneLineError as error:
                self._write({"failed": str(error)})
            else:
                self._write({"done": True})

        def _write(self, message: dict[str, Any]) -> None:
            self.wfile.write(json.dumps(message).encode() + b"\n")

    return Handler


@in_one_line()
def main() -> int:
    """`python -m local.control ORDER [name=value ...]`: give the order, and print what is answered."""
    order, *arguments = sys.argv[1:]
    for line in ask(order, **dict(argument.split("=", 1) for argument in arguments)):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
