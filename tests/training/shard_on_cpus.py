"""``mujaz train`` sharded over processes on CPUs: run by test_sharding.py twice at once, with a config.

accelerate shards over GPUs alone, and knows them by the kind of its processes. Told that these are of GPUs, it goes the
whole way it goes there, through gloo, and torch shards on CPUs as it does on GPUs.
"""

from __future__ import annotations

import sys
from typing import Any

from accelerate import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel, Trainer

from mujaz.configs.loading import load_config
from mujaz.training import arguments, running, train

_MAKE = PartialState.__init__


def _make_state(self: PartialState, *args: Any, **kwargs: Any) -> None:
    _MAKE(self, *args, **kwargs)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU


def _whole_model(trainer: Trainer, model: PreTrainedModel) -> PreTrainedModel:
    weights: list[Any] = list(trainer.model.parameters())  # type: ignore[union-attr]  # a Trainer may have none
    _say(f"sharded: {sum(isinstance(one, DTensor) for one in weights)} of {len(weights)}")
    return running.whole_model(trainer, model)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    vars(arguments)["_check_sharding"] = lambda settings: None
    vars(train)["whole_model"] = _whole_model
    PartialState.__init__ = _make_state
    train.train(load_config(sys.argv[1]), report=_say)
