"""The embedded AWS's process: moto's server, mended where it differs from AWS in what a deployment needs."""

import sys
from threading import Thread
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

_decide = IAMPolicyStatement.is_action_permitted


def _decide_by_condition(self: IAMPolicyStatement, *args: Any, **kwargs: Any) -> PermissionResult:
    # moto 5.2 takes a Deny whose condition is not met for met, so that "deny without TLS" denies everything.
    # It knows no request's conditions; the policy itself is stored and answered as it was written.
    if self._statement["Effect"] == "Deny" and "Condition" in self._statement:
        return PermissionResult.NEUTRAL
    return _decide(self, *args, **kwargs)


class WholeAnswers(MotoRequestHandler):
    """Sends an answer's headers and body at once, where moto's own handler sends them one after the other.

    Terraform's S3 backend now and then hangs up on a DynamoDB answer between the two. It then asks for the
    lock once more, and is refused it for the one that its first request got.
    """

    wbufsize = -1

    def handle_expect_100(self) -> bool:
        """Let the client go on with its body: it waits for this before anything else can be answered."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed


def main() -> None:
    """Serve on a free port of 127.0.0.1, written to stdout, for as long as stdin is open.

    Whoever started it holds stdin's other end, so that it goes when they go, killed outright or not.
    """
    # moto has no setting for it.
    IAMPolicyStatement.is_action_permitted = _decide_by_condition  # type: ignore[method-assign]
    account = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, account, threaded=True, request_handler=WholeAnswers)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
