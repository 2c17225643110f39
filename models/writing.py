"""From articles to summaries: long ones made to fit, candidates generated, ranked and checked against the whole article.

The engine that generates is whatever :class:`~mujaz.models.engines.base.GenerationEngine` it is given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from transformers import GenerationConfig

from mujaz.errors import UsageError
from mujaz.models.arabic_words import words
from mujaz.models.article_words import ArticleWords, Punctuation
from mujaz.models.articles import clean_article
from mujaz.models.batching import token_budget_batches
from mujaz.models.beginning import beginning
from mujaz.models.encoding import Encoding, TextEncoder
from mujaz.models.endings import without_broken_end
from mujaz.models.engines.base import ConstrainedEngine, GenerationEngine, Hypothesis, generation_of
from mujaz.models.engines.replicas import side_by_side
from mujaz.models.long_articles import centrality, lead, pieces, sections, select
from mujaz.models.recipe_steps import without_markup
from mujaz.models.spelling import Spelling
from mujaz.models.summary_checks import Source, check_summary, is_degenerate
from mujaz.models.summary_options import Generation
from mujaz.models.summary_record import MILD, Candidate, Finding, Summary, findings_of
from mujaz.models.turns import turn

# Up to 12 words what a small summarizer wrote was the article itself in four cases of five; of 15, in half of them.
MIN_ARTICLE_WORDS = 12
MAX_LEVELS = 4  # of summaries of summaries; each level is several times shorter than the one below
DEFAULT_LONG = "lead"

Progress = Callable[[int], None]


@dataclass(slots=True)
class _Article:
    """One article on its way.

    Attributes:
        text: The article, page leftovers stripped where the model's training had them stripped.
        words: How many it has.
        encoding: What the model reads last: the article, a part of it, or the summaries of its sections.
        tokens: Of the whole article, without special tokens.
        tokens_read: That the model read of it, without special tokens.
        encoded: Tokens read in all, special ones included.
        long: What was done because it is longer than the model reads.
        joined: The summaries of its sections, joined.
    """

    text: str
    words: int
    encoding: Encoding
    tokens: int
    tokens_read: int
    encoded: int
    long: str | None = None
    joined: str | None = None


@dataclass(frozen=True)
class Writer:
    """Writes summaries with an engine.

    Attributes:
        encoder: Turns text into token ids.
        engine: Generates.
        settings: The model's own, complete.
        long: What becomes of long articles where the caller does not say.
        others: Engines of other devices, side by side with ``engine``.
        spelling: Gives folded letters back, where the recipe folds.
        least: Where the best summary has a lower score, or a fault, the article's beginning is given; None never gives it.
        longest: Tokens for which the decoder has positions; None sets no limit.
    """

    encoder: TextEncoder
    engine: GenerationEngine
    settings: GenerationConfig
    long: str | None = None
    others: Sequence[GenerationEngine] = ()
    spelling: Spelling | None = None
    least: float | None = None
    longest: int | None = None

    def __call__(self, texts: Sequence[str], options: Generation, progress: Progress | None = None) -> list[Summary]:
        """Summaries of articles, in their order; ``progress`` is called with the number of those that are done.

        Raises:
            UsageError: The options do not go together, or ask for more tokens than the model can write.
        """
        options.check()
        self._check_lengths(options)
        progress = progress or (lambda done: None)
        cleaned = [clean_article(text) if self.encoder.clean_article else text for text in texts]
        counts = [len(words(text)) for text in cleaned]
        shortest = options.min_article_words
        if shortest is None:
            shortest = options.wanted.high if options.wanted else MIN_ARTICLE_WORDS
        summaries = {i: as_is(cleaned[i], counts[i]) for i in range(len(texts)) if counts[i] <= shortest}
        progress(len(summaries))
        rest = [i for i in range(len(texts)) if i not in summaries]
        articles = self._read([cleaned[i] for i in rest], [counts[i] for i in rest], options)
        summaries.update(zip(rest, self._write(articles, options, progress), strict=True))
        return [summaries[i] for i in range(len(texts))]

    def _check_lengths(self, options: Generation) -> None:
        for name in ("min_new_tokens", "max_new_tokens"):
            value = getattr(options, name)
            if self.longest is not None and value is not None and value > self.longest:
                raise UsageError(
                    f"{name}: expected up to {self.longest} tokens, for which this model's decoder has positions, found "
                    f"{value}. Ask for fewer."
                )
        least, most = options.min_new_tokens or 0, options.max_new_tokens or self.settings.max_new_tokens
        if options.length is None and most is not None and least > most:
            raise UsageError(
                f"min_new_tokens: expected up to {most}, the longest that this model writes by itself, found {least}. Give "
                "max_new_tokens, too."
            )

    # --- reading: what of an article the model gets ----------------------------------------------------------------------

    @cached_property
    def _plain(self) -> TextEncoder:
        """The encoder for texts whose page leftovers are already off, for a part of an article must not lose more."""
        return replace(self.encoder, clean_article=False)

    @cached_property
    def _special(self) -> int:
        """Special tokens around a text, and those of the prefix before it."""
        return int(self.encoder.tokenizer.num_special_tokens_to_add(pair=False)) + len(self.encoder.prefix_ids)

    @property
    def _window(self) -> int:
        return max(1, self.encoder.max_length - self._special)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        if not texts:
            return []
        prepared = [self._plain.prepare(text) for text in texts]
        with turn(self.encoder.tokenizer):
            ids = self.encoder.tokenizer(prepared, add_special_tokens=False, verbose=False)["input_ids"]
        return [len(row) for row in ids]

    def _read(self, texts: Sequence[str], counts: Sequence[int], options: Generation) -> list[_Article]:
        way = options.long or self.long or DEFAULT_LONG
        articles = []
        for text, number, encoding in zip(texts, counts, self._plain(texts), strict=True):
            tokens = len(encoding.input_ids) - self._special
            articles.append(_Article(text, number, encoding, tokens, tokens, len(encoding.input_ids)))
        longer = [article for article in articles if article.encoding.truncated]
        for article in longer:
            article.long = way
            if way == "cut":
                article.tokens = self.count([article.text])[0]
            elif way != "hierarchical":
                self._choose(article, way)
        if way == "hierarchical" and longer:
            self._summarize_sections(longer, options)
        return articles

    def _choose(self, article: _Article, way: str) -> None:
        """Let the model read those of the sentences that fit: the first, or the most central."""
        texts, counts = pieces(article.text, self._window, self.count)
        central = way == "select"
        chosen = select(counts, self._window, centrality(texts)) if central else lead(counts, self._window)
        article.encoding = self._plain([" ".join(texts[i] for i in chosen)])[0]
        article.encoded = len(article.encoding.input_ids)
        article.tokens, article.tokens_read = sum(counts), article.encoded - self._special

    def _summarize_sections(self, articles: Sequence[_Article], options: Generation) -> None:
        """Replace what the model reads last by the summaries of an article's sections, until they fit."""
        unread = {id(article): article.text for article in articles}
        for level in range(MAX_LEVELS):
            waiting = [article for article in articles if id(article) in unread]
            parts, owners = [], []
            for article in waiting:
                texts, counts = pieces(unread[id(article)], self._window, self.count)
                groups = sections(counts, self._window)
                if level == 0:  # a word longer than the window is a section by itself, and cut
                    article.tokens = sum(counts)
                    article.tokens_read = sum(min(sum(counts[i] for i in group), self._window) for group in groups)
                    article.encoded = article.tokens_read + self._special * len(groups)
                parts += [" ".join(texts[i] for i in group) for group in groups]
                owners += [article] * len(groups)
            written: dict[int, list[str]] = defaultdict(list)
            for article, text in zip(owners, self._section_summaries(parts, options), strict=True):
                written[id(article)].append(_sentence(text))
            for article in waiting:
                article.joined = " ".join(filter(None, written[id(article)]))
                article.encoding = self._plain([article.joined])[0]
                unread[id(article)] = article.joined
                if not article.encoding.truncated:
                    del unread[id(article)]

    def _section_summaries(self, parts: Sequence[str], options: Generation) -> list[str]:
        """The best summary of each section; a few words that fill no quarter of the window stay as they are."""
        encoded = self._plain(parts)
        full = [4 * len(encoding.input_ids) > self.encoder.max_length for encoding in encoded]
        short = [len(words(part)) <= MIN_ARTICLE_WORDS for part in parts]
        found = {i: part for i, part in enumerate(parts) if short[i] and not full[i]}
        rest = [i for i in range(len(parts)) if i not in found]
        encodings = [encoded[i] for i in rest]
        beams = {} if options.num_beams is None else {"num_beams": options.num_beams}
        settings = self._settings(**beams)
        generated = self._generate(encodings, [settings] * len(rest), options.batch_tokens)
        for i, hypotheses in zip(rest, generated, strict=True):
            texts = [self._text(hypothesis, parts[i]) for hypothesis in hypotheses]
            found[i] = next((text for text in texts if not is_degenerate(text)), "")
        return [found[i] for i in range(len(parts))]

    # --- writing ----------------------------------------------------------------------------------------------------------

    def _settings(self, **overrides: int) -> GenerationConfig:
        """The model's settings with other values; every beam is returned, so that a bad best one can be passed over."""
        settings = generation_of({**self.settings.to_dict(), **overrides})
        settings.num_return_sequences = settings.num_beams
        if settings.min_new_tokens and settings.max_new_tokens:  # its own shortest gives way to a length asked for
            settings.min_new_tokens = min(settings.min_new_tokens, settings.max_new_tokens)
        if self.longest is not None:  # what the model's own length or one in words comes to
            settings.max_new_tokens = min(settings.max_new_tokens or self.longest, self.longest)
            settings.min_new_tokens = min(settings.min_new_tokens or 0, self.longest) or None
        return settings

    def _final_settings(self, article: _Article, options: Generation) -> GenerationConfig:
        wanted = {"max_new_tokens": options.max_new_tokens, "min_new_tokens": options.min_new_tokens}
        if options.wanted:
            read = max(1, article.words) if article.joined is None else max(1, len(words(article.joined)))
            tokens = article.tokens if article.joined is None else len(article.encoding.input_ids) - self._special
            wanted["min_new_tokens"], wanted["max_new_tokens"] = options.wanted.tokens(tokens / read)
        beams = max(options.num_beams or self.settings.num_beams or 1, options.candidates)
        overrides = {key: value for key, value in wanted.items() if value is not None}
        return self._settings(num_beams=beams, **overrides)

    def _write(self, articles: Sequence[_Article], options: Generation, progress: Progress) -> list[Summary]:
        settings = [self._final_settings(article, options) for article in articles]
        within = None
        if options.article_words and isinstance(self.engine, ConstrainedEngine):
            first, tokenizer = self.settings.forced_bos_token_id, self.encoder.tokenizer
            within = [
                ArticleWords(self._plain.prepare(one.text), tokenizer, self.punctuation, self._ends, first)
                for one in articles
            ]
        encodings = [article.encoding for article in articles]
        generated = self._generate(encodings, settings, options.batch_tokens, within, progress)
        return [self._summary(*row, options) for row in zip(articles, generated, settings, strict=True)]

    @cached_property
    def punctuation(self) -> Punctuation:
        """The tokens without letters."""
        return Punctuation.of(self.encoder.tokenizer)

    def _generate(
        self,
        encodings: Sequence[Encoding],
        settings: Sequence[GenerationConfig],
        batch_tokens: int | None,
        within: Sequence[ArticleWords] | None = None,
        progress: Progress = lambda done: None,
    ) -> list[list[Hypothesis]]:
        """Hypotheses for each encoding, in batches of like settings and lengths."""
        alike: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(settings):
            alike[one.to_json_string()].append(index)
        batches: list[list[int]] = []
        for group in alike.values():
            lengths = [len(encodings[i].input_ids) for i in group]
            cut = token_budget_batches(lengths, batch_tokens or self.engine.batch_tokens)
            batches += [[group[i] for i in batch] for batch in cut]

        def generate(engine: GenerationEngine, indices: list[int]) -> list[list[Hypothesis]]:
            chosen = [encodings[i] for i in indices]
            if within is not None and isinstance(engine, ConstrainedEngine):
                return engine.generate_within(chosen, settings[indices[0]], [within[i] for i in indices])
            return engine.generate(chosen, settings[indices[0]])

        found: dict[int, list[Hypothesis]] = {}
        for indices, made in zip(batches, side_by_side([self.engine, *self.others], generate, batches), strict=True):
            found.update(zip(indices, made, strict=True))
            progress(len(indices))
        return [found[i] for i in range(len(encodings))]

    def _text(self, hypothesis: Hypothesis, article: str) -> str:
        """Its text, in the article's spelling.

        Only ids of the vocabulary are decoded: -100, or a row of the head beyond it, would make that fail.
        """
        size = len(self.encoder.tokenizer)
        ids = [number for number in hypothesis.ids if 0 <= number < size]
        text = str(self.encoder.tokenizer.decode(ids, skip_special_tokens=True)).strip()
        return self.spelling(text, article) if self.spelling else text

    def _summary(
        self, article: _Article, hypotheses: Sequence[Hypothesis], settings: GenerationConfig, options: Generation
    ) -> Summary:
        source = Source(article.text)
        wanted = options.wanted
        rerank = bool(options.faithful or options.article_words or wanted)
        candidates: list[Candidate] = []
        for hypothesis in hypotheses:
            made = self._candidate(hypothesis, article.text, source, settings)
            if made.text not in {one.text for one in candidates}:
                candidates.append(made)
            enough = len(candidates) >= options.candidates and not rerank
            if enough and not all(is_degenerate(one.text) for one in candidates):
                break

        def worth(one: Candidate) -> tuple[float, ...]:
            faults = sum(finding.kind not in MILD for finding in one.findings)
            new = sum(finding.kind == "word" for finding in one.findings)
            return (
                is_degenerate(one.text),
                wanted.distance(one.words) if wanted else 0,
                *((faults, new) if options.faithful or options.article_words else ()),
                any(finding.kind == "cut" for finding in one.findings) if wanted else 0,
            )

        candidates.sort(key=worth)  # stable: the beam's own order where nothing else tells them apart
        if self._is_unsure(candidates[0], options):
            candidates.insert(0, beginning(article.text, source, *((wanted.high,) if wanted else ())))
        best = candidates[0]
        return Summary(
            text=best.text,
            score=best.score,
            tokens_read=article.encoded,
            truncated=article.encoding.truncated or article.tokens_read < article.tokens,
            words=best.words,
            read=article.tokens_read / max(1, article.tokens),
            long=article.long,
            findings=best.findings,
            copied=best.copied,
            candidates=tuple(candidates[: options.candidates]),
        )

    def _is_unsure(self, best: Candidate, options: Generation) -> bool:
        """Whether the article's beginning is the better answer. Scores are known of the model's own lengths alone."""
        if self.least is None:
            return False
        low = options.wanted is None and best.score is not None and best.score < self.least
        return low or any(finding.kind not in MILD for finding in best.findings)

    def _candidate(self, hypothesis: Hypothesis, article: str, source: Source, settings: GenerationConfig) -> Candidate:
        cut = self._is_cut(hypothesis, settings)
        text = without_broken_end(self._text(hypothesis, article), source, cut=cut)
        checks = check_summary(text, source)
        return Candidate(text, hypothesis.score, checks.words, findings_of(checks, cut=cut), checks.coverage)

    def _is_cut(self, hypothesis: Hypothesis, settings: GenerationConfig) -> bool:
        """Whether a text reached the longest length without an end token of its own: MBart has one forced there."""
        start = settings.decoder_start_token_id
        ids = hypothesis.ids[1:] if hypothesis.ids[:1] == [start] else hypothesis.ids
        ended = not self._ends.isdisjoint(ids) and settings.forced_eos_token_id is None
        return not ended and len(ids) >= (settings.max_new_tokens or 0)

    @cached_property
    def _ends(self) -> frozenset[int]:
        """The tokens that end a text; BERT's tokenizer knows of none."""
        named = self.settings.eos_token_id
        found = self.encoder.tokenizer.eos_token_id if named is None else named
        return frozenset(found if isinstance(found, list) else [] if found is None else [found])


def as_is(text: str, number: int) -> Summary:
    """An article that is too short to summarize, of so many words; on one line, without HTML."""
    findings = (Finding("as_is"),) if number else (Finding("as_is"), Finding("empty"))
    only = Candidate(" ".join(without_markup(text).split()), None, number, findings, 1.0)
    return Summary(only.text, None, 0, False, words=number, findings=findings, copied=1.0, candidates=(only,))


def _sentence(text: str) -> str:
    """A section's summary as a sentence among others."""
    return text if not text or text[-1] in '.!?؟…؛:»"' else f"{text}."
