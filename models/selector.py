"""A summarizer that chooses: an encoder finds the stretch, or sentences, of an article that are most like a summary of it.

Inside the stretch it leaves out what `mujaz.models.shortening` allows: the day, where it was said, an honorific; and what is
left is said as a headline says it where `mujaz.models.rephrasing` knows how. It says nothing that the article does not say.
What it can leave out wrongly stands around it, "denied that", "is fake" and "if" above all: that is costly, and named where
it is taken all the same.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from mujaz.errors import UsageError
from mujaz.models.arabic_words import TATWEEL, words
from mujaz.models.articles import clean_article
from mujaz.models.batching import token_budget_batches
from mujaz.models.briefs import ALONE, Part, Section, briefs, parts_of, read_sections
from mujaz.models.choosing import Choice, Chooser, ended
from mujaz.models.clauses import Boundaries
from mujaz.models.denials import phrase
from mujaz.models.encoding import Encoding, TextEncoder
from mujaz.models.engines.replicas import side_by_side
from mujaz.models.engines.torch_engine import PACKED_BATCH_TOKENS, TorchClassifier
from mujaz.models.repair import INVISIBLE
from mujaz.models.rephrasing import rephrased, speaker, without_and
from mujaz.models.selection_info import SelectionInfo
from mujaz.models.sentences import looks_closing, looks_opening
from mujaz.models.stretches import Stretch, WordScores
from mujaz.models.summary_options import Generation, WordRange
from mujaz.models.summary_record import Candidate, Finding, Summary
from mujaz.models.word_reading import ReadArticle, WordReader
from mujaz.models.writing import MIN_ARTICLE_WORDS, Progress, as_is

# Not a sign or a full stop that belongs to what follows: -5, .NET
_FRONT = re.compile(r"(?:[\s،,؛;:…/|*•]|[.\-–—](?![\w]))+")
_BACK = " .،,؛;:-–—…/|*•"
_ARABIC = re.compile(r"[\u0621-\u064a\ufb50-\ufdff\ufe70-\ufefc]")  # presentation forms, too
_UNSEEN = re.compile("[" + INVISIBLE.replace("\u200c", "") + "]")  # that one keeps letters apart
_BEFORE_A_GAP = " ،,–—-"  # what is left out of a text takes its commas with it
_OPENS_A_BRACKET = ("(", "[")
_COMMA_BEHIND_A_BRACKET = re.compile(r"[)\]]([،,])$")
_NOTHING = Candidate("", None, 0, (Finding("empty"),), 0.0)
_ENDS = re.compile(r'(?:[؟?!]|[.؟?!][»"”)])$')  # of a sentence, as tidy leaves it
_BRIEFS = 32  # articles that are read at once for briefs
_PAIRS = {"«": "»", "(": ")", "[": "]", "{": "}"}
_EITHER_WAY = frozenset('"“”„‟')  # Arabic pages open and close with any of them
_BRACKETS = re.compile(r'[«»()\[\]{}"“”„‟]')


# The place, among the outputs for a token, of the one that says whether a text is whole: the last one, where there is one.
WHOLE = 3


class SelectionEngine(TorchClassifier):
    """An encoder's scores for the tokens of articles."""

    all_tokens = True

    @property
    def batch_tokens(self) -> int:
        """Padded tokens a batch: one at a time, on all threads."""
        return PACKED_BATCH_TOKENS if self.packs else super().batch_tokens

    @property
    def outputs(self) -> int:
        """Scores a token."""
        return int(self.model.config.num_labels or 0)

    @torch.inference_mode()
    def token_logits(self, batch: Sequence[Encoding]) -> list[NDArray[np.float32]]:
        """Scores of one batch, for each text of shape (tokens, outputs)."""
        return [row[: len(one.input_ids)] for row, one in zip(self.logits(batch), batch, strict=True)]


