"""The shortcuts that training takes must be the real model: same patches, same tower, same loss."""

import copy
import json
import random

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from data.sample import Modality
from mini.recogniser import FilmReader
from mini.train.autoencoder import picture_loss
from mini.train.cells import object_mask
from mini.train.conversations import LONG, SHORT, Teacher, phrases, reading_turn, told_text
from mini.train.dense import mark_labels
from mini.train.facts import PLACES
from mini.train.films import FilmStore
from mini.train.lessons import EARLY, LATE, Lessons
from mini.train.marks import Target, film_targets, shifted
from mini.train.pictures import PictureStore, jitter, jittered, normalised, training_layout
from mini.train.qwen import CAPITALISED, SIDE, VOCABULARY, build, export, look, merged, patches, trained
from mini.train.tokenizers import BLANK, save_qwen_processor, train_bpe, with_capitals
from mini.train.tower import film_labels, scene_labels
from mini.train.turns import Encoder, by_length, turn_loss
from mini.world import chest
from mini.world.chest import Film, Finding
from mini.world.drawing import draw
from mini.world.exposure import place
from mini.world.facts import KINDS, sample_scene
from prompts.library import Library


@pytest.fixture(scope="module")
def bpe():
    return train_bpe(3, VOCABULARY, rounds=200)


@pytest.fixture(scope="module")
def encoder(bpe):
    return Encoder(bpe)


@pytest.fixture(scope="module")
def model(encoder):
    torch.manual_seed(0)
    return build(encoder.tokenizer).eval()


