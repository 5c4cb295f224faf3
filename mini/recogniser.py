"""An independent recogniser of drawn pictures: a small convolutional network that judges what the diffusion model drew.

It takes no part in a run. A candidate must not be judged by the CLIP and BLIP that chose it, nor by the Qwen2-VL that
described it. The network marks the centre of every object (or finding) on a coarse map, as CenterNet does (Zhou et al.,
"Objects as Points", 2019); numbers, order and sides follow from where the marks are. `python -m mini.train recogniser`
trains one for scenes and one for radiographs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file

from mini.world.chest import BOTH, KINDS, SIDES, STRUCTURES, ZONES, Film, Finding
from mini.world.facts import ARRANGEMENTS, COLOURS, MOST_COPIES, STYLES, Group, Scene
from mini.world.facts import KINDS as OBJECTS

SIDE = 64
CELLS = 16
WIDTH = 64
LEAST = 0.35
"""A mark counts from this probability on."""
NEAR = 1.6
"""In cells: of marks closer than this the weaker one is dropped, whatever it stands for."""
Facts_co = TypeVar("Facts_co", covariant=True)
Array = NDArray[np.float32]


class Net(torch.nn.Module):
    """Pictures [n, 3, 64, 64], 0-1, to logits: marks [n, m, 16, 16], traits of what is marked [n, t, 16, 16], and
    classes of the whole picture [n, w]."""

    def __init__(self, marks: int, traits: int, whole: int) -> None:
        super().__init__()
        self.sizes = (marks, traits, whole)
        self.eye = torch.nn.Sequential(
            _layer(5, 24, stride=2), _layer(24, 48, stride=2), _layer(48, WIDTH)
        )  # two more channels hold x and y
        self.look = torch.nn.ModuleList(_layer(WIDTH, WIDTH, dilation=reach) for reach in (1, 2, 4, 2, 1))
        self.around = torch.nn.Linear(2 * WIDTH, WIDTH)
        self.marks = torch.nn.Conv2d(WIDTH, marks, 1)
        self.traits = torch.nn.Conv2d(WIDTH, traits, 1)
        self.whole = torch.nn.Linear(2 * WIDTH, whole)
        with torch.no_grad():
            assert self.marks.bias is not None
            self.marks.bias.fill_(-4.0)  # nearly every cell is empty

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        n, side = len(pictures), pictures.shape[-1]
        line = torch.linspace(-1, 1, side, device=pictures.device, dtype=pictures.dtype)
        where = torch.stack([line.expand(side, side), line[:, None].expand(side, side)]).expand(n, -1, -1, -1)
        seen = self.eye(torch.cat([pictures * 2 - 1, where], dim=1))
        for layer in self.look:
            seen = seen + layer(seen)
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], dim=1)
        seen = F.relu(seen + self.around(pooled)[:, :, None, None])
        return self.marks(seen), self.traits(seen), self.whole(pooled)


def _layer(before: int, after: int, stride: int = 1, dilation: int = 1) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Conv2d(before, after, 3, stride=stride, padding=dilation, dilation=dilation, bias=False),
        torch.nn.BatchNorm2d(after),
        torch.nn.ReLU(),
    )


@dataclass(frozen=True)
class Mark:
    """Something found: which of the marks, with what probability, where (0-1), and its traits as probabilities."""

    mark: int
    sure: float
    x: float
    y: float
    traits: Array


class Reader(Protocol[Facts_co]):
    """What the marks of one world mean."""

    marks: int
    traits: int
    whole: int

    def facts(self, found: list[Mark], whole: Array) -> Facts_co:
        """The facts of one picture, from its marks and the logits of the whole."""


class SceneReader:
    """Marks are kinds, traits are colours, the whole has a style."""

    marks, traits, whole = len(OBJECTS), len(COLOURS), len(STYLES)

    def facts(self, found: list[Mark], whole: Array) -> Scene:
        by_kind: dict[int, list[Mark]] = {}
        for mark in found:
            by_kind.setdefault(mark.mark, []).append(mark)
        each = list(by_kind.values())
        arrangement, axis = self._arrangement(each)
        each.sort(key=lambda marks: float(np.mean([getattr(mark, axis) for mark in marks])))
        groups = tuple(
            Group(
                OBJECTS[marks[0].mark],
                min(len(marks), MOST_COPIES),
                COLOURS[int(np.mean([mark.traits for mark in marks], axis=0).argmax())],
            )
            for marks in each
        )
        return Scene(groups, arrangement, style=STYLES[int(whole.argmax())])

    def _arrangement(self, each: list[list[Mark]]) -> tuple[str | None, str]:
        """Along which axis the kinds lie apart: that with the wider gap between neighbours."""
        if len(each) < 2:
            return None, "x"
        gaps = {}
        for axis in ("x", "y"):
            ranges = sorted((min(v), max(v)) for v in ([getattr(m, axis) for m in marks] for marks in each))
            gaps[axis] = min(after[0] - before[1] for before, after in pairwise(ranges))
        return (ARRANGEMENTS[0], "x") if gaps["x"] >= gaps["y"] else (ARRANGEMENTS[1], "y")


class FilmReader:
    """Marks are kinds in their sizes, traits are zones; the side is where the mark lies."""

    def __init__(self) -> None:
        self.names = [(kind, size) for kind in KINDS for size in KINDS[kind].sizes or (None,)]
        self.marks, self.traits, self.whole = len(self.names), len(ZONES), 1

    def facts(self, found: list[Mark], whole: Array) -> Film:
        findings = []
        for name, kind in KINDS.items():
            marks = [mark for mark in found if self.names[mark.mark][0] == name]
            if not marks:
                continue
            best = max(marks, key=lambda mark: mark.sure)
            side = None if kind.place == "midline" else self._side(best)
            if kind.place == "base" and {self._side(mark) for mark in marks} == set(SIDES):
                side = BOTH
            zone = ZONES[int(best.traits.argmax())] if kind.place == "zone" else None
            findings.append(Finding(name, side, zone, self.names[best.mark][1]))
        abnormal = {KINDS[finding.kind].structure for finding in findings}
        return Film(tuple(findings), tuple(s for s in STRUCTURES if s not in abnormal))

    def _side(self, mark: Mark) -> str:
        """The patient faces the viewer."""
        return "right" if mark.x < 0.5 else "left"


class Recogniser(Generic[Facts_co]):
    """What is on pictures of any size, by a trained network."""

    def __init__(self, net: Net, reader: Reader[Facts_co]) -> None:
        self.net, self.reader = net.eval(), reader

    @torch.no_grad()
    def recognise(self, pictures: Sequence[Image.Image], batch: int = 64) -> list[Facts_co]:
        facts: list[Facts_co] = []
        for start in range(0, len(pictures), batch):
            marks, traits, whole = self.net(as_tensor(pictures[start : start + batch]))
            facts += [
                self.reader.facts(found, row.numpy())
                for found, row in zip(_found(marks, traits), whole, strict=True)
            ]
        return facts


def _found(marks: torch.Tensor, traits: torch.Tensor) -> list[list[Mark]]:
    """The peaks of each picture's map, strongest first, without weaker ones close by."""
    sure = marks.sigmoid()
    peaks = (sure == F.max_pool2d(sure, 3, stride=1, padding=1)) & (sure > LEAST)
    likely = traits.softmax(1)
    every: list[list[Mark]] = [[] for _ in range(len(marks))]
    places = peaks.nonzero().tolist()
    for i, mark, row, column in sorted(places, key=lambda p: -float(sure[tuple(p)])):
        x, y = (column + 0.5) / CELLS, (row + 0.5) / CELLS
        if all(np.hypot(x - other.x, y - other.y) * CELLS > NEAR for other in every[i]):
            traits_there = likely[i, :, row, column].numpy()
            every[i].append(Mark(mark, float(sure[i, mark, row, column]), x, y, traits_there))
    return every


