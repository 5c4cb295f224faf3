"""Our Muon is PyTorch's, whatever the processor."""

import copy

import torch

from mini.train.muon import Muon, orthogonal


def test_a_step_in_float32_is_the_library_s_up_to_its_bfloat16() -> None:
    torch.manual_seed(0)
    ours = torch.nn.Sequential(torch.nn.Linear(24, 40, bias=False), torch.nn.Linear(40, 8, bias=False))
    theirs = copy.deepcopy(ours)
    start = [p.detach().clone() for p in ours.parameters()]
    own = Muon(list(ours.parameters()), 0.02, 0.1)
    own.emulated = True
    library = torch.optim.Muon(theirs.parameters(), lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        own.step()
        library.step()
    for before, a, b in zip(start, ours.parameters(), theirs.parameters(), strict=True):
        moved = (b - before).norm()
        assert moved > 0.01
        assert (a - b).norm() < 0.03 * moved
    own.load_state_dict(library.state_dict())  # a checkpoint of the other kind of processor


def test_an_orthogonal_matrix_has_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((12, 30), (30, 12)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape), (3.4445, -4.775, 2.0315), 5, 1e-7))
        assert values.min() > 0.5 and values.max() < 1.5
