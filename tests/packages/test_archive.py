"""The archives of the functions' code and of layers."""

import base64
import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from packages.archive import Archive, write_zip

SOURCES = {
    "functions/trades/handler.py": b"def handler(event, context): ...\n",
    "functions/trades/orders/__init__.py": b"",
    "functions/trades/orders/limit.py": b"PRICE = 1\n",
    "functions/runtime/log.py": b"import logging\n",
}


@pytest.fixture
def archive() -> Archive:
    return Archive.holding("trades", SOURCES)


def entries(archive: Archive, directory: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(archive.write(directory)) as opened:
        assert opened.testzip() is None
        return opened.infolist()


def test_bytes_are_the_same_on_every_machine_and_python(archive: Archive) -> None:
    """Fails where a Python or a system writes other bytes, and when the format is changed on purpose.

    A new value here means that every function is uploaded again by the next deploy.
    """
    assert archive.sha256 == "80d0c0f1b5a591f064e2faab1a113f309ccf4221608068a4c2aed7fb06824fa6"


def test_bytes_depend_on_contents_alone_not_on_the_files_they_are_read_from(
    archive: Archive, tmp_path: Path
) -> None:
    files = {path: tmp_path / str(place) for place, path in enumerate(reversed(SOURCES))}
    for path, file in files.items():
        file.write_bytes(SOURCES[path])
        file.chmod(0o666)
        os.utime(file, (0, 0))
    read = io.BytesIO()
    write_zip(read, files)
    assert read.getvalue() == archive.content


@pytest.mark.parametrize(
    "changed",
    [
        SOURCES | {"functions/trades/handler.py": b"def handler(event, context): return {}\n"},
        SOURCES | {"functions/trades/new.py": b""},
        {path.replace("handler", "main"): content for path, content in SOURCES.items()},
    ],
    ids=["another text", "another file", "a file elsewhere"],
)
def test_version_differs_when_the_files_differ(archive: Archive, changed: dict[str, bytes]) -> None:
    assert Archive.holding("trades", changed).version != archive.version


def test_files_keep_their_paths_and_everybody_may_read_them(archive: Archive, tmp_path: Path) -> None:
    found = entries(archive, tmp_path / "out")
    assert [entry.filename for entry in found] == sorted(SOURCES)
    for entry in found:
        assert stat.filemode(entry.external_attr >> 16) == "-rwxr-xr-x"
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.compress_type == zipfile.ZIP_STORED


def test_hashes_are_those_of_the_written_file(archive: Archive, tmp_path: Path) -> None:
    digest = hashlib.sha256(archive.write(tmp_path).read_bytes())
    assert archive.sha256 == digest.hexdigest()
    assert archive.sha256_base64 == base64.b64encode(digest.digest()).decode()
    assert archive.version == digest.hexdigest()[:12]


def test_writing_creates_the_folder_and_leaves_only_the_archive(archive: Archive, tmp_path: Path) -> None:
    directory = tmp_path / "a/b"
    assert archive.write(directory) == archive.write(directory)
    assert [file.name for file in directory.iterdir()] == [f"trades-{archive.version}.zip"]


def test_writing_replaces_a_damaged_file(archive: Archive, tmp_path: Path) -> None:
    archive.write(tmp_path).write_bytes(b"PK")
    assert archive.write(tmp_path).read_bytes() == archive.content


def test_two_who_write_at_the_same_time_never_see_half_a_file(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def overtaken(partial: Path, target: Path) -> Path:
        assert not target.exists()
        monkeypatch.undo()
        assert archive.write(target.parent) == target
        assert partial.read_bytes() == archive.content
        return replace(partial, target)

    monkeypatch.setattr(Path, "replace", overtaken)
    target = archive.write(tmp_path / "out")
    assert target.read_bytes() == archive.content
    assert list(target.parent.iterdir()) == [target]


def test_failed_write_leaves_nothing_behind(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        archive.write(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
