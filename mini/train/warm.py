"""Finished models of the miniature as the start of further training, though their vocabulary may have been another."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer


def words_of(tokenizer_file: Path) -> dict[str, int]:
    """The words of a finished model and their ids."""
    return dict(Tokenizer.from_file(str(tokenizer_file)).get_vocab())


def warm(
    model: torch.nn.Module,
    file: Path,
    words: Mapping[str, int] | None = None,
    former: Mapping[str, int] | None = None,
) -> None:
    """Fill `model` with the weights in `file`.

    Of an embedding of words (any weight of another height) the rows of the words that both vocabularies have are
    taken; a new word keeps what it was initialised with.

    Raises:
        ValueError: a weight is missing in the file or does not fit otherwise.
    """
    kept = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in load_file(file, str(torch.get_default_device())).items()
    }
    state = model.state_dict()
    tied = {name for name, tensor in state.items() if name not in kept and _twin(tensor, state, kept)}
    if missing := sorted(state.keys() - kept.keys() - tied):
        raise ValueError(
            f"{file}: lacks {missing[0]} (and {len(missing) - 1} more); it is of another architecture"
        )
    common = [word for word in words or () if word in (former or {})]
    with torch.no_grad():
        for name, tensor in state.items():
            if name in tied:
                continue
            found = kept[name]
            if found.shape == tensor.shape:
                tensor.copy_(found)
            elif words and former and (len(tensor), len(found)) == (len(words), len(former)):
                tensor[[words[word] for word in common]] = found[[former[word] for word in common]]
            else:
                raise ValueError(f"{file}: {name} is {tuple(found.shape)}, wanted {tuple(tensor.shape)}")


def _twin(tensor: torch.Tensor, state: Mapping[str, torch.Tensor], kept: Mapping[str, torch.Tensor]) -> bool:
    """Whether it is the same memory as a weight that the file has under another name."""
    return any(name in kept and other.data_ptr() == tensor.data_ptr() for name, other in state.items())
