"""The embedded AWS's process: moto's server, with bucket policies taken as AWS takes them."""

import sys
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.server import ThreadedMotoServer

_decide = IAMPolicyStatement.is_action_permitted


def _decide_by_condition(self: IAMPolicyStatement, *args: Any, **kwargs: Any) -> PermissionResult:
    # moto 5.2 takes a Deny whose condition is not met for met, so that "deny without TLS" denies everything.
    # It knows no request's conditions; the policy itself is stored and answered as it was written.
    if self._statement["Effect"] == "Deny" and "Condition" in self._statement:
        return PermissionResult.NEUTRAL
    return _decide(self, *args, **kwargs)


def main() -> None:
    """Serve on a free port of 127.0.0.1, written to stdout, for as long as stdin is open.

    Whoever started it holds stdin's other end, so that it goes when they go, killed outright or not.
    """
    # moto has no setting for it.
    IAMPolicyStatement.is_action_permitted = _decide_by_condition  # type: ignore[method-assign]
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    print(port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
