"""A brief: several sentences of an article, for whoever asks for more words than one stretch should have.

The whole article is read, section by section. A sentence counts more the more of it a summary would say and the better it
stands by itself (a model that was taught both says so), the more central it is among all (LexRank), the earlier it comes,
and where the model finds the headline in it. The best ones are taken that say different things, in the order of the
article; a long one up to where it ends best.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mujaz.models.choosing import Chooser
from mujaz.models.long_articles import central, stem_weights
from mujaz.models.selection_info import SelectionInfo
from mujaz.models.sentences import sentence_starts
from mujaz.models.stretches import Stretch, best_first
from mujaz.models.summary_options import WordRange
from mujaz.models.word_reading import CHARACTERS_PER_TOKEN, ReadArticle, WordReader

MOST_SECTIONS = 16  # that are read of an article
MOST_SENTENCES = 1000  # that are compared, each with each
LONGEST = 60  # words of a sentence; of a longer one the beginning is told, half as many or more
SHORTEST = 5  # words: less is a heading, a byline, an exclamation
# What sentences are worth: by ROUGE on dev articles hardly to be told apart, so by readers (benchmarks/LOG.md).
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


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an article that a model reads at once.

    Attributes:
        article: How it is read.
        finished: Its words that are not read again with the next section: the sentence that is cut at its end is.
        begins_inside: Whether it begins inside a sentence, which was longer than the section before.
        goes_on: Whether its last finished sentence goes on in the next section.
    """

    article: ReadArticle
    finished: int
    begins_inside: bool
    goes_on: bool


def read_sections(
    reader: WordReader, texts: Sequence[str], most: int | None = None
) -> list[tuple[list[Section], float]]:
    """Articles in sections that a model reads, and the share of each article's characters that was read, 0-1.

    A section ends where a sentence does; one that is longer goes on in the next section. What holds no words that can be
    read is passed over.

    Args:
        reader: Reads as the model does.
        texts: Articles.
        most: Sections of an article; left out: :data:`MOST_SECTIONS`.
    """
    most = most or MOST_SECTIONS
    step = CHARACTERS_PER_TOKEN * reader.encoder.max_length  # more is not read at once
    found: list[list[Section]] = [[] for _ in texts]
    passed = [0] * len(texts)
    left = {index: text[: most * step] for index, text in enumerate(texts)}
    for _ in range(most):
        for (index, text), article in zip(list(left.items()), reader(list(left.values())), strict=True):
            inside = bool(found[index]) and found[index][-1].goes_on
            finished, behind, goes_on = _reached(article, text, step)
            found[index].append(Section(article, finished, inside, goes_on))
            passed[index] += 0 if article.spans else behind
            left[index] = text[behind:].lstrip()
        left = {index: text for index, text in left.items() if text}
    unread = [n + len(left.get(i, "")) + len(texts[i][most * step :]) for i, n in enumerate(passed)]
    return [(one, 1 - rest / max(1, len(text))) for one, rest, text in zip(found, unread, texts, strict=True)]


def _reached(article: ReadArticle, text: str, step: int) -> tuple[int, int, bool]:
    """Words of a section that are finished, where the next one begins in the text, and whether a sentence goes on there."""
    if not article.encoding.truncated:
        return len(article.spans), len(text), False
    if not article.spans:  # an address or a picture as text, to the end of its word
        space = re.compile(r"\s").search(text, min(step, len(text)))
        return 0, space.start() if space else len(text), False
    first = int(np.searchsorted(article.sentences, article.sentences[-1]))
    if first:
        return first, article.spans[first][0], False
    end = article.spans[-1][1]
    following = len(text) - len(text[end:].lstrip())
    return len(article.spans), end, following not in sentence_starts(article.text)


