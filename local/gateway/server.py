"""The gateway itself: what happens to a request, step by step."""

import json
import sys
import time
import traceback

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from local.gateway.access_log import AccessLog
from local.gateway.answer import MAX_PAYLOAD, Answer, InvalidAnswerError, interpreted, refusal
from local.gateway.cors import preflight, with_cors
from local.gateway.description import Deployed
from local.gateway.errors import GatewayError
from local.gateway.functions import Functions, Invocation, InvocationError
from local.gateway.issuers import Issuers
from local.gateway.judgement import Denied, Granted
from local.gateway.jwt_authorizer import judge
from local.gateway.lambda_authorizer import LambdaAuthorizers
from local.gateway.live import LiveTable, UnreachableError
from local.gateway.log_format import Record
from local.gateway.request import Call, Request, UnreadableError, body_fields
from local.gateway.table import RoutingTable, ServedStage
from local.gateway.throttling import Throttling

# AWS's quota for the request line and the headers' values together.
MAX_HEAD_BYTES = 10_240


# A stage, and the path within it.
Stage = tuple[ServedStage, str]


class PayloadTooLargeError(Exception):
    """The request's body is larger than an HTTP API takes."""


class HttpApi:
    """Answers the requests to an API as it is deployed at that moment."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: str,
        service_token: str,
        *,
        deployed: Deployed,
        issuers: Issuers,
        access_log: AccessLog,
    ) -> None:
        functions = Functions(session, endpoint, service_token)
        self._functions = functions
        self._issuers = issuers
        self._access_log = access_log
        self._lambda_authorizers = LambdaAuthorizers(functions)
        self._throttling = Throttling()
        self._live = LiveTable(session, endpoint, deployed, self._prepare)

    async def ready(self) -> None:
        """Read what is deployed. Raises GatewayError if it cannot be served."""
        await self._live.table()

    async def handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request; every one has an `apigw-requestid`."""
        started = time.monotonic()
        request = _request(raw)
        record = Record()
        stage: ServedStage | None = None
        try:
            table = await self._live.table()
            found = table.stage(request.path)
            if found is None:
                answer = refusal(404)
            else:
                stage = found[0]
                _note(record, request, table, stage)
                answer = await self._answered(raw, request, table, found, record)
        except UnreachableError as error:
            print(f"not served: {error}", file=sys.stderr, flush=True)
            answer = refusal(503)
        except GatewayError as error:
            print(f"not served: {error}", file=sys.stderr, flush=True)
            answer = refusal(500)
        except UnreadableError:
            answer = refusal(400)
        except PayloadTooLargeError:
            answer = refusal(413)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the error
            traceback.print_exc()
            answer = refusal(500)
        if stage is not None:
            self._log(stage, record, answer, started)
        headers = CIMultiDict([*answer.headers, ("apigw-requestid", request.id)])
        empty = answer.status in (204, 304) or request.method == "HEAD"
        return web.Response(status=answer.status, headers=headers, body=None if empty else answer.body)

    async def _answered(
        self, raw: web.BaseRequest, request: Request, table: RoutingTable, found: Stage, record: Record
    ) -> Answer:
        stage, path = found
        if _head_bytes(request) > MAX_HEAD_BYTES:
            return refusal(431)
        request.decoded_path()
        match = table.match(request.method, path)
        if match is None:
            if request.method == "OPTIONS" and table.cors is not None:
                return preflight(table.cors, request)
            return refusal(404)
        record.values["routeKey"] = match.route.key
        if not self._throttling.admits(stage, match.route.key):
            return refusal(429)
        call = Call(request, table, stage, match)
        judgement = await self._judged(call)
        if isinstance(judgement, Denied):
            record.values["authorizer.error"] = judgement.error
            return judgement.answer
        record.claims = judgement.claims
        record.authorizer_context = judgement.context.get("lambda", {})
        body = await _body(raw)
        event = {**call.event(judgement.context), **body_fields(request, body)}
        return await self._integrated(call, event, record)

    async def _judged(self, call: Call) -> Granted | Denied:
        authorizer = call.match.route.authorizer
        if authorizer is None:
            return Granted({})
        if authorizer.authorizer_type == "JWT":
            return await judge(authorizer, call.match.route.scopes, call.request, self._issuers)
        return await self._lambda_authorizers.judge(authorizer, call)

    async def _integrated(self, call: Call, event: dict[str, object], record: Record) -> Answer:
        route = call.match.route
        started = time.monotonic()
        try:
            result = await self._functions.invoke(
                Invocation(route.function, call.source_arn, "integration", route.timeout),
                json.dumps(event, separators=(",", ":")).encode(),
            )
            record.values["integrationStatus"] = record.values["integration.integrationStatus"] = 200
            answer = interpreted(result)
            record.values["integration.status"] = answer.status
            return with_cors(call.table.cors, call.request, answer)
        except InvocationError as error:
            failure, answer = str(error), refusal(error.status)
        except InvalidAnswerError as error:
            failure, answer = f"The response from the Lambda function is not valid: {error}.", refusal(500)
        finally:
            latency = round((time.monotonic() - started) * 1000)
            record.values["integrationLatency"] = record.values["integration.latency"] = latency
        record.values["integrationErrorMessage"] = record.values["integration.error"] = failure
        return answer

    def _log(self, stage: ServedStage, record: Record, answer: Answer, started: float) -> None:
        if stage.log_group is None or stage.log_format is None:
            return
        record.values |= {
            "status": answer.status,
            "responseLength": len(answer.body),
            "responseLatency": round((time.monotonic() - started) * 1000),
        }
        if answer.error is not None:
            record.values |= {"error.message": answer.error, "error.messageString": f'"{answer.error}"'}
        self._access_log.write(stage.log_group, stage.log_format.line(record))

    async def _prepare(self, table: RoutingTable) -> None:
        for route in (*table.routes, *([table.default] if table.default else [])):
            if route.authorizer is not None and route.authorizer.authorizer_type == "JWT":
                await self._issuers.discover(route.authorizer.jwt_configuration.issuer)
        for stage in table.stages.values():
            if stage.log_group is not None:
                await self._access_log.open(stage.log_group)
        self._throttling.keep(table.stages)


