"""The routing table: what is deployed, resolved once, never changed; and which route a request takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote

from local.gateway.description import Authorizer, Cors, Description, Integration, Route, RouteSettings, Stage
from local.gateway.errors import NotEmulatedError
from local.gateway.log_format import LogFormat

DEFAULT = "$default"
_METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class _Greedy(str):
    """The name of a variable that takes all segments that are left."""


class _Variable(str):
    """The name of a variable that takes one segment."""


@dataclass(frozen=True)
class ServedRoute:
    """A route with all that a request to it needs."""

    key: str
    method: str  # "" of $default
    path: str
    segments: tuple[str, ...]
    function: str
    integration_id: str
    timeout: float
    authorizer: Authorizer | None
    scopes: tuple[str, ...]

    @property
    def greedy(self) -> bool:
        """Whether it takes all paths below its own."""
        return bool(self.segments) and isinstance(self.segments[-1], _Greedy)

    def parameters(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The path parameters of a request for `segments`; None if this is not its route."""
        if len(segments) < len(self.segments) or (len(segments) > len(self.segments) and not self.greedy):
            return None
        found = {}
        for index, (mine, asked) in enumerate(zip(self.segments, segments, strict=False)):
            if isinstance(mine, _Greedy):
                # It may be empty (`/trades/`), but not absent (`/trades`, or `/` itself).
                if segments == ("",):
                    return None
                found[str(mine)] = "/".join(segments[index:])
            elif isinstance(mine, _Variable):
                if not asked:
                    return None
                found[str(mine)] = asked
            elif mine != asked:
                return None
        return found

    def precedence(self) -> tuple[object, ...]:
        """Smaller goes first: full paths before greedy ones, text before variables, a method before ANY."""
        kinds = tuple(
            2 if isinstance(segment, _Greedy) else 1 if isinstance(segment, _Variable) else 0
            for segment in self.segments
        )
        # Of two greedy ones the longer is the more specific.
        return (self.greedy, (*kinds, 3), self.method == "ANY")


@dataclass(frozen=True)
class Match:
    """A route and what the path gave for its variables."""

    route: ServedRoute
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Throttle:
    """A bucket's size, and how many tokens flow into it in a second."""

    rate: float
    burst: int


# An account's, where neither the stage nor the route says anything (API Gateway quotas page).
ACCOUNT_THROTTLE = Throttle(rate=10_000, burst=5_000)


@dataclass(frozen=True)
class ServedStage:
    """A stage with its limits and its log."""

    name: str
    variables: Mapping[str, str]
    throttle: Throttle
    route_throttles: Mapping[str, Throttle]
    log_group: str | None
    log_format: LogFormat | None