@pytest.fixture(scope="module")
def processor(bpe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("processor")
    save_qwen_processor(bpe, SIDE, 16, folder)
    return AutoProcessor.from_pretrained(folder)


@pytest.fixture(scope="module")
def drawn():
    return [np.asarray(draw(training_layout(i))) for i in range(2)]


def seen(tower, drawn):
    """The tokens that the language model gets of a batch of pictures."""
    return merged(tower, look(tower, normalised(drawn)))


def test_patches_are_the_processors(processor, drawn):
    real = processor.image_processor(images=[Image.fromarray(p) for p in drawn], return_tensors="pt")
    assert real["image_grid_thw"].tolist() == [[1, 8, 8]] * 2
    assert torch.allclose(real["pixel_values"].view(2, 64, -1), patches(normalised(drawn)), atol=1e-5)


def test_the_batched_tower_is_the_models(model, processor, drawn):
    real = processor.image_processor(images=[Image.fromarray(p) for p in drawn], return_tensors="pt")
    with torch.no_grad():
        one_by_one = model.model.visual(real["pixel_values"], real["image_grid_thw"]).pooler_output.view(
            2, 16, -1
        )
        assert torch.allclose(one_by_one, seen(model.model.visual, drawn), atol=1e-4)


@pytest.mark.parametrize("shares", [SHORT, LONG])
def test_shared_prefix_and_positions_change_nothing(model, encoder, processor, drawn, shares):
    """The loss of a batch with one shared prefix equals the sum of the model's own losses, and the token ids are those
    of the chat template."""
    teacher, rng = Teacher(Library()), random.Random(4)
    turns = [
        reading_turn(teacher, None, training_layout(i).scene.shown(), Modality.TEXT, rng, shares)
        for i in range(2)
    ]
    text, told = told_text(sample_scene(rng), rng)
    turns.append(reading_turn(teacher, text, told, Modality.IMAGE, rng, shares))
    with torch.no_grad():
        loss, _, _ = turn_loss(model, encoder, turns, seen(model.model.visual, drawn), 0.0, rng)
        expected = 0.0
        for i, turn in enumerate(turns):
            question = turn.ask if turn.shared is None else f"{turn.shared}\n\n{turn.ask}"
            content = [{"type": "image", "image": Image.fromarray(drawn[i])}] if turn.shared is None else []
            messages = [
                {"role": "system", "content": [{"type": "text", "text": turn.system}]},
                {"role": "user", "content": [*content, {"type": "text", "text": question}]},
            ]
            coded = processor.apply_chat_template(
                messages, tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
            )
            answer = torch.tensor([[*encoder.encode(turn.answer), encoder.ids["<|im_end|>"]]])
            start = coded["input_ids"].shape[1]
            ids = torch.cat([coded.pop("input_ids"), answer], dim=1)
            coded.pop("attention_mask")
            if "mm_token_type_ids" in coded:
                coded["mm_token_type_ids"] = (ids == encoder.ids["<|image_pad|>"]).int()
            logits = model(input_ids=ids, **coded).logits
            expected += torch.nn.functional.cross_entropy(
                logits[0, start - 1 : -1], ids[0, start:], reduction="sum"
            ).item()
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_rows_in_two_parts_have_the_same_loss(model, encoder, monkeypatch):
    teacher, rng = Teacher(Library()), random.Random(6)
    turns = [
        reading_turn(teacher, *told_text(sample_scene(rng), rng, loose), Modality.IMAGE, rng, SHORT)
        for loose in (0.0, 1.0, 0.0, 1.0, 0.0)
    ]
    with torch.no_grad():
        losses = []
        for parts in ([[0, 1, 2, 3, 4]], [[4, 0], [2, 1, 3]]):
            monkeypatch.setattr("mini.train.turns.by_length", lambda _, parts=parts: parts)
            losses.append(turn_loss(model, encoder, turns, None, 0.0, rng)[0].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_rows_are_parted_where_that_saves_padding():
    assert by_length([10, 100, 11, 12]) == [[0, 2, 3], [1]]
    assert by_length([10, 11, 12]) == [[0, 1, 2]]
    assert by_length([7]) == [[0]]
    assert by_length([400, 100, 10, 101, 11, 12, 13]) == [[2, 4, 5, 6], [1, 3], [0]]


def test_a_json_answer_is_short(bpe):
    """Keys with their punctuation are one token each: an edge costs seven tokens, eight if a rare word is split."""
    assert len(bpe.encode('{"head":"star","relation":"above","tail":"moon"}').ids) <= 8


def test_a_word_of_a_fact_is_one_token_with_a_large_letter(processor):
    tokens = processor.tokenizer.tokenize("Noir (Red hearts), one Yellow key. Effusion, Right base")
    assert {"Noir", "Red", f"{BLANK}Yellow", f"{BLANK}Effusion", f"{BLANK}Right"} <= set(tokens)
    assert (
        processor.tokenizer.decode(processor.tokenizer("Noir: a Red key")["input_ids"]) == "Noir: a Red key"
    )


def test_words_that_are_none_of_facts_are_spelt_as_before(bpe):
    more = with_capitals(bpe, ["zeppelin"])
    for text in ("Zebra crossing", "noir", '{"head":"star"}', "Tell me about it."):
        assert more.encode(text).tokens == bpe.encode(text).tokens
    assert more.encode("Zeppelin zeppelin").tokens == ["Zeppelin", *bpe.encode(" zeppelin").tokens]
    assert with_capitals(more, ["zeppelin"]).get_vocab() == more.get_vocab()


def test_a_word_with_a_large_letter_begins_as_the_small_one_moved_as_others_are(model, bpe, tmp_path):
    former = copy.deepcopy(model)
    rows = former.model.language_model.embed_tokens.weight.detach()
    known = bpe.get_vocab()
    for token, index in known.items():
        small = BLANK + token.removeprefix(BLANK).lower()
        if CAPITALISED.fullmatch(token) and small in known:
            rows[index] = rows[known[small]] + (0.25 if token.startswith(BLANK) else 0.5)
    export(former, bpe, tmp_path)
    more = with_capitals(bpe, ["zeppelin"])
    found = trained(tmp_path, more).model.language_model.embed_tokens.weight.detach()
    assert torch.allclose(found[: len(rows)], rows, atol=1e-3)
    small = rows[bpe.encode(" zeppelin").ids].mean(0)
    assert torch.allclose(found[more.token_to_id("Zeppelin")], small + 0.5, atol=1e-3)
    assert torch.allclose(found[more.token_to_id(f"{BLANK}Zeppelin")], small + 0.25, atol=1e-3)


def test_jitter_keeps_form_and_depends_on_the_seed(drawn):
    first, again, other = (jitter(drawn[0], random.Random(seed)) for seed in (1, 1, 2))
    assert first.shape == drawn[0].shape and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 6), (5, 2), (7, 7)])
def test_labels_lie_on_the_patch_that_they_are_about(row, column):
    """A bright square and the label of a mark in its middle have the same place in the tower's order of patches."""
    pictures = torch.zeros(1, 3, SIDE, SIDE)
    pictures[:, :, row * 16 : row * 16 + 16, column * 16 : column * 16 + 16] = 1
    bright = patches(pictures).sum(-1).argmax().item()
    marks, traits = mark_labels([([Target(3, (column + 0.5) / 8, (row + 0.5) / 8, 0.2, 1)], -100)], 12)
    assert marks[0].nonzero().tolist() == [[bright, 3]]
    assert (traits[0] != -100).nonzero().tolist() == [[bright]] and traits[0, bright] == 1