@dataclass(frozen=True)
class Selector:
    """Chooses stretches with engines.

    Attributes:
        encoder: Says how articles are read.
        engines: Of one device each, side by side.
        info: How long what it chooses is to be.
        reader: Reads articles as the model does.
    """

    encoder: TextEncoder
    engines: Sequence[SelectionEngine]
    info: SelectionInfo
    reader: WordReader

    def __call__(self, texts: Sequence[str], options: Generation, progress: Progress | None = None) -> list[Summary]:
        """Summaries of articles, in their order; ``progress`` is called with the number of those that are done."""
        options.check()
        _check_options(options)
        progress = progress or (lambda done: None)
        cleaned = [clean_article(text) if self.encoder.clean_article else text for text in texts]
        shortest = options.min_article_words
        if shortest is None:
            shortest = options.wanted.high if options.wanted else MIN_ARTICLE_WORDS
        summaries = {
            i: as_is(text, number) for i, text in enumerate(cleaned) if (number := len(words(text))) <= shortest
        }
        progress(len(summaries))
        rest = [i for i in range(len(texts)) if i not in summaries]
        longer, wanted = [cleaned[i] for i in rest], options.wanted
        if wanted is not None and wanted.high > self.info.longest:
            made = self._briefs(longer, options, wanted, progress)
        else:
            made = self._stretches(longer, options, progress)
        summaries.update(zip(rest, made, strict=True))
        return [summaries[i] for i in range(len(texts))]

    def _stretches(self, texts: Sequence[str], options: Generation, progress: Progress) -> list[Summary]:
        """Of each article one stretch."""
        choosers = self._scored(self.reader(texts), options, progress)
        return [
            self._summary(chooser.article, choice, options, unsure=unsure)
            for chooser, choice, unsure in zip(choosers, *self._chosen(choosers, options), strict=True)
        ]

    def _briefs(
        self, texts: Sequence[str], options: Generation, wanted: WordRange, progress: Progress
    ) -> list[Summary]:
        """Of each article several sentences: more words than a stretch should have were asked for.

        Its beginning where the model makes little of it, and one stretch where that is nearer to the number of words.
        """
        summaries: list[Summary] = []
        lot = _BRIEFS * len(self.engines)
        for begin in range(0, len(texts), lot):
            some = texts[begin : begin + lot]
            read = read_sections(self.reader, some, 1 if options.long else None)
            choosers = iter(self._scored([one.article for own, _ in read for one in own], options, lambda done: None))
            found = [
                self._brief(list(zip(own, islice(choosers, len(own)), strict=True)), share, options, wanted)
                for own, share in read
            ]
            again = [i for i, one in enumerate(found) if one is None or one.words < wanted.low]
            for i, stretch in zip(
                again, self._stretches([some[i] for i in again], options, lambda done: None), strict=True
            ):
                brief = found[i]
                if brief is None or wanted.distance(stretch.words) < wanted.distance(brief.words):
                    found[i] = stretch
            summaries += [one for one in found if one is not None]
            progress(len(some))
        return summaries

    def _brief(
        self, sections: Sequence[tuple[Section, Chooser]], share: float, options: Generation, wanted: WordRange
    ) -> Summary | None:
        """The sentences of an article of which a share was read; None where the model makes little of it."""
        opening = sections[0][1]
        expected = opening.best(self.info.wanted(), None, 1).usual
        if not expected or expected[0].worth < self._least or not _is_arabic(opening.article):
            return None
        parts = parts_of(sections, self.info, expected[0], wanted.high, _told)
        made = [_of_parts(chosen, score, self.info) for score, chosen in briefs(parts, wanted, options.candidates)]
        return _summary_of(
            made or [_NOTHING],
            tokens_read=sum(len(one.article.encoding.input_ids) for one, _ in sections),
            read=share,
            long=(options.long or "lead") if share < 1 else None,
        )

    def _scored(self, articles: Sequence[ReadArticle], options: Generation, progress: Progress) -> list[Chooser]:
        """What chooses from each article."""
        found: dict[int, Chooser] = {}
        for indices, made in self._logits([article.encoding for article in articles], options):
            for i, logits in zip(indices, made, strict=True):
                found[i] = Chooser(
                    articles[i], WordScores.of(logits[articles[i].places]), self.info.likely, self.info.clauses
                )
            progress(len(indices))
        return [found[i] for i in range(len(articles))]

    def _logits(
        self, encodings: Sequence[Encoding], options: Generation
    ) -> Iterator[tuple[list[int], list[NDArray[np.float32]]]]:
        """Scores of tokens, batch by batch: which encodings, and an array (tokens, outputs) of each."""
        lengths = [len(one.input_ids) for one in encodings]
        batches = list(token_budget_batches(lengths, options.batch_tokens or self.engines[0].batch_tokens))

        def score(engine: SelectionEngine, indices: list[int]) -> list[NDArray[np.float32]]:
            return engine.token_logits([encodings[i] for i in indices])

        return zip(batches, side_by_side(self.engines, score, batches), strict=True)

    def _chosen(self, choosers: Sequence[Chooser], options: Generation) -> tuple[list[Choice], list[bool]]:
        """The best stretches of each article, and whether it is one that the model makes little of, or that is not Arabic.

        Of such an article it is the beginning.
        """
        wanted = None if options.wanted is None else self.info.wanted(options.wanted)
        best = [one.best(self.info.wanted(), wanted, options.candidates) for one in choosers]
        choices = self._ended(choosers, best, options)
        unsure = [
            bool(choice.usual) and (choice.usual[0].worth < self._least or not _is_arabic(one.article))
            for one, choice in zip(choosers, choices, strict=True)
        ]
        doubtful = [one for one, is_unsure in zip(choosers, unsure, strict=True) if is_unsure]
        beginnings = [one.beginning(self.info.wanted(options.wanted)) for one in doubtful]
        instead = iter(self._ended(doubtful, beginnings, options))
        return [next(instead) if is_unsure else one for one, is_unsure in zip(choices, unsure, strict=True)], unsure

    @property
    def _least(self) -> float:
        """What a stretch must be worth."""
        return -np.inf if self.info.least is None else self.info.least

    def _ended(self, choosers: Sequence[Chooser], choices: Sequence[Choice], options: Generation) -> list[Choice]:
        """Choices with the best end of each stretch, by a model that was taught what is whole."""
        if self.engines[0].outputs != WHOLE + 1:
            return ended(choices, None)

        def sure(said: Sequence[tuple[int, NDArray[np.int64]]]) -> NDArray[np.float64]:
            texts = self.reader([_told(choosers[number].article, places) for number, places in said])
            found = np.zeros(len(texts))
            for indices, made in self._logits([text.encoding for text in texts], options):
                for i, logits in zip(indices, made, strict=True):
                    if len(texts[i].places):
                        found[i] = -np.logaddexp(0.0, -float(logits[texts[i].places[-1], WHOLE]))
            return found

        return ended(choices, sure)

    def _summary(self, article: ReadArticle, choice: Choice, options: Generation, *, unsure: bool) -> Summary:
        return _summary_of(
            self._candidates(article, choice, options, unsure=unsure) or [_NOTHING],
            tokens_read=len(article.encoding.input_ids),
            read=article.read / max(1, article.tokens),
            long=(options.long or "lead") if article.encoding.truncated else None,
        )

    def _candidates(
        self, article: ReadArticle, choice: Choice, options: Generation, *, unsure: bool
    ) -> list[Candidate]:
        """What the stretches that were chosen say, the best first."""
        found = [
            (one, (*_denied(article, choice.costs, one.start, one.end), *self._fragment(one)))
            for (one,) in choice.found
        ]
        if unsure:
            return [_candidate(article, choice.kept, one, (Finding("unsure"), *findings)) for one, findings in found]
        made = [self._said(article, choice.kept, one, findings, options) for one, findings in found]
        unlike = {one.text: one for one in reversed(made)}  # articles say things twice; the best of each is kept
        return sorted(unlike.values(), key=lambda one: -(one.score or 0.0))[: options.candidates]

    def _fragment(self, one: Stretch) -> tuple[Finding, ...]:
        """That a stretch may not be whole, where a model that was taught it thinks so."""
        return (Finding("fragment"),) if one.stands < self.info.fragment else ()

    def _said(
        self,
        article: ReadArticle,
        kept: NDArray[np.int64],
        one: Stretch,
        findings: tuple[Finding, ...],
        options: Generation,
    ) -> Candidate:
        """What a stretch says, as a headline says it where that is known and no reader has to be warned of it."""
        plain = _candidate(article, kept, one, findings)
        if findings or not self.info.rephrase:
            return plain
        other = _as_a_headline(article, int(kept[one.start]), plain.text.split(), own_words=options.article_words)
        if other is None:
            return plain
        text = tidy(" ".join(other))
        said = words(text)
        length = options.wanted or self.info
        shortest, longest = (length.low, length.high) if isinstance(length, WordRange) else (1, length.longest)
        known = set(words(article.text))
        copied = sum(word in known for word in said) / max(1, len(said))
        return replace(plain, text=text, words=len(said), copied=copied) if shortest <= len(said) <= longest else plain


