"""What the config of a run over a corpus may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mujaz.configs.sections import Positive, Section

Share = Annotated[float, Field(ge=0, le=1)]


class RunConfig(Section):
    """A run over a corpus: what is read, who answers, where it goes."""

    inputs: Annotated[list[str], Field(min_length=1)]
    """Files, folders, patterns, URLs, hub datasets; "-" is standard input."""
    out: str
    """JSON Lines, CSV, TSV or Parquet by its suffix."""
    models: Annotated[dict[str, str], Field(min_length=1)]
    """Name in the output -> folder, embedded model or hub id; classifiers and summarizers."""
    text_column: str = "text"
    """The column of texts."""
    title_column: str | None = None
    """The column of titles, each set before its text as data.columns.title does in a training; some rows may lack it."""
    id_column: str | None = None
    """The column of ids; None takes "id" where there is one, else the row number."""
    target_column: str | None = None
    """For a stance model: the column of targets."""
    target: str | None = None
    """For a stance model: the target of all texts."""
    keep: list[str] = Field(default_factory=list)
    """Columns carried into the output."""
    format: Literal["jsonl", "json", "csv", "tsv", "parquet", "txt", "article"] | None = None
    """Of the inputs, where their suffix does not tell."""
    clean_article: bool = False
    """Strip dateline, byline and page leftovers off each text first."""
    all_probabilities: bool = False
    """Write the probability of every label."""
    min_probability: Share | None = None
    """Below it a label is null; None takes the checkpoint's own."""
    min_precision: Share | None = None
    """Label null where the model was not right that often on the data it was calibrated on."""
    long: Literal["windows", "truncate"] | None = None
    """Of a long text: read windows, or its beginning; None takes the checkpoint's own."""
    pooling: Literal["mean", "max", "first", "first+last"] | None = None
    """What becomes of several windows; None takes the checkpoint's own."""
    length: str | None = None
    """Of summaries: headline, short, long, or a range in words like 20-40; None takes the checkpoint's own."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N, or several that share the work: cuda:0,cuda:1."""
    precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    """Number format to compute in."""
    engine: Literal["auto", "torch", "openvino"] = "auto"
    """What computes the classifiers; torch, or auto, also the summarizers."""
    ignore_recipe_mismatch: bool = False
    """Load a model whose text recipe differs from this version's."""
    batch_tokens: Positive | None = None
    """Padded tokens a batch, if memory is short."""
    strict: bool = False
    """Stop at the first bad record."""
    shard: str | None = None
    """Do one part of the corpus, as 2/4; the other parts are other machines'."""
    bom: bool = False
    """Begin CSV or TSV with a byte order mark, for Excel on Windows."""
    force: bool = False
    """Replace an output that exists."""
