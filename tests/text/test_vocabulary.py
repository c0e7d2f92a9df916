"""The vocabulary: order, specials, encoding."""

from pwae_core.files import hash_strings
from pwae_core.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary, build, out_of_vocabulary


def test_words_are_ordered_by_count_then_code_points_behind_the_specials():
    vocabulary = build({"b": 2, "a": 2, "c": 5, "d": 1}, size=3)
    assert vocabulary.tokens == ("<pad>", "<unk>", "<s>", "</s>", "c", "a", "b")
    assert vocabulary.counts == (0, 0, 0, 0, 5, 2, 2)
    assert (PAD, UNK, BOS, EOS) == (0, 1, 2, 3)
    assert len(vocabulary) == 7


def test_a_token_spelt_like_a_special_is_unknown():
    vocabulary = build({"<s>": 9, "</s>": 9, "<pad>": 9, "<unk>": 9, "word": 1}, size=10)
    assert vocabulary.tokens == (*SPECIALS, "word")
    assert vocabulary.encode(["<s>", "word", "<pad>", "</s>", "<unk>", "other"]) == [UNK, 4, UNK, UNK, UNK, UNK]


def test_decoding_and_the_table_give_everything_back():
    vocabulary = build({"a": 3, "b": 1}, size=10)
    assert vocabulary.decode([BOS, 5, 4, EOS]) == ["<s>", "b", "a", "</s>"]
    assert Vocabulary.from_table(vocabulary.to_table()) == vocabulary
    assert vocabulary.fingerprint == hash_strings(["<pad>", "<unk>", "<s>", "</s>", "a", "b"])


def test_out_of_vocabulary_rate():
    assert out_of_vocabulary([1, 4, 5, 1]) == 0.5
    assert out_of_vocabulary([]) == 0.0
