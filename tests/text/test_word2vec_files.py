"""Published word vectors: both formats as gensim writes them, as the C tool writes them, and every way to be wrong."""

import bz2
import gzip
import lzma
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from backports import zstd
from gensim.models import KeyedVectors

from pwae_core.errors import InputError
from pwae_core.text.word2vec import read_vectors

IDS = {"tea": 4, "蛋糕": 5, "rain": 6}
TEXT = "3 2\ntea 0.5 -1\nzebra 1e-3 2\n蛋糕 0.25 4\n"


def binary(words: dict[str, tuple[float, ...]], announced: int | None = None, ending: bytes = b"\n") -> bytes:
    """The C tool's binary layout: a header, then "word SPACE float32s NEWLINE" for each word."""
    dimension = len(next(iter(words.values())))
    header = f"{len(words) if announced is None else announced} {dimension}\n".encode()
    return header + b"".join(
        word.encode() + b" " + struct.pack(f"<{dimension}f", *values) + ending for word, values in words.items()
    )


BINARY = binary({"tea": (0.5, -1.0), "zebra": (0.001, 2.0), "蛋糕": (0.25, 4.0)})


@pytest.fixture
def file(tmp_path):
    def write(data: bytes | str) -> Path:
        path = tmp_path / "vectors"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


@pytest.mark.parametrize("header", ["3 2\n", "3\t2\n", ""])
def test_tabs_may_separate_the_values(file, header):
    found = read_vectors(file(header + "tea\t0.5\t-1\t\nzebra 1e-3\t2\n蛋糕\t0.25 4\n"), IDS)
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [0.5, -1.0], 5: [0.25, 4.0]}


@pytest.mark.parametrize("header", ["4 2\n", ""])
def test_any_number_of_spaces_may_separate_the_values(file, header):
    aligned = "tea      0.50     -1.00\n蛋糕  0.25 \t 4.00  \n. .   1.00      2.00\n  7.00  8.00\n"
    found = read_vectors(file(header + aligned), IDS | {". .": 7})
    vectors = {number: vector.tolist() for number, vector in found.vectors.items()}
    assert vectors == {4: [0.5, -1.0], 5: [0.25, 4.0], 7: [1.0, 2.0]}
    with pytest.raises(InputError, match=r"line \d: 3 values after the word, expected 2\."):
        read_vectors(file(header + aligned + "rain  1  2  3\n"), IDS)


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        TEXT.replace("\n", " \n"),  # the C tool ends its lines with a space
        TEXT.replace("\n", "\r\n"),
        TEXT.rstrip("\n"),
        "\ufeff" + TEXT,
        TEXT.partition("\n")[2],  # GloVe: no first line
        TEXT + "\n",
        TEXT + " \r\n\n  \n",
        gzip.compress(TEXT.encode(), mtime=0),
        bz2.compress(TEXT.encode()),
        lzma.compress(("\ufeff" + TEXT).encode()),
        zstd.compress(BINARY),
        BINARY,
        BINARY + b"\n\r\n",
        BINARY.rstrip(b"\n"),
        binary({"tea": (0.5, -1.0), "zebra": (0.001, 2.0), "蛋糕": (0.25, 4.0)}, ending=b""),
        gzip.compress(BINARY, mtime=0),
    ],
)
def test_every_layout_gives_the_same_vectors(file, data):
    found = read_vectors(file(data), IDS)
    assert (found.dimension, found.rows) == (2, 3)
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [0.5, -1.0], 5: [0.25, 4.0]}


