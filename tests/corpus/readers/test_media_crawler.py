"""MediaCrawler's files of every platform: which member is the post, the parent, the user, the text and the time."""

import json

import pytest
from crawls import write_lines, write_table
from dialogues import conversations

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import media_crawler
from pwae_core.errors import InputError

CONFIG = PreprocessConfig()
SECONDS = 1_700_000_000
WHO = {"creator_hash": "h1", "nickname": "a***n"}
WHO_ELSE = {"creator_hash": "h1", "user_nickname": "a***n"}


def comment(parent, **members):
    """A comment with its number and what every platform writes."""
    row = {"comment_id": "7", "content": "so", "sub_comment_count": "0", "last_modify_ts": 1}
    return row | ({} if parent is None else {"parent_comment_id": parent}) | members


PLATFORMS = {
    "weibo": (
        {"note_id": "1", "content": "post", "create_time": SECONDS, "create_date_time": "2023-11-15 06:13:20", **WHO},
        comment("", note_id="1", create_time=SECONDS, **WHO),
        "post",
    ),
    "xiaohongshu": (
        {"note_id": "1", "type": "normal", "title": "Title", "desc": "words", "time": SECONDS * 1000, **WHO},
        comment("", note_id="1", create_time=SECONDS * 1000, **WHO),
        "Title\nwords",
    ),
    "tieba": (
        {"note_id": "1", "title": "Title", "desc": "Title and more", "publish_time": "2023-11-15 06:13", **WHO_ELSE},
        comment("", note_id="1", publish_time="2023-11-15 06:13", tieba_name="tea", **WHO_ELSE),
        "Title and more",
    ),
    "tieba of old": (
        {"note_id": "1", "title": "Title", "desc": "", "publish_time": "2023-11-15 06:13", "user_link": "h1"},
        comment(None, parment_comment_id="", note_id="1", publish_time="2023-11-15 06:13", user_link="h1"),
        "Title",
    ),
    "bilibili": (
        {"video_id": "1", "video_type": "video", "title": "Title", "desc": "words", "create_time": SECONDS, **WHO},
        comment("0", video_id="1", create_time=SECONDS, **WHO),
        "Title\nwords",
    ),
    "douyin": (
        {"aweme_id": "1", "aweme_type": "0", "title": "words", "desc": "words", "create_time": SECONDS, **WHO},
        comment("0", aweme_id="1", create_time=SECONDS, pictures="", **WHO),
        "words",
    ),
    "kuaishou": (
        {"video_id": "1", "video_type": "1", "title": "words", "desc": "words", "create_time": SECONDS * 1000, **WHO},
        comment(None, video_id="1", create_time=SECONDS * 1000, **WHO),
        "words",
    ),
    "zhihu": (
        {"content_id": "1", "content_type": "answer", "content_text": "answer", "title": "question?", "desc": "an",
         "created_time": SECONDS, **WHO_ELSE},
        comment("", content_id="1", content_type="answer", publish_time=SECONDS, **WHO_ELSE),
        "answer",
    ),
    "zhihu's articles": (
        {"content_id": "1", "content_type": "article", "content_text": "words", "title": "Title", "desc": "",
         "created_time": SECONDS, **WHO_ELSE},
        comment(0, content_id="1", content_type="article", publish_time=SECONDS, **WHO_ELSE),
        "Title\nwords",
    ),
}  # fmt: skip


def read(path):
    source = readers.check(readers.recognise(path, path.name), CONFIG)
    assert source.format == "media-crawler"
    batches = [batch for span in readers.spans(source) for batch in readers.read(span, CONFIG)]
    return [row for batch in batches for row in batch.table.to_pylist()], batches


def write(kind, path, rows):
    if kind != "array":
        return (write_lines if kind == "lines" else write_table)(path, rows)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=4), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["array", "lines", "table"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform(tmp_path, platform, kind):
    post, first, text = PLATFORMS[platform]
    second = {**first, "comment_id": "8", "content": "回复 @a***n :yes"}
    parent = "parment_comment_id" if "parment_comment_id" in first else "parent_comment_id"
    if parent in first:
        second[parent] = "7"
    rows, _ = read(write(kind, tmp_path / "contents", [post]))
    comments, _ = read(write(kind, tmp_path / "comments", [first, second]))
    shown = [(row["utterance_id"], row["reply_to"], row["user_id"], row["text"]) for row in [*rows, *comments]]
    assert shown == [
        ("1", None, "h1", text),
        ("7", "1", "h1", "so"),
        ("8", "7" if parent in first else "1", "h1", "回复@a***n:yes"),
    ]
    assert {row["conversation_id"] for row in [*rows, *comments]} == {"1"}
    assert all(str(row["timestamp"]).startswith(("17000", "2023")) for row in [*rows, *comments])


def test_a_thread_of_videos_comments_is_one_conversation(tmp_path):
    rows = [
        {**comment("0", video_id="800", create_time=SECONDS + n), "comment_id": str(n), "creator_hash": f"h{n % 2}"}
        | {"parent_comment_id": str(n - 1) if n > 1 else "0", "content": f"第{n}句"}
        for n in range(1, 5)
    ]
    assert conversations(write("array", tmp_path / "bili.json", rows)) == {
        "4": [(f"h{n % 2}", f"第{n}句") for n in range(1, 5)]
    }


def test_people_without_a_hash_and_strange_objects_are_counted(tmp_path):
    _, first, _ = PLATFORMS["bilibili"]
    rows, batches = read(write("lines", tmp_path / "a", [first, {**first, "creator_hash": ""}, {"fan_id": "1"}]))
    assert [row["user_id"] for row in rows] == ["h1", None]
    assert batches[0].passed == {"neither a comment nor a post": 1}


def test_creators_are_no_comments(tmp_path):
    path = write("array", tmp_path / "creators", [{"creator_hash": "h1", "nickname": "a***n", "fans": 3}])
    assert readers.recognise(path, "a").format == "json"
    with pytest.raises(InputError, match="a has none of MediaCrawler's comments or posts"):
        media_crawler.READER.check(readers.recognise(path, "a", "media-crawler"), CONFIG)
