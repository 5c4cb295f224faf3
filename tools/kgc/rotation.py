"""RotatE (Sun et al., ICLR 2019): a relation turns each complex coordinate of the head; the tail should lie there.

Vectors of d complex coordinates are [..., 2d] real numbers, real parts before imaginary parts. The score is
margin - sum_i |h_i exp(j theta_i) - t_i|, a sum of moduli as in the authors' code; PyKEEN's model of the same name
takes the norm of the whole vector, another score.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

TINY = 1e-12
"""Below this a modulus has gradient 0 in the limit, and above it its square does not underflow in float32."""


def rotate(x: Tensor, angle: Tensor) -> Tensor:
    """[..., 2d] turned by [..., d] radians. As it is an isometry, -angle turns a tail towards its head."""
    real, imaginary = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([real * cos - imaginary * sin, real * sin + imaginary * cos], dim=-1)


def sum_of_moduli(x: Tensor) -> Tensor:
    """[..., 2d] -> [...]: sum_i |x_i|, with gradient x_i / |x_i|, and 0 where x_i is 0 (sqrt alone gives NaN)."""
    total: Tensor = _SumOfModuli.apply(x)
    return total


class _SumOfModuli(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        real, imaginary = x.chunk(2, dim=-1)
        modulus = real.square().addcmul_(imaginary, imaginary).sqrt_()
        ctx.save_for_backward(x, modulus)
        return modulus.sum(dim=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        x, modulus = ctx.saved_tensors
        scale = gradient.unsqueeze(-1) / modulus.clamp(min=TINY)
        back: Tensor = x * torch.cat([scale, scale], dim=-1)
        return back
