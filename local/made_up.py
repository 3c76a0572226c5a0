"""Values for the Terraform variables of a run on one machine, made up anew each time."""

import secrets
from collections.abc import Mapping

from local.postgres.database import DATABASE


def made_up_secrets() -> dict[str, str]:
    """The variables that hold secrets, in the form that is asked for. The database is nowhere."""
    user, password, host = (f"madeup-{secrets.token_hex(12)}" for _ in range(3))
    host = f"{host}.example.com"
    return database_variables(
        f"postgresql://{user}:{password}@{host}/{DATABASE}?sslmode=require", user, password, host
    ) | keys_variables(made_up_keys())


def database_variables(url: str, user: str, password: str, host: str) -> dict[str, str]:
    """The variables of the database secret."""
    return {
        "TF_VAR_neon_database_url": url,
        "TF_VAR_db_username": user,
        "TF_VAR_db_password": password,
        "TF_VAR_db_host": host,
    }


def made_up_keys() -> dict[str, str]:
    """Keys of the data providers, by their names in the secret."""
    return {"TIINGO_API_KEY": secrets.token_hex(20), "POLYGON_API_KEY": secrets.token_hex(16)}


def keys_variables(keys: Mapping[str, str]) -> dict[str, str]:
    """The variables of the data providers' keys."""
    return {f"TF_VAR_{name.lower()}": key for name, key in keys.items()}
