"""The archives of the functions' code and of layers."""

import base64
import hashlib
import os
import stat
import zipfile
from pathlib import Path

import pytest

from packages import archive as archive_module
from packages.archive import Archive, ArchiveError

SOURCES = {
    "functions/trades/handler.py": "def handler(event, context): ...\n",
    "functions/trades/orders/__init__.py": "",
    "functions/trades/orders/limit.py": "PRICE = 1\n",
    "functions/runtime/log.py": "import logging\n",
}


def written(root: Path, sources: dict[str, str]) -> Path:
    for path, text in sources.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    return root


def archive_of(root: Path) -> Archive:
    return Archive.of(root, "functions/trades", "functions/runtime")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return archive_of(written(tmp_path / "sources", SOURCES))


def entries(archive: Archive, directory: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(archive.write(directory)) as opened:
        assert opened.testzip() is None
        return opened.infolist()


def test_bytes_are_the_same_on_every_machine_and_python(archive: Archive) -> None:
    """Fails where a Python or a system writes other bytes, and when the format is changed on purpose.

    A new value here means that every function is uploaded again by the next deploy.
    """
    assert archive.sha256 == "80d0c0f1b5a591f064e2faab1a113f309ccf4221608068a4c2aed7fb06824fa6"


def test_bytes_do_not_depend_on_the_place_the_order_or_the_times_of_the_files(
    archive: Archive, tmp_path: Path
) -> None:
    other = written(tmp_path / "elsewhere", dict(reversed(SOURCES.items())))
    for file in other.rglob("*.py"):
        os.utime(file, (0, 0))
    assert archive_of(other).content == archive.content


def test_bytes_do_not_depend_on_the_umask(archive: Archive, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        other = written(tmp_path / "elsewhere", SOURCES)
    finally:
        os.umask(before)
    changed = other / "functions/trades/handler.py"
    assert stat.S_IMODE(changed.stat().st_mode) == 0o666
    assert archive_of(other).content == archive.content
    changed.chmod(0o700)
    assert archive_of(other).content == archive.content


def test_bytes_do_not_depend_on_the_order_of_the_sources(archive: Archive, tmp_path: Path) -> None:
    root = tmp_path / "sources"
    turned = Archive.of(
        root, "functions/runtime", "functions/trades", "functions/trades/handler.py", name="trades"
    )
    assert turned == archive


def test_bytes_do_not_depend_on_byte_code_and_hidden_files(archive: Archive, tmp_path: Path) -> None:
    root = tmp_path / "sources"
    written(
        root,
        {
            "functions/trades/__pycache__/handler.cpython-313.pyc": "x",
            "functions/trades/__pycache__/handler.nbi": "x",
            "functions/trades/handler.pyc": "x",
            "functions/trades/orders/.DS_Store": "x",
            "functions/trades/.idea/workspace.xml": "x",
        },
    )
    (root / "functions/trades/.venv").symlink_to(tmp_path)
    (root / "functions/trades/empty").mkdir()
    assert archive_of(root).content == archive.content


@pytest.mark.parametrize(
    "change",
    [
        {"functions/trades/handler.py": "def handler(event, context): return {}\n"},
        {"functions/trades/new.py": ""},
        {"functions/runtime/log.py": "import  logging\n"},
    ],
    ids=["another text", "another file", "another text in the second source"],
)
def test_version_differs_when_the_sources_differ(
    archive: Archive, tmp_path: Path, change: dict[str, str]
) -> None:
    other = archive_of(written(tmp_path / "sources", change))
    assert other.version != archive.version


def test_version_differs_when_a_file_moves(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "sources/functions/trades"
    (folder / "handler.py").rename(folder / "main.py")
    assert archive_of(tmp_path / "sources").version != archive.version


def test_files_keep_their_paths_and_everybody_may_read_them(archive: Archive, tmp_path: Path) -> None:
    found = entries(archive, tmp_path / "out")
    assert [entry.filename for entry in found] == sorted(SOURCES)
    for entry in found:
        assert stat.filemode(entry.external_attr >> 16) == "-rwxr-xr-x"
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.compress_type == zipfile.ZIP_STORED


def test_layer_has_python_on_top(tmp_path: Path) -> None:
    root = written(
        tmp_path / "market-data", {"python/prices/__init__.py": "", "README.md": "not in the layer"}
    )
    layer = Archive.of(root, "python", name="market-data")
    assert [entry.filename for entry in entries(layer, tmp_path)] == ["python/prices/__init__.py"]
    assert layer.write(tmp_path).name == f"market-data-{layer.version}.zip"


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


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("functions/trads", r"functions/trads does not exist in .*sources"),
        ("functions/empty", r"functions/empty in .*sources holds no file"),
        ("functions/.hidden", r"functions/.hidden in .*sources holds no file"),
        ("functions/linked", r"functions/linked is a symbolic link"),
        ("functions/dangling", r"functions/dangling is a symbolic link"),
        ("functions/linked/orders", r"functions/linked is a symbolic link"),
        ("functions/links", r"functions/links/log.py is a symbolic link"),
        ("functions/pipes", r"functions/pipes/pipe is neither a file nor a folder"),
        ("../sources", r"\.\./sources has to be a path below .*sources"),
        ("/", r"/ has to be a path below .*sources"),
    ],
)
def test_source_that_cannot_be_packed_is_named(tmp_path: Path, source: str, complaint: str) -> None:
    root = written(tmp_path / "sources", {**SOURCES, "functions/.hidden/handler.py": ""})
    (root / "functions/empty/__pycache__").mkdir(parents=True)
    (root / "functions/linked").symlink_to("trades")
    (root / "functions/dangling").symlink_to("nowhere")
    (root / "functions/links").mkdir()
    (root / "functions/links/log.py").symlink_to("../runtime/log.py")
    (root / "functions/pipes").mkdir()
    os.mkfifo(root / "functions/pipes/pipe")
    with pytest.raises(ArchiveError, match=complaint):
        Archive.of(root, "functions/trades", source)


def test_archive_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="at least one folder or file"):
        Archive.of(tmp_path)


def test_root_may_be_a_link(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("sources")
    assert archive_of(tmp_path / "current").content == archive.content


def test_more_than_lambda_takes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    assert archive_module.UNZIPPED_LIMIT == 262_144_000
    written(tmp_path, SOURCES)
    # A sparse file has the size and takes no space.
    with (tmp_path / "functions/trades/model.bin").open("wb") as file:
        file.truncate(archive_module.UNZIPPED_LIMIT)
    with pytest.raises(
        ArchiveError, match=r"functions/trades in .*: 262,144,043 bytes .* at most 262,144,000"
    ):
        Archive.of(tmp_path, "functions/trades")
