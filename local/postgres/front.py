"""Ends TLS before PostgreSQL, as Neon's proxy does, and can be told to cut, delay and refuse connections."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

# PostgreSQL's documentation, "Message Formats": the requests that a connection may begin with.
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_GSS_REQUEST = struct.pack("!II", 8, 80877104)
_CANCEL_CODE = struct.pack("!I", 80877102)
# As Neon's proxy says it.
_INSECURE = "connection is insecure (try using `sslmode=require`)"
_NO_SERVER = "Couldn't connect to compute node"
_GREETING_SECONDS = 10
_PIECE = 64 * 1024
_LONGEST_CANCEL = 512
# PostgreSQL's own bound.
_LONGEST_STARTUP = 10_000


class Front:
    """Takes TLS connections on a port of 127.0.0.1 and passes what they carry to a port without TLS."""

    def __init__(self, tls: ssl.SSLContext, upstream: int) -> None:
        self._tls = tls
        self._upstream = upstream
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._delay = 0.0
        self.port = 0

    def accept(self, port: int = 0) -> None:
        """Take connections on that port, or a free one; after `refuse`, on the same as before."""
        if self._listener is None:
            listener = socket.create_server(("127.0.0.1", port or self.port), backlog=512)
            listener.setblocking(False)
            self._listener = listener
            self.port = listener.getsockname()[1]
            self._accepting = asyncio.create_task(self._accept(listener))

    def refuse(self) -> None:
        """Have no port for new connections; those that there are go on."""
        if self._listener is not None and self._accepting is not None:
            self._accepting.cancel()
            self._listener.close()
            self._listener = self._accepting = None

    def cut(self) -> int:
        """Reset the connections that there are; how many. New ones are taken."""
        for task in (connections := list(self._connections)):
            task.cancel()
        return len(connections)

    def delay(self, seconds: float) -> None:
        """From now on, hold back all that clients send for that long."""
        self._delay = seconds

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(listener)
            except OSError:
                # Out of file descriptors, for one: it passes.
                await asyncio.sleep(0.1)
                continue
            self._start(self._serve(client))

    def _start(self, connection: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(connection)
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                async with asyncio.timeout(_GREETING_SECONDS):
                    pair = await self._greet(client)
                if pair is not None:
                    try:
                        await self._pass_on(*pair)
                    finally:
                        pair[1].transport.abort()
            except (OSError, TimeoutError):
                return
            except asyncio.CancelledError:
                # Cut: the client gets a reset, not a farewell.
                with suppress(OSError):
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise

    async def _greet(self, client: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The client's stream, once there is TLS; None where there is nothing to pass on."""
        loop = asyncio.get_running_loop()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # No byte more than the request, so that nothing sent before TLS is taken for what came through it.
        request = await _exactly(client, 8)
        if request == _GSS_REQUEST:
            await loop.sock_sendall(client, b"N")
            request = await _exactly(client, 8)
        if request == _SSL_REQUEST:
            await loop.sock_sendall(client, b"S")
            reader = asyncio.StreamReader(limit=_PIECE)
            protocol = asyncio.StreamReaderProtocol(reader)
            # A duplicate, since a transport closes its own.
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, client.dup(), ssl=self._tls, ssl_handshake_timeout=_GREETING_SECONDS
            )
            return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
        (length,) = struct.unpack("!I", request[:4])
        if request[4:] == _CANCEL_CODE and 8 < length <= _LONGEST_CANCEL:
            # PostgreSQL takes these without TLS too, and older clients know no other way.
            await self._cancel(request + await _exactly(client, length - 8))
        elif 8 < length <= _LONGEST_STARTUP:
            # Read to its end, or the client would see a reset and not why.
            await _exactly(client, length - 8)
            await loop.sock_sendall(client, _fatal(_INSECURE))
        return None

    async def _cancel(self, request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        writer.write(request)
        await writer.drain()
        await reader.read()
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream, limit=_PIECE)
        except OSError:
            # What the client has begun with is taken first, or it would see a reset and not why.
            await reader.read(_PIECE)
            await _end(writer, _fatal(_NO_SERVER))
            return
        requests = asyncio.create_task(self._requests(reader, to_server))
        try:
            await _answers(server, writer)
        finally:
            requests.cancel()
            to_server.transport.abort()

    async def _requests(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        """From client to server. A client that has ended, well or not, ends the server's side of it."""
        with suppress(OSError):
            while piece := await client.read(_PIECE):
                if self._delay:
                    await asyncio.sleep(self._delay)
                server.write(piece)
                await server.drain()
        with suppress(OSError):
            # The server may have something left to say, and ends then.
            server.write_eof()


async def _answers(server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    while piece := await server.read(_PIECE):
        client.write(piece)
        # Waits for a client that reads slowly, so that nothing piles up here.
        await client.drain()
    await _end(client)


async def _end(writer: asyncio.StreamWriter, last: bytes = b"") -> None:
    async with asyncio.timeout(_GREETING_SECONDS):
        writer.write(last)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = await asyncio.get_running_loop().sock_recv(client, size - len(data))
        if not piece:
            raise ConnectionAbortedError
        data += piece
    return data


def _fatal(message: str) -> bytes:
    """PostgreSQL's ErrorResponse: the connection cannot be had (SQLSTATE 08006)."""
    fields = b"".join(
        kind + text.encode() + b"\0"
        for kind, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", "08006"), (b"M", message))
    )
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"
