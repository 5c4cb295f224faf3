"""`python -m mini.train STAGE ...`: remakes the miniature's models from seeds. Every stage resumes where it stopped."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mini.train.pictures import PictureStore

if TYPE_CHECKING:
    from mini.train.films import FilmStore
    from mini.train.worlds import Mixture

PICTURES = 24_000
FILMS = 12_000
TOWER, JOINT = 3600, 3600
"""Steps of the Qwen2-VL's stages."""


@dataclass
class Job:
    """What every stage is told."""

    work: Path
    """Checkpoints and drawn pictures."""
    out: Path
    """Where the finished models go."""
    scenes: PictureStore
    effort: float
    start: Path | None
    """Finished models to start from instead of from nothing."""
    stages: list[str]
    """All that are asked for."""

    def steps(self, usual: int) -> int:
        return round(usual * self.effort)

    @cached_property
    def films(self) -> "FilmStore":
        """Drawn on first use, which takes some minutes."""
        from mini.train.films import FilmStore

        return FilmStore(self.work, FILMS)

    def mixture(self, films: float = 0.38) -> "Mixture":
        """Both worlds, for the models that are trained on pictures and on pairs; `films` is the radiographs' share."""
        from mini.train.worlds import Films, Mixture, Scenes

        return Mixture([Scenes(self.scenes), Films(self.films)], [1 - films, films])


Stage = Callable[[Job], None]


def tower(job: Job) -> None:
    from mini.train.tower import train_tower

    train_tower(job.work, job.scenes, job.films, job.steps(TOWER), 48, start=job.start)


def joint(job: Job) -> None:
    from mini.train.joint import train_joint

    # Whoever goes on without the first stage goes on with the tower that the finished model has.
    own = job.start is not None and "tower" not in job.stages
    out, steps = job.out / "qwen2_vl", job.steps(JOINT)
    train_joint(job.work, out, job.scenes, job.films, steps, 12, start=job.start, own_tower=own)


def vae(job: Job) -> None:
    from mini.train.autoencoder import train_vae

    # The marks of radiographs are the small ones.
    train_vae(job.work, job.mixture(films=0.5), job.steps(3600), 28, start=job.start)


def unet(job: Job) -> None:
    from mini.train.diffusion import train_unet

    train_unet(job.work, job.mixture(), job.steps(5000), 72, start=job.start)


def decoder(job: Job) -> None:
    from mini.train.autoencoder import train_decoder

    train_decoder(job.work, job.out / "sdxl", job.mixture(), job.steps(600), 32)


def clip(job: Job) -> None:
    from mini.train.encoders import train_encoder

    train_encoder("clip", job.work, job.out / "clip", job.mixture(), job.steps(600), 64, start=job.start)


def blip(job: Job) -> None:
    from mini.train.encoders import train_encoder

    train_encoder("blip", job.work, job.out / "blip", job.mixture(), job.steps(600), 64, start=job.start)


def recogniser(job: Job) -> None:
    """The judges of drawn candidates; about five minutes each, and as long to draw the radiographs."""
    from mini.train.recogniser import train_films, train_scenes

    train_scenes(job.work, job.out / "recogniser", job.scenes, job.steps(1000), 64)
    train_films(job.work, job.out / "recogniser", job.films, job.steps(1000), 64)


STAGES: dict[str, Stage] = {
    "tower": tower, "joint": joint, "vae": vae, "unet": unet, "decoder": decoder, "clip": clip, "blip": blip,
    "recogniser": recogniser,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mini.train", description=__doc__)
    parser.add_argument(
        "stages", nargs="+", choices=[*STAGES, "all"], metavar="STAGE", help=f"{', '.join(STAGES)} or all"
    )
    parser.add_argument(
        "--work", type=Path, default=Path(".cache/train"), help="checkpoints and drawn pictures"
    )
    parser.add_argument("--out", type=Path, default=Path("mini/weights"), help="where the finished models go")
    parser.add_argument("--effort", type=float, default=1.0, help="factor on the number of steps")
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="DIR", help="train the finished models in DIR further"
    )
    parser.add_argument(
        "--device", help="where to compute, such as cpu or cuda; a GPU by itself where there is one"
    )
    parser.add_argument("--threads", type=int, default=1, help="two processes of one thread beat one of two")
    args = parser.parse_args()
    if args.start and not args.start.is_dir():
        parser.error(f"--from {args.start} is no folder; name one of finished models, such as mini/weights")
    import torch

    from mini.train.compute import default_device
    from mini.train.progress import OtherTraining

    torch.set_num_threads(args.threads)
    device = args.device or default_device()
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        parser.error(f"cannot compute on --device {device}: {reason}")
    torch.set_default_device(device)
    args.work.mkdir(parents=True, exist_ok=True)
    stages = list(STAGES) if "all" in args.stages else args.stages
    job = Job(args.work, args.out, PictureStore(args.work, PICTURES), args.effort, args.start, stages)
    try:
        for name in stages:
            STAGES[name](job)
    except OtherTraining as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
