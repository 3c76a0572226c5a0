"""The buckets: the Parquet cache, the functions' deployment packages, and the log of who accessed the two."""

import hashlib
from pathlib import Path

from bindings.aws import (
    IamRolePolicy,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleTransition,
    S3Object,
)
from bindings.cdktf import App
from config.place import Place
from config.settings import CacheSettings, StorageSettings
from constructs import Construct
from constructs.resources.address import pinned
from constructs.resources.bucket import Bucket
from constructs.resources.lifecycle import (
    abort_abandoned_uploads,
    access_log_rules,
    expire,
    expire_old_versions,
)
from constructs.resources.role import Grantee

UNIVERSE = Path(__file__).parents[1] / "config/universe.csv"
"""The instruments that are ingested; changing them is a reviewed commit."""
CACHE_PREFIX = "cache/"
RUNS_PREFIX = f"{CACHE_PREFIX}runs/"
SCANS_PREFIX = f"{CACHE_PREFIX}scans/"
MANIFEST_KEY = f"{CACHE_PREFIX}manifest.json"
LAST_RUN_KEY = f"{CACHE_PREFIX}last_run.json"
OLD_PACKAGES_DAYS = 90
"""How long one can go back to what a deployment has replaced."""


class Storage(Construct):
    """`packages` takes the functions' code; `grant_read` and the `grant_write_*` open the cache."""

    def __init__(self, scope: Construct, id: str, settings: StorageSettings, place: Place) -> None:
        super().__init__(scope, id)
        destroy_objects = not settings.protected
        logs = Bucket(
            self,
            "logs",
            place,
            name=place.name("logs"),
            address="logs",
            destroy_objects=destroy_objects,
            lifecycle_rules=access_log_rules(),
        )
        self.cache = Bucket(
            self,
            "cache",
            place,
            name=place.name("cache"),
            address="cache",
            versioned=settings.cache.versioned,
            protected=settings.protected,
            destroy_objects=destroy_objects,
            lifecycle_rules=[abort_abandoned_uploads(), *_cache_rules(settings.cache)],
        )
        self._upload_universe()
        self.packages = Bucket(
            self,
            "packages",
            place,
            name=place.name("lambda-artifacts"),
            address="lambda_artifacts",
            versioned=True,
            destroy_objects=destroy_objects,
            lifecycle_rules=[
                abort_abandoned_uploads(),
                expire_old_versions("expire-old-packages", "", OLD_PACKAGES_DAYS),
            ],
        )
        self.cache.log_access_to(logs)
        self.packages.log_access_to(logs)

    def _upload_universe(self) -> None:
        content = UNIVERSE.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        file = Path(App.of(self).outdir).absolute() / "packages" / f"universe-{digest[:12]}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        pinned(
            "universe",
            S3Object(
                self,
                "universe",
                bucket=self.cache.name,
                key=f"{CACHE_PREFIX}universe.csv",
                source=f"../../packages/{file.name}",
                source_hash=digest,
                content_type="text/csv",
            ),
        )

    def grant_read(self, grantee: Grantee) -> IamRolePolicy:
        """Let it read the cached objects."""
        return self.cache.grant_read(grantee, CACHE_PREFIX)

    def grant_write_bars(self, grantee: Grantee) -> None:
        """Let it write ingests' runs and what names them; neither the universe nor the scans."""
        for place in (RUNS_PREFIX, MANIFEST_KEY, LAST_RUN_KEY):
            self.cache.grant_write(grantee, place)

    def grant_write_scans(self, grantee: Grantee) -> IamRolePolicy:
        """Let it write the scans' results, and nothing else of the cache."""
        return self.cache.grant_write(grantee, SCANS_PREFIX)


def _cache_rules(settings: CacheSettings) -> list[S3BucketLifecycleConfigurationRule]:
    cached = [S3BucketLifecycleConfigurationRuleFilter(prefix=CACHE_PREFIX)]
    # Of what ingests write: the universe, the manifest and the scans stay.
    rules = [expire("expire-cache", RUNS_PREFIX, settings.expire_after_days)]
    if settings.transitions:
        rules.append(
            S3BucketLifecycleConfigurationRule(
                id="move-to-cheaper-storage",
                status="Enabled",
                filter=cached,
                transition=[
                    S3BucketLifecycleConfigurationRuleTransition(
                        days=transition.after_days, storage_class=transition.storage_class
                    )
                    for transition in settings.transitions
                ],
            )
        )
    if settings.versioned:
        rules.append(expire_old_versions("expire-old-versions", CACHE_PREFIX, settings.old_versions_days))
    return rules
