"""One diffusers text-to-image pipeline: found, loaded with one number format for all parts, and run on one batch.

Default: Stable Diffusion XL 1.0 base (Podell et al., 2023, arXiv 2307.01952), optionally with its refiner as an
ensemble of experts: the base does the first `high_noise_fraction` of the steps, the refiner the rest.
"""

import copy
import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tools.generators.base import GenerationError
from tools.loading import DType, ModelError, as_folder, cannot_load, pick_device, pick_dtype, quiet_loading

if TYPE_CHECKING:
    import torch

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SDXL_REFINER = "stabilityai/stable-diffusion-xl-refiner-1.0"
CPU_BYTES = 2**30
"""Weights beyond this are refused on the CPU unless it is asked for by name: SDXL takes an hour per picture there."""


@dataclass(frozen=True)
class DiffusionOptions:
    """How a pipeline draws. None leaves the pipeline's own default (SDXL: 50 steps, guidance 5, 1,024 px)."""

    refiner: str | None = None
    high_noise_fraction: float = 0.8
    """Share of the steps that the base does when there is a refiner."""
    steps: int | None = None
    guidance: float | None = None
    negative_prompt: str | None = None
    width: int | None = None
    height: int | None = None
    device: str | None = None
    """None: the GPU if there is one."""
    dtype: DType = "auto"
    """auto: fp16 on a GPU, fp32 on the CPU."""
    compile: bool = False
    """`torch.compile` of the denoiser: minutes at the first batch of each size, then a fifth to a third faster."""
    max_batch: int = 8
    linger: float = 0.05
    """Seconds that a first description waits for others to share its batch."""


