"""Finished weights as the start of further training."""

import pytest
import torch
from safetensors.torch import save_file

from mini.architectures import word_tokenizer
from mini.train.warm import warm, words_of

BEFORE, NOW = ["red", "star"], ["blue", "moon", "star"]


class Model(torch.nn.Module):
    def __init__(self, words: int, twin: bool = False) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(words, 4)
        self.rest = torch.nn.Linear(4, 4)
        if twin:
            self.again = self.rest


@pytest.fixture
def former(tmp_path):
    tokenizer = word_tokenizer(BEFORE, 8)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    model = Model(len(tokenizer))
    save_file(
        {name: each.half() for name, each in model.state_dict().items()}, tmp_path / "model.safetensors"
    )
    return model, tmp_path


def test_words_keep_their_vectors_wherever_they_stand(former):
    old, folder = former
    tokenizer = word_tokenizer(NOW, 8)
    model = Model(len(tokenizer))
    fresh = model.words.weight.detach().clone()
    words, known = tokenizer.get_vocab(), words_of(folder / "tokenizer.json")
    warm(model, folder / "model.safetensors", words, known)
    for word, row in words.items():
        wanted = old.words.weight[known[word]] if word in known else fresh[row]
        assert torch.allclose(model.words.weight[row], wanted, atol=1e-3), word
    assert words["star"] != words_of(folder / "tokenizer.json")["star"]
    assert torch.allclose(model.rest.weight, old.rest.weight, atol=1e-3)


def test_a_weight_under_two_names_is_needed_once(former):
    old, folder = former
    model = Model(len(old.words.weight), twin=True)
    warm(model, folder / "model.safetensors")
    assert torch.allclose(model.again.weight, old.rest.weight, atol=1e-3)


def test_weights_of_another_architecture_are_refused(former):
    old, folder = former
    other = torch.nn.ModuleDict(
        {"words": torch.nn.Embedding(len(old.words.weight), 4), "more": torch.nn.Linear(2, 2)}
    )
    with pytest.raises(ValueError, match=r"lacks more.bias \(and 1 more\)"):
        warm(other, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"words.weight is \(6, 4\), wanted \(9, 4\)"):
        warm(Model(9), folder / "model.safetensors")
