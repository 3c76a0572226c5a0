"""The gateway's process: serves one deployed API, or prints its routes."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from config.errors import in_one_line
from local.gateway.access_log import AccessLog
from local.gateway.description import Deployed
from local.gateway.errors import GatewayError
from local.gateway.issuers import Issuers
from local.gateway.protocol import Server
from local.gateway.server import HttpApi
from local.gateway.table import routing_table

_HOST = "127.0.0.1"
# Below what the embedded AWS waits on a connection, so that none ends while a request is on its way.
_KEPT_SECONDS = 10


@in_one_line()
def main(arguments: Sequence[str] | None = None) -> int:
    """Its exit code. Serving, it prints the port to stdout and goes on for as long as stdin is open."""
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument("--api", required=True, help="the deployed API's name")
    parser.add_argument(
        "--endpoint",
        default=os.environ.get("AWS_ENDPOINT_URL"),
        help="the embedded AWS (or AWS_ENDPOINT_URL)",
    )
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--issuer-address",
        action="append",
        default=[],
        metavar="ISSUER=URL",
        help="where a JWT authorizer's issuer is asked for its keys, in place of its own address",
    )
    parser.add_argument("--routes", action="store_true", help="print the routing table, and do not serve")
    options = parser.parse_args(arguments)
    endpoint = _local(options.endpoint)
    if options.routes:
        print("\n".join(routing_table(Deployed(endpoint, options.api).read()).lines()))
        return 0
    token = os.environ.get("PARAKEET_SERVICE_TOKEN", "")
    if not token:
        raise GatewayError("PARAKEET_SERVICE_TOKEN is not set: no function would take the gateway's word")
    addresses = dict(map(_issuer_address, options.issuer_address))
    asyncio.run(_serve(endpoint, options.api, options.port, addresses, token))
    return 0


def _local(endpoint: str | None) -> str:
    # Tokens and events go there: never to an AWS that is not on this machine.
    if not endpoint or urlsplit(endpoint).scheme != "http" or urlsplit(endpoint).hostname != _HOST:
        raise GatewayError(f"--endpoint {endpoint}: has to be the embedded AWS, as http://{_HOST}:<port>")
    return endpoint


def _issuer_address(text: str) -> tuple[str, str]:
    issuer, equals, address = text.partition("=")
    if not equals or urlsplit(address).hostname != _HOST:
        raise GatewayError(f"--issuer-address {text}: has to be <issuer>=http://{_HOST}:<port>")
    return issuer, address


async def _serve(endpoint: str, name: str, port: int, addresses: dict[str, str], token: str) -> None:
    try:
        listening = socket.create_server((_HOST, port), backlog=1024)
    except OSError as error:
        raise GatewayError(f"Port {port} of {_HOST} is not free ({error.strerror}): choose another") from None
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_SECONDS)
    with listening:
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None)
        ) as session:
            access_log = AccessLog(endpoint)
            api = HttpApi(
                session,
                endpoint,
                token,
                deployed=Deployed(endpoint, name),
                issuers=Issuers(session, addresses),
                access_log=access_log,
            )
            await api.ready()
            await _answer(listening, api, access_log)


async def _answer(listening: socket.socket, api: HttpApi, access_log: AccessLog) -> None:
    runner = web.ServerRunner(Server(api.handle), shutdown_timeout=1)
    await runner.setup()
    logging_ = asyncio.create_task(access_log.run())
    try:
        end = _end()
        await web.SockSite(runner, listening).start()
        print(listening.getsockname()[1], flush=True)
        await end.wait()
    finally:
        await runner.cleanup()
        logging_.cancel()
        await asyncio.wait([logging_])


def _end() -> asyncio.Event:
    """Is set by stdin's end or a signal.

    Whoever started it holds stdin's other end, so that it goes when they go, killed outright or not.
    """
    loop, end = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        # Not sys.stdin's: a thread in the middle of that one is in the way of Python's own end.
        while os.read(0, 1024):
            pass
        with suppress(RuntimeError):  # the loop is closed: a signal came first
            loop.call_soon_threadsafe(end.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    # Not one of asyncio's threads: the process would wait for it, and it for stdin.
    Thread(target=read, daemon=True).start()
    return end


if __name__ == "__main__":
    sys.exit(main())
