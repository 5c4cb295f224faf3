"""Measure the imputers: cost beside the published loops and scikit-learn's, cost against size, error and accuracy.

    OMP_NUM_THREADS=1 python bench/imputers.py              # all parts, a quarter of an hour on one core
    OMP_NUM_THREADS=1 python bench/imputers.py --parts digits

Every measurement runs in a process of its own, so that its peak resident size is its own. Writes
bench/results/imputers.json and .md, and the pictures of docs/imputers.md. The million-row part needs 9 GB of disk.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "bench" / "results"
IMAGES = ROOT / "docs" / "images"
PARTS = ("side by side", "small", "scaling", "million", "digits")


# ------------------------------------------------------------------ data


def embeddings(folder: Path, n: int, widths: tuple[int, ...], dtype: str = "float32", seed: int = 0) -> None:
    """Write truth and incomplete rows: 64 groups in 32 hidden dimensions, shown by each modality with noise.

    Each slot is missing with probability one half, independently; in `observed` is what is there.
    """
    for stale in folder.glob("truth*.npy"):  # of a smaller run in the same folder
        stale.unlink()
    random = np.random.default_rng(seed)
    groups, shows = random.normal(size=(64, 32)) * 1.5, [random.normal(size=(32, d)) / 4 for d in widths]
    observed = random.uniform(size=(n, len(widths))) > 0.5
    np.save(folder / "mask.npy", observed)
    # The noise of a block is that of the first, moved by a random number of rows: drawing it all would take long.
    noise = [random.standard_normal((20_000, d), np.float32) for d in widths]
    for m, d in enumerate(widths):
        truth = (
            np.lib.format.open_memmap(folder / f"truth{m}.npy", "w+", dtype, (n, d)) if n <= 20_000 else None
        )
        given = np.lib.format.open_memmap(folder / f"m{m}.npy", "w+", dtype, (n, d))
        causes = np.random.default_rng(seed + 1)  # the same for every modality
        for start in range(0, n, 20_000):
            size = min(20_000, n - start)
            cause = groups[causes.integers(64, size=20_000)] + causes.normal(size=(20_000, 32))
            block = (
                cause[:size] @ shows[m] + np.roll(noise[m], causes.integers(20_000), axis=0)[:size]
            ).astype(dtype)
            if truth is not None:
                truth[start : start + size] = block
            given[start : start + size] = np.where(observed[start : start + size, m][:, None], block, np.nan)


def peak_mib() -> float:
    """Peak resident size of this process in MiB (of its own memory map, unlike ru_maxrss)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


# ------------------------------------------------------------------ one measurement, in a process of its own


