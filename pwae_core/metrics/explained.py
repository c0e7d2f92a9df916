"""What ``pwae metrics`` says: the formula of each metric, its source, and its pitfalls."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from pwae_core.errors import ConfigError


@dataclass(frozen=True)
class Explanation:
    """``columns`` are the names in reports; ``command`` prints them."""

    name: str
    columns: tuple[str, ...]
    command: str
    formula: tuple[str, ...]
    source: str
    traps: tuple[str, ...]


EXPLANATIONS = (
    Explanation(
        "bleu",
        ("BLEU-Recall", "BLEU-Precision", "BLEU-F1"),
        "evaluate",
        (
            "BLEU-n of an answer = min(1, exp(1 - r/c)) (m_1 ... m_n)^(1/n), 0 if no word matches; n: --ngram",
            "c, r: tokens of the answer and of the reference closest in length; p_i: its clipped i-gram precision",
            "--smoothing nltk-current: the j-th order without a match gets p_i = ln(c) / (5 2^j) / i-grams; then",
            "    m_i = (m_(i-1) + p_i + p_(i+1)) / 3 with m_0 = p_1 + 1 and p_(n+1) the 5-gram precision",
            "--smoothing nltk-legacy: the same, but an order i without a match gets p_i = 1 / (i - 1 + 5 / ln(c))",
            "--smoothing none: m_i = p_i, so that one order without a match makes the score 0",
            "Recall: the best sample's; Precision: the samples' mean; each averaged over contexts",
            "F1 = 2 P R / (P + R) of those two averages",
        ),
        "Papineni et al. 2002; smoothing 7 of Chen and Cherry 2014 as NLTK 3.10.4 and NLTK 3.2.5 to 3.4.5 compute it; "
        "section 4.4 of the paper",
        (
            "'Smoothing 7' has been three metrics in three periods of NLTK; their numbers are not comparable.",
            "A perfect answer does not score 1: ten identical tokens score 1.154 as BLEU-3. Nothing is capped.",
            "Recall grows with the number of samples: compare systems at the same number (--first).",
            "Tokenisation matters: scores of characters, words and unsegmented text are different metrics.",
        ),
    ),
    Explanation(
        "bow",
        ("BOW-Extrema", "BOW-Greedy", "BOW-Average"),
        "evaluate",
        (
            "Average: cosine of the two sums of word vectors",
            "Extrema: cosine of the two vectors that hold, in every dimension, the value furthest from 0",
            "Greedy: each word's best cosine in the other sentence, averaged over the words, both ways averaged",
            "the best sample of a context and its best reference count; averaged over contexts",
        ),
        "Mitchell and Lapata 2008; Forgues et al. 2014; Rus and Lintean 2012; section 4.4 of the paper",
        (
            "The vectors are part of the metric: other vectors give other numbers.",
            "Badly trained vectors make everything similar: score random answers once, to see the floor.",
            "Words without a vector are left out; a context whose references have none has no score.",
            "The best of ten is much better than one, also by chance.",
        ),
    ),
    Explanation(
        "distinct",
        ("Distinct-1", "Distinct-2"),
        "evaluate",
        ("different n-grams / all n-grams, over one answer per context; each sample in turn, averaged",),
        "Li et al. 2016",
        (
            "Falls as text grows: compare at the same number of contexts, and look at the length too.",
            "Nonsense is diverse. No interval: resampled contexts repeat themselves.",
        ),
    ),
    Explanation(
        "intra-inter-distinct",
        ("Intra-Distinct-1", "Intra-Distinct-2", "Inter-Distinct-1", "Inter-Distinct-2"),
        "evaluate",
        (
            "Intra: different n-grams / all n-grams of one answer; averaged over samples and contexts",
            "Inter: the same over all samples of one context together; averaged over contexts",
            "0 if there is no n-gram",
        ),
        "intra-dist and inter-dist of Gu et al. 2019 (DialogWAE), equal to its code to 1e-4",
        (
            "Intra penalises length, and gives one-word answers 1 and 0.",
            "Inter depends on the number of samples; a deterministic system that answers ten times gets a tenth.",
        ),
    ),
    Explanation(
        "repetition",
        ("Repetition",),
        "evaluate",
        ("the share of answers that say some bigram more than once; averaged over samples and contexts",),
        "after the internal repetition of See et al. 2019",
        ("People repeat themselves too: compare with real responses. Long answers repeat more.",),
    ),
    Explanation(
        "length",
        ("Length",),
        "evaluate",
        ("tokens of an answer; averaged over samples and contexts",),
        "usual",
        ("Short answers avoid mistakes, long ones collect matches: read every other column together with this.",),
    ),
    Explanation(
        "significance",
        ("--compare",),
        "evaluate --compare",
        (
            "randomisation: swap both scores of each context, in all ways or with probability 1/2; p = share of trials",
            "    whose difference is at least as large, the observed one among them",
            "paired bootstrap: draw contexts again; p = share of trials at least as far from the observed difference",
            "Holm: the i-th smallest of k p-values times k - i + 1, never below the one before",
        ),
        "Noreen 1989; Efron and Tibshirani 1993; Koehn 2004; Holm 1979",
        (
            "It is about other contexts, not about another training run: give several seeds.",
            "The bootstrap finds too much over few contexts: under 30 neither its p nor an interval is given.",
            "Overlapping windows are not independent: p-values are somewhat too small.",
        ),
    ),
    Explanation(
        "speaker",
        ("Speaker-Accuracy", "Speaker-Accuracy-Unheard", "Speaker-By-Chance"),
        "persona-scores",
        (
            "the share of answers that a classifier attributes to their user, among the candidates, by context",
            "classifier: tf-idf of words and pairs, linear SVM, trained on the candidates' real training utterances",
            "Unheard: contexts in which the user has not spoken; By-Chance: sum over users of found x true share",
        ),
        "usual; real responses are the ceiling, 1 / candidates is the floor",
        (
            "Caricature exceeds the ceiling: only a user's favourite words are recognised, but are not a person.",
            "What people talk about identifies them too, and any system can copy it from the context.",
            "Depends on the candidates: compare with the same number, on the same corpus.",
        ),
    ),
    Explanation(
        "own-words",
        ("Own-Words", "Others-Words"),
        "persona-scores",
        (
            "the share of an answer's different words that are among the user's own (tf-idf over histories, --words)",
            "Others-Words: the same with every other candidate's, averaged",
        ),
        "tf-idf words as in Adaptation (Zhang et al. 2017)",
        ("Words only; topics count as personal; systems that read these words are built to score here.",),
    ),
    Explanation(
        "swap",
        ("Swap-Changed", "Swap-Distance", "Noise-Distance", "Swap-Followed", "Swap-Stayed"),
        "persona-scores --run",
        (
            "the same contexts and noise, answered as another candidate; Changed: the share of answers that differ",
            "Distance: 1 - 2 common tokens / all tokens of both; Noise-Distance: the same user, other noise",
            "Followed: the share that the classifier attributes to the other; Stayed: to the true user",
        ),
        "the paper's Table 6, counted",
        ("Change is not personalisation: only Followed says that it goes towards the other.",),
    ),
    Explanation(
        "likelihood",
        ("Likelihood-Gain", "Likelihood-Wins", "Likelihood-Gain-Posterior", "Perplexity-Prior", "Perplexity-Posterior"),
        "persona-scores --run",
        (
            "Gain: (-log p as another user + log p as the true user) / tokens, in nats, of the real response",
            "Wins: the share of others for whom it is less likely; a draw counts half",
            "z from the prior; Posterior: z from the posterior, which has seen the response",
            "Perplexity: exp(sum of -log p / sum of tokens), </s> included, as the true user",
        ),
        "usual",
        (
            "One z per response: perplexities are upper bounds, not comparable between systems with and without z.",
            "A gain in likelihood need not show in greedy answers, and the other way round.",
        ),
    ),
    Explanation(
        "latent",
        ("Latent-Distinct", "Latent-Active", "Latent-Nats", "Latent-Gap"),
        "diagnose",
        (
            "Distinct: (different responses of a context - 1) / (responses - 1); averaged over contexts",
            "Active: the share of z's dimensions whose posterior mean varies over contexts (variance above .01)",
            "Nats: (-log p with another session's z + log p with its own) / tokens of the real response",
            "Gap: 2 E|X - Y| - E|X - X'| - E|Y - Y'| over codes X of the posterior, Y of the prior",
        ),
        "Active: Burda et al. 2016; Gap: the energy distance, Szekely and Rizzo 2013",
        (
            "BLEU-F1 falls as z says more: read Nats beside it.",
            "Gap is in z's own units: compare it within a system, not between systems.",
            "No interval: they are about codes, not about answers.",
        ),
    ),
    Explanation(
        "dialogwae",
        ("BLEU-...|variant:dialogwae", "BOW-...|variant:dialogwae"),
        "evaluate --variant dialogwae",
        (
            "BLEU: </s> is a word of both sentences",
            "BOW: every token counts with its vector in the table, unknown words with <unk>'s",
            "Greedy: answers are 40 tokens wide, references one wider than their words, the rest is </s>, and counts",
            "Extrema: maxima are at least 0, minima at most 1 + </s>'s, wherever there is padding",
        ),
        "the code published with Gu et al. 2019, with --smoothing nltk-legacy for the scores of its time",
        (
            "Only to read old tables: the end token gives every answer a match, padding dilutes Greedy.",
            "That code's padding was what its decoder said after the end; for stored answers it is unknown.",
        ),
    ),
)


def explain(names: Sequence[str] = ()) -> list[Explanation]:
    """The explanations of ``names``, metrics or columns in any case; all if none is named. Raises ConfigError."""
    return [_find(name) for name in names] or list(EXPLANATIONS)


def _find(name: str) -> Explanation:
    known = {key.lower(): one for one in EXPLANATIONS for key in (one.name, *one.columns)}
    found = known.get(name.lower())
    if found is None:
        close = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(one.name for one in EXPLANATIONS)}."
        raise ConfigError(f"There is no metric {name!r}. {hint}")
    return found