class Pipeline:
    """A loaded pipeline. Not thread-safe: one thread calls `draw`."""

    def __init__(self, model: str, options: DiffusionOptions) -> None:
        """Loads; blocks for seconds to minutes. Raises `ModelError`."""
        from diffusers import AutoPipelineForImage2Image, AutoPipelineForText2Image

        self.model = model
        self._options = options
        device = pick_device(options.device)
        dtype = pick_dtype(options.dtype, device, on_gpu="fp16")
        folder = as_folder(model)
        if options.device is None and device.type == "cpu":
            _refuse_slow(model, folder)
        self._base = _load(AutoPipelineForText2Image, model, folder, dtype).to(device)
        self._refiner = None
        if options.refiner is not None:
            # The refiner was trained on the base's latents: same VAE, same second text encoder.
            shared = {
                name: part
                for name in ("text_encoder_2", "vae")
                if (part := getattr(self._base, name, None)) is not None
            }
            where = as_folder(options.refiner)
            refiner = _load(AutoPipelineForImage2Image, options.refiner, where, dtype, **shared)
            self._refiner = refiner.to(device)
        self._arguments = self._settings()
        for pipeline in filter(None, (self._base, self._refiner)):
            self._prepare(pipeline, device)
        self._tokenizers = [
            # Copies: a fast tokenizer must not be used by the drawing thread and by `excess` at the same time.
            copy.deepcopy(part)
            for name, part in self._base.components.items()
            if name.startswith("tokenizer") and part is not None
        ]

    def draw(self, orders: Sequence[tuple[str, int]]) -> list["Image.Image | GenerationError"]:
        """(description, seed) pairs as one batch -> one picture each, or why the pipeline withheld it.

        Noise comes from a CPU generator per picture, so a picture depends neither on its batch nor on the device, up to
        the rounding of the arithmetic.
        """
        import torch

        generators = [torch.Generator("cpu").manual_seed(seed) for _, seed in orders]
        prompts = [description for description, _ in orders]
        prompt_arguments: dict[str, Any] = {"prompt": prompts, "generator": generators}
        if self._options.negative_prompt is not None:
            prompt_arguments["negative_prompt"] = [self._options.negative_prompt] * len(orders)
        if self._refiner is None:
            result = self._base(**prompt_arguments, **self._arguments)
        else:
            share = self._options.high_noise_fraction
            latents = self._base(
                **prompt_arguments, **self._arguments, denoising_end=share, output_type="latent"
            ).images
            arguments = {
                name: value for name, value in self._arguments.items() if name not in ("width", "height")
            }
            result = self._refiner(**prompt_arguments, **arguments, denoising_start=share, image=latents)
        withheld = getattr(result, "nsfw_content_detected", None) or [False] * len(orders)
        return [
            GenerationError(f"The safety checker of {self.model} withheld the picture.")
            if hidden
            else picture
            for picture, hidden in zip(result.images, withheld, strict=True)
        ]

    def excess(self, description: str) -> tuple[int, int] | None:
        """(tokens, limit) of a description that no text encoder of the pipeline reads to its end, else None."""
        lengths = [
            (len(tokenizer(description, verbose=False)["input_ids"]), int(tokenizer.model_max_length))
            for tokenizer in self._tokenizers
        ]
        if not lengths or any(tokens <= limit for tokens, limit in lengths):
            return None
        return max(lengths, key=lambda pair: pair[1])

    def _settings(self) -> dict[str, Any]:
        """The call's arguments from the options; one that the pipeline does not know is an error, not ignored."""
        options = self._options
        wanted: dict[str, Any] = {
            "num_inference_steps": options.steps,
            "guidance_scale": options.guidance,
            "width": options.width,
            "height": options.height,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        asked = {"prompt", *given, *(["negative_prompt"] if options.negative_prompt is not None else [])}
        asked |= {"denoising_end"} if self._refiner is not None else set()
        unknown = sorted(asked - set(inspect.signature(self._base.__call__).parameters))
        if unknown:
            raise ModelError(
                f"{type(self._base).__name__} ({self.model}) does not take {', '.join(unknown)}; leave the setting out."
            )
        if self._refiner is not None and not 0 < options.high_noise_fraction < 1:
            raise ModelError("The high-noise fraction must lie between 0 and 1 when there is a refiner.")
        return given

    def _prepare(self, pipeline: Any, device: "torch.device") -> None:
        pipeline.set_progress_bar_config(disable=True)
        # Its warnings (a prompt was cut) are in the records as notes; on the terminal they would tear the display.
        logging.getLogger(type(pipeline).__module__).setLevel(logging.ERROR)
        vae = getattr(pipeline, "vae", None)
        if device.type == "cuda" and vae is not None and hasattr(vae, "enable_slicing"):
            vae.enable_slicing()
        if self._options.compile:
            for name in ("unet", "transformer"):
                denoiser = getattr(pipeline, name, None)
                if denoiser is not None:
                    denoiser.compile()


def _refuse_slow(model: str, folder: Path | None) -> None:
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors")) if folder else None
    if size is None or size > CPU_BYTES:
        raise ModelError(
            f"{model} needs a GPU and there is none here: name an images endpoint (openai:MODEL), the miniature (mini)"
            " or a small local pipeline as the generator, or set the device to cpu and wait an hour per picture."
        )


def _load(auto: Any, model: str, folder: Path | None, dtype: "torch.dtype", **parts: Any) -> Any:
    """A pipeline by hub id or folder, from safetensors only, half-precision files if wanted and there."""
    import torch
    from diffusers import DiffusionPipeline

    if folder is not None and not (folder / "model_index.json").is_file():
        raise ModelError(
            f"{folder} is no diffusers pipeline: it has no model_index.json; docs/models.md shows the layout."
        )
    source = str(folder or model)
    arguments = {"dtype": dtype, "use_safetensors": True, **parts}
    # A repository that keeps half-precision files beside the full ones saves half the download.
    variants = ["fp16", None] if dtype == torch.float16 else [None]
    try:
        with quiet_loading():
            for variant in variants:
                for kind in (auto, DiffusionPipeline):
                    try:
                        return kind.from_pretrained(source, variant=variant, **arguments)
                    except ValueError as error:
                        # No such files, or a pipeline that is text-to-image but in no list of the automatic class.
                        if not any(
                            sign in str(error) for sign in ("variant=", "can't find a pipeline linked to")
                        ):
                            raise
                        failure = error
            raise failure
    except Exception as error:  # these libraries raise almost anything for a damaged or foreign folder
        raise cannot_load("Diffusion pipeline", model, error) from error
