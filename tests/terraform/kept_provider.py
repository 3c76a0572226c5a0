"""Terraform's AWS provider kept running, and made to describe only what this project deploys.

With each command Terraform asks a provider for the description of all of its types, and reads it. Of 1,526
resources and 608 data sources that is two fifths of what a plan of dev costs that refreshes nothing. All else
is the provider's own.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import grpc

from config.terraform import PROVIDER_VERSION
from deployment.programs import PROVIDER_FOLDER

_SAID = "TF_REATTACH_PROVIDERS="
_BINDINGS = Path(__file__).parents[2] / "bindings/aws.py"
_DESCRIBE = "/tfplugin5.Provider/GetSchema"
# Of that method's answer: resources, data sources and what is never kept, each by its type.
# https://github.com/hashicorp/terraform/blob/v1.11.4/docs/plugin-protocol/tfplugin5.8.proto
_BY_TYPE = (2, 3, 8)
# Terraform does ten things at once, and some take a minute.
_AT_ONCE = 32
_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def installed_provider(folder: Path, variables: Mapping[str, str]) -> Path:
    """The program that Terraform's `init` has put into a folder."""
    data = folder / variables.get("TF_DATA_DIR", ".terraform")
    [program] = (data / "providers" / PROVIDER_FOLDER / PROVIDER_VERSION).glob("*/terraform-provider-aws_*")
    return program.resolve()


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
        told = json.loads(said.partition(_SAID)[2].strip().strip("'"))
        [provider] = told.values()
        socket = f"{provider['Addr']['String']}.few"
        self._channel = grpc.insecure_channel(f"unix:{provider['Addr']['String']}", _ANY_SIZE)
        self._server = grpc.server(
            ThreadPoolExecutor(_AT_ONCE), [_Few(program, self._channel)], options=_ANY_SIZE
        )
        self._server.add_insecure_port(f"unix:{socket}")
        self._server.start()
        provider["Addr"]["String"] = socket
        self.variables = {"TF_REATTACH_PROVIDERS": json.dumps(told)}
        """With which Terraform uses it."""

    def stop(self) -> None:
        self._server.stop(None).wait()
        self._channel.close()
        self._process.kill()
        self._process.communicate()


class _Few(grpc.GenericRpcHandler):
    """Hands on each call as it is, but has described only the types that somebody uses."""

    # By program: it is the same for all who run one.
    _descriptions: ClassVar[dict[Path, bytes]] = {}

    def __init__(self, program: Path, channel: grpc.Channel) -> None:
        self._program = program
        self._channel = channel

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        method = handler_call_details.method
        if not method.startswith("/tfplugin5.Provider/"):
            return None
        call: Callable[[bytes], bytes] = self._described if method == _DESCRIBE else self._call(method)

        def answer(asked: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                return call(asked)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details() or "")

        return grpc.unary_unary_rpc_method_handler(answer)

    def _call(self, method: str) -> Callable[[bytes], bytes]:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)
        return call

    def _described(self, asked: bytes) -> bytes:
        if self._program not in self._descriptions:
            whole = self._call(_DESCRIBE)(asked)
            self._descriptions[self._program] = _of_types(whole, _deployed_types())
        return self._descriptions[self._program]


def _deployed_types() -> set[str]:
    """Those that the bindings have: `aws_s3_bucket`, `aws_caller_identity`."""
    found = re.findall(r"provider_aws\.(?:data_aws_)?(\w+) import", _BINDINGS.read_text(encoding="utf-8"))
    return {f"aws_{name}" for name in found}


def _of_types(description: bytes, types: set[str]) -> bytes:
    """A description in protobuf's form without the other types."""
    kept = []
    for number, field, content in _fields(description):
        if number in _BY_TYPE:
            [name, *_] = (value for key, _, value in _fields(content) if key == 1)
            if name.decode() not in types:
                continue
        kept.append(field)
    return b"".join(kept)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each field's number, all of its bytes, and its content. https://protobuf.dev/programming-guides/encoding"""
    end = 0
    while end < len(message):
        begin = end
        tag, end = _number(message, end)
        # All that a description has are messages, texts and numbers.
        assert tag & 7 in (0, 2), f"a field of wire type {tag & 7}"
        content = end
        length, end = _number(message, end)
        if tag & 7 == 2:
            content, end = end, end + length
        yield tag >> 3, message[begin:end], message[content:end]


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = shift = 0
    while True:
        number |= (message[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if message[at - 1] < 128:
            return number, at
