"""The keys of those who deploy to the embedded AWS, in one run of it. Programs import it: no moto here."""

import hmac


def secret_access_key(access_key: str, run_secret: str) -> str:
    """The secret access key of a made-up access key. Only who knows the run's secret can tell it."""
    return hmac.new(run_secret.encode(), access_key.encode(), "sha256").hexdigest()