def parts_of(
    sections: Sequence[tuple[Section, Chooser]],
    info: SelectionInfo,
    news: Stretch | None,
    most: int,
    told: Callable[[ReadArticle, NDArray[np.int64]], str],
) -> list[Part]:
    """The sentences of an article.

    Args:
        sections: Those that were read, with what chooses from each.
        info: What the model looks for.
        news: The headline in the first section; None where there is none.
        most: Words of a sentence at most.
        told: Words of an article, given by their places, as a text.
    """
    parts: list[Part] = []
    place = 0
    # The headline may stand in the sentence that is read again with the next section.
    again = news is not None and int(sections[0][1].kept[news.start]) >= sections[0][0].finished
    for number, (section, chooser) in enumerate(sections):
        sentences = section.article.sentences[: section.finished]
        of_kept = sentences[chooser.kept[chooser.kept < section.finished]]
        for sentence in dict.fromkeys(sentences.tolist()):
            first, behind = map(int, np.searchsorted(of_kept, [sentence, sentence + 1]))
            opens = sentence == sentences[0]
            if behind > first and not (section.begins_inside and opens):
                end, sure = _best_end(chooser, first, behind, info, most)
                text = told(section.article, chooser.kept[first:end])
                keep = float(np.exp(chooser.scores.keep[chooser.kept[first:end]]).mean())
                whole = end == behind and not (section.goes_on and sentence == sentences[-1])
                has_news = news is not None and number == again and (opens if again else first <= news.start < end)
                if text:
                    parts.append(Part(place, chooser, first, end, text, whole, keep, sure, has_news))
            place += 1
    return parts[:MOST_SENTENCES]


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
    """Sentences that together have a number of words, in the order of the article.

    With each brief comes what the sentence is worth that was taken first.

    Args:
        parts: The sentences to choose from.
        wanted: Words of a brief. It has fewer where no other sentence fits, or none can stand; where none does at all, it is
            the sentence that is worth most.
        count: How many briefs: the next one begins its choice with the next best sentence. Fewer where there are no more.
    """
    if not parts:
        return
    weights = stem_weights([part.text for part in parts])
    shares = (central(weights) * len(parts)).tolist()
    scores = np.array([_worth(part, share) for part, share in zip(parts, shares, strict=True)])
    alike = (weights @ weights.T).toarray()
    known = _Known.of(parts)
    first = np.argsort(-scores, kind="stable")
    fitting = known.fitting(np.zeros(len(parts), dtype=bool), wanted.high)
    said: set[tuple[str, ...]] = set()
    for begin in first[fitting[first]].tolist() or [int(scores.argmax())]:
        chosen = [parts[i] for i in _chosen(known, scores, alike, wanted, begin)]
        texts = tuple(part.text for part in chosen)
        if texts not in said:
            said.add(texts)
            yield float(scores[begin]), chosen
        if len(said) == count:
            return


@dataclass(frozen=True, slots=True)
class _Known:
    """What is asked of all parts again and again, each of shape (parts,).

    Attributes:
        words: How many are told of each.
        texts: The first part that tells the same.
        whole: Whether that is all of the sentence.
        behind: Whether the part before is of the sentence before.
        stands: Whether it can stand by itself.
        opens: Whether it opens the article, and is no dateline and no byline.
    """

    words: NDArray[np.int64]
    texts: NDArray[np.int64]
    whole: NDArray[np.bool_]
    behind: NDArray[np.bool_]
    stands: NDArray[np.bool_]
    opens: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence[Part]) -> _Known:
        first: dict[str, int] = {}
        words = np.array([part.words for part in parts])
        place = np.array([part.place for part in parts])
        return cls(
            words,
            np.array([first.setdefault(part.text, i) for i, part in enumerate(parts)]),
            np.array([part.whole for part in parts]),
            np.diff(place, prepend=-1) == 1,
            np.array([part.stands >= ALONE for part in parts]),
            (place == 0) & (words >= _LEANS_ON_NOTHING),
        )

    def following(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether the sentence before each part is told, all of it."""
        before = np.concatenate([[False], (chosen & self.whole)[:-1]])
        return before & self.behind

    def fitting(self, chosen: NDArray[np.bool_], room: int) -> NDArray[np.bool_]:
        """Whether each part can be told beside those that are chosen."""
        stands = self.stands | (self.whole & (self.opens | self.following(chosen)))
        return stands & ~chosen & (self.words >= SHORTEST) & (self.words <= room)


def _worth(part: Part, share: float) -> float:
    stands = np.log(max(part.stands, _LEAST))
    return float(share + KEEP * part.keep + STANDS * stands + NEWS * part.news + EARLY * np.exp(-part.place / FADES))


def _chosen(
    known: _Known, scores: NDArray[np.float64], alike: NDArray[np.float64], wanted: WordRange, begin: int
) -> list[int]:
    """Places of the parts of one brief, ascending."""
    words, said, told = int(known.words[begin]), alike[:, begin], known.texts == known.texts[begin]
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[begin] = True
    while words < (wanted.low + wanted.high) / 2:
        fitting = (said < SAME) & ~told & known.fitting(chosen, wanted.high - words)
        if not fitting.any():
            break
        worth = scores - UNLIKE * said + NEXT * known.following(chosen)
        best = int(np.where(fitting, worth, -np.inf).argmax())
        chosen[best] = True
        said, told = np.maximum(said, alike[:, best]), told | (known.texts == known.texts[best])
        words += int(known.words[best])
    return np.flatnonzero(chosen).tolist()
