"""A brief: several sentences of an article, for whoever asks for more words than one stretch should have.

The whole article is read, section by section. A sentence counts more the more of it a summary would say and the better it
stands by itself (the model says both), the more central it is among all (LexRank) and the earlier it comes, and that in
which the model finds the headline most. The best ones are taken that say different things, in the order of the article; a
long one up to where it ends best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mujaz.models.choosing import Chooser
from mujaz.models.long_articles import central, stem_weights
from mujaz.models.selection_info import SelectionInfo
from mujaz.models.stretches import Stretch, best_first
from mujaz.models.summary_options import WordRange
from mujaz.models.word_reading import CHARACTERS_PER_TOKEN, ReadArticle, WordReader

MOST_SECTIONS = 16  # that are read of an article
LONGEST = 60  # words of a sentence; of a longer one the beginning is told, half as many or more
SHORTEST = 5  # words: less is a heading, a byline, an exclamation
# What sentences are worth, chosen on dev articles of Wikipedia and looked at on news (benchmarks/LOG.md).
KEEP, STANDS, NEWS, EARLY, NEXT, UNLIKE = 2.0, 0.1, 0.6, 2.0, 1.0, 2.0
SAME = 0.8  # what is so similar to a sentence that was taken says nothing more
FADES = 5  # sentences after which being early counts a factor of e less
ALONE = 0.4  # a sentence that can stand with less than this probability needs the one before it
_LEAST = 1e-9  # of a probability whose logarithm is taken
_LEANS_ON_NOTHING = 8  # words from which on the article's first sentence is no dateline and no byline


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence as a brief would tell it.

    Attributes:
        place: Its number in the article.
        chooser: Of the section that it stands in.
        start: The first of its words, among those of the section that may be said.
        end: The first that is not told any more.
        text: What is told.
        whole: Whether that is all of it.
        keep: How likely a summary has a word of it, in the mean.
        stands: The probability that it can stand by itself; 1 of models that were not taught it.
        news: Whether the model finds the headline in it.
    """

    place: int
    chooser: Chooser
    start: int
    end: int
    text: str
    whole: bool
    keep: float
    stands: float
    news: bool

    @property
    def words(self) -> int:
        """How many are told."""
        return self.end - self.start


def read_sections(reader: WordReader, texts: Sequence[str]) -> list[tuple[list[ReadArticle], float]]:
    """Articles in sections that a model reads, and the share of each article that these are, 0-1.

    A section ends where a sentence does; one that is longer goes on in the next section. No more than
    :data:`MOST_SECTIONS` are read.
    """
    most = MOST_SECTIONS * CHARACTERS_PER_TOKEN * reader.encoder.max_length  # more is not read of any
    found: list[list[ReadArticle]] = [[] for _ in texts]
    left = {index: text[:most] for index, text in enumerate(texts)}
    for _ in range(MOST_SECTIONS):
        for index, article in zip(left, reader(list(left.values())), strict=True):
            found[index].append(article)
        left = {index: rest for index, text in left.items() if (rest := _behind(found[index][-1], text))}
    unread = [len(left.get(index, "")) + len(text[most:]) for index, text in enumerate(texts)]
    return [(one, 1 - rest / max(1, len(text))) for one, rest, text in zip(found, unread, texts, strict=True)]


def _behind(section: ReadArticle, text: str) -> str:
    """What of a text stands behind the last sentence that is whole in a section; empty where nothing is left."""
    if not section.encoding.truncated or not section.spans:
        return ""
    first = int(np.searchsorted(section.sentences, section.sentences[-1]))
    return text[section.spans[first][0] if first else section.spans[-1][1] :]


def _finished(section: ReadArticle) -> int:
    """Words of a section that are read no second time with the next one."""
    first = int(np.searchsorted(section.sentences, section.sentences[-1])) if section.spans else 0
    return first if section.encoding.truncated and first else len(section.spans)


