"""What a training config may say of how weights are trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mujaz.configs.sections import Fraction, Positive, Section, Seed
from mujaz.errors import UsageError

Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio"]


class OptimizationConfig(Section):
    """How weights are trained, whatever they learn."""

    max_steps: Positive | None = None
    """Stop after so many steps, whatever epochs says."""
    batch_size: Positive | Literal["auto"] = 16
    """Rows a step and process; auto: as many as fit into memory, in steps that make up effective_batch_size."""
    gradient_accumulation: Positive = 1
    """Steps whose gradients are added up before an update."""
    effective_batch_size: Positive | None = None
    """Rows an update, of all processes together, for batch_size: auto."""
    learning_rate: Annotated[float, Field(gt=0)] = 3e-5
    """Peak learning rate."""
    warmup: Fraction = 0.1
    """Share of the steps over which the learning rate rises."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """How the learning rate falls after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay of AdamW."""
    optimizer: Literal["adamw_torch_fused", "adafactor"] = "adamw_torch_fused"
    """Optimizer; mT5 and T5 were pretrained with adafactor, which also needs far less memory."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: less memory, a fifth or so slower."""
    compile: bool = False
    """Compile the model with torch.compile; takes a minute or more at the start, so only for long trainings."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 autocast where the processor or GPU computes in it natively. Weights stay float32."""
    evaluations: Positive = 5
    """How often the dev data is scored and a checkpoint saved, over the whole training."""
    save_every: Positive | None = None
    """Besides, save a checkpoint to resume from every so many steps."""
    report_to: list[Tracker] = []
    """Send the curves to trackers as well, each an extra; tensorboard: into the folder tensorboard of the run."""
    seed: Seed = 13
    """Seed of everything random in training."""
    device: str = "auto"
    """auto, cpu or cuda: the first GPU that is seen. CUDA_VISIBLE_DEVICES=1 shows the second alone."""

    @property
    def rows_at_once(self) -> int:
        """Rows a step and process, where they are a number by now."""
        if self.batch_size == "auto":
            raise UsageError("training.batch_size: auto was not found out yet; see mujaz.training.memory.fit_batch.")
        return self.batch_size

    @model_validator(mode="after")
    def _first_gpu(self) -> OptimizationConfig:
        index = self.device.removeprefix("cuda:")
        if index.isdecimal() and int(index) > 0 and index != self.device:
            raise ValueError(
                f"device: a training takes the first GPU that it sees, found {self.device}. Set the variable "
                f"CUDA_VISIBLE_DEVICES={index} and leave device at auto"
            )
        return self

    @model_validator(mode="after")
    def _batch_is_clear(self) -> OptimizationConfig:
        if (self.batch_size == "auto") != (self.effective_batch_size is not None):
            raise ValueError("batch_size: auto and effective_batch_size go together: give both or neither")
        if self.batch_size == "auto" and self.gradient_accumulation > 1:
            raise ValueError("batch_size: auto finds gradient_accumulation itself: leave that out")
        return self


class FsdpConfig(Section):
    """Shard weights, gradients and optimizer over the processes (FSDP2), for models that do not fit on one GPU.

    For topic and stance. Tested on processors in place of GPUs; not yet run on two of those.
    """

    reshard_after_forward: bool = True
    """Give the gathered weights back between forward and backward: less memory, more talk between the processes."""
    cpu_offload: bool = False
    """Keep the shards in the memory of the processor."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them."""


class TrainingConfig(OptimizationConfig):
    """How to fine-tune."""

    epochs: Annotated[float, Field(gt=0)] = 3.0
    """Passes over the training data."""
    label_smoothing: Fraction = 0.0
    """Label smoothing."""
    copy_attention: Annotated[float, Field(ge=0)] = 0.0
    """Summaries by BART, MBart or what model.decoder_layers makes: weight of a further loss that teaches the decoder where
    in the article its next word stands. 1.5 where the data is small; 0 leaves it out."""
    whole_texts: Annotated[float, Field(ge=0)] = 0.0
    """Summaries by an encoder that chooses: weight of a further loss that teaches it which short texts are whole, so that
    what it chooses ends where something has been said. Headlines and sentences, and the same cut, are its data; 0.2 is
    usual, 0 leaves it out."""
    judged: Annotated[float, Field(ge=0)] = 0.0
    """Summaries by an encoder that chooses: weight of a further loss that teaches it which stretches can stand by
    themselves, from those of data.columns.judged; 0.3 is usual, 0 leaves it out. In place of whole_texts."""
    class_weights: Literal["none", "inverse", "effective"] = "none"
    """Weigh rows by the rarity of their label: one over its rows, or over their effective number (Cui et al. 2019)."""
    class_weights_beta: Fraction = 0.999
    """For effective: 0 weighs all labels alike, towards 1 it becomes inverse."""
    focal_gamma: Annotated[float, Field(ge=0)] = 0.0
    """Focal loss (Lin et al. 2017): above 0, rows that the model is sure of count less; 2 is usual."""
    group_by_length: bool = True
    """Rows of about the same length in a batch, so that less of it is padding; batches come in random order."""
    balanced_sampling: bool = False
    """Draw training rows so that every label comes equally often: rare rows are repeated, frequent ones left out."""
    fsdp: FsdpConfig | None = None
    """Several processes: shard the model over them; fsdp: {} takes the defaults. None keeps all of it in each."""
    patience: Positive | None = 3
    """Stop when dev has not become better in so many evaluations; None never stops early."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Below 1, each layer of an encoder learns at so much of the rate of the layer above it; 0.9 is usual."""
    freeze: Literal["embeddings"] | Positive | None = None
    """Do not train the embeddings; or, a number: them and so many of the lowest layers."""
    mask_tokens: Fraction = 0.0
    """Share of the tokens shown as [MASK] while an encoder is fine-tuned, drawn anew at each reading: small data is learnt
    by heart less."""
    keep_of_start: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the start's weights in the result (WiSE-FT, Wortsman et al. 2022): a model that was trained for the same
    labels forgets less. 0.5 takes the mean. Outputs that a summarizer which chooses did not have stay as trained. The
    result is scored on dev once more: best_dev in metrics.json, and what a search compares, are of it."""
    without_forgetting: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the start's own answers in what is learnt of the labels that it knew (learning without forgetting, Li &
    Hoiem 2016), for a model that goes on with other data, or learns further labels; 0.5 is usual. 1, of a summarizer that
    chooses: it learns nothing but what judged or whole_texts teach. A third more time."""
    save_precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of the saved weights; bfloat16 halves the files, at 3 significant digits."""
