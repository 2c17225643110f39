"""What a run did: counted chunk by chunk, carried over by the journal, printed and written at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mujaz.inference.records import RepeatedIds
from mujaz.inference.shards import Span
from mujaz.models.recipe_engine import Changes, Tally


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job says of one record.

    Attributes:
        values: One value for each of the job's fields.
        labels: What the closing summary counts: name of a field to the label, or the labels, it holds.
        tokens: Of the text.
        dropped: How many of them the model did not read.
        windows: In how many windows it read the others.
        changes: What the recipe did to the text, if that was counted.
        faults: Kinds of findings that speak against the answer, each once.
        notes: Kinds of findings that a reader should know of, and that speak against nothing.
        parts: Where several models answered, what each said, by its name; how much was read is told there.
        problem: Why there is no answer, where the text has nothing to read or no target; the values are null then, but for
            those of models that need no target.
        failure: What the model raised, or one of several; its values are null, those of the others are there.
    """

    values: tuple[Any, ...]
    labels: Mapping[str, str | tuple[str, ...] | None] = field(default_factory=dict)
    tokens: int = 0
    dropped: int = 0
    windows: int = 1
    changes: Changes | None = None
    faults: Collection[str] = ()
    notes: Collection[str] = ()
    parts: Mapping[str, Answer] = field(default_factory=dict)
    problem: str | None = None
    failure: Exception | None = None

    @property
    def error(self) -> str | None:
        """Why the record is an error, or None where it is answered."""
        if self.failure is None:
            return self.problem
        notes = "".join(f"; {note}" for note in getattr(self.failure, "__notes__", ()))  # which of several models
        return f"the model failed on it ({type(self.failure).__name__}: {self.failure}{notes})"


@dataclass(slots=True)
class Reading:
    """How much of the texts a model read.

    Attributes:
        tokens: Of all texts; those of texts that were cut are estimated.
        dropped: How many of them it did not read.
        truncated: Texts of which tokens were dropped.
        windows: Windows read.
        long: Texts read in more than one window.
    """

    tokens: int = 0
    dropped: int = 0
    truncated: int = 0
    windows: int = 0
    long: int = 0

    def read(self, answer: Answer) -> None:
        """Count one more text."""
        self.tokens += answer.tokens
        self.dropped += answer.dropped
        self.truncated += answer.dropped > 0
        self.windows += answer.windows
        self.long += answer.windows > 1

    def lines(self, texts: int, model: str = "") -> list[str]:
        """What is worth saying of it, of a model among several with its name; ``texts`` were read in all."""
        lines, by = [], f" ({model})" if model else ""
        if self.long:
            windows = self.windows - (texts - self.long)  # less those of the others, one each
            lines.append(f"windows{by}: {_number(self.long, 'long text')} read in {windows:,} windows")
        if self.truncated:
            share = f"about {self.dropped / self.tokens:.0%} of all tokens" if self.tokens else "a part"
            cut = f"{_number(self.truncated, 'text')} longer than the model reads ({share} left out)"
            lines.append(f"truncated{by}: {cut}")
        return lines


