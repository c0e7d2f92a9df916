"""Decoding over a hand-made step: a bigram table instead of a model."""

from itertools import pairwise, product

import pytest
import torch

from pwae_core.config.sample import DecodingConfig
from pwae_core.decoding import State, decode, draw, likeliest, nucleus, repeated, top_k
from pwae_core.errors import DivergenceError
from pwae_core.nn.noise import Noise, Rows, seeded
from pwae_core.text.vocabulary import BOS, EOS, UNK

A, B, C = 4, 5, 6


def bigram(table: dict[int, dict[int, float]], seen: list[int] | None = None):
    """A step whose next word depends on the last one alone; ``seen`` collects how many rows each step had."""

    def step(tokens: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        if seen is not None:
            seen.append(len(tokens))
        logits = torch.full((len(tokens), 7), -20.0)
        for row, token in enumerate(tokens.tolist()):
            for following, probability in table[token].items():
                logits[row, following] = torch.log(torch.tensor(probability))
        return logits, state

    return step


def start(rows: int) -> State:
    return {"row": torch.arange(rows)}


def noise() -> Noise:
    return seeded(0, torch.device("cpu"))


def test_greedy_follows_the_largest_probability() -> None:
    step = bigram({BOS: {A: 0.6, B: 0.4}, A: {C: 1.0}, C: {EOS: 1.0}})
    assert decode(step, start(2), DecodingConfig(), noise()) == [[A, C], [A, C]]


def test_unknown_and_specials_are_never_said() -> None:
    step = bigram({BOS: {UNK: 0.9, A: 0.1}, A: {BOS: 0.9, EOS: 0.1}, UNK: {EOS: 1.0}})
    assert decode(step, start(1), DecodingConfig(), noise()) == [[A]]
    allowed = DecodingConfig(allow_unknown=True)
    assert decode(step, start(1), allowed, noise()) == [[UNK]]


def test_an_answer_stops_at_the_longest_length() -> None:
    step = bigram({BOS: {A: 1.0}, A: {A: 1.0}})
    assert decode(step, start(1), DecodingConfig(max_length=5), noise()) == [[A] * 5]


def test_finished_rows_leave_the_batch_and_answers_stay_in_their_rows() -> None:
    seen: list[int] = []

    def step(tokens: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        seen.append(len(tokens))
        logits = torch.full((len(tokens), 7), -20.0)
        for row, left in enumerate(state["left"].tolist()):
            logits[row, EOS if left == 0 else A] = 0.0
        return logits, {"left": state["left"] - 1}

    answers = decode(step, {"left": torch.tensor([3, 0, 1])}, DecodingConfig(), noise())
    assert [len(answer) for answer in answers] == [3, 0, 1]
    assert seen == [3, 2, 1, 1]


def test_repeated_ngrams_are_blocked() -> None:
    assert repeated([A, B, C, A, B], 3) == [C]
    assert repeated([A, B], 1) == [A, B]
    assert repeated([A], 3) == []
    step = bigram({BOS: {A: 1.0}, A: {B: 0.9, EOS: 0.1}, B: {A: 0.9, EOS: 0.1}})
    blocked = decode(step, start(1), DecodingConfig(no_repeat_ngram=2), noise())
    assert blocked == [[A, B, A]]


def test_top_k_and_nucleus_keep_what_they_say() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    assert top_k(logits, 2).isfinite().tolist() == [[True, True, False, False]]
    assert top_k(logits, 9).isfinite().all()
    assert nucleus(logits, 0.5).isfinite().tolist() == [[True, False, False, False]]
    assert nucleus(logits, 0.6).isfinite().tolist() == [[True, True, False, False]]
    assert nucleus(logits, 1.0).isfinite().all()


@pytest.mark.parametrize(
    "config", [DecodingConfig(strategy="top-k", top_k=2), DecodingConfig(strategy="nucleus", top_p=1.0)]
)
def test_sampling_follows_the_probabilities_and_the_seed(config: DecodingConfig) -> None:
    step = bigram({BOS: {A: 0.7, B: 0.3}, A: {EOS: 1.0}, B: {EOS: 1.0}})
    answers = decode(step, start(4000), config, noise())
    assert answers == decode(step, start(4000), config, noise())
    assert sum(answer == [A] for answer in answers) / 4000 == pytest.approx(0.7, abs=0.03)


def test_what_a_row_draws_does_not_depend_on_the_rows_beside_it() -> None:
    step = bigrams_of_rows(probabilities_of_rows(23, seed=5))
    config = DecodingConfig(strategy="top-k", top_k=7, max_length=8)
    together = decode(step, start(23), config, noise())
    some = decode(step, {"row": torch.arange(9, 14)}, config, noise().only(Rows(9, 14, 23)))
    assert some == together[9:14]
    assert len({len(answer) for answer in together}) > 3


def test_draw_takes_the_word_where_the_cumulated_probability_passes_the_number() -> None:
    """[0, .25, 0, .5, .25, 0] cumulates to 0, .25, .25, .75, 1, 1: words of no probability are never drawn."""
    probabilities = torch.tensor([[0.0, 0.25, 0.0, 0.5, 0.25, 0.0]])
    below_one = 1 - 2**-24
    numbers = torch.tensor([0.0, 0.2499, 0.25, 0.7499, 0.75, below_one])
    assert draw(probabilities.expand(6, 6), numbers).tolist() == [1, 1, 3, 3, 4, 4]


def test_beam_finds_the_sentence_that_greedy_misses() -> None:
    table = {BOS: {A: 0.6, B: 0.4}, A: {A: 0.4, B: 0.3, C: 0.3}, B: {C: 1.0}, C: {EOS: 1.0}}
    step = bigram(table)
    assert decode(step, start(1), DecodingConfig(max_length=3), noise()) != [[B, C]]
    assert decode(step, start(2), DecodingConfig(strategy="beam", beam_size=3), noise()) == [[B, C], [B, C]]


def test_beam_of_one_is_greedy() -> None:
    step = bigram({BOS: {A: 0.6, B: 0.4}, A: {C: 0.8, EOS: 0.2}, B: {EOS: 1.0}, C: {EOS: 1.0}})
    assert decode(step, start(1), DecodingConfig(strategy="beam", beam_size=1), noise()) == [[A, C]]


def probabilities_of_rows(rows: int, seed: int) -> torch.Tensor:
    """[rows, 7, 7]: for each row its own probabilities of the next word, given the last one."""
    table = torch.rand(rows, 7, 7, generator=torch.Generator().manual_seed(seed)).pow(3)
    table[..., [0, UNK, BOS]] = 0
    return table / table.sum(dim=-1, keepdim=True)


def bigrams_of_rows(table: torch.Tensor):
    def step(tokens: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        return table[state["row"], tokens].log(), state

    return step


def test_a_wide_beam_finds_the_best_of_all_sentences() -> None:
    """By mean log probability a token, </s> included, among those that end within four tokens, and those of four."""
    table = probabilities_of_rows(6, seed=3)
    expected = []
    for row in table.log():
        scores = {}
        for sentence in (said for length in range(4) for said in product((A, B, C), repeat=length)):
            path = (BOS, *sentence, EOS)
            scores[sentence] = mean_log_probability(row, path)
        scores |= {said: mean_log_probability(row, (BOS, *said)) for said in product((A, B, C), repeat=4)}
        expected.append(list(max(scores, key=scores.__getitem__)))
    config = DecodingConfig(strategy="beam", beam_size=100, max_length=4)
    answers = decode(bigrams_of_rows(table), start(6), config, noise())
    assert answers == expected
    assert {len(answer) for answer in answers} >= {4, min(map(len, answers))} != {4}


def mean_log_probability(row: torch.Tensor, path: tuple[int, ...]) -> float:
    return sum(float(row[one, two]) for one, two in pairwise(path)) / (len(path) - 1)


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_a_single_word_is_an_answer_where_it_is_likelier_than_none(beam_size: int) -> None:
    """Of one token an answer is the likeliest of the words and </s>, as greedy decoding has it."""
    step = bigrams_of_rows(probabilities_of_rows(40, seed=7))
    config = DecodingConfig(strategy="beam", beam_size=beam_size, max_length=1)
    answers = decode(step, start(40), config, noise())
    assert answers == decode(step, start(40), DecodingConfig(max_length=1), noise())
    assert 0 < answers.count([]) < 40


@pytest.mark.parametrize("strategy", ["top-k", "nucleus"])
@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e-5])
def test_at_the_lowest_temperatures_the_likeliest_word_is_drawn(strategy: str, temperature: float) -> None:
    step = bigrams_of_rows(probabilities_of_rows(23, seed=5))
    config = DecodingConfig(strategy=strategy, temperature=temperature, max_length=8)
    assert decode(step, start(23), config, noise()) == decode(step, start(23), DecodingConfig(max_length=8), noise())


@pytest.mark.parametrize("top_p", [5e-324, 1e-50, 1e-7])
def test_at_the_lowest_mass_the_likeliest_word_is_drawn(top_p: float) -> None:
    step = bigrams_of_rows(probabilities_of_rows(23, seed=5))
    config = DecodingConfig(strategy="nucleus", top_p=top_p, max_length=8)
    assert decode(step, start(23), config, noise()) == decode(step, start(23), DecodingConfig(max_length=8), noise())


def test_at_the_highest_temperature_words_are_drawn_alike() -> None:
    step = bigram({BOS: {A: 1.0}})
    answers = decode(step, start(900), DecodingConfig(strategy="top-k", temperature=1e30, max_length=1), noise())
    assert {str(answer): answers.count(answer) for answer in answers} == {
        str(answer): pytest.approx(225, abs=50) for answer in ([A], [B], [C], [])
    }


@pytest.mark.parametrize("block", [0, 2])
def test_rows_are_searched_together_as_each_alone(block: int) -> None:
    step = bigrams_of_rows(probabilities_of_rows(23, seed=5))
    config = DecodingConfig(strategy="beam", beam_size=4, max_length=8, no_repeat_ngram=block)
    together = decode(step, start(23), config, noise())
    alone = [decode(step, {"row": torch.tensor([row])}, config, noise())[0] for row in range(23)]
    assert together == alone
    assert len({tuple(answer) for answer in together}) > 5


@pytest.mark.parametrize("score", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("strategy", ["greedy", "top-k", "nucleus", "beam"])
def test_an_answer_is_refused_where_no_word_has_a_finite_score(strategy: str, score: float) -> None:
    def step(tokens: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        logits = torch.full((len(tokens), 7), -torch.inf)
        logits[tokens == BOS, A] = 0.0
        logits[tokens != BOS, C] = score
        return logits, state

    config = DecodingConfig.model_validate({"strategy": strategy})
    with pytest.raises(DivergenceError, match=f"likeliest next word of an answer has the logit {score}"):
        decode(step, start(2), config, noise())


def test_the_likeliest_of_equals_is_the_first_as_pytorch_says() -> None:
    logits = torch.randint(-3, 4, (50, 9), generator=torch.Generator().manual_seed(0)).float()
    logits[0, :5] = -torch.inf
    assert torch.equal(likeliest(logits), logits.argmax(dim=-1))
    assert likeliest(logits[:0]).shape == (0,)
