"""Checkpoints, learning-rate schedule and log lines that every training stage shares."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from mini.train.muon import Muon


class OtherTraining(Exception):
    """A work folder holds the same stage of another training; the sentence says which."""


@dataclass
class Stage:
    """One training stage: counts steps, writes a log, saves and resumes."""

    name: str
    folder: Path
    steps: int
    start: Path | None = None
    """Folder of the finished models that it goes on from."""
    step: int = 0
    seconds: float = 0.0
    save_every: float = 120.0
    started: float = field(default_factory=time.monotonic)
    _saved: float = field(default_factory=time.monotonic)
    _sums: dict[str, list[float]] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path:
        return self.folder / f"{self.name}.ckpt"

    @property
    def done(self) -> Path:
        return self.folder / f"{self.name}.done"

    @property
    def plan(self) -> dict[str, Any]:
        """What a training must have in common with the one that it resumes: schedules depend on the number of steps."""
        return {"steps": self.steps, "from": str(self.start.resolve()) if self.start else None}

    def finished(self) -> bool:
        """Whether it was finished earlier, which is said. Raises `OtherTraining`."""
        if not self.done.exists():
            return False
        self._same(json.loads(self.done.read_text()).get("plan"), self.done)
        print(f"{self.name}: finished earlier, by {self.done}", flush=True)
        return True

    def _same(self, plan: object, path: Path) -> None:
        if plan != self.plan:
            raise OtherTraining(
                f"{path} is of another training ({plan}, asked for {self.plan}); name another --work, or remove it"
            )

    def resume(self, parts: dict[str, Any]) -> None:
        """Load the last checkpoint, if there is one, into `parts` (anything with load_state_dict).

        Raises:
            OtherTraining: it is of another number of steps, or went on from other models.
        """
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            self._same(state.get("plan"), self.checkpoint)
            self.step, self.seconds = state["step"], state["seconds"]
            for name, part in parts.items():
                part.load_state_dict(state[name])
            print(f"{self.name}: goes on at step {self.step}", flush=True)
        self.started = time.monotonic()

    def save(self, parts: dict[str, Any]) -> None:
        total = self.seconds + time.monotonic() - self.started
        state = {
            "step": self.step,
            "seconds": total,
            "plan": self.plan,
            **{name: part.state_dict() for name, part in parts.items()},
        }
        partial = self.checkpoint.with_suffix(".part")
        torch.save(state, partial)
        partial.rename(self.checkpoint)
        self._saved = time.monotonic()

    def tick(self, parts: dict[str, Any], values: dict[str, float], every: int = 50) -> None:
        """After each step: gather values, print their means now and then, save now and then."""
        self.step += 1
        for name, value in values.items():
            self._sums.setdefault(name, []).append(value)
        if self.step % every == 0 or self.step == self.steps:
            means = {name: round(sum(v) / len(v), 4) for name, v in self._sums.items()}
            total = self.seconds + time.monotonic() - self.started
            line = {"stage": self.name, "step": self.step, "of": self.steps, "s": round(total, 1), **means}
            self._sums.clear()
            print(json.dumps(line), flush=True)
            with (self.folder / f"{self.name}.log").open("a") as log:
                log.write(json.dumps(line) + "\n")
        if time.monotonic() - self._saved > self.save_every:
            self.save(parts)

    def finish(self) -> None:
        total = self.seconds + time.monotonic() - self.started
        self.done.write_text(json.dumps({"steps": self.steps, "seconds": round(total, 1), "plan": self.plan}))


def rate(step: int, steps: int, warm: int = 100, hold: float = 0.8) -> float:
    """Linear warm-up, full rate up to the share `hold` of all steps, then ONE linear decay to a hundredth.

    Binding (which colour, whose number, what order) is learnt late and all at once, and only at a high rate; a cosine,
    which falls from the start, was seen to freeze a model before that.
    """
    if step < warm:
        return (step + 1) / warm
    left = (steps - step) / max(1.0, steps * (1 - hold))
    return max(0.01, min(1.0, left))


class Optimisers:
    """Muon for the hidden matrices, AdamW for the rest; one schedule for both."""

    def __init__(
        self, module: torch.nn.Module, muon_lr: float, adam_lr: float, steps: int, decay: float = 0.01,
        keep_adam: tuple[str, ...] = ("embed", "head", "patch", "position", "token"), warm: int = 100,
        hold: float = 0.8,
    ) -> None:  # fmt: skip
        matrices: list[torch.nn.Parameter] = []
        rest: list[torch.nn.Parameter] = []
        seen: set[int] = set()
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad or id(parameter) in seen:
                continue
            seen.add(id(parameter))
            hidden = parameter.ndim == 2 and not any(word in name for word in keep_adam)
            (matrices if hidden else rest).append(parameter)
        self.base = (muon_lr, adam_lr)
        self.steps, self.warm, self.hold = steps, warm, hold
        muon = Muon(matrices, muon_lr, decay)
        adam = torch.optim.AdamW(rest, lr=adam_lr, weight_decay=0.0, betas=(0.9, 0.98))
        self.parts = (muon, adam)
        self.parameters = [*matrices, *rest]

    def step(self, step: int) -> float:
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, 1.0))
        for base, part in zip(self.base, self.parts, strict=True):
            for group in part.param_groups:
                group["lr"] = base * rate(step, self.steps, self.warm, self.hold)
            part.step()
            part.zero_grad(set_to_none=True)
        return norm

    def state_dict(self) -> dict[str, Any]:
        return {str(i): part.state_dict() for i, part in enumerate(self.parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for i, part in enumerate(self.parts):
            part.load_state_dict(state[str(i)])