@dataclass(slots=True)
class RunSummary(Reading):
    """What a run did. Counts are of the whole output; times are of this sitting.

    Attributes:
        records: Lines written, errors among them.
        errors: Records that could not be read, or not by all models.
        partly: Those of them that some of the models answered; their answers are in no other count.
        kept: Those that an earlier run had answered, where only its errors were asked again.
        ids_replaced: Those whose id column holds no id: file and row stand there.
        ids_repeated: Ids that more than one record has, see :class:`mujaz.inference.records.RepeatedIds`.
        damaged: Files of which nothing could be read from some place on.
        labels: Records per label, for each field that holds labels; the empty label stands for none.
        models: Of several models, how much of the texts each read, by its name. The counts of :class:`Reading` are these
            added up: a text that two models read counts twice in them.
        prepared: What the recipe did to the texts; of several models that of the first.
        flagged: Answers with a finding that speaks against them.
        faults: Those with one of each kind.
        notes: Answers with a finding of each kind that speaks against nothing.
        resumed: Records that an earlier sitting had done.
        seconds: Wall time, without loading the model.
        computed: Seconds in the model.
        waited: Seconds that the model waited for the next texts to be read and encoded.
        share_read: How much of the corpus was read and answered, 0 to 1, where that is known.
        output: Where the results lie.
        ran: What ran: model, recipe, engine, number format.
        stopped: Whether the run was asked to stop before its end.
        span: Which records of the corpus were asked for, where not all.
    """

    records: int = 0
    errors: int = 0
    partly: int = 0
    kept: int = 0
    ids_replaced: int = 0
    ids_repeated: int = 0
    damaged: int = 0
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    models: dict[str, Reading] = field(default_factory=dict)
    prepared: Tally = field(default_factory=Tally)
    flagged: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    seconds: float = 0.0
    computed: float = 0.0
    waited: float = 0.0
    share_read: float | None = None
    output: str = ""
    ran: str = ""
    stopped: bool = False
    span: Span | None = None

    def count(self, answers: Sequence[Answer | None]) -> None:
        """Add the answers of a chunk; None stands for a bad record."""
        self.records += len(answers)
        for answer in answers:
            if answer is None or answer.error:
                self.errors += 1
                self.partly += answer is not None and any(not part.error for part in answer.parts.values())
                continue
            for name, part in answer.parts.items():
                self.models.setdefault(name, Reading()).read(part)
            for part in answer.parts.values() or (answer,):
                self.read(part)
            if answer.changes:
                self.prepared.add(answer.changes)
            self.flagged += bool(answer.faults)
            self.faults.update(answer.faults)
            self.notes.update(answer.notes)
            for name, label in answer.labels.items():
                given = label if isinstance(label, tuple) else (label,)
                self.labels.setdefault(name, Counter()).update(one or "" for one in given or ("",))

    def to_json(self) -> dict[str, Any]:
        """The counts, as the journal and the summary file hold them."""
        prepared = {name: getattr(self.prepared, name) for name in _TALLIED}
        return {
            **{name: getattr(self, name) for name in _COUNTED},
            "faults": dict(self.faults),
            "notes": dict(self.notes),
            "labels": {name: dict(counter) for name, counter in self.labels.items()},
            "prepared": {**prepared, "steps": dict(self.prepared.steps)},
            "models": {name: asdict(one) for name, one in self.models.items()},
        }

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> RunSummary:
        """Counts to go on from."""
        known = dict(counts)
        labels = {name: Counter(counter) for name, counter in known.pop("labels", {}).items()}
        models = {name: Reading(**counted) for name, counted in known.pop("models", {}).items()}
        prepared = dict(known.pop("prepared", {}))
        for name in ("faults", "notes"):
            known[name] = Counter(known.get(name, {}))
        prepared["steps"] = Counter(prepared.get("steps", {}))
        return cls(**known, labels=labels, models=models, prepared=Tally(**prepared))

    def report(self) -> dict[str, Any]:
        """All of it, for the summary file."""
        times = {name: round(getattr(self, name), 3) for name in ("seconds", "computed", "waited")}
        return {"output": self.output, "ran": self.ran, **self.to_json(), "resumed": self.resumed, **times}

    def __str__(self) -> str:
        """The closing lines of a run."""
        done, timed = self.records - self.resumed, self.seconds > 0 and not self.kept
        rate = f", {done / self.seconds:,.1f} a second" if timed else ""
        if self.tokens and timed and not self.resumed:
            rate += f", {(self.tokens - self.dropped) / self.seconds:,.0f} tokens a second"
        told = [f"{count:,} {what}" for count, what in ((self.kept, "kept"), (self.resumed, "before")) if count]
        before = f" ({', '.join(told)})" if told else ""
        lines = [f"{_number(self.records, 'record')}{before} in {self.seconds:,.1f} s{rate}: {self.output}"]
        for name, counter in self.labels.items():
            what = "labels" if name == "label" else name
            counted = ", ".join(f"{label} {count:,}" for label, count in counter.most_common() if label)
            lines.append(f"{what}: {counted or 'none'}")
            if counter[""]:
                unsure = f"{_number(counter[''], 'text')} ({counter[''] / max(1, self.records - self.errors):.1%})"
                lines.append(f"no {name}: {unsure}, no label was probable enough")
        for name, one in (self.models or {"": self}).items():
            lines += one.lines(self.records - self.errors, name)
        if self.flagged:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.faults.most_common())
            share = f"{self.flagged / max(1, self.records - self.errors):.1%}"
            lines.append(f"to check: findings in {_number(self.flagged, 'summary', 'summaries')} ({share}): {kinds}")
        lines += [f"{kind}: {_number(count, 'article')} {_NOTES[kind]}" for kind, count in self.notes.items()]
        if self.prepared.texts:
            lines.append(f"text: {self.prepared.line()}")
        if self.ids_replaced:
            where = _number(self.ids_replaced, "record")
            lines.append(f"ids: no text and no exact number in the id column of {where}; file and row stand there")
        if self.ids_repeated:
            among = f" among the first {RepeatedIds.MOST:,} records" if self.records > RepeatedIds.MOST else ""
            lines.append(f"ids: {_number(self.ids_repeated, 'id')} found more than once{among}")
        if self.errors:
            partly = f", or not by all models ({self.partly:,} were by some)" if self.partly else ""
            lines.append(
                f"errors: {_number(self.errors, 'record')} could not be read{partly}; the field 'error' says why"
            )
        if self.damaged:
            lines.append(f"damaged: {_number(self.damaged, 'file')} could not be read to the end")
        return "\n".join(lines)

    @property
    def failed(self) -> bool:
        """Whether nothing at all could be read, or a file not to its end."""
        return self.damaged > 0 or (0 < self.records == self.errors and not self.partly)


def kept_counts(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a finished run counted of all lines but its errors, which are asked again; empty of an empty report."""
    counted = {name: report[name] for name in RunSummary().to_json() if name in report}
    return {**counted, **dict.fromkeys(("records", "errors", "partly", "kept", "damaged"), 0)} if counted else {}


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


# Of summaries; what is said of the articles so marked.
_NOTES = {
    "as_is": "no longer than a summary may be, given whole",
    "unsure": "of which the model makes little: the beginning is given",
}
_TALLIED = tuple(one.name for one in fields(Tally))
_OF_A_SITTING = ("resumed", "seconds", "computed", "waited", "share_read", "output", "ran", "stopped", "span")
_COUNTED = tuple(
    dict.fromkeys(
        ("records", "errors", *(one.name for one in fields(RunSummary) if one.name not in _OF_A_SITTING)),
    )
)
