"""An embedded AWS in the tests' own process: moto, what says when APIs change, and functions.

The functions are those below. Who may invoke them is decided by the policies that moto keeps.
"""

import fnmatch
import io
import json
import secrets
import time
import zipfile
from collections.abc import Callable, Iterable
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
import requests
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local.aws.api_revision import ApiRevision

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ACCOUNT, REGION = "123456789012", "us-east-1"
Event = dict[str, Any]


def echo(event: Event) -> Any:
    """What it was asked, as a function's structured answer."""
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "x-request-id": event["requestContext"]["requestId"]},
        "body": json.dumps(event),
    }


def scripted(event: Event) -> Any:
    """The answer that the request's own body spells."""
    return json.loads(event["body"])


def slow(event: Event) -> Any:
    time.sleep(1)
    return echo(event)


def broken(event: Event) -> Any:
    raise RuntimeError(event["rawPath"])


def gatekeeper(event: Event) -> Any:
    """Lets `Bearer good` in, fails for `Bearer failing`, and answers nonsense for `Bearer odd`."""
    match event["identitySource"][0]:
        case "Bearer good":
            return {"isAuthorized": True, "context": {"email": "jo@example.com", "level": 2}}
        case "Bearer failing":
            raise RuntimeError
        case "Bearer odd":
            return {"isAuthorized": "true"}
    return {"isAuthorized": False, "context": {"why": "unknown"}}


FUNCTIONS: dict[str, Callable[[Event], Any]] = {
    function.__name__: function for function in (echo, scripted, slow, broken, gatekeeper)
}


class Quiet(MotoRequestHandler):
    """Says nothing of each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


class ServedAws:
    """The server and what it was asked. Functions are made with `function`, with no permission yet."""

    def __init__(self) -> None:
        self.service_token = secrets.token_hex(16)
        self._clients: dict[str, Any] = {}
        self.events: list[tuple[str, Event]] = []
        application = ApiRevision(self._invoking(DomainDispatcherApplication(create_backend_app)))
        self._server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """An empty account."""
        requests.post(f"{self.endpoint}/moto-api/reset", timeout=10).raise_for_status()
        self.events.clear()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="MADEUP",
                aws_secret_access_key="made-up",
            )
        return self._clients[service]

    @property
    def variables(self) -> dict[str, str]:
        """For a gateway's process."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "MADEUP",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PARAKEET_SERVICE_TOKEN": self.service_token,
        }

    def function(self, name: str, runs: str) -> str:
        """A function's ARN. It `runs` one of the functions above."""
        trust = {"Version": "2012-10-17", "Statement": []}
        role = self.client("iam").create_role(
            RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps(trust)
        )
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "")
        arn: str = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="handler.handler",
            Description=runs,
            Code={"ZipFile": code.getvalue()},
        )["FunctionArn"]
        return arn

    def permit(self, function: str, source_arn: str) -> None:
        self.client("lambda").add_permission(
            FunctionName=function,
            StatementId=f"s{secrets.token_hex(4)}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=source_arn,
        )

    def _invoking(self, application: "WSGIApplication") -> "WSGIApplication":
        def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if not path.endswith("/invocations"):
                return application(environ, start_response)
            name = unquote(path.split("/")[-2]).rpartition(":")[2]
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, headers, answer = self._invoked(name, environ, body)
            sent = [*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
            start_response(status, sent)
            return [answer]

        return call

    def _invoked(
        self, name: str, environ: "WSGIEnvironment", body: bytes
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        try:
            function = lambda_backends[ACCOUNT][REGION].get_function(name)
        except LambdaClientError:
            return "404 Not Found", [("X-Amzn-ErrorType", "ResourceNotFoundException")], b"{}"
        if not self._permits(function.policy, environ):
            return "403 Forbidden", [("X-Amzn-ErrorType", "AccessDeniedException")], b"{}"
        event = json.loads(body)
        self.events.append((name, event))
        try:
            return "200 OK", [], json.dumps(FUNCTIONS[function.description](event)).encode()
        except Exception as error:  # noqa: BLE001 - as Lambda does with whatever a function raises
            failure = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()
            return "200 OK", [("X-Amz-Function-Error", "Unhandled")], failure

    def _permits(self, policy: Any, environ: "WSGIEnvironment") -> bool:
        if policy is None or environ.get("HTTP_X_PARAKEET_SERVICE_TOKEN") != self.service_token:
            return False
        source = environ.get("HTTP_X_PARAKEET_SOURCE_ARN", "")
        return any(
            statement["Principal"] == {"Service": environ.get("HTTP_X_PARAKEET_SERVICE")}
            and fnmatch.fnmatchcase(source, statement["Condition"]["ArnLike"]["AWS:SourceArn"])
            for statement in policy.statements
        )