def child(task: dict[str, Any]) -> dict[str, Any]:
    """Fit and fill once; processor seconds without imports and reading, peak memory with them."""
    from imputers_loops import PublishedLoops
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
    from sklearn.linear_model import Ridge

    from tools.imputers import UL4M4, MatrixImputer, MeanImputer, NeighboursImputer, RidgeImputer, ZeroImputer

    k, passes, tol = task.get("k", 64), task.get("passes", 100), task.get("tol", 1e-4)
    make = {
        "published loops": lambda: PublishedLoops(k, passes, tol, 0),
        "UL4M4, rule=observed": lambda: UL4M4(k, max_iter=passes, tol=tol, random_state=0),
        "UL4M4, rule=paper": lambda: UL4M4(k, rule="paper", max_iter=passes, tol=tol, random_state=0),
        "UL4M4, rule=paper, torch tensors": lambda: UL4M4(
            k, rule="paper", max_iter=passes, tol=tol, random_state=0
        ),
        "ridge": RidgeImputer,
        "neighbours": NeighboursImputer,
        "mean": MeanImputer,
        "zero": ZeroImputer,
        "scikit-learn SimpleImputer": SimpleImputer,
        "scikit-learn KNNImputer": KNNImputer,
        "scikit-learn IterativeImputer, 1 round, 20 inputs": lambda: IterativeImputer(
            Ridge(), max_iter=1, n_nearest_features=20, random_state=0
        ),
    }
    folder, mode = Path(task["folder"]), "r" if task.get("mapped") else None
    X: Any = {name: np.load(folder / f"{name}.npy", mmap_mode=mode) for name in ("m0", "m1")}
    imputer = make[task["method"]]()
    matrix = task["method"].startswith("scikit-learn") or isinstance(imputer, MatrixImputer)
    given = np.hstack(list(X.values())) if matrix else X
    if "torch" in task["method"]:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(1)
        given = {name: torch.from_numpy(x).to(device) for name, x in X.items()}
    out = None
    if task.get("mapped"):
        out = {
            name: np.lib.format.open_memmap(folder / f"out-{name}.npy", "w+", x.dtype, x.shape)
            for name, x in X.items()
        }
    import warnings

    warnings.simplefilter("ignore")  # a fixed number of passes is meant not to converge
    clock, wall = time.process_time(), time.time()
    filled = imputer.fit_transform(given) if out is None else imputer.fit_transform(given, out=out)
    result = {"seconds": time.process_time() - clock, "wall": time.time() - wall, "peak MiB": peak_mib()}
    if matrix:
        filled = dict(zip(X, np.hsplit(np.asarray(filled), [X["m0"].shape[1]]), strict=True))
    if isinstance(imputer, PublishedLoops):
        result["stages"] = imputer.seconds
        np.savez(folder / "published.npz", labels=imputer.labels, sources=imputer.sources)
    if isinstance(imputer, UL4M4):
        result["passes"] = imputer.n_iter_
        if imputer.rule == "paper" and (folder / "published.npz").exists():
            published = np.load(folder / "published.npz")
            result["labels that differ"] = int((published["labels"] != imputer.labels_).sum())
            result["fills that differ"] = int((published["sources"] != imputer.fill_sources_).sum())
    if (folder / "truth0.npy").exists():
        mask, squares, count = np.load(folder / "mask.npy"), 0.0, 0
        for m, values in enumerate(filled.values()):
            truth, missing = np.load(folder / f"truth{m}.npy"), ~mask[:, m]
            wrong = (np.asarray(values)[missing] - truth[missing]) / truth.std(axis=0)
            squares, count = squares + float((wrong**2).sum()), count + wrong.size
        result["z-RMSE"] = (squares / count) ** 0.5
    return result


def measure(**task: Any) -> dict[str, Any]:
    """Run `child` in a new interpreter."""
    command = [sys.executable, __file__, "--child", json.dumps({k: str(v) if isinstance(v, Path) else v
                                                                for k, v in task.items()})]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{task} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{task['method']}: {result}", flush=True)
    return result


# ------------------------------------------------------------------ the parts


def side_by_side(work: Path, n: int, methods: list[str]) -> dict[str, Any]:
    embeddings(work, n, (512, 512))
    return {"n": n, "rows": {method: measure(method=method, folder=work) for method in methods}}


def scaling(work: Path) -> dict[str, Any]:
    """Five passes each, so that only the size differs."""
    result: dict[str, Any] = {"n": {}, "k": {}}
    for n in (10_000, 20_000, 40_000, 80_000):
        embeddings(work, n, (256, 256))
        one = measure(method="UL4M4, rule=observed", folder=work, passes=5, tol=0.0, mapped=True)
        result["n"][n] = {"seconds": one["seconds"], "peak MiB": one["peak MiB"]}
    embeddings(work, 20_000, (256, 256))
    for k in (32, 64, 128, 256, 512):
        one = measure(method="UL4M4, rule=observed", folder=work, passes=5, tol=0.0, k=k, mapped=True)
        result["k"][k] = {"seconds": one["seconds"], "peak MiB": one["peak MiB"]}
    return result


def million(work: Path) -> dict[str, Any]:
    embeddings(work, 1_000_000, (1024, 1024), "float16")
    return measure(method="UL4M4, rule=observed", folder=work, passes=2, tol=0.0, mapped=True)


