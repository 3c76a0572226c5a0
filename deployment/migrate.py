"""Brings a deployed environment's schema up to date by hand (`make migrate`); a deployment does so itself."""

import argparse
import json
import sys

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import OneLineError, in_one_line
from config.names import LIVE, resource_name
from deployment.region import client_in


class MigrationError(OneLineError):
    """The schema is not up to date; the text says what the function or AWS said."""


def migrate(environment: str) -> str:
    """What the migration function answers, with the credentials of the shell. Raises OneLineError."""
    client = client_in(environment)
    name = resource_name("migrate", environment)
    try:
        answer = client("lambda").invoke(
            FunctionName=name, Qualifier=LIVE, Payload=json.dumps({"source": "by hand"}).encode()
        )
    except (BotoCoreError, ClientError) as error:
        raise MigrationError(f"{name}: {error}") from None
    said = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise MigrationError(f"{name} failed, its log says more: {said}")
    return str(said)


@in_one_line()
def main() -> int:
    """Print what the function answers; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployment.migrate", description=__doc__)
    parser.add_argument("--environment", default="dev", help="(default: %(default)s)")
    print(migrate(parser.parse_args().environment))
    return 0


if __name__ == "__main__":
    sys.exit(main())
