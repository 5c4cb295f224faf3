"""Where things lie on a coarse grid: labels for helper losses, thrown away after training."""

import numpy as np
import torch

from mini.world.facts import COLOURS, KINDS, Layout


def cell_labels(layouts: list[Layout], cells: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Which kinds and colours touch each cell: float [n, cells, cells, 12] and [n, cells, cells, 6], 0 or 1."""
    kinds = np.zeros((len(layouts), cells, cells, len(KINDS)), dtype=np.float32)
    colours = np.zeros((len(layouts), cells, cells, len(COLOURS)), dtype=np.float32)
    centres = (np.arange(cells) + 0.5) / cells
    for i, layout in enumerate(layouts):
        for item in layout.objects:
            # Most of an object, so that thin corners do not count as presence.
            near_x = np.maximum(np.abs(centres - item.x) - 0.5 / cells, 0)
            near_y = np.maximum(np.abs(centres - item.y) - 0.5 / cells, 0)
            inside = near_y[:, None] ** 2 + near_x[None, :] ** 2 < (item.size * 0.36) ** 2
            kinds[i, inside, KINDS.index(item.kind)] = 1
            colours[i, inside, COLOURS.index(item.colour)] = 1
    return torch.from_numpy(kinds), torch.from_numpy(colours)


def object_mask(layouts: list[Layout], side: int) -> torch.Tensor:
    """1 where a pixel belongs to the surroundings of an object, else 0: float [n, 1, side, side]."""
    mask = np.zeros((len(layouts), 1, side, side), dtype=np.float32)
    centres = (np.arange(side) + 0.5) / side
    for i, layout in enumerate(layouts):
        for item in layout.objects:
            far = (centres[:, None] - item.y) ** 2 + (centres[None, :] - item.x) ** 2
            mask[i, 0][far < (item.size * 0.55) ** 2] = 1
    return torch.from_numpy(mask)