def _as_a_headline(article: ReadArticle, first: int, said: Sequence[str], *, own_words: bool) -> list[str] | None:
    """Another way to say what begins with a word of an article; None where none is known."""
    before = article.words()[int(np.searchsorted(article.sentences, article.sentences[first])) : first]
    who = speaker(before, said)
    return [*who, *said] if who else rephrased(said, own_words=own_words)


def _is_arabic(article: ReadArticle) -> bool:
    return 2 * sum(bool(_ARABIC.search(word)) for word in article.words()) >= len(article.spans)


def _denied(article: ReadArticle, costs: Boundaries, start: int, end: int) -> tuple[Finding, ...]:
    """The word before or behind a stretch that denies it, takes it back or is its condition, where there is one."""
    places = sorted({int(costs.denied[start]), int(costs.denied_behind[end - 1])} - {-1})
    return tuple(Finding("denied", phrase(article.words(), place)) for place in places)


def _candidate(article: ReadArticle, kept: NDArray[np.int64], one: Stretch, findings: tuple[Finding, ...]) -> Candidate:
    """What a stretch of the words that are kept says."""
    text = without_and(_told(article, kept[one.start : one.end]))
    return Candidate(text, one.worth, len(words(text)), findings, 1.0)


def _of_parts(parts: Sequence[Part], score: float, info: SelectionInfo) -> Candidate:
    """What sentences say one after another, each with its own mark at the end or a full stop."""
    said = [without_and(parts[0].text), *(part.text for part in parts[1:])]
    text = " ".join(one if _ENDS.search(one) else f"{one}." for one in said)
    denied = [one for part in parts for one in _denied(part.chooser.article, part.chooser.costs, part.start, part.end)]
    doubtful = any(part.stands < info.fragment and not part.whole for part in parts)
    alone = len(parts) == 1 and parts[0].stands < ALONE
    findings = (*denied, *((Finding("fragment"),) if doubtful or alone else ()))
    return Candidate(text, score, len(words(text)), tuple(dict.fromkeys(findings)), 1.0)


