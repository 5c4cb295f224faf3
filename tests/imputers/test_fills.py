"""The closed form against the paper's loop, written down as the paper tells it; and the flaw of that rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.imputers import UL4M4
from tools.imputers.fills import MEAN, OBSERVED, centre_distances, observed_sources, paper_sources
from tools.imputers.modalities import read_modalities
from tools.imputers.partial_distance import Centres, Distances
from tools.imputers.scaling import ScaledRows

INFINITE = float("inf")


def distance(a: list[np.ndarray | None], b: list[np.ndarray | None]) -> float:
    """Root of the mean over shared modalities of the squared distance per feature; infinite if none is shared."""
    shared = [
        ((x - y) ** 2).sum() / len(x) for x, y in zip(a, b, strict=True) if x is not None and y is not None
    ]
    return float(np.sqrt(sum(shared) / len(shared))) if shared else INFINITE


def greedy_completion(row: list[np.ndarray | None], centres: list[list[np.ndarray | None]]) -> list[int]:
    """Each centre makes a candidate; take the best (candidate, centre) pair and copy what is missing; repeat."""
    sources = [OBSERVED if part is not None else MEAN for part in row]
    candidates = {
        f: [own if own is not None else other for own, other in zip(row, centre, strict=True)]
        for f, centre in enumerate(centres)
    }
    while MEAN in sources and candidates:
        pairs = [
            (distance(candidate, centre), f, j)
            for f, candidate in candidates.items()
            for j, centre in enumerate(centres)
        ]
        best, f, _ = min(pairs)
        if best == INFINITE:
            break
        for m, part in enumerate(centres[f]):
            if sources[m] == MEAN and part is not None:
                sources[m] = f
        del candidates[f]
    return sources


def nearest_on_observed(row: list[np.ndarray | None], centres: list[list[np.ndarray | None]]) -> list[int]:
    """Our rule in words: the nearest centre on what was observed, among those that have the modality."""
    sources = []
    for m, part in enumerate(row):
        far = [INFINITE if centre[m] is None else distance(row, centre) for centre in centres]
        best = int(np.argmin(far))
        sources.append(OBSERVED if part is not None else best if far[best] < INFINITE else MEAN)
    return sources


def sources_of(
    rows: dict[str, np.ndarray], values: list[np.ndarray], present: np.ndarray, rule: str
) -> np.ndarray:
    """What the package says, with rows that are normalised already."""
    read = read_modalities(rows)
    mean = {name: np.zeros(width) for name, width in zip(read.names, read.widths, strict=True)}
    scale = {name: np.ones(width) for name, width in zip(read.names, read.widths, strict=True)}
    scaled = ScaledRows(read, mean, scale, cache=False)
    centres = Centres([np.where(present[:, [m]], v, 0) for m, v in enumerate(values)], present)
    distances = Distances(scaled, centres)
    result = []
    for chunk in scaled.chunks():
        found = distances.to(chunk)
        result.append(
            observed_sources(found) if rule == "observed" else paper_sources(found, centre_distances(centres))
        )
    return np.concatenate(result)


def as_lists(values: list[np.ndarray], present: np.ndarray) -> list[list[np.ndarray | None]]:
    return [
        [v[i].astype(float) if present[i, m] else None for m, v in enumerate(values)]
        for i in range(len(present))
    ]


@pytest.mark.parametrize("rule", ["paper", "observed"])
@pytest.mark.parametrize("lattice", [False, True], ids=["continuous", "lattice"])
@pytest.mark.parametrize("n_modalities", [2, 3, 4, 5])
def test_sources_equal_the_loop(n_modalities: int, lattice: bool, rule: str) -> None:
    """Random partial rows and centres. On the lattice, with widths of powers of two, ties are exact and many."""
    slow = greedy_completion if rule == "paper" else nearest_on_observed
    ties = 0
    for seed in range(12):
        random = np.random.default_rng([n_modalities, seed])
        widths = random.choice([1, 2, 4], n_modalities) if lattice else random.integers(1, 7, n_modalities)
        n, k = 25, int(random.integers(1, 9))

        def draw(
            count: int, widths: np.ndarray = widths, random: np.random.Generator = random
        ) -> list[np.ndarray]:
            if lattice:
                return [random.integers(0, 2, (count, d)).astype(np.float32) for d in widths]
            return [random.normal(size=(count, d)).astype(np.float32) for d in widths]

        rows, values = draw(n), draw(k)
        observed = random.uniform(size=(n, n_modalities)) < 0.5
        present = random.uniform(size=(k, n_modalities)) < random.choice([0.3, 0.6, 0.9, 1.0])
        if k > 2:  # a duplicate, and one that is a copy of a row
            present[1], present[2] = present[0], True
            for v, r in zip(values, rows, strict=True):
                v[1], v[2] = v[0], r[0]
        X = {f"m{m}": np.where(observed[:, [m]], r, np.nan).astype(np.float32) for m, r in enumerate(rows)}
        expected = [slow(row, as_lists(values, present)) for row in as_lists(rows, observed)]
        np.testing.assert_array_equal(sources_of(X, values, present, rule), expected)
        # A tie is there if reversing the order of the centres changes which of them (in old numbering) fills.
        backwards = [slow(row, as_lists(values, present)[::-1]) for row in as_lists(rows, observed)]
        ties += sum(b >= 0 and k - 1 - b != e for bs, es in zip(backwards, expected, strict=True)
                    for b, e in zip(bs, es, strict=True))  # fmt: skip
    assert ties > 0, "the cases contain no tie, so they do not test the order"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_sources_equal_the_loop_for_any_pattern(data: st.DataObject) -> None:
    """Hypothesis picks every number and every mask, from so few values that ties are the rule."""
    n_modalities = data.draw(st.integers(2, 5))
    widths = data.draw(st.lists(st.sampled_from([1, 2, 4]), min_size=n_modalities, max_size=n_modalities))
    n, k = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    bits = st.integers(0, 2**32 - 1)
    random = np.random.default_rng(data.draw(bits))
    rows = [random.integers(0, 3, (n, d)).astype(np.float32) for d in widths]
    values = [random.integers(0, 3, (k, d)).astype(np.float32) for d in widths]
    masks = [
        data.draw(st.lists(st.booleans(), min_size=c * n_modalities, max_size=c * n_modalities))
        for c in (n, k)
    ]
    observed, present = (np.array(mask, bool).reshape(-1, n_modalities) for mask in masks)
    X = {f"m{m}": np.where(observed[:, [m]], r, np.nan).astype(np.float32) for m, r in enumerate(rows)}
    for rule, slow in (("paper", greedy_completion), ("observed", nearest_on_observed)):
        expected = [slow(row, as_lists(values, present)) for row in as_lists(rows, observed)]
        np.testing.assert_array_equal(sources_of(X, values, present, rule), expected)


def test_with_complete_centres_both_rules_take_the_nearest(make_data) -> None:
    X, observed = make_data().X, make_data().observed
    complete = np.flatnonzero(observed.all(axis=1))[:7]
    fits = [UL4M4(7, rule=rule, init=complete).fit(X) for rule in ("observed", "paper")]
    assert fits[0].presence_.all()
    some = observed.any(axis=1)
    np.testing.assert_array_equal(fits[0].fill_sources_[some], fits[1].fill_sources_[some])
    expected = np.where(observed, OBSERVED, fits[0].labels_[:, None])
    np.testing.assert_array_equal(fits[0].fill_sources_[some], expected[some])


def capture_example() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Two groups seen in both modalities, rows with image only, and two odd rows with text only."""
    random = np.random.default_rng(0)
    group = np.repeat([1.0, -1.0], 100)[:, None]
    truth = {
        "image": group + 0.1 * random.normal(size=(200, 8)),
        "text": group + 0.1 * random.normal(size=(200, 4)),
    }
    truth["text"][198:] = 9.0
    observed = np.ones((200, 2), bool)
    observed[50:150, 1] = False  # image only
    observed[198:, 0] = False  # text only
    X = {name: np.where(observed[:, [m]], values, np.nan) for m, (name, values) in enumerate(truth.items())}
    return truth, X, observed


