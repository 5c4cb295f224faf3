"""The drawn data sets in the forms of IU X-ray and COCO, as the real readers see them."""

import json
import random
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from data.catalog import open_dataset
from data.iuxray.tags import TAGS
from data.leaks import leak_report
from data.pictures import read_picture
from data.sample import Domain, Sample
from mini.world.drawing import draw
from mini.world.facts import KINDS, place, sample_scene
from mini.world.forms import FORMS, layout_of
from mini.world.openi import studies
from mini.world.outlines import outline

N = 61


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    roots = {}
    for form in ("coco", "iuxray", "iuxray-r2gen"):
        roots[form] = tmp_path_factory.mktemp(form)
        FORMS[form](7, N, roots[form])
    return roots


def test_open_i_is_read_back_whole(roots):
    dataset = open_dataset("iuxray", roots["iuxray"], None)
    rows = list(dataset)
    assert (dataset.form, dataset.domain, dataset.text_form) == ("xml", Domain.XRAY, "report")
    assert len(rows) == N and all(isinstance(row, Sample) for row in rows)
    picture = read_picture(rows[0].image)
    assert picture.size == (128, 128)
    made = {f"CXR{study.number}": study for study in studies("iuxray", 7, N, both=False)}
    for row in rows:
        study = made[row.extra["study"]]
        assert row.text == study.report.text and row.labels and set(row.labels) <= set(TAGS)
    assert {len(study.exposures) for study in made.values()} == {1, 2}
    assert Counter(row.group for row in rows) == {
        str(study.number): len(study.exposures) for study in made.values()
    }


def test_reports_have_the_sections_and_labels_of_open_i(roots):
    tree = ET.parse(roots["iuxray"] / "ecgen-radiology" / "1.xml")
    labels = [element.get("Label") for element in tree.iter("AbstractText")]
    assert labels == ["COMPARISON", "INDICATION", "FINDINGS", "IMPRESSION"]
    study = next(studies("iuxray", 7, N, both=False))
    assert tree.find("uId").get("id") == "CXR1"
    assert len(list(tree.iter("parentImage"))) == len(study.exposures)
    assert [element.text for element in tree.iter("major")]


def test_splits_of_open_i_part_no_study(roots):
    train, test = (open_dataset("iuxray", roots["iuxray"], split) for split in ("train", "test"))
    assert len(train) > len(test) > 0
    assert leak_report(train, test).by_group.count == 0


def test_r2gen_is_read_back_with_two_pictures_a_study(roots):
    index = json.loads((roots["iuxray-r2gen"] / "annotation.json").read_text())
    assert [len(rows) for rows in index.values()] == [22, 3, 6]
    every = [row for rows in index.values() for row in rows]
    assert all(len(row["image_path"]) == 2 for row in every[:-1]) and len(every[-1]["image_path"]) == 1
    dataset = open_dataset("iuxray", roots["iuxray-r2gen"], "all")
    rows = list(dataset)
    assert dataset.form == "r2gen" and len(rows) == N and all(row.image and row.text for row in rows)


def test_coco_has_five_captions_and_true_boxes(roots):
    annotations = roots["coco"] / "annotations"
    captions = json.loads((annotations / "captions_train2014.json").read_text())
    instances = json.loads((annotations / "instances_train2014.json").read_text())
    assert set(Counter(each["image_id"] for each in captions["annotations"]).values()) == {5}
    assert [each["name"] for each in instances["categories"]] == list(KINDS)
    assert len({each["id"] for each in instances["annotations"]}) == len(instances["annotations"])
    for image in instances["images"]:
        layout, _ = layout_of("coco", 7, image["id"] - 1)
        found = [each for each in instances["annotations"] if each["image_id"] == image["id"]]
        assert [KINDS[each["category_id"] - 1] for each in found] == [item.kind for item in layout.objects]
        for each in found:
            x, y, width, height = each["bbox"]
            assert x >= 0 and y >= 0 and x + width <= 128.01 and y + height <= 128.01
            assert 0 < each["area"] <= width * height + 1
            flat = [value for polygon in each["segmentation"] for value in polygon]
            assert min(flat[::2]) == pytest.approx(x, abs=0.02)
            assert max(flat[1::2]) == pytest.approx(y + height, abs=0.02)
    rows = list(open_dataset("coco", roots["coco"], "train"))
    assert all(row.text in {each["caption"] for each in captions["annotations"]} for row in rows)


def test_outlines_are_what_is_drawn():
    """Against the pixels that an object changes, but for its dark rim, half of which lies outside the outline."""
    rng = random.Random("outlines")
    for _ in range(60):
        layout = place(sample_scene(rng), rng)
        empty = np.asarray(draw(replace(layout, objects=())), dtype=int)
        for item in layout.objects:
            alone = np.asarray(draw(replace(layout, objects=(item,))), dtype=int)
            ys, xs = np.nonzero(np.abs(alone - empty).max(axis=-1) > 40)
            x, y, width, height = outline(item, 128).box
            true = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
            assert np.abs(np.subtract((x, y, x + width, y + height), true)).max() < 3.5, item
