"""The published folder: whole files, a rising sequence number, and the last good copy read back."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from app.domain.snapshot import File, Snapshot, is_plain_path
from app.publishing.directory import DirectoryTarget
from app.publishing.targets import Result
from app.site.lastgood import last_good
from tests.patience import PATIENCE
from tests.unit.site.snapshots import AT, BANNER, snapshot


def banner(root: Path) -> dict[str, object]:
    found = json.loads((root / BANNER).read_bytes())
    assert isinstance(found, dict)
    return found


def test_a_snapshot_lies_in_the_folder_as_a_plain_web_server_wants_it(tmp_path: Path) -> None:
    placed = DirectoryTarget(tmp_path).write(snapshot(1))
    assert placed.result is Result.PLACED
    assert banner(tmp_path)["seq"] == 1
    assert (tmp_path / "en/contact/index.html").is_file()
    assert json.loads((tmp_path / "manifest.json").read_bytes())["seq"] == 1
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]


def test_what_was_published_is_read_back_byte_for_byte(tmp_path: Path) -> None:
    DirectoryTarget(tmp_path).write(snapshot(3))
    assert last_good(tmp_path) == snapshot(3)


def test_a_lower_sequence_number_never_replaces_a_higher_one(tmp_path: Path) -> None:
    target = DirectoryTarget(tmp_path)
    target.write(snapshot(9))
    assert target.write(snapshot(8, text="old")).result is Result.NOT_NEWER
    assert target.write(snapshot(9, text="same")).result is Result.NOT_NEWER
    assert last_good(tmp_path) == snapshot(9)


def test_a_file_that_is_no_longer_published_disappears(tmp_path: Path) -> None:
    target = DirectoryTarget(tmp_path)
    target.write(snapshot(1))
    fewer = {path: file for path, file in snapshot(2).files.items() if "contact" not in path}
    target.write(Snapshot(2, AT, fewer))
    assert not (tmp_path / "en/contact/index.html").exists()


def test_two_publishers_racing_never_go_back_and_never_show_half_a_file(tmp_path: Path) -> None:
    wrong: list[object] = []
    stop = threading.Event()

    def publish(first: int) -> None:
        target = DirectoryTarget(tmp_path)
        for seq in range(first, 120, 2):
            target.write(snapshot(seq, text="x" * (seq * 97 % 4000)))

    def watch() -> None:
        highest = 0
        while not stop.is_set():
            try:
                shown = banner(tmp_path)
            except FileNotFoundError:
                continue
            except ValueError as error:
                wrong.append(error)
                continue
            seq = shown["seq"]
            assert isinstance(seq, int)
            if shown["end"] != seq or seq < highest:
                wrong.append((highest, shown))
            highest = max(highest, seq)

    watcher = threading.Thread(target=watch)
    publishers = [threading.Thread(target=publish, args=(first,)) for first in (1, 2)]
    watcher.start()
    for thread in publishers:
        thread.start()
    for thread in publishers:
        thread.join(PATIENCE)
    stop.set()
    watcher.join(PATIENCE)
    assert wrong == []
    assert DirectoryTarget(tmp_path).seq() == 119


@pytest.mark.parametrize("killed_after", range(6))
def test_a_publisher_killed_half_way_leaves_only_whole_files(tmp_path: Path, killed_after: int) -> None:
    DirectoryTarget(tmp_path).write(snapshot(1))
    DyingTarget(tmp_path, killed_after).write(snapshot(2))
    found = last_good(tmp_path)
    assert found is not None
    assert set(found.files) == set(snapshot(1).files)
    for path, file in found.files.items():
        assert file in (snapshot(1).files[path], snapshot(2).files[path])
    assert DirectoryTarget(tmp_path).write(snapshot(found.seq + 1)).result is Result.PLACED


class DyingTarget(DirectoryTarget):
    """Stops, as if killed, before the n-th file."""

    def __init__(self, root: Path, after: int) -> None:
        super().__init__(root)
        self.left = after

    def _place(self, file: File) -> Path | None:
        if self.left == 0:
            raise OSError(0, "killed")
        self.left -= 1
        return super()._place(file)


def test_a_torn_file_is_left_out_and_the_others_are_served(tmp_path: Path) -> None:
    DirectoryTarget(tmp_path).write(snapshot(1))
    (tmp_path / BANNER).write_bytes(b'{"seq": 1, "te')
    found = last_good(tmp_path)
    assert found is not None
    assert BANNER not in found.files
    assert "en/index.html" in found.files


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"version": 99}', b'{"version": 1, "files": 3}', b"\xff"]
)
def test_a_broken_manifest_means_no_last_good_copy_and_no_crash(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(body)
    assert last_good(tmp_path) is None
    assert DirectoryTarget(tmp_path).write(snapshot(1)).result is Result.PLACED


def test_a_folder_that_cannot_be_written_is_reported_and_keeps_what_it_had(tmp_path: Path) -> None:
    root = tmp_path / "site"
    DirectoryTarget(root).write(snapshot(1))
    shutil.rmtree(root / "en" / "contact")
    (root / "en" / "contact").write_text("a file where a folder should be")
    placed = DirectoryTarget(root).write(snapshot(2))
    assert placed.result is Result.FAILED
    assert placed.detail
    assert banner(root)["seq"] == 1


def test_a_manifest_that_points_outside_is_not_followed(tmp_path: Path) -> None:
    DirectoryTarget(tmp_path / "site").write(snapshot(1))
    (tmp_path / "secret").write_text("x")
    manifest = json.loads((tmp_path / "site/manifest.json").read_bytes())
    manifest["files"]["../secret"] = manifest["files"][BANNER]
    (tmp_path / "site/manifest.json").write_text(json.dumps(manifest))
    found = last_good(tmp_path / "site")
    assert found is not None
    assert "../secret" not in found.files


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "a\\b", "c:x", "a\0b"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    assert not is_plain_path(path)
    placed = DirectoryTarget(tmp_path).write(Snapshot(1, AT, {path: File(path, b"x", "text/plain")}))
    assert placed.result is Result.FAILED


def test_published_files_can_be_read_by_the_web_server(tmp_path: Path) -> None:
    DirectoryTarget(tmp_path).write(snapshot(1))
    mask = os.umask(0o022)
    os.umask(mask)
    mode = stat.S_IMODE((tmp_path / BANNER).stat().st_mode)
    assert mode == 0o666 & ~mask