def parts_of(
    choosers: Sequence[Chooser],
    info: SelectionInfo,
    news: Stretch | None,
    most: int,
    told: Callable[[ReadArticle, NDArray[np.int64]], str],
) -> list[Part]:
    """The sentences of an article.

    Args:
        choosers: One a section.
        info: What the model looks for.
        news: The headline in the first section; None where there is none.
        most: Words of a sentence at most.
        told: Words of an article, given by their places, as a text.
    """
    parts: list[Part] = []
    place = 0
    goes_on = False  # a sentence of the section before
    for chooser in choosers:
        sentences = chooser.article.sentences[: _finished(chooser.article)]
        of_kept = sentences[chooser.kept[chooser.kept < len(sentences)]]
        for sentence in dict.fromkeys(sentences.tolist()):
            first, behind = map(int, np.searchsorted(of_kept, [sentence, sentence + 1]))
            if behind > first and not (goes_on and sentence == sentences[0]):
                end, sure = _best_end(chooser, first, behind, info, most)
                text = told(chooser.article, chooser.kept[first:end])
                keep = float(np.exp(chooser.scores.keep[chooser.kept[first:end]]).mean())
                is_news = news is not None and chooser is choosers[0] and first <= news.start < end
                parts.append(Part(place, chooser, first, end, text, end == behind, keep, sure, is_news))
            place += 1
        goes_on = chooser.article.encoding.truncated and len(set(chooser.article.sentences.tolist())) == 1
    return parts


def _best_end(chooser: Chooser, first: int, behind: int, info: SelectionInfo, most: int) -> tuple[int, float]:
    """Where to end a sentence of the words ``first`` up to and without ``behind``, and how sure it is to stand so."""
    longest = min(LONGEST, most)
    own, sentence = chooser.scores.at(chooser.kept[first:behind]), np.zeros(behind - first, dtype=np.int64)
    if behind - first <= longest:
        stands = own.stands()
        return behind, 1.0 if stands is None else float(np.exp(stands[0, -1]))
    wanted = info.wanted(WordRange((longest + 1) // 2, longest))
    best = next(best_first(own, sentence, chooser.costs.at(np.arange(first, behind)), wanted, 0))
    return first + best.end, best.stands


def briefs(parts: Sequence[Part], wanted: WordRange, count: int) -> Iterator[tuple[float, list[Part]]]:
    """Sentences that together have a number of words, in the order of the article, with what they are worth in the mean.

    Args:
        parts: The sentences to choose from.
        wanted: Words of a brief. It has fewer where no other sentence fits, or none can stand.
        count: How many briefs: the next one begins its choice with the next best sentence. Fewer where there are no more.
    """
    if not parts:
        return
    weights = stem_weights([part.text for part in parts])
    shares = (central(weights) * len(parts)).tolist()
    scores = np.array([_worth(part, share) for part, share in zip(parts, shares, strict=True)])
    alike = (weights @ weights.T).toarray()
    first = [int(i) for i in np.argsort(-scores, kind="stable") if _fits(parts, int(i), [], wanted.high)]
    said: set[tuple[int, ...]] = set()
    for begin in first or [0]:
        chosen = _chosen(parts, scores, alike, wanted, begin)
        if tuple(chosen) not in said:
            said.add(tuple(chosen))
            yield float(scores[chosen].mean()), [parts[i] for i in chosen]
        if len(said) == count:
            return


def _worth(part: Part, share: float) -> float:
    stands = np.log(max(part.stands, _LEAST))
    return float(share + KEEP * part.keep + STANDS * stands + NEWS * part.news + EARLY * np.exp(-part.place / FADES))


def _chosen(
    parts: Sequence[Part], scores: NDArray[np.float64], alike: NDArray[np.float64], wanted: WordRange, begin: int
) -> list[int]:
    """Places of the parts of one brief, ascending."""
    chosen, words = [begin], parts[begin].words
    while words < (wanted.low + wanted.high) / 2:
        said, texts = alike[:, chosen].max(axis=1), {parts[i].text for i in chosen}
        fitting = [
            i
            for i in range(len(parts))
            if said[i] < SAME and parts[i].text not in texts and _fits(parts, i, chosen, wanted.high - words)
        ]
        if not fitting:
            break
        best = max(fitting, key=lambda i: scores[i] - UNLIKE * said[i] + NEXT * _follows(parts, i, chosen))
        chosen.append(best)
        words += parts[best].words
    return sorted(chosen)


def _fits(parts: Sequence[Part], one: int, chosen: Sequence[int], room: int) -> bool:
    """Whether a part can be told beside others."""
    part = parts[one]
    if one in chosen or not SHORTEST <= part.words <= room:
        return False
    opens = not part.place and part.words >= _LEANS_ON_NOTHING
    return part.stands >= ALONE or (part.whole and (opens or _follows(parts, one, chosen)))


def _follows(parts: Sequence[Part], one: int, chosen: Sequence[int]) -> bool:
    """Whether the sentence before a part is told, all of it."""
    return any(parts[i].whole and parts[i].place == parts[one].place - 1 for i in chosen)
