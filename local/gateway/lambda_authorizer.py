"""A function's judgement of a caller (a Lambda authorizer: format 2.0, simple responses)."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.gateway.answer import refusal
from local.gateway.description import LambdaAuthorizer
from local.gateway.functions import Functions, Invocation, InvocationError
from local.gateway.identity import identity
from local.gateway.judgement import Denied, Granted
from local.gateway.request import Call
from local.gateway.table import function_arn

# AWS's quota.
_TIMEOUT_SECONDS = 10
_MAX_KEPT = 10_000

Key = tuple[LambdaAuthorizer, str, tuple[str, ...]]


@dataclass(frozen=True)
class _Kept:
    until: float
    judgement: Granted | Denied


class LambdaAuthorizers:
    """Asks the functions, and keeps what they said for as long as the authorizer says."""

    def __init__(self, functions: Functions, clock: Callable[[], float] = time.monotonic) -> None:
        self._functions = functions
        self._clock = clock
        self._kept: dict[Key, _Kept] = {}

    async def judge(self, authorizer: LambdaAuthorizer, call: Call) -> Granted | Denied:
        """Whether the function lets the request through. Whatever is no clear yes is a no."""
        values = [
            identity(source, call.request, call.match.route.key) for source in authorizer.identity_source
        ]
        if not all(values):
            return Denied(refusal(401), "Unauthorized")
        sources = tuple(value for value in values if value)
        key = (authorizer, call.stage.name, sources)
        now = self._clock()
        kept = self._kept.get(key)
        if kept is not None and now < kept.until:
            return kept.judgement
        arn = call.table.execution_arn
        asked = {
            **call.event(),
            "type": "REQUEST",
            "routeArn": f"{arn}/{call.stage.name}/{call.request.method}{call.request.path}",
            "identitySource": list(sources),
        }
        try:
            result = await self._functions.invoke(
                Invocation(
                    function_arn(authorizer.authorizer_uri),
                    f"{arn}/authorizers/{authorizer.authorizer_id}",
                    "authorizer",
                    _TIMEOUT_SECONDS,
                ),
                json.dumps(asked, separators=(",", ":")).encode(),
            )
        except InvocationError as error:
            return Denied(refusal(500), str(error))
        judgement = _judgement(result)
        if judgement is None:
            return Denied(refusal(500), "The authorizer's answer is not isAuthorized and a context.")
        if authorizer.authorizer_result_ttl_in_seconds:
            self._keep(key, _Kept(now + authorizer.authorizer_result_ttl_in_seconds, judgement), now)
        return judgement

    def _keep(self, key: Key, kept: _Kept, now: float) -> None:
        if len(self._kept) >= _MAX_KEPT:
            self._kept = {key: each for key, each in self._kept.items() if now < each.until}
        if len(self._kept) < _MAX_KEPT:
            self._kept[key] = kept


def _judgement(result: bytes) -> Granted | Denied | None:
    try:
        answer = json.loads(result)
    except ValueError:
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("isAuthorized"), bool):
        return None
    context = answer.get("context")
    if context is not None and not isinstance(context, dict):
        return None
    if not answer["isAuthorized"]:
        return Denied(refusal(403), "Forbidden")
    given: Mapping[str, Any] = context or {}
    return Granted({"lambda": given})