def _summary_of(candidates: Sequence[Candidate], *, tokens_read: int, read: float, long: str | None) -> Summary:
    """The best candidate as the summary of an article of which a share was read; ``long`` where that is not all."""
    best = candidates[0]
    return Summary(
        text=best.text,
        score=best.score,
        tokens_read=tokens_read,
        truncated=long is not None,
        words=best.words,
        read=read,
        long=long,
        findings=best.findings,
        copied=best.copied,
        candidates=tuple(candidates),
    )


def _told(article: ReadArticle, places: NDArray[np.int64]) -> str:
    """Words of an article, given by their places, as a text of their own."""
    parts = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    said = [article.text[article.spans[part[0]][0] : article.spans[part[-1]][1]] for part in parts]
    for at, (part, behind) in enumerate(pairwise(parts)):
        gone = article.text[article.spans[part[-1] + 1][0] : article.spans[behind[0] - 1][1]]
        own = gone.startswith(_OPENS_A_BRACKET) and _COMMA_BEHIND_A_BRACKET.search(gone)  # that of what is in front
        said[at] = said[at].rstrip(_BEFORE_A_GAP) + (own.group(1) if own else "")
    return tidy(" ".join(said))


def tidy(text: str) -> str:
    """A stretch as a text of its own: on one line, without punctuation at its edges or brackets without a partner."""
    text = " ".join(_UNSEEN.sub("", html.unescape(text)).split())
    alone = _unpaired(text)
    kept = "".join(char if place not in alone else " " * _parts_words(text, place) for place, char in enumerate(text))
    kept = " ".join(kept.split()).rstrip(_BACK)
    front = _FRONT.match(kept)
    return kept[front.end() :] if front else kept


def _parts_words(text: str, place: int) -> bool:
    """Whether a sign stands between two words without a space: إن"القوات, and not لـ"المساء."""
    before, behind = text[max(0, place - 2) : place], text[place + 1 : place + 2]
    return len(before) == 2 and before.isalpha() and behind.isalpha() and not before.endswith(TATWEEL)


def _unpaired(text: str) -> set[int]:
    """Places of brackets and quotation marks without a partner."""
    waiting: list[tuple[str, int]] = []  # what would close it, and where it stands
    alone: set[int] = set()
    for match in _BRACKETS.finditer(text):
        place = match.start()
        mark = '"' if match.group() in _EITHER_WAY else match.group()
        opens = mark in _PAIRS or (mark == '"' and not looks_closing(text, place))
        partner = next((i for i in range(len(waiting) - 1, -1, -1) if waiting[i][0] == mark), None)
        if partner is not None and not (mark == '"' and looks_opening(text, place)):
            alone.update(at for _, at in waiting[partner + 1 :])  # opened inside it and never closed
            del waiting[partner:]
        elif opens:
            waiting.append((_PAIRS.get(mark, mark), place))
        else:
            alone.add(place)
    return alone | {place for _, place in waiting}


def _check_options(options: Generation) -> None:
    """Refuse what only a model that writes can do."""
    given = {
        "num_beams": options.num_beams,
        "max_new_tokens": options.max_new_tokens,
        "min_new_tokens": options.min_new_tokens,
        "faithful": options.faithful or None,
        "long": options.long if options.long in ("select", "hierarchical") else None,
    }
    for name, value in given.items():
        if value is not None:
            said = "" if value is True else f" {value}"
            raise UsageError(
                f"--{name.replace('_', '-')}{said} is for models that write; this one chooses words of the "
                "article. Leave it out (--length in words is for all), or give another --model."
            )
