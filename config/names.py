"""The names under which teams and dashboards know the platform's parts."""

PROJECT = "potential-parakeet"
STACKS = "parakeet-"
"""What every stack's name begins with."""
REGION = "us-east-1"
"""Where the platform is deployed."""
SITE = "https://potential-parakeet.pages.dev"
"""The front end's origin."""
LOCAL_SITES = ("http://localhost:3000", "http://localhost:5173")
"""The front end's origins while it is developed."""

PLACEHOLDER_AUDIENCE = "put-the-aud-tag-of-the-access-application-here"
"""What an environment file says before anybody has made its application at Cloudflare. It lets nobody in."""
PLACEHOLDER_EMAIL = "put-an-address-here@example.com"
"""What an environment file says before it is known who is told of alarms."""

LIVE = "live"
"""The alias of each function that everything invokes; what it names is what answers."""
BUCKETS = ("cache", "lambda-artifacts", "logs")
"""The parts in names of an environment's buckets."""
RELEASE_KEY = "release.json"
"""In the packages bucket: which version of each function was made live; S3 keeps the earlier ones."""
DEPLOYMENT_PATH = "/deployment/"
"""Of what bootstrap makes in IAM: nothing there has a name that an environment's own roles could have."""
FUNCTION_BOUNDARY = "function-boundary"
"""The part in names of the policy that says what functions may do at most."""


def bootstrap_name(account_id: str | None) -> str:
    """The stack that keeps the others' states: `parakeet-bootstrap`, and that of a pinned account its own."""
    return f"{STACKS}bootstrap-{account_id}" if account_id else f"{STACKS}bootstrap"


def stack_name(environment: str) -> str:
    """As `parakeet-dev`: what `cdktf deploy` is told."""
    return f"{STACKS}{environment}"


def secrets_stack_name(environment: str) -> str:
    """As `parakeet-dev-secrets`: what is deployed before `parakeet-dev`, by whoever may know the secrets."""
    return f"{stack_name(environment)}-secrets"


def environment_of(stack: str) -> str:
    """`dev` of `parakeet-dev` and of `parakeet-dev-secrets`; `bootstrap` of an account's bootstrap, too."""
    return stack.removeprefix(STACKS).partition("-")[0]


def resource_name(part: str, environment: str) -> str:
    """As `potential-parakeet-cache-dev`."""
    return f"{PROJECT}-{part}-{environment}"


def database_secret(environment: str) -> str:
    """As `potential-parakeet/dev`: the connection to the database."""
    return f"{PROJECT}/{environment}"


def api_keys_secret(environment: str) -> str:
    """As `potential-parakeet/dev/api-keys`: the keys of the market data providers."""
    return f"{PROJECT}/{environment}/api-keys"


def platform_tags(environment: str) -> dict[str, str]:
    """The tags of everything."""
    return {"Project": PROJECT, "Environment": environment, "ManagedBy": "terraform"}
