"""Values for the Terraform variables of a run on one machine, made up anew each time."""

import secrets


def made_up_secrets() -> dict[str, str]:
    """The variables that hold secrets, in the form that their validation asks for."""
    user, password, host = (f"madeup-{secrets.token_hex(12)}" for _ in range(3))
    host = f"{host}.example.com"
    return {
        "TF_VAR_neon_database_url": f"postgresql://{user}:{password}@{host}/potential_parakeet?sslmode=require",
        "TF_VAR_db_username": user,
        "TF_VAR_db_password": password,
        "TF_VAR_db_host": host,
        "TF_VAR_tiingo_api_key": secrets.token_hex(20),
        "TF_VAR_polygon_api_key": secrets.token_hex(16),
    }
