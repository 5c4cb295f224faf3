"""The miniature's tokenizers: a byte-level BPE for Qwen2-VL, and the words of the others' word tokenizers."""

import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from data.sample import Modality
from mini.train.conversations import LONG, SHORT, Teacher, reading_turn, surface_forms, told_text
from mini.train.medical import MedicalTeacher, medical_turn, told_report
from mini.train.talk import TalkTeacher
from mini.world.chest import CHANGES, SIDES, ZONES, sample_film
from mini.world.facts import sample_scene
from mini.world.reports import NAMES, SIZE_WORDS
from prompts.library import Library

QWEN_SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip

# A JSON key with the punctuation around it is one word (`","relation":"` costs one token where the usual split costs
# five): answers get half as long, which halves the time that the miniature needs to write them.
WORDS = Regex(
    r"""(?:[\[\]{}",]*"?[a-z_]+":["\[{]*)+|[\[\]{}",]+|\|| ?[A-Za-z]+| ?[0-9]| ?[^\sA-Za-z0-9\[\]{}",|]+|\s+"""
)

BLANK = "\u0120"
"""How a byte-level vocabulary writes a blank."""

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] in ('image', 'image_url') %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def corpus(seed: int, n: int) -> Iterator[str]:
    """Text of all turns, for training a tokenizer."""
    library = Library()
    teacher, talk, medical, rng = (
        Teacher(library),
        TalkTeacher(library),
        MedicalTeacher(library),
        random.Random(seed),
    )
    for _ in range(n):
        film = sample_film(rng)
        said, told_film = told_report(film, rng)
        scene = sample_scene(rng)
        text, told = told_text(scene, rng)
        for turn in (
            reading_turn(teacher, text, told, Modality.IMAGE, rng, SHORT),
            reading_turn(teacher, text, told, Modality.IMAGE, rng, LONG),
            reading_turn(teacher, None, scene.shown(), Modality.TEXT, rng, SHORT),
            reading_turn(teacher, None, scene.shown(), Modality.TEXT, rng, LONG),
            teacher.describing(told, Modality.IMAGE, rng),
            teacher.describing(scene.shown(), Modality.TEXT, rng),
            teacher.refining(scene.shown(), rng),
            talk.asked(rng),
            talk.asked(rng),
            talk.found(rng),
            medical_turn(medical, said, told_film, rng, SHORT),
            medical_turn(medical, said, told_film, rng, LONG),
            medical_turn(medical, None, film, rng, SHORT),
            medical_turn(medical, None, film, rng, LONG),
            medical.describing(told_film, Modality.IMAGE, rng),
            medical.refining(film, rng),
        ):
            yield "\n".join(filter(None, [turn.system, turn.shared, turn.ask, turn.answer]))


def train_bpe(seed: int, size: int, rounds: int = 3000) -> Tokenizer:
    """Byte-level BPE of `size` tokens, so that any text at all can be read, however badly, and besides the words of
    facts with a large letter (see `with_capitals`). `rounds` as for `corpus`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(WORDS, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(QWEN_SPECIALS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(corpus(seed, rounds), trainer)
    return with_capitals(tokenizer, fact_words())


def fact_words() -> set[str]:
    """Every word by which texts tell a fact, small."""
    named = [*SIZE_WORDS.values(), *NAMES.values(), *surface_forms().values(), SIDES, ZONES, CHANGES]
    said = " ".join(name for names in named for name in names)
    return set(re.findall(r"[a-z]{2,}", f"{said} stable increasing increased mildly severely".lower()))


def with_capitals(tokenizer: Tokenizer, words: Iterable[str]) -> Tokenizer:
    """The tokenizer with one token more for each word with a large letter, and one for the same after a blank.

    Texts have most words small, so that BPE knows " noir" whole and spells "Noir" as "No", "ir"; and what a small model
    has learnt of the one it does not know of the other: all styles of captions that began with one were wrong.
    """
    known = json.loads(tokenizer.to_str())
    vocabulary = known["model"]["vocab"]
    for word in sorted(words):
        for token in (word.capitalize(), BLANK + word.capitalize()):
            vocabulary.setdefault(token, len(vocabulary))
    # A word of the vocabulary is taken whole; merges make what is left.
    known["model"]["ignore_merges"] = True
    return Tokenizer.from_str(json.dumps(known))


def world_words(seed: int) -> list[str]:
    """Every word of the worlds' texts, lower case, for the word tokenizers of CLIP, BLIP and the diffusion model."""
    words: set[str] = set()
    library, rng = Library(), random.Random(seed)
    teacher, medical = Teacher(library), MedicalTeacher(library)
    for _ in range(1500):  # 500 gave every word
        scene, film = sample_scene(rng), sample_film(rng)
        text, told = told_text(scene, rng)
        said, told_film = told_report(film, rng)
        for line in (
            text,
            teacher.describing(told, Modality.IMAGE, rng).answer,
            teacher.refining(scene.shown(), rng).answer,
            said,
            medical.describing(told_film, Modality.IMAGE, rng).answer,
            medical.refining(film, rng).answer,
        ):
            words |= set(re.findall(r"\w+|[^\w\s]+", line.lower()))
    return sorted(words)


def save_qwen_processor(tokenizer: Tokenizer, side: int, patch: int, folder: Path) -> None:
    """Write the files from which `AutoProcessor` makes a Qwen2-VL processor with pictures of one fixed size."""
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHAT_TEMPLATE,
        extra_special_tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
                              "vision_bos_token": "<|vision_start|>", "vision_eos_token": "<|vision_end|>"},
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    pixels = {"shortest_edge": side * side, "longest_edge": side * side}
    image = Qwen2VLImageProcessor(size=pixels, patch_size=patch, temporal_patch_size=2, merge_size=2)
    video = Qwen2VLVideoProcessor(size=pixels, patch_size=patch, temporal_patch_size=2, merge_size=2)
    folder.mkdir(parents=True, exist_ok=True)
    Qwen2VLProcessor(image, fast, video, chat_template=CHAT_TEMPLATE).save_pretrained(folder)
