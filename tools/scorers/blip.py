"""BLIP for image-text retrieval (Li et al., 2022, arXiv 2201.12086) through transformers, by hub id or folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from tools.loading import DType, ModelError, as_folder, cannot_load, pick_device, pick_dtype, quiet_loading
from tools.scorers.decoding import Decoder
from tools.scorers.embedding import EmbeddingScorer
from tools.scorers.long_text import split_text

if TYPE_CHECKING:
    import torch

DEFAULT = "Salesforce/blip-itm-large-coco"


def load_blip(
    model: str = DEFAULT, *, device: str | None = None, dtype: DType = "auto", decoder: Decoder | None = None
) -> EmbeddingScorer:
    """Load a BLIP whose score is the cosine of its contrastive heads (ITC); blocks for seconds. Raises `ModelError`.

    `model` is a hub id or a folder that `BlipForImageTextRetrieval.save_pretrained` and `BlipProcessor.save_pretrained`
    wrote, with weights as safetensors.
    """
    return EmbeddingScorer(_Blip(model, device, dtype), name="blip", model=model, decoder=decoder)


class _Blip:
    """transformers' model and processor as an `Encoder`."""

    def __init__(self, model: str, device: str | None, dtype: DType) -> None:
        from transformers import BlipForImageTextRetrieval, BlipProcessor

        self._device = pick_device(device)
        self._dtype = pick_dtype(dtype, self._device, on_gpu="fp32")
        folder = as_folder(model)
        if folder is not None and not (folder / "config.json").is_file():
            raise ModelError(f"The BLIP folder {folder} has no config.json; docs/models.md shows the layout.")
        source = str(folder or model)
        try:
            with quiet_loading():
                network, report = BlipForImageTextRetrieval.from_pretrained(
                    source, dtype=self._dtype, use_safetensors=True, output_loading_info=True
                )
                processor = BlipProcessor.from_pretrained(source)
        except Exception as error:  # these libraries raise almost anything for a damaged or foreign folder
            raise cannot_load("BLIP", model, error) from error
        # transformers fills what a checkpoint lacks with random numbers and only warns, as for a captioning BLIP.
        missing = sorted(report["missing_keys"])
        if missing:
            raise ModelError(
                f"{model!r} is no BLIP for image-text retrieval: its weights lack {missing[0]}"
                f" and {len(missing) - 1} more."
            )
        self._network = network.to(self._device).eval()
        self._images: Any = processor.image_processor
        self._tokenizer: Any = processor.tokenizer
        self.context = min(
            network.config.text_config.max_position_embeddings, self._tokenizer.model_max_length
        )

    def pixels(self, picture: Image.Image) -> "torch.Tensor":
        pixels: torch.Tensor = self._images(images=picture, return_tensors="pt")["pixel_values"][0]
        return pixels

    def split(self, text: str) -> list[list[int]]:
        return split_text(self._tokenizer, text, self.context)

    def embed_images(self, pixels: "torch.Tensor") -> "torch.Tensor":
        states = self._network.vision_model(
            pixel_values=pixels.to(self._device, self._dtype)
        ).last_hidden_state
        vectors: torch.Tensor = self._network.vision_proj(states[:, 0])
        return vectors

    def embed_texts(self, parts: Sequence[list[int]]) -> "torch.Tensor":
        padded = self._tokenizer.pad({"input_ids": list(parts)}, padding=True, return_tensors="pt").to(
            self._device
        )
        states = self._network.text_encoder(
            input_ids=padded["input_ids"], attention_mask=padded["attention_mask"]
        ).last_hidden_state
        vectors: torch.Tensor = self._network.text_proj(states[:, 0])
        return vectors
