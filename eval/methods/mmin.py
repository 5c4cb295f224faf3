"""MMIN: a cascade of autoencoders imagines the missing part of the joint feature."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from eval.heads.losses import Loss, masked_mse
from eval.heads.training import Schedule
from eval.methods.base import Card
from eval.methods.network import Network, OwnNetwork
from eval.task import Task


@dataclass(frozen=True)
class MMIN(OwnNetwork):
    """Missing Modality Imagination Network with forward and backward cascades."""

    blocks: int = 5
    widths: tuple[int, int, int] = (256, 128, 64)
    epochs: int = 60
    learning_rate: float = 2e-4
    weight_decay: float = 1e-5
    batch: int = 128
    dropout: float = 0.5
    imagination: float = 4.0
    """Weight of the imagined joint feature's mean squared error."""
    cycle: float = 2.0
    """Weight of the way back."""

    card = Card(
        "Missing Modality Imagination Network for Emotion Recognition with Uncertain Missing Modalities, ACL "
        "2021, AIM3-RUC/MMIN",
        "MIT; written anew",
        "Encoders are the identity on frozen features, so that what is imagined is a CLIP feature and its "
        "similarity can be measured. Complete rows hide one modality at random in every batch, which is how "
        "the original learns to imagine; rows that miss one for real add only their task loss and the error "
        "on what they have. The way back is held against what was shown, not against the zeros of what was not.",
    )
    version = 2  # 1 took one mean per modality, so both errors of a complete row weighed twice
    imputes = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))  # YAML has lists
        if len(self.widths) != 3 or self.blocks < 1:
            raise ValueError("it needs three widths and at least one block")

    def network(self, task: Task) -> Network:
        return _Imagining(self, task.train.width, task.classes)

    def schedule(self) -> Schedule:
        return Schedule(self.epochs, self.batch, self.learning_rate, self.weight_decay)


class _Imagining(Network):
    def __init__(self, options: MMIN, width: int, classes: int) -> None:
        super().__init__()
        self.width, self.weights = width, (options.imagination, options.cycle)
        self.onward = _Cascade(2 * width, options.widths, options.blocks)
        self.back = _Cascade(2 * width, options.widths, options.blocks)
        self.classify = nn.Sequential(
            nn.Linear(options.blocks * options.widths[-1], options.widths[1]),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(options.widths[1], classes),
        )

    def logits(self, image: Tensor, text: Tensor, present: Tensor) -> Tensor:
        _, codes = self.onward(_joint(image, text, present))
        logits: Tensor = self.classify(codes)
        return logits

    def loss(self, image: Tensor, text: Tensor, present: Tensor, labels: Tensor, task_loss: Loss) -> Tensor:
        shown = _hide_one(present)
        seen = _joint(image, text, shown)
        imagined, codes = self.onward(seen)
        returned, _ = self.back(imagined)
        total = task_loss(self.classify(codes), labels)
        total = total + self.weights[0] * self._joint_mse(imagined, torch.cat([image, text], dim=1), present)
        return total + self.weights[1] * self._joint_mse(returned, seen, shown)

    def imagine(self, image: Tensor, text: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        imagined, _ = self.onward(_joint(image, text, present))
        return imagined[:, : self.width], imagined[:, self.width :]

    def _joint_mse(self, made: Tensor, wanted: Tensor, counted: Tensor) -> Tensor:
        """One mean over all values of both halves [b, 2d] that `counted` [b, 2] has, not one mean per modality."""
        halves = made.reshape(-1, self.width), wanted.reshape(-1, self.width)
        return masked_mse(*halves, counted.reshape(-1))


class _Cascade(nn.Module):
    """Residual autoencoders: each reads the input plus all outputs before it."""

    def __init__(self, width: int, widths: tuple[int, int, int], blocks: int) -> None:
        super().__init__()
        down, up = (width, *widths), (*reversed(widths), width)
        self.encoders = nn.ModuleList(_mlp(down) for _ in range(blocks))
        self.decoders = nn.ModuleList(_mlp(up) for _ in range(blocks))
        self.last = nn.Linear(width, width)

    def forward(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """[b, 2d] -> imagined [b, 2d], codes of all blocks [b, blocks x widths[-1]]."""
        codes, carried = [], joint
        for encode, decode in zip(self.encoders, self.decoders, strict=True):
            codes.append(encode(carried))
            carried = carried + decode(codes[-1])
        return self.last(carried), torch.cat(codes, dim=1)


def _mlp(widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def _joint(image: Tensor, text: Tensor, present: Tensor) -> Tensor:
    return torch.cat([image * present[:, [0]], text * present[:, [1]]], dim=1)


def _hide_one(present: Tensor) -> Tensor:
    """Complete rows show both, only the image or only the text, a third each; the others what they have."""
    case = torch.randint(3, (len(present),))
    shown = torch.stack([case != 1, case != 2], dim=1)
    return present & torch.where(present.all(dim=1, keepdim=True), shown, present)
