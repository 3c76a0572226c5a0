"""What makes synthesis fast on Python's side; `jsii_preload.cjs` is Node's. No part needs another.

Behind each part stands what a synthesis of all stacks takes without it: processor time of Python and Node,
as a ratio of medians of three alternating runs on a busy machine, where 5 % are noise.
"""

import atexit
import functools
import gc
import importlib.util
import os
import sys
import typing
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsii
from jsii._kernel.providers.process import ProcessProvider, _NodeProcess
from jsii._kernel.types import LoadRequest, LoadResponse

_PRELOAD = Path(__file__).with_name("jsii_preload.cjs")


def prepare(provider: str) -> None:
    """Start Node, and let submodules of the provider's package be imported alone. Once per process."""
    _start_node_early()  # 1.0: it saves no work, but two processors do it side by side
    _stand_in_for(provider)  # 4.1
    _leave_type_checks_to_node()  # 1.07
    _leave_garbage()  # 1.08


def _leave_garbage() -> None:
    """Look for garbage seldom, as synthesis keeps nearly all that it makes, and not once more at the end."""
    gc.set_threshold(100_000, 20, 100)
    atexit.register(gc.freeze)


def _stand_in_for(package: str) -> None:
    """Put a module without code in the package's place, as its own code imports all 2,100 submodules."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    sys.modules[package] = importlib.util.module_from_spec(spec)


class _AnyType(dict[str, Any]):
    def __missing__(self, _argument: str) -> Any:
        return Any


def _leave_type_checks_to_node() -> None:
    """Let a generated constructor take any type: Node checks them all the same, and names field and value."""
    evaluate = typing.get_type_hints
    unchecked = _AnyType()

    @functools.wraps(evaluate)
    def get_type_hints(obj: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        generated = getattr(obj, "__name__", "").startswith("_typecheckingstub__")
        return unchecked if generated else evaluate(obj, *args, **kwargs)

    typing.get_type_hints = get_type_hints


def _start_node_early() -> None:
    """Start Node with our preload script, and go on importing while it loads packages."""
    before = os.environ.get("NODE_OPTIONS")
    # Node splits its options at spaces; within quotes, a backslash escapes.
    preload = str(_PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    ours = f'--preserve-symlinks --require "{preload}"'
    os.environ["NODE_OPTIONS"] = f"{before} {ours}" if before else ours
    try:
        jsii.kernel.provider = _EarlyNode()
    finally:
        # They are for this Node alone, not for others that this process may start.
        if before is None:
            del os.environ["NODE_OPTIONS"]
        else:
            os.environ["NODE_OPTIONS"] = before


class _Node(_NodeProcess):
    def handshake(self) -> None:
        """Left to `_EarlyNode`'s thread, as it waits for Node."""


class _EarlyNode(ProcessProvider):
    """Starts Node and loads packages in a thread. Whoever needs an answer from Node waits for that thread."""

    def __init__(self) -> None:
        self._node = _Node()  # type: ignore[no-untyped-call]  # jsii has no types here
        self._node.start()  # type: ignore[no-untyped-call]  # nor here
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._under_way: list[Future[Any]] = [self._thread.submit(_NodeProcess.handshake, self._node)]

    def load(self, request: LoadRequest) -> LoadResponse:
        self._under_way.append(self._thread.submit(self._node.send, request, LoadResponse))
        return LoadResponse(assembly=request.name, types=0)

    @property
    def _process(self) -> _NodeProcess:
        while self._under_way:
            self._under_way.pop(0).result()
        return self._node
