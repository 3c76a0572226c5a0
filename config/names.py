"""The names under which teams and dashboards know the platform's parts."""

PROJECT = "potential-parakeet"


def resource_name(part: str, environment: str) -> str:
    """As ``potential-parakeet-cache-dev``."""
    return f"{PROJECT}-{part}-{environment}"
