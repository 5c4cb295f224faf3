"""The two heads: the paper's concatenation with one layer, and UL4M4's attention."""

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    """Knowledge Bridger: the two features side by side, then a single-layer MLP.

    `hidden` 0 is one linear layer, the plain reading of "single-layer"; else one hidden layer of that width.
    """

    def __init__(self, width: int, classes: int, hidden: int = 0) -> None:
        super().__init__()
        if hidden:
            self.layers: nn.Module = nn.Sequential(
                nn.Linear(2 * width, hidden), nn.ReLU(), nn.Linear(hidden, classes)
            )
        else:
            self.layers = nn.Linear(2 * width, classes)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """[b, d], [b, d] -> logits [b, C]."""
        logits: Tensor = self.layers(torch.cat([image, text], dim=1))
        return logits


class Attention(nn.Module):
    """UL4M4 (arXiv 2606.15743, MM-IMDb): a linear layer per modality makes a token, two layers of self-attention with
    4 heads, the mean of the tokens, an MLP."""

    def __init__(self, width: int, classes: int, tokens: int = 256) -> None:
        super().__init__()
        self.image, self.text = nn.Linear(width, tokens), nn.Linear(width, tokens)
        layer = nn.TransformerEncoderLayer(tokens, 4, 2 * tokens, dropout=0.1, batch_first=True)
        self.mix = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classify = nn.Sequential(
            nn.Linear(tokens, tokens // 2),
            nn.ReLU(),
            nn.Linear(tokens // 2, tokens // 4),
            nn.ReLU(),
            nn.Linear(tokens // 4, classes),
        )

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """[b, d], [b, d] -> logits [b, C]."""
        tokens = torch.stack([self.image(image), self.text(text)], dim=1)
        logits: Tensor = self.classify(self.mix(tokens).mean(dim=1))
        return logits
