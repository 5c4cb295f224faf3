"""The one training loop: shuffled batches, Adam, one learning rate or a warm-up with linear decay."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. With `warm_up` (a part of all steps) the rate rises linearly and then falls to 0."""

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.0
    decoupled: bool = False
    """AdamW instead of Adam."""
    warm_up: float | None = None
    clip: float | None = None
    """Largest norm of the gradient."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """PyTorch's generator starts at `seed` inside, and is what it was outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def train(
    network: nn.Module, batch_loss: Callable[[Tensor], Tensor], rows: int, schedule: Schedule
) -> nn.Module:
    """Minimise `batch_loss(row numbers [b])` over `rows` rows; returns the network in evaluation mode.

    Draws from PyTorch's generator: call it inside `seeded`. Raises `FloatingPointError` when the loss is no longer a
    number.
    """
    parameters = [each for each in network.parameters() if each.requires_grad]
    kind = torch.optim.AdamW if schedule.decoupled else torch.optim.Adam
    # fused: one call for all parameters, since the networks are so small that the calls are what takes time
    optimiser = kind(parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True)
    steps = schedule.epochs * max(1, -(-rows // schedule.batch))
    slope = torch.optim.lr_scheduler.LambdaLR(optimiser, _slope(schedule.warm_up, steps))
    network.train()
    for _ in range(schedule.epochs):
        for batch in torch.split(torch.randperm(rows), schedule.batch):
            loss = batch_loss(batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            if schedule.clip is not None:
                nn.utils.clip_grad_norm_(parameters, schedule.clip)
            optimiser.step()
            if schedule.warm_up is not None:
                slope.step()
        if not torch.isfinite(loss.detach()):
            raise FloatingPointError(
                f"the loss became {float(loss.detach())} in training; lower the learning rate "
                f"({schedule.learning_rate:g})"
            )
    return network.eval()


def _slope(warm_up: float | None, steps: int) -> Callable[[int], float]:
    if warm_up is None:
        return lambda step: 1.0
    rise = max(1, round(warm_up * steps))
    return lambda step: (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))
