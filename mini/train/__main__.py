"""`python -m mini.train STAGE ...`: remakes the miniature's models from seeds. Every stage resumes where it stopped."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mini.train.pictures import PictureStore

Stage = Callable[[Path, Path, PictureStore, float], None]
PICTURES = 24_000


def tower(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.tower import train_tower

    train_tower(work, store, round(1700 * effort), 64)


def joint(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.joint import train_joint

    train_joint(work, out / "qwen2_vl", store, round(4250 * effort), 10)


def vae(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.diffusion import train_vae

    train_vae(work, store, round(3000 * effort), 24)


def unet(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.diffusion import train_unet

    train_unet(work, store, round(5000 * effort), 64)


def decoder(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.diffusion import train_decoder

    train_decoder(work, out / "sdxl", store, round(800 * effort), 32)


def clip(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.encoders import train_encoder

    train_encoder("clip", work, out / "clip", store, round(350 * effort), 64)


def blip(work: Path, out: Path, store: PictureStore, effort: float) -> None:
    from mini.train.encoders import train_encoder

    train_encoder("blip", work, out / "blip", store, round(350 * effort), 64)


STAGES: dict[str, Stage] = {
    "tower": tower, "joint": joint, "vae": vae, "unet": unet, "decoder": decoder, "clip": clip, "blip": blip,
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
    parser.add_argument("--threads", type=int, default=1, help="two processes of one thread beat one of two")
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    store = PictureStore(args.work, PICTURES)
    for name in STAGES if "all" in args.stages else args.stages:
        STAGES[name](args.work, args.out, store, args.effort)


if __name__ == "__main__":
    main()
