"""Where things lie on a coarse grid: labels for helper losses, thrown away after training."""

import numpy as np
import torch

from mini.train.marks import Marked


def cell_labels(found: list[Marked], cells: int, marks: int, traits: int) -> torch.Tensor:
    """Which marks and traits touch each cell: float [n, cells, cells, marks + traits], 0 or 1."""
    labels = np.zeros((len(found), cells, cells, marks + traits), dtype=np.float32)
    centres = (np.arange(cells) + 0.5) / cells
    for i, (targets, _) in enumerate(found):
        for each in targets:
            # Most of an object, so that thin corners do not count as presence.
            near_x = np.maximum(np.abs(centres - each.x) - 0.5 / cells, 0)
            near_y = np.maximum(np.abs(centres - each.y) - 0.5 / cells, 0)
            inside = near_y[:, None] ** 2 + near_x[None, :] ** 2 < (each.size * 0.36) ** 2
            labels[i, inside, each.mark] = 1
            if each.trait >= 0:
                labels[i, inside, marks + each.trait] = 1
    return torch.as_tensor(labels)


def object_mask(found: list[Marked], side: int) -> torch.Tensor:
    """1 where a pixel belongs to the surroundings of a mark, else 0: float [n, 1, side, side]."""
    mask = np.zeros((len(found), 1, side, side), dtype=np.float32)
    centres = (np.arange(side) + 0.5) / side
    for i, (targets, _) in enumerate(found):
        for each in targets:
            down = centres - np.clip(centres, each.y - each.above, each.y)
            far = down[:, None] ** 2 + (centres[None, :] - each.x) ** 2
            mask[i, 0][far < (each.size * 0.55) ** 2] = 1
    return torch.as_tensor(mask)
