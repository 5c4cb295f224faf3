"""CLIP (Radford et al., 2021, arXiv 2103.00020) through open_clip, by model name and checkpoint or from a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tools.loading import DType, ModelError, as_folder, cannot_load, near, pick_device, pick_dtype
from tools.scorers.decoding import Decoder
from tools.scorers.embedding import EmbeddingScorer
from tools.scorers.long_text import split_ids, split_text

if TYPE_CHECKING:
    import torch

DEFAULT = "ViT-L-14/openai"
"""The encoder of the paper's experiments."""


def load_clip(
    model: str = DEFAULT, *, device: str | None = None, dtype: DType = "auto", decoder: Decoder | None = None
) -> EmbeddingScorer:
    """Load a CLIP; blocks for seconds, so call it in a thread. Raises `ModelError`.

    `model` is `<open_clip model>/<checkpoint tag or file>` (ViT-L-14/openai), `hf-hub:<owner>/<name>`, or a folder with
    `open_clip_config.json`, `open_clip_model.safetensors` and, for a tokenizer of its own, `tokenizer.json` (also as
    `local-dir:<folder>`).
    """
    import open_clip
    import torch

    where = pick_device(device)
    number_format = pick_dtype(dtype, where, on_gpu="fp32")
    precision = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}[number_format]
    name, checkpoint, quick_gelu = _resolve(model)
    try:
        network = open_clip.create_model(
            name,
            pretrained=checkpoint,
            precision=precision,
            device=where,
            force_quick_gelu=quick_gelu,
            require_pretrained=True,
            weights_only=True,
        )
        tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # these libraries raise almost anything for a damaged or foreign folder
        raise cannot_load("CLIP", model, error) from error
    return EmbeddingScorer(
        _Clip(network.eval(), tokenizer, where, number_format), name="clip", model=model, decoder=decoder
    )


def _resolve(model: str) -> tuple[str, str | None, bool]:
    """open_clip's model name, its checkpoint, and whether that checkpoint was trained with QuickGELU."""
    import open_clip

    if model.startswith("hf-hub:"):
        return model, None, False
    name, _, checkpoint = model.partition("/")
    known = open_clip.list_models()
    if name in known:
        return _tagged(name, checkpoint)
    folder = as_folder(model.removeprefix("local-dir:"))
    if folder is None:
        raise ModelError(
            f"CLIP model {name!r} is unknown to open_clip; {near(name, known)}. A model of the hub is written"
            " hf-hub:<owner>/<name>, a folder as its path."
        )
    if not (folder / "open_clip_config.json").is_file():
        raise ModelError(
            f"The CLIP folder {folder} has no open_clip_config.json; docs/models.md shows the layout."
        )
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"The CLIP folder {folder} has no *.safetensors file; docs/models.md shows the layout."
        )
    return f"local-dir:{folder}", None, False


def _tagged(name: str, checkpoint: str) -> tuple[str, str, bool]:
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(name)
    if not checkpoint:
        raise ModelError(
            f"CLIP {name!r} needs a checkpoint, as in {name}/{tags[0] if tags else 'weights.safetensors'}."
        )
    if checkpoint in tags:
        # open_clip only warns when a tag was trained with QuickGELU and the model's configuration says GELU (ViT-L-14
        # with openai is such a pair); the embeddings would then be wrong.
        return name, checkpoint, bool(open_clip.get_pretrained_cfg(name, checkpoint).get("quick_gelu"))
    if Path(checkpoint).expanduser().is_file():
        return name, str(Path(checkpoint).expanduser()), False
    raise ModelError(
        f"CLIP {name!r} has no checkpoint {checkpoint!r}, nor is it a file; {near(checkpoint, tags)}."
    )


class _Clip:
    """open_clip's model and tokenizer as an `Encoder`."""

    def __init__(self, network: Any, tokenizer: Any, device: "torch.device", dtype: "torch.dtype") -> None:
        from open_clip.transform import PreprocessCfg, image_transform_v2

        self._network = network
        self._tokenizer = tokenizer
        self._device = device
        self._dtype = dtype
        self._transform = image_transform_v2(PreprocessCfg(**network.visual.preprocess_cfg), is_train=False)
        self._split, self._pad = _splitter(tokenizer)
        self.context = int(tokenizer.context_length)

    def pixels(self, picture: Image.Image) -> "torch.Tensor":
        pixels: torch.Tensor = self._transform(picture)
        return pixels

    def split(self, text: str) -> list[list[int]]:
        return self._split(text)

    def embed_images(self, pixels: "torch.Tensor") -> "torch.Tensor":
        vectors: torch.Tensor = self._network.encode_image(pixels.to(self._device, self._dtype))
        return vectors

    def embed_texts(self, parts: Sequence[list[int]]) -> "torch.Tensor":
        import torch

        ids = torch.full((len(parts), self.context), self._pad, dtype=torch.long)
        for row, part in enumerate(parts):
            ids[row, : len(part)] = torch.tensor(part, dtype=torch.long)
        vectors: torch.Tensor = self._network.encode_text(ids.to(self._device))
        return vectors


def _splitter(tokenizer: Any) -> tuple[Callable[[str], list[list[int]]], int]:
    """How each of open_clip's tokenizers turns a text of any length into parts, and its padding id."""
    from open_clip.tokenizer import (
        HFTokenizer,
        SigLipTokenizer,
        SimpleTokenizer,
        basic_clean,
        canonicalize_text,
    )

    context = int(tokenizer.context_length)
    if isinstance(tokenizer, SimpleTokenizer):
        start, end = tokenizer.sot_token_id, tokenizer.eot_token_id
        return lambda text: [[start, *ids, end] for ids in split_ids(tokenizer.encode(text), context - 2)], 0
    inner = tokenizer.tokenizer
    if isinstance(tokenizer, SigLipTokenizer):
        return lambda text: split_text(
            inner, canonicalize_text(basic_clean(text)), context
        ), inner.pad_token_id
    if not isinstance(tokenizer, HFTokenizer) or tokenizer.tokenizer_mode == "clips":
        raise ModelError(
            f"Texts cannot be split for open_clip's tokenizer {type(tokenizer).__name__}; use another CLIP."
        )

    def split(text: str) -> list[list[int]]:
        parts = split_text(inner, tokenizer.clean_fn(text), context)
        if tokenizer.strip_sep_token:
            parts = [[0 if token == inner.sep_token_id else token for token in part] for part in parts]
        return parts

    return split, inner.pad_token_id
