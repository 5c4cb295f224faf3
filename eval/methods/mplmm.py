"""MPLMM: generative, missing-signal and missing-type prompts."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from eval.heads.training import Schedule
from eval.methods.base import Card
from eval.methods.network import Network, OwnNetwork
from eval.task import Task


@dataclass(frozen=True)
class MPLMM(OwnNetwork):
    """Makes up the token of a missing modality from the other one and a generative prompt."""

    width: int = 30
    length: int = 16
    layers: int = 5
    heads: int = 5
    epochs: int = 40
    learning_rate: float = 1e-3
    batch: int = 64

    card = Card(
        "Multimodal Prompt Learning with Missing Modalities for Sentiment Analysis and Emotion Recognition, "
        "ACL 2024, zrguo/MPLMM",
        "MIT; written anew",
        "Two modalities of one feature each instead of three sequences, so the convolution runs over the "
        "generative prompt and the one token. The missing-type prompt starts small and random: as released "
        "both of its factors start at zero and appear only as a product, so that it never trains.",
    )

    def network(self, task: Task) -> Network:
        return _Prompting(self, task.train.width, task.classes)

    def schedule(self) -> Schedule:
        return Schedule(self.epochs, self.batch, self.learning_rate, clip=0.8)


class _Prompting(Network):
    """Columns of all parameters [2, ...]: 0 image, 1 text."""

    def __init__(self, options: MPLMM, width: int, classes: int) -> None:
        super().__init__()
        w, length = options.width, options.length
        self.project = nn.ModuleList(nn.Linear(width, w) for _ in range(2))
        self.cross = nn.ModuleList(nn.Linear(w, w) for _ in range(2))
        """f_{n -> m}: number m makes modality m from the other."""
        self.narrow = nn.ModuleList(nn.Conv1d(length + 1, 1, 1) for _ in range(2))
        self.generative = nn.Parameter(torch.randn(2, length, w) * 0.02)
        self.signal = nn.Parameter(torch.randn(2, 2, w) * 0.02)
        """S_m: by modality, and missing (0) or present (1)."""
        self.kind = nn.Parameter(torch.randn(2, w, w) * 0.02)
        """M_m."""
        self.base = nn.Parameter(torch.randn(length, w) * 0.02)
        """T."""
        layer = nn.TransformerEncoderLayer(
            w, options.heads, 4 * w, dropout=0.1, batch_first=True, norm_first=True
        )
        self.mix = nn.TransformerEncoder(layer, options.layers, enable_nested_tensor=False)
        self.classify = nn.Sequential(nn.LayerNorm(2 * w), nn.Linear(2 * w, classes))

    def logits(self, image: Tensor, text: Tensor, present: Tensor) -> Tensor:
        projected = [project(each) for project, each in zip(self.project, (image, text), strict=True)]
        tokens = []
        for m in range(2):
            prompt = self.generative[m].expand(len(image), -1, -1)
            other = self.cross[m](projected[1 - m])[:, None]
            made = gelu(self.narrow[m](torch.cat([prompt, other], dim=1))[:, 0]) + self.signal[m, 0]
            there = projected[m] + self.signal[m, 1]
            tokens.append(torch.where(present[:, [m]], there, made))
        state = present.long()
        signals = torch.stack([self.signal[m][state[:, m]] @ self.kind[m] for m in range(2)]).sum(dim=0)
        typed = self.base[None] * signals[:, None]  # [b, length, w]
        mixed = self.mix(torch.cat([torch.stack(tokens, dim=1), typed], dim=1))
        logits: Tensor = self.classify(mixed[:, :2].flatten(1))
        return logits
