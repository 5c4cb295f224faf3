"""Where training computes, and in which number format.

Tensors are made on PyTorch's default device, which `python -m mini.train --device` sets, so no trainer names one.
"""

import torch


def default_device() -> str:
    """A GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fast_bfloat16() -> bool:
    """Whether the device multiplies in bfloat16 (a GPU since Ampere; a CPU with AMX, AVX-512 BF16 or Arm BF16).

    On other CPUs PyTorch emulates such products, thirty times slower than in float32.
    """
    if torch.get_default_device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(has for name, has in torch.cpu.get_capabilities().items() if name.endswith("bf16"))


def mixed() -> torch.autocast:
    """A context in which products are taken in bfloat16 where that is fast, and in float32 elsewhere."""
    return torch.autocast(torch.get_default_device().type, dtype=torch.bfloat16, enabled=fast_bfloat16())
