"""Seeds that depend on what is done and not on when: samples may finish in any order."""

import hashlib


def derive(run_seed: int, sample_id: str, *path: str | int) -> int:
    """A seed in [0, 2^31) for one piece of work on one sample."""
    name = "\0".join(map(str, (run_seed, sample_id, *path)))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) >> 1
