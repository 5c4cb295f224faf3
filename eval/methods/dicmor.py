"""DiCMoR: a normalising flow per modality; a missing feature crosses from one to the other through the base
distribution."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from eval.heads.losses import Loss, masked_mse
from eval.heads.training import Schedule
from eval.methods.base import Card
from eval.methods.network import Network, OwnNetwork
from eval.task import Task


@dataclass(frozen=True)
class DiCMoR(OwnNetwork):
    """Distribution-consistent modality recovery."""

    steps: int = 32
    hidden: int = 128
    epochs: int = 30
    learning_rate: float = 1e-4
    batch: int = 32
    recovery: float = 0.1
    """Weight of likelihood and recovery against the task."""

    card = Card(
        "Distribution-Consistent Modal Recovering for Incomplete Multimodal Learning, ICCV 2023, "
        "mdswyz/DiCMoR",
        "Apache-2.0; written anew",
        "Glow on vectors: actnorm, a fixed random rotation and an affine coupling per step, where the "
        "original has learnt convolutions on sequences. The base distribution does not depend on the class: "
        "the released forward pass needs the labels at test time, and its users cannot reproduce it. The "
        "likelihood is per dimension, so that its weight does not depend on the width. Complete rows hide "
        "one modality at random in every batch, so that the classifier learns what recovered features are "
        "like.",
    )
    imputes = True

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError("it needs at least one step of flow")

    def network(self, task: Task) -> Network:
        return _Recovering(self, task.train.width, task.classes)

    def schedule(self) -> Schedule:
        return Schedule(self.epochs, self.batch, self.learning_rate, clip=1.0)


class _Recovering(Network):
    def __init__(self, options: DiCMoR, width: int, classes: int) -> None:
        super().__init__()
        self.weight = options.recovery
        self.flows = nn.ModuleList(_Flow(width, options.hidden, options.steps) for _ in range(2))
        self.refine = nn.ModuleList(_ChannelAttention(width) for _ in range(2))
        self.classify = nn.Linear(2 * width, classes)

    def logits(self, image: Tensor, text: Tensor, present: Tensor) -> Tensor:
        logits: Tensor = self.classify(torch.cat(self.imagine(image, text, present), dim=1))
        return logits

    def imagine(self, image: Tensor, text: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        made_image, made_text = self._cross(text, 0), self._cross(image, 1)
        return torch.where(present[:, [0]], image, made_image), torch.where(present[:, [1]], text, made_text)

    def loss(self, image: Tensor, text: Tensor, present: Tensor, labels: Tensor, task_loss: Loss) -> Tensor:
        both = present.all(dim=1)
        (base_image, volume_image), (base_text, volume_text) = self._flow(0)(image), self._flow(1)(text)
        made = self._from_base(base_text, 0), self._from_base(base_image, 1)
        recovered = sum(
            (masked_mse(made[m], truth, both) for m, truth in enumerate((image, text))), torch.zeros(())
        )
        likelihood = _nll(base_image, volume_image, present[:, 0]) + _nll(
            base_text, volume_text, present[:, 1]
        )
        case = torch.randint(3, (len(present),))
        shown = present & torch.where(both[:, None], torch.stack([case != 1, case != 2], dim=1), present)
        features = [torch.where(shown[:, [m]], truth, made[m]) for m, truth in enumerate((image, text))]
        logits = self.classify(torch.cat(features, dim=1))
        return task_loss(logits, labels) + self.weight * (likelihood + recovered)

    def _flow(self, m: int) -> "_Flow":
        flow = self.flows[m]
        assert isinstance(flow, _Flow)
        return flow

    def _cross(self, other: Tensor, m: int) -> Tensor:
        """Modality m from the other one: x_m = R_m(F_m^-1(F_other(x)))."""
        return self._from_base(self._flow(1 - m)(other)[0], m)

    def _from_base(self, base: Tensor, m: int) -> Tensor:
        made: Tensor = self.refine[m](self._flow(m).inverse(base))
        return made


class _Flow(nn.Module):
    """Affine couplings with actnorm and fixed rotations between them; the base is a standard normal."""

    def __init__(self, width: int, hidden: int, steps: int) -> None:
        super().__init__()
        self.known = width // 2
        self.shift = nn.Parameter(torch.zeros(steps, width))
        self.log_scale = nn.Parameter(torch.zeros(steps, width))
        rotations = torch.stack([torch.linalg.qr(torch.randn(width, width))[0] for _ in range(steps)])
        self.rotations: Tensor
        self.register_buffer("rotations", rotations)
        self.couplings = nn.ModuleList(
            _coupling(self.known, width - self.known, hidden) for _ in range(steps)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[b, d] -> base [b, d], log-determinant [b]."""
        total = x.new_zeros(len(x))
        for step, coupling in enumerate(self.couplings):
            x = (x + self.shift[step]) * self.log_scale[step].exp() @ self.rotations[step]
            left, right = x[:, : self.known], x[:, self.known :]
            scale, shift = self._affine(coupling, left)
            x = torch.cat([left, right * scale.exp() + shift], dim=1)
            total = total + self.log_scale[step].sum() + scale.sum(dim=1)
        return x, total

    def inverse(self, z: Tensor) -> Tensor:
        """[b, d] -> [b, d]: undoes `forward`."""
        for step in reversed(range(len(self.couplings))):
            left, right = z[:, : self.known], z[:, self.known :]
            scale, shift = self._affine(self.couplings[step], left)
            z = torch.cat([left, (right - shift) * (-scale).exp()], dim=1) @ self.rotations[step].T
            z = z * (-self.log_scale[step]).exp() - self.shift[step]
        return z

    @staticmethod
    def _affine(coupling: nn.Module, left: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = coupling(left).chunk(2, dim=1)
        return torch.tanh(scale), shift  # bounded, or a deep flow overflows


def _nll(base: Tensor, log_determinant: Tensor, present: Tensor) -> Tensor:
    """Negative log-likelihood per dimension, up to a constant, mean over the rows present; 0 if there are none."""
    each = (0.5 * (base**2).sum(dim=1) - log_determinant) / base.shape[1]
    rows = present.to(base.dtype)
    mean: Tensor = (each * rows).sum() / torch.clamp(rows.sum(), min=1)
    return mean


def _coupling(known: int, made: int, hidden: int) -> nn.Sequential:
    last = nn.Linear(hidden, 2 * made)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(known, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last)


class _ChannelAttention(nn.Module):
    """R: a residual block whose channels are weighted by a squeeze of themselves."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        narrow = max(1, width // 16)
        self.weigh = nn.Sequential(
            nn.Linear(width, narrow), nn.ReLU(), nn.Linear(narrow, width), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        made = self.body(x)
        refined: Tensor = x + made * self.weigh(made)
        return refined
