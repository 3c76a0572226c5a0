"""The cache as its readers see it: one manifest, and what it names."""

import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from weakref import finalize

from functions.market.layout import MANIFEST_KEY, UNIVERSE_KEY
from functions.market.manifest import Catalogue, Manifest, catalogue_json, read_catalogue, read_manifest
from functions.market.objects import Objects, StorageError
from functions.market.parquet import refuse_unknown_schema
from functions.market.universe import AUDUSD, Universe, read_universe

# On /tmp, of the panels that one execution environment read last.
KEPT_BYTES = 256 * 1024 * 1024
# A deployment's new universe is known everywhere after this.
UNIVERSE_SECONDS = 60


class CacheEmptyError(Exception):
    """No ingest has been finished yet."""


class GoneError(StorageError):
    """What a manifest names is not there."""


class LostTickersError(GoneError):
    """Tickers have bars, but are in no panel: NaN would say that they have none."""

    def __init__(self, tickers: Sequence[str]) -> None:
        self.named = ", ".join(tickers[:10]) + (f" and {len(tickers) - 10} more" if len(tickers) > 10 else "")
        super().__init__(f"the catalogue names {self.named}, but no panel has it")


class Cache:
    """The cache in one bucket. Keep it between requests: what did not change is not read again.

    Whatever reads it raises StorageError where S3 does not answer, and UnreadableError.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._read: dict[str, tuple[bytes, str]] = {}
        self._catalogues: dict[str, Catalogue] = {}
        self._universe: tuple[str, Universe] | None = None
        self._universe_at = 0.0
        self._folder: Path | None = None
        self._files: OrderedDict[str, Path] = OrderedDict()
        self._lock = Lock()

    def snapshot(self) -> "Snapshot":
        """What the manifest names now. Take one for a request, so that all it reads belongs together.

        Raises CacheEmptyError before the first ingest.
        """
        found = self.current(MANIFEST_KEY)
        if found is None:
            raise CacheEmptyError("nothing has been ingested yet")
        return Snapshot(self, read_manifest(found[0]), found[1])

    def universe(self) -> Universe:
        """The instruments, as the deployment uploaded them a minute ago at the latest.

        Raises StorageError if it did not.
        """
        if self._universe and time.monotonic() - self._universe_at < UNIVERSE_SECONDS:
            return self._universe[1]
        found = self.current(UNIVERSE_KEY)
        if found is None:
            raise StorageError(
                f"there is no {UNIVERSE_KEY} in {self.objects.bucket}; the deployment uploads it"
            )
        text, etag = found
        if self._universe is None or self._universe[0] != etag:
            self._universe = etag, read_universe(text.decode())
        self._universe_at = time.monotonic()
        return self._universe[1]

    def catalogue(self, key: str) -> Catalogue:
        """A catalogue, kept: an object below a run's folder never changes."""
        if key not in self._catalogues:
            self._catalogues = {key: read_catalogue(self.content(key))}
        return self._catalogues[key]

    def put_catalogue(self, key: str, catalogue: Catalogue) -> None:
        """Write one, and keep it: who wrote it reads it next."""
        self.objects.put(key, catalogue_json(catalogue))
        self._catalogues = {key: catalogue}

    def content(self, key: str) -> bytes:
        """An object that a manifest names. Raises GoneError."""
        content = self.objects.get(key)
        if content is None:
            raise GoneError(f"{self.objects.bucket}/{key} is gone, although the manifest names it")
        return content

    def file(self, key: str) -> Path:
        """An object that a manifest names, as a file on /tmp kept while there is room: DuckDB reads files.

        It is there no longer than this cache. Raises GoneError.
        """
        with self._lock:
            if key not in self._files:
                if self._folder is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="cache-"))
                    finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
                path = self._folder / sha256(key.encode()).hexdigest()
                path.write_bytes(self.content(key))
                refuse_unknown_schema(path)
                self._files[key] = path
                kept = sum(file.stat().st_size for file in self._files.values())
                while kept > KEPT_BYTES and len(self._files) > 1:
                    _, oldest = self._files.popitem(last=False)
                    kept -= oldest.stat().st_size
                    oldest.unlink()
            self._files.move_to_end(key)
            return self._files[key]

    def current(self, key: str) -> tuple[bytes, str] | None:
        """Content and ETag of an object that is replaced in its place; None if there is none."""
        known = self._read.get(key)
        found = self.objects.get_unless(key, known[1] if known else None)
        if isinstance(found, tuple):
            self._read[key] = found
            return found
        return known if found else None


class Snapshot:
    """What one manifest names. `etag` is the manifest's."""

    def __init__(self, cache: Cache, manifest: Manifest, etag: str) -> None:
        self.cache = cache
        self.manifest = manifest
        self.etag = etag

    @property
    def catalogue(self) -> Catalogue:
        """Per ticker, where its bars are."""
        return self.cache.catalogue(self.manifest.catalogue)

    @property
    def lost(self) -> frozenset[str]:
        """Tickers that have bars, but are in no panel: the bars were lost when it was derived."""
        shown = {ticker for panel in self.manifest.panels for ticker in panel.tickers}
        return frozenset(self.catalogue.tickers.keys() - shown - {AUDUSD.ticker})
