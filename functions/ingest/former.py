"""What an ingest finds: what the manifest names, is there, and can be read.

Lifecycle removes by age alone, another version of this code may have written, and what is no JSON or Parquet
may have been put there. What was lost is loaded or derived again, so that no cache is beyond an ingest's
help. Where S3 does not answer, nothing counts as lost.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from functions.market.cache import Cache, GoneError
from functions.market.layout import MANIFEST_KEY
from functions.market.manifest import Entry, Manifest, Panel, UnreadableError, read_manifest

LOST = (GoneError, UnreadableError)


@dataclass(frozen=True)
class Former:
    """The tickers of the catalogue, and the manifest with its ETag, by which it is replaced."""

    etag: str | None = None
    manifest: Manifest | None = None
    tickers: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Those named, there or not."""
        return self.manifest.panels if self.manifest else ()

    def without_panel(self, cache: Cache, asked: Collection[str]) -> set[str]:
        """Tickers with bars that are in no panel: of those asked for, and of their panels that are lost."""
        wanted = set(asked)
        lost = [
            panel
            for panel in self.panels
            if not wanted.isdisjoint(panel.tickers) and not is_there(cache, panel)
        ]
        shown = {ticker for panel in self.panels if panel not in lost for ticker in panel.tickers}
        concerned = wanted.union(*(panel.tickers for panel in lost))
        return {ticker for ticker in concerned if ticker in self.tickers} - shown


def read_former(cache: Cache) -> Former:
    """Raises StorageError where S3 does not answer."""
    found = cache.current(MANIFEST_KEY)
    if found is None:
        return Former()
    text, etag = found
    try:
        manifest = read_manifest(text)
    except UnreadableError:
        return Former(etag)
    try:
        return Former(etag, manifest, cache.catalogue(manifest.catalogue).tickers)
    except LOST:
        return Former(etag, manifest)


def is_there(cache: Cache, panel: Panel) -> bool:
    """Whether both of its files can be read. Raises StorageError where S3 does not answer."""
    try:
        cache.file(panel.closes)
        cache.file(panel.recent)
    except LOST:
        return False
    return True
