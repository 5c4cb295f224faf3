"""What the methods share that train a network of their own on frozen features, missing modalities included."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from eval.heads.build import PREDICT_ROWS, tensor
from eval.heads.losses import Loss, loss_of
from eval.heads.training import Schedule, seeded, train
from eval.methods.base import Method
from eval.task import MODALITIES, Floats, Outcome, Pair, Part, Task


class Network(nn.Module, ABC):
    """A classifier of (image [b, d], text [b, d], present [b, 2]); what is missing is zero in the features."""

    @abstractmethod
    def logits(self, image: Tensor, text: Tensor, present: Tensor) -> Tensor:
        """[b, C]."""

    def loss(self, image: Tensor, text: Tensor, present: Tensor, labels: Tensor, task_loss: Loss) -> Tensor:
        """What is minimised; the task's loss unless a method adds to it."""
        return task_loss(self.logits(image, text, present), labels)

    def imagine(self, image: Tensor, text: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Both features, what is missing made up from what is there. Only for methods with `imputes`."""
        raise NotImplementedError


class OwnNetwork(Method):
    """Trains its network on every training row that has any modality."""

    own_network = True
    imputes: ClassVar[bool] = False

    @abstractmethod
    def network(self, task: Task) -> Network:
        """The untrained network."""

    @abstractmethod
    def schedule(self) -> Schedule:
        """How it is trained."""

    def apply(self, task: Task) -> Outcome:
        rows = np.flatnonzero(task.train.present.any(axis=1))
        if not len(rows):
            raise ValueError("no training row has any modality")
        image, text, present = (each[torch.from_numpy(rows)] for each in _tensors(task.train))
        labels, loss = tensor(task.train.labels[rows].astype(np.float32)), loss_of(task.head)
        with seeded(task.seed):
            network = self.network(task)

            def batch_loss(at: Tensor) -> Tensor:
                return network.loss(image[at], text[at], present[at], labels[at], loss)

            train(network, batch_loss, len(rows), self.schedule())
        return Outcome(
            test=_predict(network, task.test),
            dev=_predict(network, task.dev) if task.dev is not None else None,
            filled=_imagined(network, task.train) if self.imputes else None,
            trained_on=len(rows),
        )


def _tensors(part: Part) -> tuple[Tensor, Tensor, Tensor]:
    visible = part.visible
    image, text = (tensor(np.nan_to_num(visible[name])) for name in MODALITIES)
    return image, text, torch.from_numpy(part.present.copy())


def _chunks(part: Part) -> list[tuple[Tensor, Tensor, Tensor]]:
    image, text, present = (torch.split(each, PREDICT_ROWS) for each in _tensors(part))
    return list(zip(image, text, present, strict=True))


def _predict(network: Network, part: Part) -> Floats:
    with torch.inference_mode():
        return np.concatenate([torch.sigmoid(network.logits(*chunk)).numpy() for chunk in _chunks(part)])


def _imagined(network: Network, part: Part) -> Pair:
    with torch.inference_mode():
        made = [network.imagine(*chunk) for chunk in _chunks(part)]
    visible = part.visible
    return {
        name: np.where(
            part.present[:, [slot]], visible[name], torch.cat([each[slot] for each in made]).numpy()
        ).astype(np.float32)
        for slot, name in enumerate(MODALITIES)
    }
