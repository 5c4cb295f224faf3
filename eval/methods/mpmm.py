"""MPMM: prompts that tell a transformer what is missing."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eval.heads.training import Schedule
from eval.methods.base import Card
from eval.methods.network import Network, OwnNetwork
from eval.task import Task


@dataclass(frozen=True)
class MPMM(OwnNetwork):
    """Missing-aware prompts; `mode` "input" lets the prompts be tokens, "attention" only keys and values."""

    mode: str = "input"
    length: int = 16
    layers: int = 6
    width: int = 128
    heads: int = 4
    epochs: int = 20
    learning_rate: float = 1e-3
    prompt_learning_rate: float = 1e-2
    weight_decay: float = 2e-2
    batch: int = 32

    card = Card(
        "Multimodal Prompting with Missing Modalities for Visual Recognition, CVPR 2023, "
        "YiLunLee/missing_aware_prompts",
        "no licence file; nothing of the code is used",
        "Its frozen ViLT is replaced by frozen CLIP features as in the paper's comparison; the small "
        "transformer over the two features has no pre-training, so unlike ViLT it is trained too, at a rate "
        "of its own. Prompts by missing case (complete, text, image) enter every layer and are dropped "
        "behind it instead of piling up.",
    )

    def __post_init__(self) -> None:
        if self.mode not in ("input", "attention"):
            raise ValueError(f"its mode is input or attention, not {self.mode!r}")

    def network(self, task: Task) -> Network:
        return _Prompted(self, task.train.width, task.classes)

    def schedule(self) -> Schedule:
        return Schedule(
            self.epochs, self.batch, self.learning_rate, self.weight_decay, decoupled=True, warm_up=0.1
        )


class _Prompted(Network):
    def __init__(self, options: MPMM, width: int, classes: int) -> None:
        super().__init__()
        self.mode = options.mode
        w = options.width
        self.image, self.text = nn.Linear(width, w), nn.Linear(width, w)
        self.first = nn.Parameter(torch.randn(1, 1, w) * 0.02)
        # Adam's steps do not depend on the gradient's size, so a parameter that is used times c learns c times as fast.
        self.speed = options.prompt_learning_rate / options.learning_rate
        shape = (options.layers, 3, options.length, w)
        self.prompts = nn.Parameter(torch.randn(shape) * 0.02 / self.speed)
        self.layers = nn.ModuleList(_Layer(w, options.heads) for _ in range(options.layers))
        self.pooler, self.classify = (
            nn.Sequential(nn.LayerNorm(w), nn.Linear(w, w), nn.Tanh()),
            nn.Linear(w, classes),
        )

    def logits(self, image: Tensor, text: Tensor, present: Tensor) -> Tensor:
        case = torch.where(~present[:, 1], 1, torch.where(~present[:, 0], 2, 0))
        tokens = torch.stack([self.image(image), self.text(text)], dim=1)
        tokens = torch.cat([self.first.expand(len(image), -1, -1), tokens], dim=1)
        for number, layer in enumerate(self.layers):
            tokens = layer(tokens, self.speed * self.prompts[number][case], self.mode)
        logits: Tensor = self.classify(self.pooler(tokens[:, 0]))
        return logits


class _Layer(nn.Module):
    """A pre-norm transformer layer that sees prompts beside its tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor, prompts: Tensor, mode: str) -> Tensor:
        """tokens [b, t, w], prompts [b, p, w] -> [b, t, w]."""
        both = torch.cat([prompts, tokens], dim=1)
        seen = self.norm(both)
        asking, rest = (seen, both) if mode == "input" else (seen[:, prompts.shape[1] :], tokens)
        mixed = rest + self.attention(asking, seen, seen, need_weights=False)[0]
        out: Tensor = (mixed + self.mlp(self.norm2(mixed)))[:, -tokens.shape[1] :]
        return out
