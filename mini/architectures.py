"""The miniature's models with random weights, in the real architectures, and how each is written to a folder.

Every folder is read back by the code that reads the large models: CLIP by `open_clip` (`local-dir:<folder>`), BLIP by
`transformers` (`BlipForImageTextRetrieval`, `BlipProcessor`), Stable Diffusion XL by `diffusers`
(`StableDiffusionXLPipeline`). Training (`mini/train`) fills the weights; tests use the random ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import open_clip
    import torch
    from diffusers import StableDiffusionXLPipeline
    from transformers import BlipForImageTextRetrieval, BlipProcessor, PreTrainedTokenizerFast

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"
MEAN = STD = (0.5, 0.5, 0.5)
"""Of pixel values on 0-1, so that the encoders see -1 to 1."""


def word_tokenizer(words: Iterable[str], length: int) -> PreTrainedTokenizerFast:
    """One token per lower-case word or run of punctuation; `<start> ... <end>`, padded and cut to `length` tokens.

    Ids: pad 0, unknown 1, start 2, the words in the order given (repeats dropped), end last. The end has the highest
    id because CLIP pools the text where the id is highest.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ordered = list(dict.fromkeys([PAD, UNKNOWN, START, *(word.lower() for word in words), END]))
    vocabulary = {word: index for index, word in enumerate(ordered)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=length,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        padding_side="right",
        model_input_names=["input_ids", "attention_mask"],
    )


@dataclass
class TinyClip:
    """A CLIP in open_clip's form, its configuration (`open_clip_config.json`) and its tokenizer."""

    model: open_clip.CLIP
    config: dict[str, Any]
    tokenizer: PreTrainedTokenizerFast

    def save(self, folder: Path, dtype: torch.dtype | None = None) -> None:
        """Write what `open_clip.create_model_and_transforms("local-dir:<folder>")` reads; `dtype` of the file."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        (folder / "open_clip_config.json").write_text(json.dumps(self.config, indent=2) + "\n")
        state = {
            name: tensor.detach().to("cpu", dtype or tensor.dtype)
            for name, tensor in self.model.state_dict().items()
        }
        save_file(
            {name: tensor.contiguous() for name, tensor in state.items()},
            folder / "open_clip_model.safetensors",
        )
        self.tokenizer.save_pretrained(folder)


def tiny_clip(words: Iterable[str], length: int = 64, picture: int = 128) -> TinyClip:
    """About 3.9 M parameters: vision 5 layers and text 3 layers of width 192, patch 16, embeddings of 192."""
    import open_clip

    tokenizer = word_tokenizer(words, length)
    model_cfg = {
        "embed_dim": 192,
        "vision_cfg": {"image_size": picture, "patch_size": 16, "layers": 5, "width": 192, "head_width": 32},
        "text_cfg": {
            "context_length": length,
            "vocab_size": len(tokenizer),
            "hf_tokenizer_name": "local",
            "width": 192,
            "heads": 6,
            "layers": 3,
        },
    }
    preprocess_cfg = {
        "size": [picture, picture],
        "mode": "RGB",
        "mean": list(MEAN),
        "std": list(STD),
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    model = open_clip.CLIP(**json.loads(json.dumps(model_cfg)))
    # The constructor knows no preprocessing; it is set so that the model equals the one that is read from the folder.
    open_clip.set_model_preprocess_cfg(model, preprocess_cfg)
    return TinyClip(model, config, tokenizer)


@dataclass
class TinyBlip:
    """A BLIP for image-text retrieval in transformers' form, and its processor."""

    model: BlipForImageTextRetrieval
    processor: BlipProcessor

    def save(self, folder: Path, dtype: torch.dtype | None = None) -> None:
        """Write what `BlipForImageTextRetrieval.from_pretrained` and `BlipProcessor.from_pretrained` read."""
        from copy import deepcopy

        model = deepcopy(self.model).to("cpu", dtype) if dtype else self.model
        model.save_pretrained(folder)
        self.processor.save_pretrained(folder)


def tiny_blip(words: Iterable[str], length: int = 128, picture: int = 128) -> TinyBlip:
    """About 4 M parameters: vision 4 layers and text 3 layers of width 192, patch 16, joint space of 192."""
    from transformers import BlipConfig, BlipForImageTextRetrieval, BlipImageProcessor, BlipProcessor

    tokenizer = word_tokenizer(words, length)
    config = BlipConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 192,
            "intermediate_size": 768,
            "projection_dim": 192,
            "num_hidden_layers": 3,
            "num_attention_heads": 6,
            "max_position_embeddings": length,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "sep_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "hidden_size": 192,
            "intermediate_size": 768,
            "projection_dim": 192,
            "num_hidden_layers": 4,
            "num_attention_heads": 6,
            "image_size": picture,
            "patch_size": 16,
            # transformers' default, 1e-10, is for weights that are loaded, not for training from nothing.
            "initializer_range": 0.02,
        },
        projection_dim=192,
        image_text_hidden_size=192,
    )
    images = BlipImageProcessor(
        size={"height": picture, "width": picture},
        image_mean=list(MEAN),
        image_std=list(STD),
        do_convert_rgb=True,
    )
    return TinyBlip(BlipForImageTextRetrieval(config), BlipProcessor(images, tokenizer))


def tiny_sdxl(
    words: Iterable[str], length: int = 64, picture: int = 64, latents: int = 16
) -> StableDiffusionXLPipeline:
    """A Stable Diffusion XL pipeline of about 8 M parameters that draws `picture` px squares, v-prediction.

    VAE x8 with `latents` latent channels, widths 16, 32, 64, 96; UNet of widths 96, 128 with cross-attention at both
    levels; two CLIP text encoders of width 96 and 3 layers, which share one word tokenizer. Write it with
    `save_pretrained`.
    """
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    tokenizer = word_tokenizer(words, length)
    text_config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=384,
        projection_dim=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=length,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 96),
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=latents,
        sample_size=picture,
        scaling_factor=1.0,
        force_upcast=False,
    )
    time_size = 16
    unet = UNet2DConditionModel(
        sample_size=picture // 8,
        in_channels=latents,
        out_channels=latents,
        block_out_channels=(96, 128),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        transformer_layers_per_block=1,
        attention_head_dim=4,
        norm_num_groups=16,
        use_linear_projection=True,
        cross_attention_dim=2 * text_config.hidden_size,
        addition_embed_type="text_time",
        addition_time_embed_dim=time_size,
        # Pooled text of the second encoder, and six numbers: original size, crop, target size.
        projection_class_embeddings_input_dim=text_config.projection_dim + 6 * time_size,
    )
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        num_train_timesteps=1000,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )
    return StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text_config),
        text_encoder_2=CLIPTextModelWithProjection(text_config),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=scheduler,
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )
