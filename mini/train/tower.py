"""First stage of the miniature's Qwen2-VL: its eyes. The vision tower alone answers dense labels of all pictures."""

import random
from pathlib import Path

import torch

from mini.recogniser import FilmReader, SceneReader
from mini.train.compute import mixed
from mini.train.dense import Fact, Readers
from mini.train.facts import PLACES
from mini.train.films import FilmStore
from mini.train.marks import film_targets, scene_targets, shifted
from mini.train.pictures import PictureStore, jittered, normalised
from mini.train.progress import Optimisers, Stage
from mini.train.qwen import PART, build, load_bpe, look, merged, trained
from mini.world import chest
from mini.world.exposure import Exposure
from mini.world.facts import ARRANGEMENTS, COLOURS, KINDS, STYLES, Layout

TOWER = "tower.pt"
"""What the first stage leaves in the work folder for the second."""
FILMS = 0.5
"""Radiographs in a batch, as a share of the scenes."""

SCENE_FACTS = {
    "counts": Fact(len(KINDS), 4, 4.0), "colour_of": Fact(len(KINDS), len(COLOURS)), "rank_of": Fact(len(KINDS), 3),
    "style": Fact(1, len(STYLES)), "arrangement": Fact(1, 3),
}  # fmt: skip
FILM_FACTS = {
    "place_of": Fact(len(chest.KINDS), len(PLACES), 4.0), "zone_of": Fact(len(chest.KINDS), len(chest.ZONES)),
    "size_of": Fact(len(chest.KINDS), 2),
}  # fmt: skip


def scene_labels(layouts: list[Layout]) -> dict[str, torch.Tensor]:
    """`counts`, `colour_of`, `rank_of` [n, 12]; `style`, `arrangement` [n, 1]; -100 for kinds that are not there."""
    labels = {name: torch.full((len(layouts), fact.items), -100) for name, fact in SCENE_FACTS.items()}
    labels["counts"][:] = 0
    for i, layout in enumerate(layouts):
        scene = layout.scene
        labels["style"][i] = STYLES.index(scene.style or STYLES[0])
        labels["arrangement"][i] = (
            0 if scene.arrangement is None else 1 + ARRANGEMENTS.index(scene.arrangement)
        )
        for rank, group in enumerate(scene.groups):
            kind = KINDS.index(group.kind)
            labels["counts"][i, kind], labels["rank_of"][i, kind] = group.count, rank
            labels["colour_of"][i, kind] = COLOURS.index(group.colour or COLOURS[0])
    return labels


def film_labels(exposures: list[Exposure]) -> dict[str, torch.Tensor]:
    """`place_of` (0: not there), `zone_of`, `size_of` [n, 10]; -100 where a kind has none."""
    labels = {name: torch.full((len(exposures), fact.items), -100) for name, fact in FILM_FACTS.items()}
    labels["place_of"][:] = 0
    kinds = list(chest.KINDS)
    for i, exposure in enumerate(exposures):
        for finding in exposure.film.findings:
            kind = kinds.index(finding.kind)
            labels["place_of"][i, kind] = PLACES.index(finding.side or "midline")
            if finding.zone:
                labels["zone_of"][i, kind] = chest.ZONES.index(finding.zone)
            if finding.size:
                labels["size_of"][i, kind] = chest.KINDS[finding.kind].sizes.index(finding.size)
    return labels


def train_tower(
    work: Path, scenes: PictureStore, films: FilmStore, steps: int, batch: int, seed: int = 1,
    start: Path | None = None,
) -> None:  # fmt: skip
    """First stage. Leaves `TOWER`, the vision tower. `start` is a folder of finished models."""
    torch.manual_seed(seed)
    stage = Stage("qwen-tower", work, steps, start)
    if stage.finished():
        return
    tokenizer = load_bpe(work, seed, start)
    model = trained(start / PART, tokenizer) if start else build(tokenizer)
    tower, scene_reader, film_reader = model.model.visual, SceneReader(), FilmReader()
    scene_head = Readers(scene_reader.marks, scene_reader.traits, SCENE_FACTS)
    film_head = Readers(film_reader.marks, film_reader.traits, FILM_FACTS)
    both = torch.nn.ModuleDict({"tower": tower, "scene_head": scene_head, "film_head": film_head})
    optimisers = Optimisers(both, 2e-3, 1e-3, steps)
    parts = {"model": both, "optimisers": optimisers}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-tower-{stage.step}")
        layouts = [rng.randrange(len(scenes)) for _ in range(batch)]
        exposures = [rng.randrange(len(films)) for _ in range(round(batch * FILMS))]
        seen = [jittered(scenes.pixels[i], rng) for i in layouts]
        seen += [jittered(films.rgb(i), rng) for i in exposures]
        marks = [scene_targets(scenes.layouts[i]) for i in layouts]
        marks += [film_targets(films.exposures[i], film_reader) for i in exposures]
        marks = [shifted(found, shift) for found, (_, shift) in zip(marks, seen, strict=True)]
        with mixed():
            patches = look(tower, normalised([pixels for pixels, _ in seen]))
            tokens = merged(tower, patches)
            scene_loss, values = scene_head.loss(
                patches[:batch], tokens[:batch], marks[:batch],
                scene_labels([scenes.layouts[i] for i in layouts]),
            )  # fmt: skip
            film_loss, film_values = film_head.loss(
                patches[batch:], tokens[batch:], marks[batch:],
                film_labels([films.exposures[i] for i in exposures]),
            )  # fmt: skip
        torch.autograd.backward(scene_loss + FILMS * film_loss)
        optimisers.step(stage.step)
        stage.tick(parts, values | {f"film_{name}": value for name, value in film_values.items()})
    torch.save(tower.state_dict(), work / TOWER)
    stage.finish()
