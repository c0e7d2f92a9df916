"""Opening what users give: packed files by content, and what is no file is one line at once."""

import bz2
import gzip
import lzma
import os
import socket
import threading

import pytest
from backports import zstd

from pwae_core import inputs
from pwae_core.errors import InputError

TEXT = b"tea and cake\n" * 5000
PACK = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}


def refused(read, path):
    with pytest.raises(InputError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def unpack(path):
    with inputs.unpacked(path) as stream:
        return stream.read()


@pytest.mark.parametrize("kind", PACK)
def test_packed_files_are_told_by_their_content(tmp_path, kind):
    path = tmp_path / "file.txt"
    path.write_bytes(PACK[kind](TEXT) + PACK[kind](b"the end\n"))
    with inputs.unpacked(path) as stream:
        assert stream.packing == kind
        assert stream.readline() == b"tea and cake\n"
        assert stream.read() == TEXT[13:] + b"the end\n"
        assert stream.position() == path.stat().st_size


def test_other_files_are_read_as_they_are(tmp_path):
    path = tmp_path / "file.gz"
    for data in (b"", b"B", TEXT):
        path.write_bytes(data)
        assert unpack(path) == data
    with inputs.unpacked(path) as stream:
        assert stream.packing == ""


def test_zstd_of_a_dump_with_the_largest_window_is_read(tmp_path):
    path = tmp_path / "dump.zst"
    options = {zstd.CompressionParameter.window_log: 31, zstd.CompressionParameter.enable_long_distance_matching: 1}
    path.write_bytes(zstd.compress(TEXT, options=options))
    skippable = b"\x50\x2a\x4d\x18\x02\0\0\0ab"
    assert unpack(path) == TEXT
    path.write_bytes(skippable + path.read_bytes())
    assert unpack(path) == TEXT


@pytest.mark.parametrize("kind", PACK)
def test_packed_data_that_is_cut_or_damaged_is_refused(tmp_path, kind):
    whole = PACK[kind](os.urandom(20_000))
    path = tmp_path / "file"
    for data in (whole[:-3], whole[: len(whole) // 2], whole[:7], whole[:600] + b"\xff" * 40 + whole[640:]):
        path.write_bytes(data)
        assert refused(unpack, path) == f"{path}: the {kind} data is damaged or truncated. Fetch it again."


@pytest.mark.parametrize("read", [inputs.opened, inputs.unpacked, inputs.text])
def test_what_is_no_file_is_refused_at_once(tmp_path, read):
    loop, bound = tmp_path / "loop", tmp_path / "socket"
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bound))
        assert refused(read, bound) == f"{bound} is a socket, not a file. Name a file."
    assert refused(read, tmp_path) == f"{tmp_path} is a folder, not a file. Name a file."
    assert "/dev/zero is a device" in refused(read, inputs.Path("/dev/zero"))
    assert "/dev/null is a device" in refused(read, inputs.Path("/dev/null"))
    assert "No such file or directory." in refused(read, tmp_path / "none")
    assert "File name too long." in refused(read, tmp_path / ("n" * 300))
    assert "symbolic links" in refused(read, loop)
    assert "is not a file name" in refused(read, tmp_path / "a\0b")
    assert refused(read, tmp_path / "a" / ".." / "b") != ""


@pytest.mark.parametrize("read", [inputs.opened, inputs.unpacked])
def test_a_pipe_is_refused_where_a_file_is_read_in_pieces(tmp_path, read):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(read, pipe) == f"{pipe} is a pipe, not a file. Save its output to a file, and name that file."


def test_what_a_pipe_gives_is_read_as_text():
    read, write = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(write, "\ufefftea 茶".encode()), os.close(write)))
    writer.start()
    assert inputs.text(inputs.Path(f"/dev/fd/{read}")) == "tea 茶"
    writer.join()
    os.close(read)


def test_the_lines_of_a_text_end_alike(tmp_path):
    (tmp_path / "file").write_bytes("a\r\nb\rc\nd\u2028e\x85f\x0bg".encode())
    assert inputs.text(tmp_path / "file") == "a\nb\nc\nd\u2028e\x85f\x0bg"


def test_a_pipe_without_a_writer_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(inputs.text, pipe) == f"{pipe} is a pipe without data. Is anything writing to it?"


def test_text_that_is_not_utf8_or_too_large_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"tea\ncaf\xe9\n")
    assert refused(inputs.text, path) == f"{path}, line 2: not UTF-8 text. Save the file as UTF-8."
    monkeypatch.setattr(inputs, "LARGEST_TEXT", 1 << 20)
    path.write_bytes(b"x" * ((1 << 20) + 1))
    assert refused(inputs.text, path) == f"{path} is larger than 1 MiB. Is it the right file?"


def test_a_pipe_that_would_not_block_is_waited_for():
    """That nothing is there yet is not the end of the stream."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as writer:
        lines = inputs.Arriving(stream, "pipe")
        later = threading.Timer(0.2, writer.write, [b"tea\n"])
        later.start()
        assert lines.some(5, 100) == [(1, b"tea\n")]
        later.join()
