"""What is set for a function's events: once for $LATEST, and once for each version and alias."""

import json
from typing import Any

from moto.awslambda.exceptions import UnknownEventConfig
from moto.awslambda.models import EventInvokeConfig, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult

from local.aws.functions.qualifiers import asked


def event_config(latest: LambdaFunction, qualified_arn: str) -> EventInvokeConfig | None:
    """That of $LATEST, a version or an alias; `latest` is moto's function, which keeps them all."""
    return next((each for each in latest.event_invoke_config if each.arn == qualified_arn), None)


def mend() -> None:
    """Have moto tell them apart: it keeps one list for all, adds to it, and answers the oldest."""
    response: Any = LambdaResponse
    response.put_function_event_invoke_config = _put
    # moto's own does not merge either; what cannot be told is not answered.
    response.update_function_event_invoke_config = _refuse
    response.get_function_event_invoke_config = _get
    response.delete_function_event_invoke_config = _delete
    response.list_function_event_invoke_configs = _list


def _arn(response: LambdaResponse) -> tuple[LambdaFunction, str]:
    latest, qualifier = asked(response)
    return latest, f"{latest.function_arn}:{qualifier or '$LATEST'}"


def _found(response: LambdaResponse) -> tuple[LambdaFunction, EventInvokeConfig]:
    latest, arn = _arn(response)
    found = event_config(latest, arn)
    if found is None:
        raise UnknownEventConfig(arn)
    return latest, found


def _put(self: LambdaResponse) -> ActionResult:
    latest, arn = _arn(self)
    config = EventInvokeConfig(arn, latest.last_modified, self.json_body)
    # Another list, since moto's copies of the function, its versions, share this one.
    latest.event_invoke_config = [*(each for each in latest.event_invoke_config if each.arn != arn), config]
    return ActionResult(config.response())


def _get(self: LambdaResponse) -> ActionResult:
    return ActionResult(_found(self)[1].response())


def _delete(self: LambdaResponse) -> tuple[int, dict[str, Any], str]:
    latest, found = _found(self)
    latest.event_invoke_config = [each for each in latest.event_invoke_config if each is not found]
    return 204, {"status": 204}, "{}"


def _list(self: LambdaResponse) -> str:
    latest, _ = asked(self)
    return json.dumps(
        {"FunctionEventInvokeConfigs": [each.response() for each in latest.event_invoke_config]}
    )


def _refuse(_: LambdaResponse) -> tuple[int, dict[str, Any], str]:
    message = "UpdateFunctionEventInvokeConfig is not emulated: PutFunctionEventInvokeConfig replaces it"
    return 501, {"status": 501, "x-amzn-ErrorType": "NotImplemented"}, json.dumps({"message": message})