def digits() -> dict[str, Any]:
    """Four quarters of scikit-learn's digits as modalities; error and accuracy of a classifier on filled rows."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    from tools.imputers import UL4M4, MeanImputer, NeighboursImputer, RidgeImputer, ZeroImputer

    images, labels = load_digits().images / 16, load_digits().target
    views = {
        f"{a}{b}": images[:, i : i + 4, j : j + 4].reshape(-1, 16)
        for a, i in (("top ", 0), ("bottom ", 4))
        for b, j in (("left", 0), ("right", 4))
    }
    methods: dict[str, Any] = {
        "UL4M4 (observed)": lambda s: UL4M4(64, random_state=s),
        "UL4M4 (paper)": lambda s: UL4M4(64, rule="paper", random_state=s),
        "ridge": lambda s: RidgeImputer(),
        "neighbours": lambda s: NeighboursImputer(),
        "mean": lambda s: MeanImputer(),
        "zero": lambda s: ZeroImputer(),
    }
    result: dict[str, Any] = {}
    for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        for seed in range(5):
            train, test = train_test_split(
                np.arange(len(labels)), test_size=0.5, random_state=seed, stratify=labels
            )
            random = np.random.default_rng(seed)
            mask = random.uniform(size=(len(labels), 4)) > rate
            mask[~mask.any(axis=1), random.integers(4)] = True  # every row keeps something
            for name, make in methods.items():
                imputer = make(seed).fit({v: x[train] for v, x in views.items()}, observed=mask[train])
                filled = [
                    imputer.transform({v: x[i] for v, x in views.items()}, observed=mask[i])
                    for i in (train, test)
                ]
                wrong = []
                for m, (view, x) in enumerate(views.items()):
                    # Border pixels that are almost always blank would decide the error; leave them out.
                    scale = imputer.scale_[view]
                    pixels, missing = scale > 0.1 * np.median(scale), ~mask[test, m]
                    wrong.append(((filled[1][view] - x[test]) / scale)[missing][:, pixels].ravel())
                head = LogisticRegression(max_iter=3000).fit(
                    np.hstack(list(filled[0].values())), labels[train]
                )
                entry = result.setdefault(name, {}).setdefault(str(rate), {"z-RMSE": [], "accuracy": []})
                entry["z-RMSE"].append(float(np.sqrt((np.concatenate(wrong) ** 2).mean())))
                entry["accuracy"].append(float(head.score(np.hstack(list(filled[1].values())), labels[test])))
    return result


# ------------------------------------------------------------------ pictures and pages


def draw(results: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    IMAGES.mkdir(parents=True, exist_ok=True)
    if "digits" in results:
        figure, axes = plt.subplots(1, 2, figsize=(10, 4))
        for axis, what in zip(axes, ("z-RMSE", "accuracy"), strict=True):
            for name, rates in results["digits"].items():
                values = np.array([entry[what] for entry in rates.values()])
                axis.errorbar([float(r) for r in rates], values.mean(1), values.std(1), label=name, capsize=2)
            axis.set(xlabel="part of the views that is missing", ylabel=what)
        axes[0].set_title("error of the filled views (lower is better)")
        axes[1].set_title("accuracy of a linear classifier on filled rows")
        axes[0].legend()
        figure.tight_layout()
        figure.savefig(IMAGES / "imputers-digits.png", dpi=110)
    if "scaling" in results:
        figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
        for axis, key, label in zip(axes, "nk", ("rows N (K = 64)", "centres K (N = 20,000)"), strict=True):
            sizes = [int(size) for size in results["scaling"][key]]
            seconds = [one["seconds"] for one in results["scaling"][key].values()]
            axis.plot(sizes, seconds, "o-")
            axis.set(xlabel=label, ylabel="processor seconds", ylim=0, xlim=0)
        figure.suptitle("UL4M4, fit (5 passes) and fill, 2 x 256 float32, one thread")
        figure.tight_layout()
        figure.savefig(IMAGES / "imputers-cost.png", dpi=110)


def page(results: dict[str, Any]) -> str:
    lines = [
        "# Imputers, measured",
        "",
        "Written by `python bench/imputers.py`; the numbers are in `imputers.json`.",
        "",
    ]
    lines += [f"- {key}: {value}" for key, value in results["machine"].items()]
    for part, title in (("side by side", "Two modalities of 512, K = 64, half the slots missing"),
                        ("small", "The same with fewer rows, where scikit-learn's are feasible")):  # fmt: skip
        if part in results:
            base = results[part]["rows"].get("published loops", {}).get("seconds")
            lines += ["", f"## {title}: N = {results[part]['n']:,}", ""]
            lines += [
                "| method | CPU s | times less CPU than the loops | peak RSS, GiB | z-RMSE | note |",
                "|---|---|---|---|---|---|",
            ]
            for name, row in results[part]["rows"].items():
                ratio = f"{base / row['seconds']:.1f}" if base else ""
                note = "; ".join(f"{key}: {row[key]}" for key in row if "differ" in key or key == "passes")
                note += "; ".join(f"{key} {value:.1f} s" for key, value in row.get("stages", {}).items())
                cells = (
                    f"{row['seconds']:.2f}",
                    ratio,
                    f"{row['peak MiB'] / 1024:.2f}",
                    f"{row['z-RMSE']:.3f}",
                    note,
                )
                lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if "scaling" in results:
        lines += [
            "",
            "## Cost against size: 2 x 256 float32 from a memory map, fit with 5 passes and fill",
            "",
        ]
        lines += ["| N (K = 64) | CPU s | us per row | peak RSS, MiB |", "|---|---|---|---|"]
        for n, one in results["scaling"]["n"].items():
            lines.append(
                f"| {int(n):,} | {one['seconds']:.2f} | {one['seconds'] / int(n) * 1e6:.1f} | {one['peak MiB']:.0f} |"
            )
        lines += ["", "| K (N = 20,000) | CPU s | peak RSS, MiB |", "|---|---|---|"]
        lines += [
            f"| {k} | {one['seconds']:.2f} | {one['peak MiB']:.0f} |"
            for k, one in results["scaling"]["k"].items()
        ]
    if "million" in results:
        one = results["million"]
        lines += ["", "## 1,000,000 rows x 2 x 1024, float16, memory-mapped in and out, K = 64", ""]
        lines.append(
            f"{one['passes']} passes and fill: {one['seconds']:.0f} s of processor time "
            f"({one['wall']:.0f} s by the clock), peak resident {one['peak MiB'] / 1024:.2f} GiB."
        )
    if "digits" in results:
        lines += ["", "![digits](../../docs/images/imputers-digits.png)"]
        lines += ["", "## Digits in four quarters, five seeds: mean z-RMSE / accuracy on test rows", ""]
        rates = list(next(iter(results["digits"].values())))
        lines += [
            "| method | " + " | ".join(f"{float(r):.0%} missing" for r in rates) + " |",
            "|---" * (len(rates) + 1) + "|",
        ]
        for name, entries in results["digits"].items():
            cells = [f"{np.mean(e['z-RMSE']):.3f} / {np.mean(e['accuracy']):.3f}" for e in entries.values()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    info = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.split(": ")[1] for line in info.splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    packages = "numpy", "scipy", "scikit-learn", "torch", "matplotlib"
    import torch

    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; one thread",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{p} {version(p)}" for p in packages),
        "revision": subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
        ).stdout.strip(),
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none: tensors were on the CPU",
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(json.loads(options.child))))
        return
    file = RESULTS / "imputers.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    results["machine"] = machine()
    ours = [
        "UL4M4, rule=paper",
        "UL4M4, rule=observed",
        "UL4M4, rule=paper, torch tensors",
        "ridge",
        "neighbours",
        "mean",
        "zero",
    ]
    theirs = ["scikit-learn SimpleImputer"]
    slow = ["scikit-learn KNNImputer", "scikit-learn IterativeImputer, 1 round, 20 inputs"]
    for part in options.parts.split(","):
        with tempfile.TemporaryDirectory(prefix="imputers-") as name:
            run = {
                "side by side": lambda work: side_by_side(work, 18_160, ["published loops", *ours, *theirs]),
                "small": lambda work: side_by_side(work, 1_000, ["published loops", *ours, *theirs, *slow]),
                "scaling": scaling,
                "million": million,
                "digits": lambda work: digits(),
            }[part]
            results[part] = run(Path(name))
        RESULTS.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(results, indent=1) + "\n")
        (RESULTS / "imputers.md").write_text(page(results))
        draw(results)


if __name__ == "__main__":
    main()
