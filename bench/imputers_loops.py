"""The published UL4M4 loops, written plainly: what `bench/imputers.py` compares with. Nothing to run by itself."""

from __future__ import annotations

import time

import numpy as np


class PublishedLoops:
    """UL4M4 as the paper tells it: differences of all rows to all centres, and a greedy loop over the rows.

    Float32 as in the released code. It is given two advantages: it starts from good seeds at the same cost as ours
    (k-means++ with the same draws, each seed compared once), and in the completion the distances between centres
    are calculated once instead of anew for every row.
    """

    def __init__(self, n_clusters: int, max_iter: int, tol: float, random_state: int):
        self.k, self.max_iter, self.tol, self.random_state = n_clusters, max_iter, tol, random_state

    def fit_transform(self, X: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.seconds = {}
        start = time.process_time()
        has = np.stack([~np.isnan(x).any(axis=1) for x in X.values()], axis=1)
        self.mean = [x[h].mean(axis=0) for x, h in zip(X.values(), has.T, strict=True)]
        self.scale = [x[h].std(axis=0) for x, h in zip(X.values(), has.T, strict=True)]
        z = [np.nan_to_num((x - m) / s) for x, m, s in zip(X.values(), self.mean, self.scale, strict=True)]
        start = self._lap("normalise", start)
        seeds = self._seeds(z, has)
        start = self._lap("seeding", start)
        centres, present, labels = [v[seeds] for v in z], has[seeds].copy(), None
        for _ in range(self.max_iter):
            old, labels = labels, self._distances(z, has, centres, present).argmin(axis=1)
            labels[~has.any(axis=1)] = -1
            if old is not None and (old == labels).all():
                break
            moved = 0.0
            for j in range(self.k):
                for m in range(len(z)):
                    members = (labels == j) & has[:, m]
                    if members.any():
                        new = z[m][members].mean(axis=0)
                        moved += ((new - centres[m][j]) ** 2).mean()
                        centres[m][j], present[j, m] = new, True
            if moved / present.sum() <= self.tol:
                break
        self.labels = self._distances(z, has, centres, present).argmin(axis=1)
        self.labels[~has.any(axis=1)] = -1
        start = self._lap("clustering", start)
        self.sources = self._complete(z, has, centres, present)
        raw = [c * s + m for c, s, m in zip(centres, self.scale, self.mean, strict=True)]
        filled = {}
        for m, (name, x) in enumerate(X.items()):
            filled[name] = x.copy()
            for i in np.flatnonzero(~has[:, m]):
                filled[name][i] = raw[m][self.sources[i, m]]
        self._lap("completion", start)
        return filled

    def _lap(self, what: str, start: float) -> float:
        self.seconds[what] = time.process_time() - start
        return time.process_time()

    def _distances(self, z: list, has: np.ndarray, centres: list, present: np.ndarray) -> np.ndarray:
        total = np.zeros((len(has), len(present)), np.float32)
        for m in range(len(z)):
            both = has[:, m][:, None] & present[:, m][None]
            total += both * ((z[m][:, None] - centres[m][None]) ** 2).mean(axis=2)  # [n, K, d] numbers
        shared = has.astype(int) @ present.T.astype(int)
        return np.where(shared > 0, np.sqrt(total / np.maximum(shared, 1)), np.inf)

    def _seeds(self, z: list, has: np.ndarray) -> np.ndarray:
        random, usable = np.random.RandomState(self.random_state), np.flatnonzero(has.any(axis=1))
        z, has = [v[usable] for v in z], has[usable]
        seeds, nearest = [int(random.choice(len(usable)))], np.full(len(usable), np.inf)
        while len(seeds) < self.k:
            last = seeds[-1:]
            nearest = np.minimum(nearest, self._distances(z, has, [v[last] for v in z], has[last])[:, 0] ** 2)
            weight = np.isinf(nearest).astype(float) if np.isinf(nearest).any() else nearest
            summed = np.cumsum(weight)
            seeds.append(int(np.searchsorted(summed, random.uniform() * summed[-1], side="right")))
        return usable[seeds]

    def _complete(self, z: list, has: np.ndarray, centres: list, present: np.ndarray) -> np.ndarray:
        between = np.array([((c[:, None] - c[None]) ** 2).mean(axis=2) for c in centres])
        between *= present.T[:, :, None] & present.T[:, None, :]
        own = np.zeros((len(z), len(has), self.k), np.float32)
        for m in range(len(z)):
            own[m] = ((z[m][:, None] - centres[m][None]) ** 2).mean(axis=2)
        sources = np.full(has.shape, -1)
        for i in np.flatnonzero(~has.all(axis=1)):
            seen, missing = has[i], ~has[i]
            total = (own[seen, i] * present.T[seen]).sum(axis=0)[None] + between[missing].sum(axis=0)
            tied = present[:, missing].astype(int) @ present[:, missing].T.astype(int)
            count = present[:, seen].sum(axis=1)[None] + tied
            score = np.where(count > 0, np.sqrt(total / np.maximum(count, 1)), np.inf).min(axis=1)
            while missing.any():
                f = int(score.argmin())
                sources[i, missing & present[f]] = f
                missing &= ~present[f]
                score[f] = np.inf
        return sources