def test_a_shift_moves_the_marks_with_the_picture():
    pixels = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    pixels[60:68, 60:68] = 255
    for seed in range(12):
        moved, shift = jittered(pixels, random.Random(seed))
        rows, columns = np.where(moved[..., 0] > moved.max() * 0.7)
        (mark,), _ = shifted(([Target(0, 0.5, 0.5, 0.1, 0)], 0), shift)
        assert abs((columns.mean() + 0.5) / SIDE - mark.x) < 0.02
        assert abs((rows.mean() + 0.5) / SIDE - mark.y) < 0.02


def test_facts_of_films_and_scenes_as_labels():
    film = Film(
        (Finding("nodule", "left", "mid", "large"), Finding("effusion", "both", None, "small")), ("heart",)
    )
    labels = film_labels([place(film, random.Random(1))])
    kinds = list(chest.KINDS)
    nodule, effusion, tube = (kinds.index(name) for name in ("nodule", "effusion", "tube"))
    assert [PLACES[labels["place_of"][0, k]] for k in (nodule, effusion, tube)] == ["left", "both", None]
    assert labels["zone_of"][0, nodule] == 1 and labels["zone_of"][0, effusion] == -100
    assert labels["size_of"][0, nodule] == 1 and labels["size_of"][0, effusion] == 0
    layout = training_layout(3)
    counts = scene_labels([layout])["counts"][0]
    assert {KINDS[i]: int(n) for i, n in enumerate(counts) if n} == {
        g.kind: g.count for g in layout.scene.groups
    }


@pytest.mark.parametrize("mix", [EARLY, LATE], ids=["early", "late"])
@pytest.mark.parametrize("step", range(12))
def test_every_lesson_has_one_system_prompt_and_a_picture_per_turn_without_text(lessons, step, mix):
    found = list(lessons.of(step, 6, 3, random.Random(step), mix))
    assert None in {lesson.weight for lesson in found} <= {None, 0.5}
    for lesson in found:
        assert len({turn.system for turn in lesson.turns}) == 1
        seen = [turn for turn in lesson.turns if turn.shared is None]
        assert len(seen) == (0 if lesson.pictures is None else len(lesson.pictures))


@pytest.mark.parametrize(("mix", "films"), [(EARLY, 4), (LATE, 6)], ids=["early", "late"])
def test_late_every_second_step_is_of_radiographs(lessons, mix, films):
    names = [next(lessons.of(step, 6, 3, random.Random(step), mix)).name for step in range(12)]
    assert sum(name.startswith("film") for name in names) == films
    assert "film_long" in names and "film_short" in names


def test_noun_phrases_are_written_down_with_whose_number_and_colour_is_whose():
    rng = random.Random("phrases")
    for loose in (0.0, 1.0):
        turn = phrases(rng, loose)
        said = turn.shared.lower()
        facts = json.loads(turn.answer)
        assert 4 <= len(facts) <= 7
        for fact in facts:
            assert fact["name"] in said and all(colour in said for colour in fact["attributes"])
        named = [said.index(fact["name"]) for fact in facts]
        assert named == sorted(named)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return Lessons(PictureStore(folder, 24), FilmStore(folder, 12))


def test_a_tube_is_marked_from_the_mouth_to_its_tip():
    exposure = place(Film((Finding("tube", None, None, None),), ("heart",)), random.Random(1))
    mask = object_mask([film_targets(exposure, FilmReader())], 64)[0, 0]
    (tube,) = exposure.placed
    column = mask[:, int(tube.x * 64)]
    assert column[: int(tube.y * 64)].all() and not column[48:].any()


def test_a_line_left_out_costs_more_than_a_veil_of_as_much_error():
    real, mask = torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    mask[..., 16:32, 16:32] = 1
    real[..., 24, 16:32] = 0.8
    veiled = real + 0.05 * mask
    without, veil = (picture_loss(made, real, mask) for made in (torch.zeros_like(real), veiled))
    assert (veiled - real).abs().sum() == pytest.approx(real.abs().sum())
    assert without > 5 * veil > picture_loss(real, real, mask) == 0
