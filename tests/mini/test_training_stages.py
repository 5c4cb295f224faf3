"""Every stage of the picture models' training, on both worlds: a few steps each, then the folder is read back by the
code that reads the large models. What training is good for is measured in `bench/`, not here."""

import random
import subprocess
import sys

import pytest
import torch

from mini.architectures import tiny_sdxl
from mini.train.__main__ import main
from mini.train.autoencoder import Latents, train_decoder, train_vae
from mini.train.diffusion import train_unet
from mini.train.encoders import train_encoder
from mini.train.films import FilmStore
from mini.train.pictures import PictureStore
from mini.train.progress import OtherTraining, Stage
from mini.train.worlds import Films, Mixture, Scenes
from mini.weights import domains_of
from mini.world.chest import Film
from mini.world.facts import Scene


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return Mixture([Scenes(PictureStore(folder, 40)), Films(FilmStore(folder, 24))], [0.62, 0.38])


def test_a_batch_has_its_share_of_every_world_and_keeps_to_simple_pictures(mixture):
    assert mixture.sizes(16) == [10, 6] and mixture.sizes(2) == [1, 1]
    chosen = mixture.chosen(16, 1, random.Random(0))
    for world, some in zip(mixture.worlds, chosen, strict=True):
        assert {world.things(i) for i in some} == {1}
    more = mixture.chosen(200, 3, random.Random(0))
    for world, some in zip(mixture.worlds, more, strict=True):
        assert max(world.things(i) for i in some) == 3


def test_a_prompt_tells_facts_of_its_picture(mixture):
    scenes, films = mixture.worlds
    text, told = scenes.prompt(0, random.Random(1))
    assert isinstance(told, Scene) and all(group.kind in text.lower() for group in told.groups)
    at = next(i for i in range(len(films)) if films.store.film(i).findings)
    text, told = films.prompt(at, random.Random(1))
    assert isinstance(told, Film) and all(finding.abnormality in text.lower() for finding in told.findings)


def test_the_diffusion_model_is_trained_on_both_worlds_and_draws(mixture, tmp_path):
    from tools.generators.pipeline import DiffusionOptions, Pipeline

    work, out = tmp_path / "work", tmp_path / "sdxl"
    work.mkdir()
    train_vae(work, mixture, 2, 6)
    train_unet(work, mixture, 2, 6)
    train_decoder(work, out, mixture, 2, 6)
    assert {"general", "xray"} == set(domains_of(out))
    pipeline = Pipeline(str(out), DiffusionOptions(steps=2))
    (image,) = pipeline.draw([("Small nodule in the right upper zone.", 1)])
    assert image.size == (64, 64)


@pytest.mark.parametrize("kind", ["clip", "blip"])
def test_the_encoders_are_trained_on_both_worlds_and_compare(mixture, tmp_path, kind):
    train_encoder(kind, tmp_path, tmp_path / kind, mixture, 4, 6)
    assert {"general", "xray"} == set(domains_of(tmp_path / kind))
    logged = (tmp_path / f"{kind}.log").read_text()
    assert "scenes_contrast" in logged and "films_contrast" in logged


def test_a_reader_of_facts_learns_them(mixture):
    """A vector that is the facts themselves can be read: the loss falls by far more than chance."""
    torch.manual_seed(0)
    for world in mixture.worlds:
        facts = [world.shown(i) for i in range(12)]
        vectors, reader = torch.eye(12), world.facts(12, whole=True)
        optimiser = torch.optim.Adam(reader.parameters(), 0.1)
        losses = []
        for _ in range(60):
            loss = reader.loss(vectors, facts)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < 0.1 * losses[0]


def test_models_to_go_on_from_that_are_not_there_are_one_sentence(monkeypatch, capsys, tmp_path):
    """Before pictures are drawn for minutes."""
    work = tmp_path / "work"
    asked = ["mini.train", "joint", "--from", str(tmp_path / "nowhere"), "--work", str(work)]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit):
        main()
    assert "nowhere is no folder; name one of finished models" in capsys.readouterr().err
    assert not work.exists()


def test_a_stage_goes_on_only_with_its_own_training(mixture, tmp_path, capsys):
    train_vae(tmp_path, mixture, 2, 6)
    train_vae(tmp_path, mixture, 2, 6)
    assert "finished earlier" in capsys.readouterr().out
    with pytest.raises(OtherTraining, match="name another --work"):
        train_vae(tmp_path, mixture, 3, 6)
    with pytest.raises(OtherTraining, match="name another --work"):
        train_vae(tmp_path, mixture, 2, 6, start=tmp_path)
    stage, parts = Stage("some", tmp_path, 5), {"model": torch.nn.Linear(1, 1)}
    stage.save(parts)
    with pytest.raises(OtherTraining, match=r"some\.ckpt is of another training"):
        Stage("some", tmp_path, 6).resume(parts)
    Stage("some", tmp_path, 5).resume(parts)


def test_latents_are_those_of_the_autoencoder_that_is_asked(mixture, tmp_path):
    means = []
    for value in (1.0, 5.0, 1.0):
        vae = tiny_sdxl(["word"], 8, 64).vae
        torch.nn.init.constant_(vae.quant_conv.weight, 0.0)
        torch.nn.init.constant_(vae.quant_conv.bias, value)
        means.append(Latents(tmp_path, mixture, vae).means[0].mean().item())
    assert means == pytest.approx([1.0, 5.0, 1.0])


def test_two_processes_that_want_the_same_pictures_get_them(tmp_path):
    code = "import sys, pathlib; from mini.train.pictures import PictureStore; "
    code += "PictureStore(pathlib.Path(sys.argv[1]), 60)"
    both = [subprocess.Popen([sys.executable, "-c", code, tmp_path]) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert len(PictureStore(tmp_path, 60).pixels) == 60
    assert not list(tmp_path.glob("*.part"))
