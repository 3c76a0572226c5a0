"""The HTTP API of a function: Powertools' resolver, with our answers to what is wrong with a request."""

import base64
import binascii
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from functions.runtime import callers, json_text
from functions.runtime.errors import (
    ApiError,
    InvalidError,
    MalformedError,
    MethodNotAllowedError,
    NotFoundError,
    TooLargeError,
    UnsupportedMediaTypeError,
)
from functions.runtime.invalid import error_of
from functions.runtime.log import log

MAX_BODY_BYTES = 256 * 1024
"""Lambda takes 6 MB; the largest request that makes sense is a list of all tickers."""

JSON = "application/json"


class _Answers(OpenAPIResponseValidationMiddleware):
    """Powertools' own turns decimals into text. Here they stay decimals until the JSON is written."""

    def _serialize_response_with_validation(self, *, field: Any, response_content: Any, **_: Any) -> Any:
        value, errors = field.validate(response_content, loc=("response",))
        if errors:
            # Where and what kind, but no value: it goes into the log.
            wrong = ", ".join(f"{'.'.join(map(str, row['loc']))}: {row['type']}" for row in errors)
            raise TypeError(f"the answer is not what the route promises: {wrong}")
        return value


class HttpApi(APIGatewayHttpResolver):
    """Routes are declared as in Powertools: `@api.get("/trades/<id>")`. `handler` is what Lambda calls.

    A route's arguments are checked by their annotations (path, query, header, body), and so is its answer.
    It raises what `functions.runtime.errors` has. All else is a 500, whose reason is in the log only.
    """

    def __init__(self) -> None:
        super().__init__(
            enable_validation=True,
            serializer=json_text.write,
            json_body_deserializer=json_text.read,
            debug=False,
        )
        self._response_validation_middleware = _Answers()
        self.use([self._refuse_unknown_parameters, self._with_status])
        self.exception_handler(ApiError)(_problem)
        self.exception_handler(RequestValidationError)(lambda error: _problem(error_of(error.errors())))
        self.exception_handler(Exception)(_failure)
        self.not_found(self._no_route)

    @property
    def routes(self) -> list[Route]:
        """All that were declared."""
        return [*self._static_routes, *self._dynamic_routes]

    @property
    def caller(self) -> str:
        """Who sent this request: an e-mail or a service token's name. Raises UnauthenticatedError."""
        return callers.caller(self.current_event.raw_event)

    def handler(self, event: Any, context: Any) -> dict[str, Any]:
        """Answers an HTTP API's event in payload format 2.0. Raises nothing."""
        started = time.perf_counter()
        method, path, request_id = _identity(event)
        log.append_keys(request_id=request_id)
        try:
            answer = self.resolve(_prepared(event), context)
        except ApiError as error:
            answer = _built(_problem(error))
        except Exception as error:  # noqa: BLE001 - the last resort: an answer without inner text
            answer = _built(_failure(error))
        if answer["statusCode"] == HTTPStatus.NO_CONTENT:
            answer["body"] = ""
        headers = {"Cache-Control": "no-store", **answer.get("headers", {}), "X-Request-Id": request_id}
        log.info(
            "answered",
            extra={
                "method": method,
                "path": path[:200],
                "status": answer["statusCode"],
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
            },
        )
        return {**answer, "headers": headers}

    def answer_with(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        """Answer this request with another status than the route's, and with these headers besides."""
        self.context["_answer_with"] = (status, headers)

    def _with_status(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        response = next_middleware(app)
        if changed := self.context.get("_answer_with"):
            response.status_code = int(changed[0])
            response.headers.update(changed[1])
        return response

    def _refuse_unknown_parameters(self, app: Any, next_middleware: NextMiddleware) -> Any:
        # A filter with a slip of the pen would otherwise be no filter, without a word.
        route = self.context["_route"]
        if route in self.routes:
            known = sorted({field.alias for field in route.dependant.query_params})
            for name, value in self.current_event.query_string_parameters.items():
                if name not in known:
                    allowed = f"There is no such parameter; there is {', '.join(known) or 'none'}"
                    raise InvalidError.field(name[:100], value[:100], allowed, place="query")
        return next_middleware(app)

    def _no_route(self, _: Exception) -> Response[Any]:
        method, path = self.current_event.http_method, self.current_event.path
        allowed = sorted({route.method for route in self.routes if route.rule.match(path)})
        if not allowed:
            raise NotFoundError("There is nothing at this path.")
        raise MethodNotAllowedError(
            f"{method} is not possible here.",
            [{"field": "method", "in": "request", "value": method, "allowed": ", ".join(allowed)}],
            {"Allow": ", ".join(allowed)},
        )


def _identity(event: Any) -> tuple[str, str, str]:
    match event:
        case {
            "requestContext": {"http": {"method": str(method)}, "requestId": str(request_id)},
            "rawPath": str(path),
        }:
            return method, path, request_id
    return "", "", ""


def _prepared(event: Any) -> dict[str, Any]:
    """The event with its body as text and its path without a slash at the end."""
    method, path, request_id = _identity(event)
    if not request_id:
        raise MalformedError("This is not an event of an HTTP API in payload format 2.0.")
    query = event.get("queryStringParameters") or {}
    json_text.refuse_odd_text([path, event.get("rawQueryString", ""), query])
    body = _body(event) if method in ("POST", "PUT", "PATCH") else None
    return {
        **event,
        "rawPath": path.removesuffix("/") or "/",
        "body": body,
        "isBase64Encoded": False,
        "headers": {
            name: value
            for name, value in (event.get("headers") or {}).items()
            if name.lower() != "content-type"
        },
    }


def _body(event: Mapping[str, Any]) -> str | None:
    body = event.get("body")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    declared = headers.get("content-type", "" if body else JSON)
    # What another site's page may send without asking first is declared as something else, or not at all.
    if declared.partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaTypeError(
            "The body has to be declared as JSON.",
            [{"field": "content-type", "in": "header", "value": declared[:100], "allowed": JSON}],
        )
    if not body:
        return None
    # Four characters of base64 are three bytes; a character of text is at least one.
    if len(body) > MAX_BODY_BYTES * (4 / 3 if event.get("isBase64Encoded") else 1) + 4:
        raise _too_large()
    try:
        content = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        text = content.decode()
    except (binascii.Error, UnicodeError):
        raise MalformedError("The body is not UTF-8.") from None
    if len(content) > MAX_BODY_BYTES:
        raise _too_large()
    return text


def _too_large() -> TooLargeError:
    return TooLargeError(f"The body is larger than {MAX_BODY_BYTES // 1024} KiB.")


def _problem(error: ApiError) -> Response[Any]:
    body = {"error": {"code": error.code, "message": error.message, "details": error.details}}
    return Response(int(error.status), JSON, json_text.write(body), headers=error.headers)


def _failure(error: Exception) -> Response[Any]:
    log.error("failed", exc_info=error)
    body = {"error": {"code": "internal", "message": "Something went wrong here.", "details": []}}
    return Response(int(HTTPStatus.INTERNAL_SERVER_ERROR), JSON, json_text.write(body))


def _built(response: Response[Any]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body,
        "isBase64Encoded": False,
    }
