"""The gate in front of the embedded AWS: no request of a role passes that its policies do not allow."""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket

from local.aws.authorization import apis, credentials, functions, policies, s3, services, signature
from local.aws.authorization.answers import answer
from local.aws.authorization.calls import Call, Permission, Request, body_of
from local.aws.authorization.credentials import Credentials
from local.aws.authorization.errors import AuthorizationError, NotMapped, Refused
from local.aws.authorization.judge import ANONYMOUS, Judge, Principal
from local.aws.authorization.signature import Signature
from local.aws.deployers_key import secret_access_key

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
PRINCIPAL = "parakeet.principal"
SIGNED_FOR = "parakeet.signed_for"
DEPLOYER = "deployer"
_DEPLOYERS_KEY = "MADEUP"
_OWN_PATHS = "/_parakeet/"
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
# moto takes a request's region from these before it looks at the signature.
_REGION_ELSEWHERE = re.compile(r"\.[^.]+\.amazonaws\.com|region/[a-z]{2}-[a-z]+-\d")


@dataclass(frozen=True, slots=True)
class _Admitted:
    principal: Principal
    to_be_told: Permission | None


class Authorization:
    """Who may do what in the embedded AWS of this process. Starts nothing before the first judgement.

    Deployers sign with what `deployers_key.secret_access_key` makes of `deployers_secret`.
    """

    def __init__(
        self, deployers_secret: str, account: str = DEFAULT_ACCOUNT_ID, region: str = "us-east-1"
    ) -> None:
        self._account = account
        self._region = region
        self._deployers_secret = deployers_secret
        self._judge = Judge()
        self._dispatcher = DomainDispatcherApplication(create_backend_app)

    def guard(self, app: Wsgi) -> Wsgi:
        """`app` for those who may. `environ["parakeet.principal"]` tells it who asks: an ARN, or a word.

        `environ["parakeet.signed_for"]` is the service and the region of a signature that was verified.
        """
        # Bucket policies are judged here. moto's own evaluator knows no conditions, and denies without them.
        FakeBucket.get_permission = _permitted  # type: ignore[method-assign]  # no setting for it

        def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            service = "s3"
            try:
                signed = signature.read(environ)
                service = signed.service if signed else self._unsigned_service(environ)
                admitted = self._admit(environ, signed, service)
                if signed is not None:
                    environ[SIGNED_FOR] = (signed.service, signed.region)
                if admitted is not None and admitted.to_be_told is not None:
                    return self._discreetly(app, admitted, environ, start_response)
            except Refused as refused:
                _log(refused)
                # What is left of the body would be taken for the connection's next request.
                body_of(environ)
                return answer(refused, environ, service, start_response)
            return app(environ, start_response)

        return guarded

    def credentials_for(self, role_arn: str, session_name: str, seconds: int = 3600) -> Credentials:
        """Temporary credentials of a function's role. AuthorizationError if Lambda may not assume it."""
        trust = policies.role(self._account, role_arn).assume_role_policy_document
        if not self._judge.trusts(role_arn, trust, "lambda.amazonaws.com", self._account):
            raise AuthorizationError(
                f"The trust policy of {role_arn} does not let lambda.amazonaws.com assume it"
            )
        return credentials.issue(self._account, self._region, role_arn, session_name, seconds)

    def service_may(
        self, action: str, resource_arn: str, service: str, source_arn: str, source_account: str
    ) -> bool:
        """Whether an AWS service, on behalf of `source_arn`, may: by the resource's own policy."""
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account}
        principal = Principal(service, service=True)
        refused = self._judge.refusal(principal, Permission(action, resource_arn), context, self._account)
        if refused:
            _log(refused)
        return refused is None

    def service_may_invoke(
        self, function_arn: str, service: str, source_arn: str, source_account: str
    ) -> bool:
        """Whether the function's permissions let an AWS service invoke it on behalf of `source_arn`."""
        return self.service_may("lambda:InvokeFunction", function_arn, service, source_arn, source_account)

    def role_may(self, role_arn: str, session_name: str, action: str, resource_arn: str) -> bool:
        """Whether a role may: for what AWS does in a function's name, like writing its log."""
        arn = f"arn:aws:sts::{self._account}:assumed-role/{role_arn.rpartition('/')[2]}/{session_name}"
        principal = Principal(arn, self._account, role_arn)
        refused = self._judge.refusal(principal, Permission(action, resource_arn), {}, self._account)
        if refused:
            _log(refused)
        return refused is None

    def close(self) -> None:
        """End the evaluator's process. It starts again when there is something to judge."""
        self._judge.close()

    def _admit(self, environ: dict[str, Any], signed: Signature | None, service: str) -> _Admitted | None:
        """Let a request go on, or raise Refused; None for one that is not judged."""
        # What another service than S3 is asked is not in the path: such a request is none of these.
        by_path = signed is None and service == "s3" and "HTTP_X_AMZ_TARGET" not in environ
        if by_path and (environ.get("PATH_INFO", "").startswith(_OWN_PATHS) or _of_a_service(environ)):
            environ[PRINCIPAL] = ANONYMOUS
            return None
        if signed is not None and signed.access_key.startswith(_DEPLOYERS_KEY):
            _verify(environ, signed, secret_access_key(signed.access_key, self._deployers_secret))
            environ[PRINCIPAL] = DEPLOYER
            return None
        principal = self._principal(environ, signed, service)
        environ[PRINCIPAL] = principal.arn
        call = self._call(environ, signed, service)
        for permission in call.permissions:
            self._demand(principal, permission)
        return _Admitted(principal, call.to_be_told)

    def _demand(self, principal: Principal, permission: Permission) -> None:
        refused = self._judge.refusal(principal, permission, {}, self._account)
        if refused:
            raise refused

    def _principal(self, environ: dict[str, Any], signed: Signature | None, service: str) -> Principal:
        if signed is None:
            if service != "s3":
                raise Refused("MissingAuthenticationToken", "Missing Authentication Token")
            return Principal(ANONYMOUS)
        session = credentials.session_of(signed)
        _verify(environ, signed, session.secret_access_key)
        return Principal(
            session.arn, session.account_id, session.role_arn, session.user_id, session.policy or ""
        )

    def _call(self, environ: dict[str, Any], signed: Signature | None, service: str) -> Call:
        self._check_address(environ, signed)
        request = Request(environ, service, signed.region if signed else self._region, self._account)
        if service == "s3":
            return s3.call(request)
        if signed is not None and signed.presigned_seconds is not None:
            raise NotMapped(f"a presigned request to {service}")
        if service == "apigateway":
            return apis.call(request)
        return functions.call(request) if service == "lambda" else services.call(request)

    def _check_address(self, environ: dict[str, Any], signed: Signature | None) -> None:
        """Refuse a request that says one thing to us and another to moto."""
        if not _LOOPBACK.fullmatch(environ.get("HTTP_HOST", "")) or not environ["RAW_URI"].startswith("/"):
            raise NotMapped("a request to another host than this machine")
        if "#" in environ["RAW_URI"]:
            raise NotMapped("an address with a fragment")
        if "HTTP_X_MOTO_ACCOUNT_ID" in environ or "HTTP_X_HTTP_METHOD_OVERRIDE" in environ:
            raise NotMapped("a request with a header that only moto knows")
        path = environ.get("PATH_INFO", "")
        if path.startswith(("/moto-api", "/latest/", "/v20180820/", "/favicon.ico", _OWN_PATHS)):
            raise NotMapped(f"the path {path}")
        elsewhere = environ["RAW_URI"] + " " + environ.get("HTTP_USER_AGENT", "")
        if any(
            (signed.region if signed else self._region) not in found
            for found in _REGION_ELSEWHERE.findall(elsewhere)
        ):
            raise NotMapped("a request to two regions")
        if (
            signed
            and signed.presigned_seconds is not None
            and self._unsigned_service(environ) != signed.service
        ):
            raise NotMapped("a presigned request to two services")

    def _unsigned_service(self, environ: dict[str, Any]) -> str:
        """Which service moto takes a request without an Authorization header for."""
        if environ.get("CONTENT_TYPE"):
            body_of(environ)
        host = self._dispatcher.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        return host.partition(".")[0] if host else "s3"

    def _discreetly(
        self, app: Wsgi, admitted: _Admitted, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """S3 says that there is no such object only to those who may list the bucket."""
        assert admitted.to_be_told is not None
        started: list[tuple[Any, ...]] = []
        content = app(environ, lambda *args: started.append(args))
        if started[0][0].startswith("404") and policies.bucket_exists(
            admitted.to_be_told.resource, self._account
        ):
            self._demand(admitted.principal, admitted.to_be_told)
        start_response(*started[0])
        return content


def _verify(environ: dict[str, Any], signed: Signature, secret_key: str) -> None:
    hashed = "HTTP_X_AMZ_CONTENT_SHA256" in environ or signed.presigned_seconds is not None
    signed.verify(environ, secret_key, None if hashed else body_of(environ))


def _permitted(self: FakeBucket, action: str, resource: str) -> PermissionResult:  # noqa: ARG001 - moto's signature
    return PermissionResult.PERMITTED


def _of_a_service(environ: dict[str, Any]) -> bool:
    """An AWS service invokes a function. Whoever runs functions checks its token and `service_may_invoke`."""
    invokes = functions.is_invocation(environ.get("PATH_INFO", ""))
    return invokes and environ["REQUEST_METHOD"] == "POST" and "HTTP_X_PARAKEET_SERVICE_TOKEN" in environ


def _log(refused: Refused) -> None:
    print(f"refused: {refused.message}", file=sys.stderr, flush=True)
