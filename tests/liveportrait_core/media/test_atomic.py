import os
from pathlib import Path

import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import (
    check_output,
    check_readable,
    make_folder,
    replacing,
    write_whole,
)


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "file.bin"
    write_whole(path, b"old")
    with replacing(path) as part:
        part.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError])
def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file.bin"
    write_whole(path, b"old")
    with pytest.raises(error), replacing(path) as part:  # noqa: PT012
        part.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(MediaError, match="Permission denied"):
            write_whole(tmp_path / "file.bin", b"data")
    finally:
        tmp_path.chmod(0o700)


def test_files_get_the_permissions_that_the_user_has_set(tmp_path):
    mask = os.umask(0o027)
    try:
        write_whole(tmp_path / "file.bin", b"data")
    finally:
        os.umask(mask)
    assert (tmp_path / "file.bin").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "other").mkdir()
    target, link = tmp_path / "other" / "target.bin", tmp_path / "link.bin"
    link.symlink_to(target)
    write_whole(link, b"through a dangling link")
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["target.bin"]


@pytest.mark.skipif(os.name == "nt", reason="pipes have no names there")
def test_a_pipe_is_refused_without_being_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", "-"):
        with pytest.raises(MediaError, match="read more than once"):
            check_readable(path, "video")


def test_a_folder_is_made_with_those_it_is_in(tmp_path):
    for _ in range(2):  # one that is there stays
        make_folder(tmp_path / "runs" / "one")
        assert (tmp_path / "runs" / "one").is_dir()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    path = tmp_path / "me.jpg"
    path.write_bytes(b"x")
    with pytest.raises(MediaError, match=r"me\.jpg is a file; a folder is expected"):
        make_folder(path)
    with pytest.raises(MediaError, match=r"below cannot be made: Not a directory"):
        make_folder(path / "below")
    assert path.read_bytes() == b"x"


def test_an_output_is_refused_before_any_work(tmp_path):
    check_output(tmp_path / "new.json")
    with pytest.raises(MediaError, match="is a folder; a file is expected"):
        check_output(tmp_path)
    with pytest.raises(MediaError, match="folder that does not exist"):
        check_output(tmp_path / "none" / "new.json")
    with pytest.raises(MediaError, match=r"ends in '\.json'; one of \.png is expected"):
        check_output(tmp_path / "new.json", suffixes=[".png"])
    with pytest.raises(MediaError, match="has a name of 305 letters, too many"):
        check_output(tmp_path / f"{'n' * 300}.json")


def test_a_folder_that_takes_no_new_files_is_not_called_missing():
    folder = Path("/proc/self")
    if not folder.is_dir():
        pytest.skip("no /proc here")
    with pytest.raises(MediaError, match="its folder takes no new files"):
        write_whole(folder / "still.png", b"a")
    with pytest.raises(MediaError, match="in a folder that cannot be written to"):
        check_output(folder / "still.png")
