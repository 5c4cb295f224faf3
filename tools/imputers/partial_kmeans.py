"""K-means on rows of which some modalities are missing (paper, step 3).

Lloyd's algorithm on the partial-modality distance, seeded by k-means++ on the same distance. A centre has the
modalities of its seed row, and gains one as soon as a member has it. A row that shares nothing with any
centre belongs to no cluster (label -1) until one gains a modality of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.imputers.arrays import like, sums_by_label, to_numpy
from tools.imputers.modalities import Modalities
from tools.imputers.partial_distance import Centres, Distances
from tools.imputers.progress import Progress
from tools.imputers.scaling import ScaledRows

SEEDING_ROWS = 32_768
"""Seeds are chosen among at most this many rows, drawn at random: seeding reads them K times."""


@dataclass(frozen=True)
class Clusters:
    """Result of the iterations: final centres, inertia before each update, and whether the labels settled."""

    centres: Centres
    inertia: list[float]
    converged: bool


def choose_seeds(
    rows: ScaledRows, n_clusters: int, rng: np.random.RandomState, progress: Progress
) -> np.ndarray:
    """Numbers of K rows, chosen by k-means++ (Arthur and Vassilvitskii 2007) on the partial distance.

    A row is drawn with probability proportional to its squared distance to the nearest seed so far. While
    rows share nothing with any seed (infinite distance), one of them is drawn, so every modality gets
    centres. When all remaining rows are copies of seeds, the next is drawn among them.
    """
    numbers = np.arange(rows.source.n_rows)
    usable = np.asarray(rows.source.observed.any(axis=1))
    if usable.sum() > max(SEEDING_ROWS, n_clusters):
        chosen = rng.choice(np.flatnonzero(usable), max(SEEDING_ROWS, n_clusters), replace=False)
        numbers = np.sort(chosen)
        rows, usable = _subset(rows, numbers), usable[numbers]
    seeds = [int(rng.choice(np.flatnonzero(usable)))]
    nearest = np.where(usable, np.inf, 0.0)  # a row with nothing has no weight
    for done in range(1, n_clusters):
        nearest = np.minimum(nearest, _distance_to_row(rows, seeds[-1]))
        unreached = np.isinf(nearest)
        weight = unreached.astype(float) if unreached.any() else nearest
        if not weight.any():
            weight = usable.astype(float)
            weight[seeds] = 0
        summed = np.cumsum(weight)
        drawn = np.searchsorted(summed, rng.uniform() * summed[-1], side="right")
        seeds.append(min(int(drawn), int(np.flatnonzero(weight)[-1])))  # rounding may reach past the last row
        progress("seeding", done + 1, n_clusters)
    return numbers[seeds]


def _subset(rows: ScaledRows, numbers: np.ndarray) -> ScaledRows:
    source = rows.source
    arrays = tuple(source.take(m, numbers) for m in range(len(source.names)))
    part = Modalities(source.names, arrays, source.observed[numbers], source.dtype)
    mean, scale = (dict(zip(source.names, values, strict=True)) for values in (rows.mean, rows.scale))
    return ScaledRows(part, mean, scale, cache=True)


def _distance_to_row(rows: ScaledRows, number: int) -> np.ndarray:
    """Squared distances [n] of all rows to one of them, with zero for what may be rounding."""
    distances = Distances(rows, centres_from_rows(rows, np.array([number])))
    result = np.empty(rows.source.n_rows)
    for chunk in rows.chunks():
        found = distances.to(chunk)
        square = found.mean_square()[:, 0]
        result[chunk.start : chunk.stop] = to_numpy(
            distances.xp.where(square <= found.error, 0 * found.error, square)
        )
    return result


def centres_from_rows(rows: ScaledRows, numbers: np.ndarray) -> Centres:
    """Centres that are copies of the given rows, with their modalities."""
    present = rows.source.observed[numbers]
    values = []
    for m, width in enumerate(rows.source.widths):
        centre = np.zeros((len(numbers), width))
        for j in np.flatnonzero(present[:, m]):
            centre[j] = rows.exact_rows(m, numbers[j : j + 1])[0]
        values.append(centre)
    return Centres(values, present)


def lloyd(rows: ScaledRows, centres: Centres, max_iter: int, tol: float, progress: Progress) -> Clusters:
    """Assign and update until no label changes, or no centre moves by more than `tol`, at most `max_iter`
    times.

    Update: each modality of a centre becomes the mean over the members that have it; where none has, and in
    empty clusters, the old value stays. Movement is the mean square over the centres in normalised units.
    Since a centre that gains a modality also changes which terms are averaged, inertia may rise in such a
    step.
    """
    labels = np.full(rows.source.n_rows, -2)
    inertia: list[float] = []
    for step in range(max_iter):
        previous, labels = labels, np.empty_like(labels)
        inertia.append(0.0)
        sums = [np.zeros_like(values) for values in centres.values]
        counts = np.zeros(centres.present.shape)
        distances = Distances(rows, centres)
        for chunk in rows.chunks():
            found = distances.to(chunk)
            label, square = found.nearest(found.mean_square())
            labels[chunk.start : chunk.stop] = label
            inertia[-1] += float(square[label >= 0].sum())
            for m, (members, z) in enumerate(zip(chunk.members, chunk.values, strict=True)):
                of_row = label[members]
                sums[m] += to_numpy(sums_by_label(like(of_row, z), z, len(centres)))
                counts[:, m] += np.bincount(of_row[of_row >= 0], minlength=len(centres))
        if np.array_equal(labels, previous):
            return Clusters(centres, inertia, converged=True)
        centres, movement = _updated(centres, sums, counts)
        progress("clustering", step + 1, max_iter)
        if movement <= tol:
            return Clusters(centres, inertia, converged=True)
    return Clusters(centres, inertia, converged=False)


def _updated(centres: Centres, sums: list[np.ndarray], counts: np.ndarray) -> tuple[Centres, float]:
    movement, values = 0.0, []
    for m, old in enumerate(centres.values):
        has = counts[:, m] > 0
        new = old.copy()
        new[has] = sums[m][has] / counts[has, m][:, None]
        movement += float(((new - old) ** 2).mean(axis=1).sum())
        values.append(new)
    present = centres.present | (counts > 0)
    return Centres(values, present), movement / max(1, int(present.sum()))
