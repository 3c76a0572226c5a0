"""Everything that the platform needs on one machine: AWS, and its neighbours."""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from config.names import resource_name, secrets_stack_name, stack_name
from config.settings import Environment
from deployment.command import Command
from deployment.workspace import Workspace
from local.access.team import AccessTeam
from local.embedded_aws import EmbeddedAws
from local.gateway.errors import GatewayError
from local.gateway.process import Gateway
from local.made_up import database_variables, keys_variables
from local.market_data.market_data import MarketData
from local.postgres.server import HOST, Postgres
from local.state_backend import state_backend
from packages import layer

_PROJECT = Path(__file__).parents[1]


class LocalPlatform:
    """An embedded AWS, a PostgreSQL, a Cloudflare team and market data, from entering to leaving the context.

    Nothing is deployed yet; `workspace` deploys. All that is written is below `folder`, which others than the
    user may pass through and not read. Entering raises OneLineError if one of them does not start.
    """

    def __init__(
        self,
        folder: Path,
        environment: Environment,
        mirror: Path | None,
        variables: Mapping[str, str],
        *,
        deployer: type[Workspace] = Workspace,
    ) -> None:
        """`mirror` is where Terraform's provider comes from; `variables` are the calling shell's.

        `deployer` is the kind of workspace that deploys.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # PostgreSQL runs as nobody when root starts it.
        folder.chmod(0o711)
        # Whoever may pass through knows what the rest is called.
        (folder / "workspace").mkdir(mode=0o700, exist_ok=True)
        for log in ("aws", "functions", "gateway", "market_data"):
            (folder / f"{log}.log").touch(mode=0o600)
        self.folder = folder
        self.environment = environment
        self.stack = stack_name(environment.name)
        self.secrets_stack = secrets_stack_name(environment.name)
        self.functions_log = folder / "functions.log"
        self.gateway_log = folder / "gateway.log"
        self.url = ""
        """Where the API answers, once it is served."""
        self._mirror = mirror
        self._variables = variables
        self._deployer = deployer
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as running:
            twins = {name: layer.twin(name).path for name in layer.LAYERS}
            self.aws = running.enter_context(
                EmbeddedAws(self.folder / "aws.log", twins=twins, functions_log=self.functions_log)
            )
            self.postgres = running.enter_context(
                Postgres(self.folder / "postgres", variables=self._variables)
            )
            api = self.environment.api
            self.team = running.enter_context(
                AccessTeam(
                    self.folder / "access",
                    name=api.access_team,
                    audience=api.access_audience,
                    variables=self._variables,
                )
            )
            self.market_data = running.enter_context(MarketData(self.folder / "market_data.log"))
            self.workspace = running.enter_context(
                self._deployer(
                    self.folder / "workspace",
                    self._mirror,
                    self._deployers_variables(),
                    secrets={self.secrets_stack: self._secret_variables()},
                )
            )
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def state_backend(self) -> AbstractContextManager[Command]:
        """Deploys what keeps the states; the rest is deployed in this context. Raises CommandError."""
        return state_backend(self.workspace, self.aws, [self.environment])

    def deploy_secrets(self) -> None:
        """Deploy the secrets it needs, as they were synthesized for bootstrap. Raises CommandError."""
        self.workspace.deploy(self.secrets_stack, synthesized=True)

    def deploy(self, *, synthesized: bool = False) -> None:
        """Deploy the environment, or what has changed of it. Raises CommandError."""
        self.workspace.deploy(self.stack, synthesized=synthesized)

    def serve(self, port: int = 0) -> Gateway:
        """The deployed API on a port of this machine, 0 for a free one, once it is entered."""
        issuer = self.environment.api.issuer
        gateway = Gateway(
            self._api,
            self.aws.variables(self._variables) | {"PARAKEET_SERVICE_TOKEN": self.aws.service_token},
            self.gateway_log,
            port=port,
            issuer_addresses={issuer: self.team.url},
        )
        self._running.enter_context(gateway)
        self.url = gateway.endpoint
        return gateway

    def routes(self) -> list[str]:
        """The deployed API's routing table, a line each. Raises GatewayError for what is not emulated."""
        answer = subprocess.run(
            [sys.executable, "-P", "-m", "local.gateway", "--api", self._api, "--routes"],
            env={**self.aws.variables(self._variables), "PYTHONPATH": str(_PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise GatewayError(answer.stderr.strip())
        return answer.stdout.splitlines()

    @property
    def _api(self) -> str:
        return resource_name("api", self.environment.name)

    def _deployers_variables(self) -> dict[str, str]:
        return self.aws.variables(self._variables) | {
            "PARAKEET_ACCESS_KEYS_URL": self.team.keys_url,
            "PARAKEET_TIINGO_URL": self.market_data.endpoint,
            "PARAKEET_POLYGON_URL": self.market_data.endpoint,
        }

    def _secret_variables(self) -> dict[str, str]:
        postgres = self.postgres
        return database_variables(postgres.url(), postgres.user, postgres.password, HOST) | keys_variables(
            self.market_data.keys
        )
