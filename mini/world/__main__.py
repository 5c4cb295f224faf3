"""`python -m mini.world --form mmimdb --seed 7 --n 500 --out DIR`: draws a data set of any size."""

import argparse
from pathlib import Path

from mini.world.forms import FORMS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mini.world", description=__doc__)
    parser.add_argument("--form", choices=list(FORMS), default="mmimdb")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--n", type=int, default=500, help="samples in all, train, dev and test together")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    args = parser.parse_args()
    if args.n < 1:
        parser.error(f"--n is {args.n}; at least one sample is needed")
    if args.out.exists() and (not args.out.is_dir() or any(args.out.iterdir())):
        parser.error(f"--out {args.out} is not an empty folder; name a new one")
    args.out.mkdir(parents=True, exist_ok=True)
    FORMS[args.form](args.seed, args.n, args.out)
    print(f"{args.n} samples in the form of {args.form}: {args.out}")


if __name__ == "__main__":
    main()
