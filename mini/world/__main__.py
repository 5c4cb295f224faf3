"""Draws a data set of any size, or a sheet of its first samples to look at.

python -m mini.world --form mmimdb --seed 7 --n 500 --out DIR
python -m mini.world --form iuxray --grid sheet.png
"""

import argparse
from pathlib import Path

from mini.world.forms import FORMS
from mini.world.grid import CELLS, sheet


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m mini.world", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--form", choices=list(FORMS), default="mmimdb")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--n", type=int, default=500, help="samples in all, train, dev and test together")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR", help="a new or empty folder for the data set")
    where.add_argument(
        "--grid", type=Path, metavar="PNG", help="draw no data set, but a sheet of its first samples"
    )
    args = parser.parse_args()
    if args.grid is not None:
        _grid(parser, args.form, args.seed, args.grid)
        return
    if args.n < 1:
        parser.error(f"--n is {args.n}; at least one sample is needed")
    if args.out.exists() and (not args.out.is_dir() or any(args.out.iterdir())):
        parser.error(f"--out {args.out} is not an empty folder; name a new one")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        FORMS[args.form](args.seed, args.n, args.out)
    except OSError as error:
        parser.error(f"--out {args.out} cannot be written: {error.strerror or error}")
    print(f"{args.n} samples in the form of {args.form}: {args.out}")


def _grid(parser: argparse.ArgumentParser, form: str, seed: int, path: Path) -> None:
    if form not in CELLS:
        parser.error(f"there is no sheet of --form {form}, only of {', '.join(CELLS)}")
    if path.suffix.lower() != ".png":
        parser.error(f"--grid {path} must end in .png")
    try:
        sheet(form, seed).quantize(256).save(path, "PNG", optimize=True)
    except OSError as error:
        parser.error(f"--grid {path} cannot be written: {error.strerror or error}")
    print(f"the first samples in the form of {form}: {path}")


if __name__ == "__main__":
    main()
