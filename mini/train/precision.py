"""The number format that training computes in."""

import torch


def fast_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16 (AMX, AVX-512 BF16, Arm BF16).

    Elsewhere PyTorch emulates such products, thirty times slower than in float32.
    """
    return any(has for name, has in torch.cpu.get_capabilities().items() if name.endswith("bf16"))


def mixed() -> torch.autocast:
    """A context in which products are taken in bfloat16 where that is fast, and in float32 elsewhere."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast_bfloat16())
