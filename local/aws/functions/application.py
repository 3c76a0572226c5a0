"""The embedded AWS's functions as one WSGI application around moto's."""

import json
import re
from collections.abc import Iterable

from moto.awslambda.models import LambdaFunction
from moto.core.models import DEFAULT_ACCOUNT_ID

from local.aws.functions.asynchronous import Events
from local.aws.functions.deployed import DEFAULT_REGION, find
from local.aws.functions.invocation import Invocation, RefusedError
from local.aws.functions.invoke_api import (
    Application,
    Environ,
    InvokeApi,
    StartResponse,
    answer_refusal,
    require_service_token,
)
from local.aws.functions.machine import Machine
from local.aws.functions.pool import Pool
from local.aws.functions.rules import Rules

_OWN_PATHS = "/_parakeet/"
_FIRE = re.compile(r"/_parakeet/rules/([\w.-]+)/fire")


class Functions:
    """Runs what is deployed: for the Invoke API, for EventBridge, and wherever moto would start Docker."""

    def __init__(self, others: Application, machine: Machine, service_token: str) -> None:
        self._pool = Pool(machine)
        events = Events(self._pool, machine)
        self._rules = Rules(events, machine)
        self._rules.mend()
        self._service_token = service_token
        self._invoke_api = InvokeApi(others, self._pool, events, machine.authorization, service_token)
        self._mend_moto()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer invocations, and `POST /_parakeet/rules/<name>/fire`: what its schedule would do, now."""
        if not environ["PATH_INFO"].startswith(_OWN_PATHS):
            return self._invoke_api(environ, start_response)
        # Nobody has judged who asks here: nothing of it may reach moto, to which it is a bucket's path.
        try:
            self._fire(environ)
        except RefusedError as error:
            return answer_refusal(error, start_response)
        start_response("202 Accepted", [("Content-Length", "0")])
        return [b""]

    def _fire(self, environ: Environ) -> None:
        require_service_token(environ, self._service_token)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        fired = _FIRE.fullmatch(path)
        if fired is None or method != "POST":
            raise RefusedError(404, "ResourceNotFoundException", f"There is no {method} {path}")
        region = environ.get("HTTP_X_PARAKEET_REGION", DEFAULT_REGION)
        self._rules.fire(fired[1], DEFAULT_ACCOUNT_ID, region)

    def _mend_moto(self) -> None:
        pool = self._pool

        def invoke_here(self: LambdaFunction, event: object = None) -> tuple[str, bool, str]:
            payload = event if isinstance(event, str) else json.dumps(event)
            arn = self.function_arn
            outcome = pool.invoke(lambda: find(arn), Invocation(payload.encode()))
            return outcome.payload.decode(), outcome.failed, outcome.log

        # moto has no setting for it; this is where it would start Docker.
        LambdaFunction._invoke_lambda = invoke_here  # type: ignore[method-assign]  # noqa: SLF001