@dataclass(frozen=True)
class RoutingTable:
    """All that the server goes by."""

    region: str
    account: str
    api_id: str
    name: str
    cors: Cors | None
    stages: Mapping[str, ServedStage]
    routes: tuple[ServedRoute, ...]
    default: ServedRoute | None

    def stage(self, path: str) -> tuple[ServedStage, str] | None:
        """The stage of a raw path, and the path within it."""
        first, slash, rest = path.removeprefix("/").partition("/")
        name = unquote(first)
        if name in self.stages and name != DEFAULT:
            return self.stages[name], slash + rest or "/"
        return (self.stages[DEFAULT], path) if DEFAULT in self.stages else None

    def match(self, method: str, path: str) -> Match | None:
        """The route of a request for a raw path within its stage.

        A full match goes before a greedy variable, and both before `$default`.
        """
        segments = tuple(unquote(segment) for segment in path.removeprefix("/").split("/"))
        for route in self.routes:
            if route.method in (method, "ANY"):
                parameters = route.parameters(segments)
                if parameters is not None:
                    return Match(route, parameters)
        return Match(self.default, {}) if self.default else None

    @property
    def execution_arn(self) -> str:
        """The API as permissions name it."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.api_id}"

    def lines(self) -> list[str]:
        """For a person: a line a route in the order in which they are tried, then the stages."""
        rows = [("ROUTE", "FUNCTION", "AUTHORIZER")]
        for route in (*self.routes, *([self.default] if self.default else [])):
            authorizer = route.authorizer
            who = f"{authorizer.name} ({authorizer.authorizer_type})" if authorizer else "none: open to all"
            rows.append((route.key, route.function.rpartition(":function:")[2], who))
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}" for row in rows]
        lines.extend(
            f"stage {stage.name}: {_limits(stage.throttle)}"
            + "".join(f"; {whose}: {_limits(limit)}" for whose, limit in _alike(stage.route_throttles))
            + f"; access log: {stage.log_group or 'none'}"
            for stage in self.stages.values()
        )
        cors = self.cors
        lines.append(f"CORS: {', '.join(cors.allow_origins) or 'no origin'}" if cors else "CORS: none")
        return lines


def _alike(throttles: Mapping[str, Throttle]) -> Iterator[tuple[str, Throttle]]:
    for limit in dict.fromkeys(throttles.values()):
        keys = [key for key, own in throttles.items() if own == limit]
        yield keys[0] if len(keys) == 1 else f"each of {len(keys)} routes", limit


def _limits(throttle: Throttle) -> str:
    return f"{throttle.rate:g} requests a second, {throttle.burst} at once"


def routing_table(description: Description) -> RoutingTable:
    """The table of a description. Raises NotEmulatedError where its parts do not fit together."""
    integrations = {each.integration_id: each for each in description.integrations}
    authorizers = {each.authorizer_id: each for each in description.authorizers}
    routes = [_served(route, integrations, authorizers) for route in description.routes]
    shapes: dict[tuple[object, ...], str] = {}
    for route in routes:
        shape = (route.method, tuple(type(s) if type(s) is not str else s for s in route.segments))
        if shape in shapes:
            raise NotEmulatedError(f"route {route.key}", f"matches the same requests as {shapes[shape]}")
        shapes[shape] = route.key
    if not description.stages:
        raise NotEmulatedError(f"API {description.api.name}", "it has no stage, so nothing of it is served")
    for authorizer in description.authorizers:
        if (
            authorizer.authorizer_type == "REQUEST"
            and authorizer.authorizer_result_ttl_in_seconds
            and not authorizer.identity_source
        ):
            raise NotEmulatedError(
                f"authorizer {authorizer.name}",
                f"AuthorizerResultTtlInSeconds = {authorizer.authorizer_result_ttl_in_seconds} "
                "needs an identity source, by which results are kept",
            )
    cors = description.api.cors_configuration
    if (
        cors
        and cors.allow_credentials
        and "*" in (*cors.allow_origins, *cors.allow_headers, *cors.allow_methods)
    ):
        raise NotEmulatedError(
            f"API {description.api.name}",
            "CorsConfiguration has AllowCredentials with *, which browsers refuse",
        )
    keys = {route.key for route in routes}
    stages = {stage.stage_name: _served_stage(stage, keys) for stage in description.stages}
    return RoutingTable(
        region=description.region,
        account=description.account,
        api_id=description.api.api_id,
        name=description.api.name,
        cors=cors,
        stages=MappingProxyType(stages),
        routes=tuple(sorted((r for r in routes if r.key != DEFAULT), key=ServedRoute.precedence)),
        default=next((route for route in routes if route.key == DEFAULT), None),
    )


def _served(
    route: Route, integrations: Mapping[str, Integration], authorizers: Mapping[str, Authorizer]
) -> ServedRoute:
    resource = f"route {route.route_key}"
    method, path, segments = _parsed(route.route_key)
    integration = integrations.get(route.target.removeprefix("integrations/"))
    if integration is None:
        raise NotEmulatedError(resource, f"its target {route.target} is not there")
    authorizer = None
    if not route.is_open:
        authorizer = authorizers.get(route.authorizer_id or "")
        wanted = {"JWT": "JWT", "CUSTOM": "REQUEST"}[route.authorization_type]
        if authorizer is None or authorizer.authorizer_type != wanted:
            raise NotEmulatedError(
                resource,
                f"AuthorizationType = {route.authorization_type!r} needs an authorizer of type {wanted}",
            )
    if route.authorization_scopes and route.authorization_type != "JWT":
        raise NotEmulatedError(resource, "AuthorizationScopes need AuthorizationType = 'JWT'")
    uri = integration.integration_uri
    return ServedRoute(
        key=route.route_key,
        method=method,
        path=path,
        segments=segments,
        function=function_arn(uri),
        integration_id=integration.integration_id,
        timeout=integration.timeout_in_millis / 1000,
        authorizer=authorizer,
        scopes=route.authorization_scopes,
    )


def function_arn(uri: str) -> str:
    """The function's own ARN in the one by which API Gateway invokes it."""
    return uri.rpartition("/functions/")[2].removesuffix("/invocations")


def _parsed(key: str) -> tuple[str, str, tuple[str, ...]]:
    if key == DEFAULT:
        return "", "", ()
    method, _, path = key.partition(" ")
    segments: list[str] = []
    names = set()
    texts = path.removeprefix("/").split("/")
    for index, text in enumerate(texts):
        if not text.startswith("{"):
            segments.append(text)
            fits = "{" not in text and "}" not in text
        else:
            name = text.removeprefix("{").removesuffix("}")
            greedy = name.endswith("+")
            name = name.removesuffix("+")
            segments.append(_Greedy(name) if greedy else _Variable(name))
            fits = (
                text.endswith("}")
                and name.replace("_", "").replace("-", "").replace(".", "").isalnum()
                and name not in names
                and (not greedy or index == len(texts) - 1)
            )
            names.add(name)
        if not fits:
            raise NotEmulatedError(f"route {key}", f"the path's part {text!r} is not understood")
    if (
        method not in _METHODS
        or not path.startswith("/")
        or "//" in path
        or (path != "/" and path.endswith("/"))
    ):
        raise NotEmulatedError(f"route {key}", "is no method and path")
    return method, path, tuple(segments)


def _served_stage(stage: Stage, keys: set[str]) -> ServedStage:
    resource = f"stage {stage.stage_name}"
    unknown = sorted(set(stage.route_settings) - keys)
    if unknown:
        raise NotEmulatedError(resource, f"RouteSettings of a route that is not there: {', '.join(unknown)}")
    default = _throttle(f"{resource}: DefaultRouteSettings", stage.default_route_settings) or ACCOUNT_THROTTLE
    own = {
        key: _throttle(f"{resource}: RouteSettings.{key}", settings)
        for key, settings in stage.route_settings.items()
    }
    log = stage.access_log_settings
    return ServedStage(
        name=stage.stage_name,
        variables=MappingProxyType(stage.stage_variables),
        throttle=default,
        route_throttles=MappingProxyType({key: limit for key, limit in own.items() if limit}),
        log_group=log.destination_arn.partition(":log-group:")[2].removesuffix(":*") if log else None,
        log_format=LogFormat(log.format, resource) if log else None,
    )


def _throttle(resource: str, settings: RouteSettings) -> Throttle | None:
    rate, burst = settings.throttling_rate_limit, settings.throttling_burst_limit
    if (rate is None) != (burst is None):
        raise NotEmulatedError(resource, "needs ThrottlingRateLimit and ThrottlingBurstLimit, or neither")
    return None if rate is None or burst is None else Throttle(rate, burst)
