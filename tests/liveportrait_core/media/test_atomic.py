import os

import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.atomic import replacing, write_whole


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
