"""The page as people use it, in headless Chromium, driven by Playwright. Skipped where either is absent.

Screenshots are kept in `build/screenshots/report` to be looked at.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.report import write_report
from data.record import Edge, Record
from data.sample import Domain, Modality

sys.path.insert(0, str(Path(__file__).parents[1] / "chromium"))
from chromium import Browser, Tab, chromium, needs_chromium

pytestmark = needs_chromium


class Page(Tab):
    """One tab with a report."""

    def open(self, report: Path, address: str = "") -> None:
        self.show(report.as_uri() + address)

    def heading(self) -> str:
        return str(self.js("document.querySelector('#pane h1').textContent"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    tab = Page(browser, "report")
    yield tab
    tab.close()
    assert tab.errors == []


def test_overview_then_samples_by_keyboard(tab: Page, make_run: Any) -> None:
    tab.open(write_report(make_run(30)))
    assert tab.heading() == "mmimdb · train"
    assert "Made with the miniature" in tab.js("document.querySelector('#pane').textContent")
    tab.press("j")
    tab.until("document.querySelector('#pane h1').textContent === 'tt1000000'")
    tab.press("j")
    tab.until("document.querySelector('#pane h1').textContent === 'tt1000037'")
    tab.press("k")
    tab.until("document.querySelector('#pane h1').textContent === 'tt1000000'")
    assert tab.js("location.hash") == "#tt1000000"
    assert tab.js("document.querySelectorAll('.card').length") == 5
    assert tab.js("document.querySelectorAll('.card.chosen').length") == 1
    assert tab.js("document.querySelectorAll('.graph .node').length") > 2
    tab.press("o")
    tab.until("document.querySelector('#pane h1').textContent === 'mmimdb · train'")


@pytest.mark.parametrize("bare", [False, True])
def test_no_absent_value_is_written_out(tab: Page, make_run: Any, bare: bool) -> None:
    folder = make_run(12)
    if bare:
        (folder / "manifest.json").write_text("{}")
    tab.open(write_report(folder))
    for _ in range(13):
        shown = tab.js("document.body.innerText")
        assert not re.search(r"undefined|NaN|\bnull\b|\[object|\bfalse\b", shown)
        tab.press("j")
        tab.until(
            "document.querySelector('#pane h1').textContent === "
            "(document.querySelector('[aria-selected=true] strong')?.textContent ?? 'x')"
        )


def test_long_labels_stay_inside_the_list(tab: Page, make_run: Any) -> None:
    """A select asks for the width of its longest option, which must not push the filters over the edge."""
    folder = make_run(4)
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    for line in lines:
        line["labels"] = ["a label as long as a sentence, and one that goes on for a while"]
    (folder / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    tab.open(write_report(folder))
    right = "document.querySelector('{}').getBoundingClientRect().right"
    assert tab.js(right.format(".filters input")) <= tab.js(right.format("#samples")) - 16
    assert tab.js(right.format(".filters .quiet")) <= tab.js(right.format("#samples")) - 16
    assert tab.errors == []


def test_pictures_load_under_the_content_security_policy(tab: Page, make_run: Any) -> None:
    folder = make_run(12)
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    with_picture = next(line for line in lines if line["missing"] == "image" and line["chosen"] is not None)
    tab.open(write_report(folder), f"#{with_picture['sample_id']}")
    tab.until("[...document.querySelectorAll('.trio img')].length === 2")
    tab.until(
        "[...document.querySelectorAll('.trio img')].every(one => one.complete && one.naturalWidth === 112)"
    )


def test_search_filter_and_sort_are_in_the_address(tab: Page, make_run: Any) -> None:
    folder = make_run(250)
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    wanted = [one for one in lines if "watercolour" in json.dumps(one) and one["missing"] == "text"]
    best = max(
        wanted,
        key=lambda one: one["candidates"][one["chosen"]]["scores"]["quality"] if one["candidates"] else -1,
    )
    report = write_report(folder)
    tab.open(report)
    tab.press("/")
    tab.page.keyboard.type("WATERcolour")
    tab.until(
        "!document.querySelector('.count').textContent.includes('searching') && location.hash.includes('q=')"
    )
    tab.js("""for (const [label, value] of [["Missing modality", "text"], ["Sort by", "quality"]]) {
        const select = document.querySelector(`[aria-label="${label}"]`);
        select.value = value; select.dispatchEvent(new Event("change"));
    }""")
    tab.until(f"document.querySelector('.count').textContent === '{len(wanted)} of 250 samples'")
    assert tab.js("document.querySelector('.row strong').textContent") == best["sample_id"]
    address = tab.js("location.hash")
    tab.open(report, address)
    tab.until(f"document.querySelector('.count').textContent === '{len(wanted)} of 250 samples'")
    assert tab.js("document.querySelector('.row strong').textContent") == best["sample_id"]


def test_five_thousand_samples_make_few_elements(tab: Page, make_run: Any) -> None:
    folder = make_run(100)
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for turn in range(50):
            for line in lines:
                one = json.loads(line)
                place = {"sample_id": f"{one['sample_id']}-{turn}", "index": one["index"] + 100 * turn}
                file.write(json.dumps({**one, **place}) + "\n")
    tab.open(write_report(folder))
    assert tab.js("document.querySelector('.count').textContent") == "5,000 samples"
    assert tab.js("document.querySelectorAll('.row').length") < 60
    tab.js("document.querySelector('.scroll').scrollTop = 1e9")
    tab.until("[...document.querySelectorAll('.row strong')].at(-1)?.textContent === 'tt1003663-49'")
    assert tab.js("document.querySelectorAll('.row').length") < 60


def test_hostile_text_is_shown_and_never_run(tab: Page, make_run: Any) -> None:
    hostile = '</script><img src=x onerror="document.body.dataset.hit=1"><b>&amp;'
    edge = Edge(head=hostile, relation=hostile, tail="t")
    one = Record(
        sample_id=hostile, index=0, status="completed", domain=Domain.GENERAL, missing=Modality.IMAGE, text=hostile,
        labels=[hostile], graph=[edge], warnings=[hostile], knowledge={hostile: hostile, "objects": [hostile]},
    )  # fmt: skip
    tab.open(write_report(make_run(0, records=[one])))
    tab.press("j")
    tab.until("document.querySelector('#pane h1').textContent.includes('<img')")
    assert tab.heading() == hostile
    assert tab.js("document.querySelectorAll('img, b > *, #pane b').length") == 0
    assert tab.js("document.body.dataset.hit") is None
    address = tab.js("location.hash")
    tab.open(tab_report := Path(tab.js("decodeURI(location.pathname)")), address)
    assert tab_report.name == "report.html" and tab.heading() == hostile


GRAPHS = {
    "cycle": [("a", "to", "b"), ("b", "to", "c"), ("c", "back to", "a")],
    "loop": [("a", "is", "a"), ("a", "has", "b")],
    "parallel": [("a", "left of", "b"), ("a", "larger than", "b"), ("b", "right of", "a")],
    "fan in": [(f"n{i}", f"relation number {i}", "hub") for i in range(9)],
    "long edges": [("a", "x", "b"), ("b", "x", "c"), ("c", "x", "d"), ("a", "far", "d"), ("a", "mid", "c")],
    "dense": [(f"n{i}", f"r{i}{j}", f"n{j}") for i in range(7) for j in range(7) if (i * 3 + j) % 4 == 1],
    "beyond what is drawn": [(f"n{i}", "then", f"n{i + 1}") for i in range(300)],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_relations_of_a_graph_never_overlap(tab: Page, make_run: Any, name: str) -> None:
    graph = [Edge(head=head, relation=relation, tail=tail) for head, relation, tail in GRAPHS[name]]
    one = Record(
        sample_id="g",
        index=0,
        status="completed",
        domain=Domain.GENERAL,
        missing=Modality.IMAGE,
        text="t",
        graph=graph,
    )
    tab.open(write_report(make_run(0, records=[one])), "#g")
    tab.until("document.querySelector('.graph') !== null")
    boxes = tab.js(
        "[...document.querySelectorAll('.graph .edge rect, .graph .node rect')]"
        ".map(one => [one.x, one.y, one.width, one.height].map(side => side.baseVal.value))"
    )
    nodes = {end for edge in GRAPHS[name][:120] for end in (edge[0], edge[2])}
    assert tab.js("document.querySelectorAll('.graph .node').length") == len(nodes)
    assert tab.js("document.querySelectorAll('.edges li').length") == len(graph)
    for i, (x, y, width, height) in enumerate(boxes):
        for u, v, wide, high in boxes[:i]:
            assert x + width <= u or u + wide <= x or y + height <= v or v + high <= y, (name, boxes[i])


def test_a_narrow_screen_shows_one_thing_at_a_time(tab: Page, make_run: Any) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 900})
    tab.open(write_report(make_run(12)))
    shown = "getComputedStyle(document.querySelector('{}')).display !== 'none'".format
    assert (tab.js(shown("#pane")), tab.js(shown("#samples"))) == (True, False)
    tab.js("document.querySelector('.browse').click()")
    assert (tab.js(shown("#pane")), tab.js(shown("#samples"))) == (False, True)
    tab.js("document.querySelector('.row').click()")
    tab.until("document.body.dataset.pane === 'detail'")
    assert tab.js("document.documentElement.scrollWidth") <= 390


def test_an_address_of_no_sample_is_answered(tab: Page, make_run: Any) -> None:
    tab.open(write_report(make_run(2)), "#nobody?sort=nonsense")
    assert "no sample nobody" in tab.js("document.querySelector('#pane').textContent")


@pytest.mark.parametrize(("width", "dark"), [(1360, False), (1360, True), (390, False), (390, True)])
def test_it_fits_wide_and_narrow_light_and_dark(
    browser: Browser, make_run: Any, width: int, dark: bool
) -> None:
    tab = Page(browser, "report", width, dark)
    report = write_report(make_run(40))
    kind = f"{'narrow' if width < 500 else 'wide'}-{'dark' if dark else 'light'}"
    for name, address in (("overview", ""), ("sample", "#tt1000000")):
        tab.open(report, address)
        assert tab.js("document.documentElement.scrollWidth") <= width
        tab.shot(f"{name}-{kind}")
    tab.close()
    assert tab.errors == []