def _request(raw: web.BaseRequest) -> Request:
    target = raw.raw_path
    if not target.startswith("/") and "://" in target.partition("?")[0]:  # absolute form, as to a proxy
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return Request(
        method=raw.method,
        path=path or "/",
        query=query,
        headers=tuple(
            # HTTP's values are octets; as Latin-1 each is a character, and none is lost or refused.
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in raw.raw_headers
        ),
        protocol=f"HTTP/{raw.version.major}.{raw.version.minor}",
        source_ip=raw.remote or "",
        port=_port(raw),
    )


def _port(raw: web.BaseRequest) -> int:
    transport = raw.transport
    name = transport.get_extra_info("sockname") if transport else None
    return name[1] if name else 80


def _head_bytes(request: Request) -> int:
    line = f"{request.method} {request.path}?{request.query} {request.protocol}"
    return len(line) + sum(len(value) for _, value in request.headers)


async def _body(raw: web.BaseRequest) -> bytes:
    length = raw.content_length
    if length is not None and length > MAX_PAYLOAD:
        raise PayloadTooLargeError
    if raw.headers.get("Expect", "").lower() == "100-continue":
        # The client waits for it; whoever is refused is refused before they send.
        await raw.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.writer.output_size = 0
    body = bytearray()
    async for chunk in raw.content.iter_any():
        body += chunk
        if len(body) > MAX_PAYLOAD:
            raise PayloadTooLargeError
    return bytes(body)


def _note(record: Record, request: Request, table: RoutingTable, stage: ServedStage) -> None:
    record.values |= {
        "accountId": table.account,
        "apiId": table.api_id,
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "extendedRequestId": request.id,
        "httpMethod": request.method,
        "identity.sourceIp": request.source_ip,
        "identity.userAgent": request.header("user-agent"),
        "path": request.path,
        "protocol": request.protocol,
        "requestId": request.id,
        "requestTime": request.time_text,
        "requestTimeEpoch": request.time_epoch,
        "stage": stage.name,
    }
