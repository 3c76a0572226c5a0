"""The names under which teams and dashboards know the platform's parts."""

PROJECT = "potential-parakeet"
SITE = "https://potential-parakeet.pages.dev"
"""The front end's origin."""
LOCAL_SITES = ("http://localhost:3000", "http://localhost:5173")
"""The front end's origins while it is developed."""


BOOTSTRAP = "parakeet-bootstrap"
"""The stack that keeps the others' states."""


def stack_name(environment: str) -> str:
    """As `parakeet-dev`: what `cdktf deploy` is told."""
    return f"parakeet-{environment}"


def resource_name(part: str, environment: str) -> str:
    """As `potential-parakeet-cache-dev`."""
    return f"{PROJECT}-{part}-{environment}"


def platform_tags(environment: str) -> dict[str, str]:
    """The tags of everything."""
    return {"Project": PROJECT, "Environment": environment, "ManagedBy": "terraform"}
