"""Reddit's dumps and ConvoKit's corpora: links, people, and what they say themselves."""

import gzip
import json

import pytest
from backports import zstd
from chats import (
    START,
    convokit_old,
    convokit_utterance,
    reddit_comment,
    reddit_submission,
    write_document,
)
from crawls import write_lines
from dialogues import conversations

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import reddit
from pwae_core.corpus.readers.markdown import own_words
from pwae_core.errors import InputError

CONFIG = PreprocessConfig()
SHOWN = ("conversation_id", "utterance_id", "reply_to", "user_id", "text", "timestamp")


def read(path):
    """The format, and the rows; every record of the file is one."""
    source = readers.check(readers.recognise(path, path.name), CONFIG)
    batches = [batch for span in readers.spans(source) for batch in readers.read(span, CONFIG)]
    assert {batch.shape for batch in batches} == {"replies"}
    assert not any(batch.passed for batch in batches)
    rows = [row for batch in batches for row in batch.table.to_pylist()]
    return source.format, [tuple(row[name] for name in SHOWN) for row in rows]


POST = reddit_submission("p", "ann", "Tea &amp; milk?", "I like &lt;both&gt;.")
COMMENTS = [
    reddit_comment("c1", "bob", "&gt; I like\n\nso do *I*", "t3_p", "p"),
    reddit_comment("c2", "[deleted]", "[removed]", "t1_c1", "p", created_utc=str(START + 1)),
    reddit_comment("t1_c3", "cat", "[yes](https://x.org/(a)) \\*really\\* &amp;#x200B;", "t1_c2", "p"),
]


def test_reddit(tmp_path):
    assert read(write_lines(tmp_path / "RS", [POST])) == (
        "reddit",
        [("t3_p", "t3_p", None, "ann", "Tea & milk?\nI like <both>.", str(START))],
    )
    assert read(write_lines(tmp_path / "RC", COMMENTS)) == (
        "reddit",
        [
            ("t3_p", "t1_c1", "t3_p", "bob", "so do I", str(START)),
            ("t3_p", "t1_c2", "t1_c1", "[deleted]", None, str(START + 1)),
            ("t3_p", "t1_c3", "t1_c2", "cat", "yes *really* \u200b", str(START)),
        ],
    )


def test_a_dump_with_the_longest_window_is_read_as_it_lies(tmp_path):
    data = "".join(json.dumps(row) + "\n" for row in COMMENTS).encode()
    options = {zstd.CompressionParameter.window_log: 31, zstd.CompressionParameter.enable_long_distance_matching: 1}
    (tmp_path / "RC.zst").write_bytes(zstd.compress(data, options=options))
    (tmp_path / "RC.gz").write_bytes(gzip.compress(data))
    plain = read(write_lines(tmp_path / "RC", COMMENTS))
    assert read(tmp_path / "RC.zst") == read(tmp_path / "RC.gz") == plain


def test_posts_without_words(tmp_path):
    rows = [
        reddit_submission("a", "ann", "title", "[removed]"),
        reddit_submission("b", "ann", "[deleted by user]", ""),
        reddit_submission("c", "ann", "link", None),
    ]
    assert [row[4] for row in read(write_lines(tmp_path / "RS", rows))[1]] == ["title", "", "link"]


def test_threads_with_and_without_their_submissions(tmp_path):
    posts, comments = write_lines(tmp_path / "RS", [POST]), write_lines(tmp_path / "RC", COMMENTS)
    said = [("ann", "Tea & milk? I like <both>."), ("bob", "so do I"), ("cat", "yes *really*")]
    assert conversations(posts, comments) == {"t1_c3": said}
    assert conversations(comments) == {"t1_c3": said[1:]}


def test_nobody_and_people_called_like_it(tmp_path):
    said = zip("abcd", ["[deleted]", "AutoModerator", "null", "bob"], ["t3_p", "t1_a", "t1_b", "t1_c"], strict=True)
    path = write_lines(tmp_path / "RC", [reddit_comment(name, who, name, above, "p") for name, who, above in said])
    assert conversations(path) == {"t1_d": [("null", "c"), ("bob", "d")]}


