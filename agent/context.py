"""Builds what the nodes use, from the plan: the LMM client, pictures, blobs, and only the models that are needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import miniature
from agent.plan import Plan
from graphs.context import Blobs, Context, GraphScorer, ImageGenerator, Scorer

if TYPE_CHECKING:
    from tools.lmm.client import Client
    from tools.lmm.endpoint import Endpoint

ENDPOINT_LOG = "endpoint.log"


@dataclass(frozen=True)
class Built:
    context: Context
    client: "Client"
    notes: tuple[str, ...]
    """What the LMM's endpoint said that the user should know."""


@asynccontextmanager
async def open_context(plan: Plan, blobs: Blobs, logs: Path, image_missing: bool) -> AsyncIterator[Built]:
    """Everything a node may touch, closed in reverse order when the body ends.

    Raises:
        EndpointFailed, EndpointError: the LMM cannot be used, found out before the first sample.
        CacheError: the file of the response cache cannot be used.
        ModelError: a generator or scorer cannot be loaded.
    """
    from tools.lmm.client import Client
    from tools.lmm.probe import probe
    from tools.pictures import PictureLoader

    async with AsyncExitStack() as stack:
        if plan.endpoint:
            endpoint = plan.endpoint
            notes = (await probe(endpoint)).notes
        else:
            endpoint = await stack.enter_async_context(_own_endpoint(plan, logs))
            notes = ()
        client = await stack.enter_async_context(Client(endpoint, cache=lmm_cache(plan)))
        if miniature.NAME in (plan.generator, plan.clip, plan.blip):
            await asyncio.to_thread(miniature.spare_threads)
        generator = await _load_generator(plan, stack) if image_missing else None
        scorers = await _load_scorers(plan, stack)
        context = Context(
            lmm=client,
            pictures=PictureLoader(),
            blobs=blobs,
            options=plan.settings.options,
            generator=generator,
            scorers=scorers,
            graph_scorers=await _load_graph_scorers(plan),
        )
        yield Built(context, client, notes)


def lmm_cache(plan: Plan) -> Path:
    """The file of the response cache; all runs share it, since equal questions have equal answers."""
    path = plan.settings.lmm_cache or plan.settings.cache_dir / "lmm-cache.sqlite"
    return path.expanduser()


@asynccontextmanager
async def _own_endpoint(plan: Plan, logs: Path) -> "AsyncIterator[Endpoint]":
    """The miniature's endpoint, started for this run."""
    from tools.lmm.endpoint import Endpoint

    revision = await asyncio.to_thread(miniature.digest, "qwen2_vl")
    async with miniature.endpoint(logs / ENDPOINT_LOG) as started:
        yield Endpoint(
            base_url=started.url,
            model=started.model,
            revision=revision,
            max_concurrency=plan.concurrency,
            timeout_s=plan.settings.timeout,
            retries=plan.settings.retries,
        )


async def _load_generator(plan: Plan, stack: AsyncExitStack) -> ImageGenerator:
    from tools.generators.endpoint import OPENAI, EndpointOptions
    from tools.generators.factory import open_generator
    from tools.generators.pipeline import DiffusionOptions

    settings, name = plan.settings, plan.generator
    width, height = plan.picture_size
    diffusion = DiffusionOptions(
        refiner=settings.refiner,
        steps=settings.steps,
        guidance=settings.guidance,
        width=width,
        height=height,
        device=settings.device,
    )
    if name == miniature.NAME:
        name, diffusion = str(miniature.weights("sdxl")), miniature.drawing(diffusion)
    # A key goes only to the endpoint that it belongs to.
    secret = settings.images_key if settings.images_url else settings.openai_key
    images = EndpointOptions(
        base_url=settings.images_url or OPENAI,
        api_key=secret.get_secret_value() if secret else "",
        size=settings.picture_size,
    )
    generator = await asyncio.to_thread(open_generator, name, diffusion, images)
    _close_with(stack, generator)
    await generator.check()
    return generator


async def _load_scorers(plan: Plan, stack: AsyncExitStack) -> tuple[Scorer, ...]:
    """CLIP and BLIP share one decoder, so that a candidate is decoded once."""
    from tools.scorers.decoding import Decoder

    decoder, device = Decoder(), plan.settings.device
    scorers: list[Scorer] = []
    if plan.clip:
        from tools.scorers.clip import load_clip

        clip = str(miniature.weights("clip")) if plan.clip == miniature.NAME else plan.clip
        scorers.append(await asyncio.to_thread(load_clip, clip, device=device, decoder=decoder))
    if plan.blip:
        from tools.scorers.blip import load_blip

        blip = str(miniature.weights("blip")) if plan.blip == miniature.NAME else plan.blip
        scorers.append(await asyncio.to_thread(load_blip, blip, device=device, decoder=decoder))
    for scorer in scorers:
        _close_with(stack, scorer)
    return tuple(scorers)


async def _load_graph_scorers(plan: Plan) -> tuple[GraphScorer, ...]:
    if plan.kgc is None:
        return ()
    from tools.scorers.plausibility import load_plausibility

    return (await asyncio.to_thread(load_plausibility, plan.kgc),)


def _close_with(stack: AsyncExitStack, closable: Any) -> None:
    """Close at the end, but not after a cancellation: closing draws and scores what was ordered, and whoever stopped
    the run does not want to wait for that."""

    async def close(kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, asyncio.CancelledError):
            await closable.close()

    stack.push_async_exit(close)