def as_tensor(pictures: Sequence[Image.Image]) -> torch.Tensor:
    """Pictures as the network sees them: float32 [n, 3, 64, 64], 0-1."""
    small = [picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX) for picture in pictures]
    return torch.from_numpy(np.stack([np.asarray(each) for each in small])).permute(0, 3, 1, 2).float() / 255


def save(net: Net, name: str, folder: Path) -> None:
    """`<name>.safetensors` (fp16) and `<name>.json` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.contiguous() for key, value in net.state_dict().items()}
    half = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    save_file(half, folder / f"{name}.safetensors")
    about = dict(zip(("marks", "traits", "whole"), net.sizes, strict=True)) | {"side": SIDE, "cells": CELLS}
    (folder / f"{name}.json").write_text(json.dumps(about, indent=1) + "\n")


def scenes(folder: Path) -> Recogniser[Scene]:
    """The recogniser of scenes from `folder` (`mini.weights.folder("recogniser")`)."""
    reader = SceneReader()
    return Recogniser(_load(folder / "scenes.safetensors", reader), reader)


def films(folder: Path) -> Recogniser[Film]:
    """The recogniser of radiographs."""
    reader = FilmReader()
    return Recogniser(_load(folder / "films.safetensors", reader), reader)


def _load(path: Path, reader: Reader[Scene | Film]) -> Net:
    net = Net(reader.marks, reader.traits, reader.whole)
    state = load_file(path)
    net.load_state_dict(
        {name: each.float() if each.is_floating_point() else each for name, each in state.items()}
    )
    return net
