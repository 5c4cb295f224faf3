"""Muon for processors of every kind: PyTorch's own makes updates orthogonal in bfloat16 alone, which took 14 of 19
seconds of a step where that is emulated."""

from typing import Any

import torch

from mini.train.compute import fast_bfloat16


class Muon(torch.optim.Muon):
    """`torch.optim.Muon` with Nesterov's momentum and updates of AdamW's size, in float32 where bfloat16 is slow.

    Arguments and state are PyTorch's, so checkpoints go from one kind of processor to the other.
    """

    def __init__(self, params: list[torch.nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        self.emulated = not fast_bfloat16()

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One update of all parameters that have a gradient."""
        if not self.emulated:
            return super().step(closure)  # type: ignore[no-untyped-call]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        mean = state["momentum_buffer"]
        mean.lerp_(gradient, 1 - group["momentum"])
        update = orthogonal(
            gradient.lerp(mean, group["momentum"]),
            group["ns_coefficients"],
            group["ns_steps"],
            group["eps"],
        )
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update, alpha=-0.2 * max(parameter.shape) ** 0.5 * group["lr"])


def orthogonal(
    matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> torch.Tensor:
    """A matrix [m, n] with all its singular values near 1, by Newton and Schulz's iteration
    (https://kellerjordan.github.io/posts/muon)."""
    a, b, c = coefficients
    wide = matrix.T if len(matrix) > matrix.shape[1] else matrix
    wide = wide / wide.norm().clamp(min=eps)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.T if len(matrix) > matrix.shape[1] else wide
