"""One step of training, and everything a step changes: model, generators, their two optimisers, random states."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from tools.kgc.adversary import Adversary, Ends, generator_term, model_term
from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.loss import negative_term, positive_term
from tools.kgc.model import CompletionModel
from tools.kgc.rotation import rotate, sum_of_moduli
from tools.kgc.sampling import Batch, BatchSampler
from tools.kgc.settings import TrainingSettings

ADAM = ("step", "exp_avg", "exp_avg_sq")
"""What Adam keeps per parameter."""


class Learner:
    """Alternates a step of the model and one of the generators on the same batch.

    Without modalities, with `adversarial=False` or with mu = 0 there are no generators: nothing would feel them.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        modalities: Sequence[Modality],
        settings: TrainingSettings,
        device: str | torch.device = "cpu",
    ) -> None:
        self.graph, self.modalities, self.settings = graph, tuple(modalities), settings
        self.device = torch.device(device)
        n, R, s = len(graph.entities), len(graph.relations), settings
        self.sampling = np.random.default_rng(s.seed)
        self.sampler = BatchSampler(graph.train, n, R, self.sampling)
        self.random = torch.Generator().manual_seed(s.seed)
        self.model = CompletionModel(n, R, modalities, s, self.random)
        self.adversary: Adversary | None = None
        if modalities and s.adversarial and s.mu > 0:
            self.adversary = Adversary(len(modalities), 2 * s.dimension, s.noise, s.hidden, self.random)
            self.adversary.to(self.device)
        self.model.to(self.device)
        self._learnt = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self._optimiser = Adam(self._learnt, s.learning_rate, fused=True)
        self._generator_optimiser: Adam | None = None
        if self.adversary is not None:
            self._generator_optimiser = Adam(
                self.adversary.parameters(), s.generator_learning_rate, fused=True
            )

    def step(self, batch: Batch) -> tuple[float, float]:
        """Learn from a batch; returns the loss of the model and that of the generators (0 without them)."""
        loss = self.model_loss(batch)
        self._optimiser.zero_grad()
        torch.autograd.backward(loss, inputs=self._learnt)  # the generators are not this step's to change
        self._optimiser.step()
        if self.adversary is None or self._generator_optimiser is None:
            return loss.item(), 0.0
        against = self.generator_loss(batch)
        self._generator_optimiser.zero_grad()
        torch.autograd.backward(against, inputs=list(self.adversary.parameters()))  # nor the model this one's
        self._generator_optimiser.step()
        return loss.item(), against.item()

    def model_loss(self, batch: Batch) -> Tensor:
        """L(positives, negatives) + mu * sum_j L(positives, synthetic_j)."""
        model, margin = self.model, self.settings.margin
        entities = model.embed(self._tensor(batch.entities))[0]
        heads, tails = self._tensor(batch.heads), self._tensor(batch.tails)
        head, tail = entities.index_select(0, heads), entities.index_select(0, tails)
        angle = model.angles(self._tensor(batch.relations))
        queries = torch.stack([rotate(head, angle), rotate(tail, -angle)], dim=1)
        positives = margin - sum_of_moduli(queries[:, 0] - tail)
        candidates, sides = self._tensor(batch.candidates), self._tensor(batch.sides)
        against = negative_term(entities, queries, candidates, sides, margin, self.settings.temperature)
        loss: Tensor = (positive_term(positives) + against) / 2
        if self.adversary is not None:
            ends = self._ends(batch, head, tail, angle)
            synthetic = self.adversary.synthetic_scores(model, ends, self.random)
            loss = loss + self.settings.mu * model_term(positives, synthetic)
        return loss

    def generator_loss(self, batch: Batch) -> Tensor:
        """sum_j L(synthetic_j, positives) of the batch's positives, for the generators: the model is as it is."""
        assert self.adversary is not None
        with torch.no_grad():
            rows, places = np.unique(np.concatenate([batch.heads, batch.tails]), return_inverse=True)
            entities = self.model.embed(self._tensor(batch.entities[rows]))[0]
            head, tail = entities.index_select(0, self._tensor(places)).chunk(2)
            angle = self.model.angles(self._tensor(batch.relations))
            ends = self._ends(batch, head, tail, angle)
            positives = self.settings.margin - sum_of_moduli(rotate(head, angle) - tail)
        synthetic = self.adversary.synthetic_scores(self.model, ends, self.random)
        return generator_term(positives, synthetic)

    def fitted(self) -> FittedModel:
        """What has been learnt so far, on the CPU and apart from this learner."""
        fused, weights = self.model.embed_all()
        return FittedModel(
            graph=self.graph.name,
            entities=self.graph.entities,
            relations=self.graph.relations,
            modalities=self.model.modalities,
            synthetic=tuple(modality.name for modality in self.modalities if modality.synthetic),
            embedding=fused.cpu().numpy(),
            angle=self.model.angles().detach().cpu().numpy().copy(),
            weights=weights.cpu().numpy(),
            margin=self.settings.margin,
            settings=asdict(self.settings),
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name, to be put back by `restore`."""
        tensors = {f"model.{name}": x for name, x in self.model.state_dict().items()}
        tensors |= self._moments("model", self._learnt, self._optimiser)
        if self.adversary is not None and self._generator_optimiser is not None:
            tensors |= {f"adversary.{name}": x for name, x in self.adversary.state_dict().items()}
            parameters = list(self.adversary.parameters())
            tensors |= self._moments("adversary", parameters, self._generator_optimiser)
        sampling = json.dumps(self.sampling.bit_generator.state).encode()
        tensors["random.torch"] = self.random.get_state()
        tensors["random.numpy"] = torch.frombuffer(bytearray(sampling), dtype=torch.uint8)
        return {name: x.detach().contiguous() for name, x in tensors.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a `state` back. Raises KeyError or RuntimeError where it is of another model."""
        self.model.load_state_dict(_under("model.", tensors))
        self._put_moments("model", self._learnt, self._optimiser, tensors)
        if self.adversary is not None and self._generator_optimiser is not None:
            self.adversary.load_state_dict(_under("adversary.", tensors))
            parameters = list(self.adversary.parameters())
            self._put_moments("adversary", parameters, self._generator_optimiser, tensors)
        self.random.set_state(tensors["random.torch"])
        state: dict[str, Any] = json.loads(tensors["random.numpy"].numpy().tobytes())
        self.sampling.bit_generator.state = state

    @staticmethod
    def _moments(name: str, parameters: Sequence[Tensor], optimiser: Adam) -> dict[str, Tensor]:
        return {
            f"adam-{name}.{place}.{what}": optimiser.state[parameter][what]
            for place, parameter in enumerate(parameters)
            for what in ADAM
            if optimiser.state[parameter]
        }

    @staticmethod
    def _put_moments(
        name: str, parameters: Sequence[Tensor], optimiser: Adam, tensors: Mapping[str, Tensor]
    ) -> None:
        for place, parameter in enumerate(parameters):
            key = f"adam-{name}.{place}."
            if f"{key}step" in tensors:
                moments = {what: tensors[key + what] for what in ADAM}
                optimiser.state[parameter] = {
                    what: x.to(parameter.device, copy=True) for what, x in moments.items()
                }

    def _ends(self, batch: Batch, head: Tensor, tail: Tensor, angle: Tensor) -> Ends:
        ids = self._tensor(np.concatenate([batch.entities[batch.heads], batch.entities[batch.tails]]))
        head_structure, tail_structure = self.model.structure.index_select(0, ids).chunk(2)
        return Ends(head_structure, tail_structure, head, tail, angle)

    def _tensor(self, ids: np.ndarray) -> Tensor:
        return torch.from_numpy(ids).to(self.device)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}
