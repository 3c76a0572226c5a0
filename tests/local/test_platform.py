"""The local platform's folder, before anything runs in it."""

from pathlib import Path

from config.environments import DEV
from local.platform import LocalPlatform


def test_who_may_pass_through_the_folder_may_read_nothing_in_it(tmp_path: Path) -> None:
    platform = LocalPlatform(tmp_path / "run", DEV, None, {})
    assert platform.folder.stat().st_mode & 0o077 == 0o011
    made = {path.name: path.stat().st_mode & 0o077 for path in platform.folder.iterdir()}
    assert made == dict.fromkeys(
        ("workspace", "aws.log", "functions.log", "gateway.log", "market_data.log"), 0
    )
    assert {platform.functions_log.name, platform.gateway_log.name} <= made.keys()