def test_what_is_neither_a_comment_nor_a_post_is_counted(tmp_path):
    path = write_lines(tmp_path / "RC", [*COMMENTS, {"id": "x", "subreddit": "tea"}])
    source = readers.check(readers.recognise(path, "RC"), CONFIG)
    batches = list(readers.read(readers.spans(source)[0], CONFIG))
    assert batches[0].passed == {"neither a comment nor a submission": 1}
    assert batches[0].table.num_rows == 3


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("plain", "plain"),
        ("> hers\nmine", "mine"),
        (">>> theirs\n\n> hers\n\nmine > yours", "mine > yours"),
        (">!hidden!< and ||too||", "hidden and too"),
        ("**bold *and* it** ***all*** ~~gone~~ _so_", "bold and it all gone so"),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"),
        ('[a](https://x.org/b_(c)) ![i](u "t") [kept]', "a i [kept]"),
        ("# Head\ntext\n***\nend", "Head\ntext\n\nend"),
        ("`code` x^2 ^(small one)", "code x2 small one"),
        ("```py\nx\n```", "x"),
        ("¯\\\\\\_(ツ)\\_/¯ \\# \\d", "¯\\_(ツ)_/¯ # \\d"),
        ("(* ^ω^)", "(* ω^)"),
    ],
)
def test_the_writers_own_words(text, own):
    assert own_words(text) == own


@pytest.mark.parametrize("mark", ["*a", "[a", "[](", "_a ", ">!", "||a", "~~a", "* ", "[a](("])
def test_no_text_takes_long(mark):
    assert isinstance(own_words(mark * 20_000), str)


def test_convokit_in_both_spellings(tmp_path):
    new = [
        convokit_utterance("0", "ann", "a", "0", None),
        convokit_utterance("1", "bob", "b", "0", "0", timestamp=1700000000.5),
        convokit_utterance("2", "ann", "c", "0", "1", timestamp="1700000060"),
        convokit_utterance("3", "cat", "d", "3", "3", timestamp="null"),
    ]
    expected = [
        ("0", "0", None, "ann", "a", None),
        ("0", "1", "0", "bob", "b", "1700000000.5"),
        ("0", "2", "1", "ann", "c", "1700000060"),
        ("3", "3", None, "cat", "d", None),
    ]
    assert read(write_lines(tmp_path / "utterances.jsonl", new)) == ("convokit", expected)
    old = [convokit_old("0", "ann", "a", "0", None), convokit_old("1", "bob", "b", "0", "0")]
    found = read(write_document(tmp_path / "utterances.json", old))
    assert found == ("convokit", [(*row[:5], "1700000000.0") for row in expected[:2]])
    assert conversations(tmp_path / "utterances.jsonl")["2"] == [("ann", "a"), ("bob", "b"), ("ann", "c")]


def test_a_convokit_folder(tmp_path):
    write_lines(tmp_path / "utterances.jsonl", [convokit_utterance("0", "ann", "a", "0", None)])
    for name, document in (
        ("speakers.json", {"ann": {"meta": {"age": 7}, "vectors": []}}),
        ("conversations.json", {"0": {"meta": {"title": "x"}, "vectors": []}}),
        ("corpus.json", {"name": "made up"}),
        ("index.json", {"utterances-index": {}, "version": 1}),
    ):
        write_document(tmp_path / name, document, None)
    assert conversations(tmp_path) == {"0": [("ann", "a")]}


def test_columns_that_no_file_uses_are_refused(pwae, tmp_path):
    raw = tmp_path / "raw.jsonl"
    rows = [convokit_utterance(str(n), "ann", "a", "0", str(n - 1) if n else None, mended=f"m{n}") for n in range(3)]
    write_lines(raw, rows)
    columns = {"text": "mended", "user_id": "speaker", "utterance_id": "id"}
    options = [part for field, name in columns.items() for part in ("--column", f"{field}={name}")]
    pwae("preprocess", raw, "--explain", 1, *options).fails(
        3, "raw.jsonl is read as convokit. If its rows are your own, say so with --format jsonl, json or csv."
    )
    told = pwae("preprocess", raw, "--explain", 1, "--format", "jsonl", *options).succeeds().stdout
    assert "before: m0" in told
    own = write_lines(tmp_path / "own", [{"id": "x", "speaker": "u", "reply_to": None, "mended": "own"}])
    assert "before: m" not in pwae("preprocess", raw, own, "--explain", 9, *options).succeeds().stdout


def test_rows_of_ones_own_are_not_taken_for_an_utterance(tmp_path):
    row = {"id": "1", "speaker": "a", "conversation_id": "c", "reply_to": None, "text": "t", "turn": 0}
    assert readers.recognise(write_lines(tmp_path / "a", [row]), "a").format == "jsonl"
    with pytest.raises(InputError, match="a has none of Reddit's comments"):
        readers.check(readers.recognise(tmp_path / "a", "a", "reddit"), CONFIG)
    assert reddit.recognises({"author": "a", "title": "t", "url": "u"}) is False