@pytest.mark.parametrize("is_binary", [True, False])
@pytest.mark.parametrize("dimension", [1, 3, 200])
def test_what_gensim_saves_is_read_as_gensim_reads_it(tmp_path, is_binary, dimension):
    words = [f"w{number}" for number in range(500)]
    saved = KeyedVectors(dimension)
    saved.add_vectors(words, np.random.default_rng(0).normal(size=(500, dimension)).astype(np.float32))
    path = tmp_path / "saved"
    saved.save_word2vec_format(str(path), binary=is_binary)
    theirs = KeyedVectors.load_word2vec_format(str(path), binary=is_binary)
    ours = read_vectors(path, {word: number for number, word in enumerate(words)})
    assert ours.rows == 500
    for number, word in enumerate(words):
        np.testing.assert_array_equal(ours.vectors[number], theirs[word])


def test_a_word_may_hold_spaces(file):
    found = read_vectors(file("2 2\n. . . 1 2\ntea time 3 4\n"), {". . .": 4, "tea time": 5})
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [1, 2], 5: [3, 4]}


CUT = "茶".encode()[:2]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"4 2\ntea 0.5 -1\n" + CUT + b" 9 9\n" + CUT + b"x 9 9\n" + "蛋糕".encode() + b" 0.25 4\n", "line 3"),
        (CUT + b" 9 9\ntea 0.5 -1\n\xff 8 8\n" + "蛋糕".encode() + b" 0.25 4\n", "line 1"),
        (
            b"4 2\n"
            + b"".join(
                word + b" " + struct.pack("<2f", *values)
                for word, values in (
                    (b"tea", (0.5, -1)),
                    (CUT, (9, 9)),
                    ("蛋糕".encode(), (0.25, 4)),
                    (CUT + b"x", (9, 9)),
                )
            ),
            "row 2",
        ),
    ],
)
def test_a_word_that_is_cut_inside_a_character_is_passed_over_and_told(file, data, place):
    found = read_vectors(file(data), IDS)
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [0.5, -1.0], 5: [0.25, 4.0]}
    assert found.rows == 4
    assert found.notes == (
        f"Skipped: 2 of its rows, for a word that is not UTF-8 (the first: b'\\xe8\\x8c' in {place}).",
    )


@pytest.mark.parametrize(
    "data", ["4 2\ntea 1 2\nzebra 1 1\ntea 3 4\ntea 5 6\n", binary({"tea": (1, 2)}, 2) + binary({"tea": (3, 4)})[4:]]
)
def test_of_a_word_that_stands_twice_the_first_vector_is_taken_and_that_is_told(file, data):
    found = read_vectors(file(data), IDS)
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [1, 2]}
    place = "line 4" if isinstance(data, str) else "row 2"
    (note,) = found.notes
    assert note.startswith("Skipped: ")
    assert note.endswith(f"of its rows, for a word that occurred before (the first: 'tea' in {place}).")


