"""The process of PostgreSQL and its front: does as it is told on stdin, and answers a line on stdout."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from config.errors import OneLineError
from local.postgres.certificate import Certificate
from local.postgres.database import Cluster
from local.postgres.front import Front

CA_FILE = "ca.pem"


async def obey(cluster: Cluster, front: Front, request: str) -> str:
    """Do what one line asks for; what to answer."""
    match request.split():
        case ["start"]:
            await asyncio.to_thread(cluster.start)
        case ["stop"]:
            await asyncio.to_thread(cluster.stop)
        case ["kill"]:
            await asyncio.to_thread(cluster.kill)
        case ["cut"]:
            return str(front.cut())
        case ["refuse"]:
            front.refuse()
        case ["accept"]:
            front.accept()
        case ["delay", seconds]:
            front.delay(float(seconds))
        case _:
            return f"error unknown request {request!r}"
    return "done"


async def serve(folder: Path, port: int) -> None:
    """Until stdin ends. Its first line is the front's port."""
    cluster = Cluster(folder)
    cluster.create()
    try:
        cluster.start()
        cluster.provide()
        certificate = Certificate.create()
        (folder / CA_FILE).write_bytes(certificate.authority)
        front = Front(certificate.context(folder), cluster.port)
        front.accept(port)
        print(front.port, flush=True)
        while request := await asyncio.to_thread(sys.stdin.readline):
            try:
                answer = await obey(cluster, front, request)
            except (OneLineError, OSError, ValueError) as error:
                answer = f"error {error}"
            print(answer, flush=True)
        front.refuse()
        front.cut()
    finally:
        cluster.stop()


def main() -> None:
    """Start, say the front's port, and obey for as long as stdin is open."""
    parser = argparse.ArgumentParser(prog="python -m local.postgres.process", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.folder, arguments.port))
    except OneLineError as error:
        sys.exit(str(error))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        sys.exit(f"PostgreSQL and its front cannot have port {arguments.port}: {why}")


if __name__ == "__main__":
    main()
