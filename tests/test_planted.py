"""The planted corpus itself: repeatable, habits shown by their users, none given away by the context."""

from planted import HABITS, TOPICS, planted, write_jsonl


def test_every_utterance_shows_its_users_habit_and_its_conversations_topic():
    corpus = planted(users=12, conversations=50, seed=3)
    topics: dict[str, set[str]] = {}
    for row in corpus.rows:
        assert row["text"].split()[-1] == corpus.habits[row["user_id"]]
        topics.setdefault(row["conversation_id"], set()).update(set(row["text"].split()) & set(TOPICS))
    assert all(len(found) == 1 for found in topics.values())
    assert set(corpus.habits.values()) == set(HABITS)


def test_nobody_speaks_twice_in_a_conversation_so_the_context_never_shows_the_responders_habit_by_person():
    corpus = planted(users=6, conversations=80, seed=1, distinct=True)
    assert len(set(corpus.habits.values())) == 6
    by_conversation: dict[str, list[str]] = {}
    for row in corpus.rows:
        by_conversation.setdefault(row["conversation_id"], []).append(row["user_id"])
    assert all(len(set(speakers)) == len(speakers) for speakers in by_conversation.values())
    assert {len(speakers) for speakers in by_conversation.values()} == {3, 4, 5, 6}


def test_the_seed_decides_everything(tmp_path):
    assert planted(seed=5) == planted(seed=5)
    assert planted(seed=5) != planted(seed=6)
    path = write_jsonl(planted(seed=5).rows, tmp_path / "a.jsonl")
    assert len(path.read_text().splitlines()) == len(planted(seed=5).rows)