def test_a_word_is_found_in_another_unicode_composition_its_own_before_it(file):
    ids = {"caf\u00e9": 4, "nai\u0308ve": 5, "tea": 6}
    others = "4 1\ncafe\u0301 1\nna\u00efve 2\ntea 3\nNa\u00efve 4\n"
    found = read_vectors(file(others), ids)
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [1], 5: [2], 6: [3]}
    found = read_vectors(file(others.replace("4 1", "6 1", 1) + "caf\u00e9 5\nnai\u0308ve 6\n"), ids)
    assert {number: vector.tolist() for number, vector in found.vectors.items()} == {4: [5], 5: [6], 6: [3]}
    assert found.notes == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "vectors is empty."),
        ("hello\n", "line 1: neither 'number-of-words dimension' nor a word and its values"),
        ("PK\x03\x04 zip", "line 1: neither"),
        ("PK\x03\x04 zip", "Unpack it if it is an archive (ZIP, tar)."),
        ("2 3\ntea 1 2 3\nrain 1 2\n", "line 3: 2 values after the word, expected 3."),
        ("2 2\ntea 1 2\nrain 1 2 3\n", "line 3: 3 values after the word, expected 2."),
        ("2 2\ntea 1 2\n\nrain 1 2\n", "line 3: it is blank, and vectors follow it. Remove the line."),
        ("tea 1 2\nrain 1 2 3\n", "line 2: 3 values after the word, expected 2."),
        ("2 2\ntea 1 2\nrain 1 x\n", "line 3: could not convert string to float: b'x'."),
        ("2 2\ntea 1 2\nrain 1 1_5\n", "line 3: could not convert string to float: b'1_5'."),
        ("2 2\ntea 1 2\nrain 1 nan\n", "line 3: the vector of 'rain' holds nan, beyond ±1e+09. Is the file damaged?"),
        ("3 2\ntea 1 2\nrain 1 2\n", "2 whole vectors, the first line announces 3: truncated?"),
        ("1 2\ntea 1 2\nrain 1 2\n", "2 whole vectors, the first line announces 1: truncated?"),
        (b"2 2\ntea 1 2\nmilk 1" + b"\n", "line 3: 1 values after the word, expected 2."),
        (BINARY[:-4], "2 whole vectors, the first line announces 3: truncated?"),
        (binary({"tea": (1.0, 2.0)}, announced=5), "1 whole vectors, the first line announces 5: truncated?"),
        (binary({"tea": (1.0, 2.0), "a": (1.0, 2.0)}, announced=1), "follow the 1 vectors it announces."),
        (
            b"1 2\ntea " + struct.pack("<2f", 0.1, np.inf),
            "row 1: the vector of 'tea' holds inf, beyond ±1e+09.",
        ),
        (b"2 2\ntea " + struct.pack("<2f", 0.1, 1) + b"x" * 70_000, "row 2: no word of a reasonable length"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-12], "the gzip data is damaged or truncated. Fetch it again."),
        (
            "2 2\ntea 1 2\nrain 1 1e20\n",
            "line 3: the vector of 'rain' holds 1e+20, beyond ±1e+09. Is the file damaged?",
        ),
        ("2 2\ntea 1 2\nrain -inf 1\n", "line 3: the vector of 'rain' holds -inf"),
        (binary({"tea": (1.0, 1e30)}), "row 1: the vector of 'tea' holds 1e+30"),
        (f"{'9' * 5000} 2\ntea 1 2\n", "line 1: neither"),
        (f"2 {'9' * 5000}\ntea 1 2\n", "line 1: neither"),
        (f"2 {10**15}\ntea 1 2\n", "line 1: neither"),
        (f"{10**15} 2\ntea 1 2\n", "1 whole vectors, the first line announces 1000000000000000: truncated?"),
        (binary({"tea": (1.0, 2.0)}, announced=10**15), "1 whole vectors, the first line announces"),
        ("2 2\n\ntea 1 2\nrain 1 2\n", "line 2: it is blank, and vectors follow it. Remove the line."),
        (b"\x1f\x8bnot gzip at all", "the gzip data is damaged or truncated. Fetch it again."),
    ],
)
def test_every_way_to_be_wrong_is_one_line_with_its_place(file, data, message):
    path = file(data)
    with pytest.raises(InputError) as caught:
        read_vectors(path, IDS)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*/none: No such file or directory\."):
        read_vectors(tmp_path / "none", IDS)


@pytest.mark.parametrize("is_binary", [True, False])
def test_only_the_wanted_words_stay_in_memory(tmp_path, is_binary):
    words, dimension = 20_000, 200
    path = tmp_path / "large"
    row = struct.pack("<200f", *[0.5] * dimension) if is_binary else b" ".join([b"0.500000"] * dimension)
    with path.open("wb") as handle:
        handle.write(f"{words} {dimension}\n".encode())
        handle.writelines(f"w{number} ".encode() + row + b"\n" for number in range(words))
    advanced = []
    tracemalloc.start()
    found = read_vectors(path, {"w19999": 4}, advanced.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 16_000_000
    assert peak < 8_000_000
    assert found.rows == words
    assert found.vectors[4].tolist() == [0.5] * dimension
    assert 0 < sum(advanced) <= path.stat().st_size
