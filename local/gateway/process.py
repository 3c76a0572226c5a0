"""The gateway as a child process, for as long as a context lasts."""

from collections.abc import Mapping
from pathlib import Path

from local.child import Child


class Gateway(Child):
    """One deployed API at `endpoint` on this machine, from entering to leaving the context.

    `log` has what it says, and the access log.
    """

    def __init__(
        self,
        api: str,
        variables: Mapping[str, str],
        log: Path,
        *,
        port: int = 0,
        issuer_addresses: Mapping[str, str] | None = None,
    ) -> None:
        """`variables`: the embedded AWS's (`EmbeddedAws.variables`) and PARAKEET_SERVICE_TOKEN."""
        arguments = ["--api", api, "--port", str(port)]
        for issuer, address in (issuer_addresses or {}).items():
            arguments += ["--issuer-address", f"{issuer}={address}"]
        super().__init__("local.gateway", arguments, what="The gateway", log=log, variables=variables)