def test_one_text_only_centre_captures_all_image_only_rows_by_the_paper_but_not_by_ours() -> None:
    truth, X, observed = capture_example()
    image_only = observed[:, 0] & ~observed[:, 1]
    errors = {}
    for rule in ("paper", "observed"):
        imputer = UL4M4(3, rule=rule, init=[0, 160, 199])
        filled = imputer.fit_transform(X)
        assert imputer.presence_.tolist() == [[True, True], [True, True], [False, True]]
        captured = (imputer.fill_sources_[image_only, 1] == 2).mean()
        assert captured == (1.0 if rule == "paper" else 0.0)
        wrong = (filled["text"] - truth["text"])[image_only] / imputer.scale_["text"]
        errors[rule] = np.sqrt((wrong**2).mean())
        mean_error = np.sqrt(
            (((truth["text"] - imputer.mean_["text"])[image_only] / imputer.scale_["text"]) ** 2).mean()
        )
    assert errors["paper"] > mean_error > errors["observed"]


def test_nothing_observed_gets_the_mean_or_by_the_paper_the_first_centre() -> None:
    _, X, _ = capture_example()
    nothing = {name: np.full((2, values.shape[1]), np.nan) for name, values in X.items()}
    ours, paper = (UL4M4(3, rule=rule, init=[199, 0, 160]).fit(X) for rule in ("observed", "paper"))
    assert (ours.fill_sources(nothing) == MEAN).all()
    np.testing.assert_allclose(ours.transform(nothing)["text"][1], ours.mean_["text"])
    assert paper.fill_sources(nothing).tolist() == [[1, 0], [1, 0]], "the lowest centre that has the modality"


@pytest.mark.parametrize("rule", ["observed", "paper"])
def test_modality_that_no_centre_has_gets_the_mean(rule: str) -> None:
    _, X, _ = capture_example()
    X = {**X, "sound": np.full((200, 3), np.nan)}
    X["sound"][7] = [1.0, 2.0, 3.0]
    # Row 7 belongs to no centre in the end, because it shares nothing with them.
    X["image"][7], X["text"][7] = np.nan, np.nan
    imputer = UL4M4(2, rule=rule, init=[0, 160]).fit(X)
    assert imputer.labels_[7] == -1 and not imputer.presence_[:, 2].any()
    assert (np.delete(imputer.fill_sources_[:, 2], 7) == MEAN).all()
    np.testing.assert_allclose(imputer.transform(X)["sound"][0], [1, 2, 3])
