"""Second stage of the miniature's Qwen2-VL: pictures and texts, reading and writing, in every step."""

import random
from pathlib import Path

import torch

from data.sample import Modality
from mini.train.conversations import LONG, SHORT, Teacher, Turn, crowd, drill, reading_turn, ties, told_text
from mini.train.pictures import PictureStore, jitter, normalised
from mini.train.progress import Optimisers, Stage
from mini.train.qwen import PART, VOCABULARY, build, export, load_bpe, see, trained
from mini.train.talk import TalkTeacher
from mini.train.turns import Encoder, turn_loss
from mini.world.facts import Scene, sample_scene
from prompts.library import Library


def train_joint(
    work: Path,
    out: Path,
    store: PictureStore,
    steps: int,
    batch: int,
    seed: int = 1,
    start: Path | None = None,
) -> None:
    """Second stage: pictures and texts, reading and writing, in every step. Writes the model to `out`.

    `start` is a folder of finished models; its tower stays where the first stage was not run.
    """
    torch.manual_seed(seed)
    stage = Stage("qwen-joint", work, steps)
    tokenizer = load_bpe(work, seed)
    encoder, teacher, talk = Encoder(tokenizer), Teacher(Library()), TalkTeacher(Library())
    model = trained(start / PART, tokenizer) if start else build(VOCABULARY, encoder.ids)
    tower = model.model.visual
    if not start or (work / "tower.pt").exists():
        tower.load_state_dict(torch.load(work / "tower.pt", weights_only=True))
    # Trained along at the language model's rate, the tower forgot what the first stage had taught.
    tower.requires_grad_(False)
    model.train()
    optimisers = Optimisers(model, 2e-3, 1.5e-3, steps, warm=200, keep_adam=("embed",))
    parts = {"model": model, "optimisers": optimisers}
    stage.resume(parts)
    simple = [i for i in range(len(store)) if len(store.scene(i).groups) == 1]
    mixed = [i for i in range(len(store)) if len(store.scene(i).groups) > 1 or i % 3 == 0]
    while stage.step < steps:
        rng = random.Random(f"{seed}-joint-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        share = stage.step / steps
        most = 1 if not start and rng.random() > share / 0.12 else 3
        noise = 0.03 if share < 0.9 else 0.0
        shares, size = (LONG, batch // 2) if stage.step % 4 == 3 else (SHORT, batch)
        chosen = [rng.choice(simple if most == 1 else mixed) for _ in range(size)]
        pictures = normalised([jitter(store.pixels[i], rng) for i in chosen])
        turns = [
            reading_turn(teacher, None, store.scene(i).shown(), Modality.TEXT, rng, shares) for i in chosen
        ]
        for _ in range(size // 2):
            text, told = told_text(lesson(rng, most), rng)
            turns.append(reading_turn(teacher, text, told, Modality.IMAGE, rng, shares))
        writing = _writing(teacher, batch // 2, stage.step, most, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                seen = see(tower, pictures)
            read, n_read, right_read = turn_loss(model, encoder, turns, seen, noise, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            written, n_written, right_written = turn_loss(model, encoder, writing, None, noise, rng)
        exercises = _exercises(teacher, batch // 2 + 1, stage.step, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            drilled, n_drilled, right_drilled = turn_loss(model, encoder, exercises, None, 0.0, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            talks = talk.batch(batch, rng)
            talked, n_talked, right_talked = turn_loss(model, encoder, talks, None, 0.0, rng)
        loss = (read + written) / (n_read + n_written) + 0.5 * drilled / n_drilled + 0.5 * talked / n_talked
        torch.autograd.backward(loss)
        optimisers.step(stage.step)
        kind = writing[0].task.split(".")[0]
        values = {
            "read": read.item() / n_read, "short" if shares is SHORT else "long": right_read,
            kind: written.item() / n_written, f"{kind}_right": right_written,
            f"{exercises[0].task}_dense": right_drilled,
            "found" if talks[0].task == "talk.found" else "asked": right_talked,
        }  # fmt: skip
        stage.tick(parts, values)
        if stage.step % 500 == 0:
            export(model, tokenizer, out)
    export(model, tokenizer, out)
    stage.finish()


def lesson(rng: random.Random, most: int) -> Scene:
    """A scene to tell. Single kinds are soon learnt, so two thirds of them make room for more."""
    scene = sample_scene(rng, most)
    return sample_scene(rng, most) if most > 1 and len(scene.groups) == 1 and rng.random() < 0.67 else scene


def _exercises(teacher: Teacher, n: int, step: int, rng: random.Random) -> list[Turn]:
    """Turns in which most tokens of the answer are facts: words, relations, and crowded texts to read or describe."""
    if step % 4 == 0:
        return [drill(rng) for _ in range(n)]
    if step % 4 == 3:
        return [ties(rng) for _ in range(n)]
    turns = []
    for _ in range(n):
        text, told = told_text(crowd(rng), rng)
        if step % 4 == 1:
            turns.append(teacher.describing(told, Modality.IMAGE, rng))
        else:
            turns.append(teacher.merged(text, told, Modality.IMAGE, rng))
    return turns


def _writing(teacher: Teacher, n: int, step: int, most: int, rng: random.Random) -> list[Turn]:
    """A batch of descriptions (of a lost picture, of a lost text) or of refined texts: one system prompt a batch."""
    kind = step % 3
    turns = []
    for _ in range(n):
        scene = lesson(rng, most)
        facts = scene.told(rng) if kind == 0 or rng.random() < 0.3 else scene.shown()
        if kind == 2:
            turns.append(teacher.refining(facts, rng))
        else:
            turns.append(teacher.describing(facts, Modality.IMAGE if kind == 0 else Modality.TEXT, rng))
    return turns
