"""The keys of those who deploy to the embedded AWS, in one run of it. Without moto: programs import it, too."""

import hmac


def secret_access_key(access_key: str, run_secret: str) -> str:
    """The secret access key that goes with a made-up access key: only who knows the run's secret can tell it."""
    return hmac.new(run_secret.encode(), access_key.encode(), "sha256").hexdigest()
