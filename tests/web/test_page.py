"""The page as people use it, in headless Chromium (Debian's) driven by Playwright. Skipped where either is absent.

Screenshots of all views are kept in `build/screenshots/web` to be looked at.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import Tab, chromium, needs_chromium, serving
from playwright.sync_api import Browser, expect
from scene_double import SceneDouble
from web_helpers import HOSTILE, Make, Site

from agent.browser.app import make_app
from agent.browser.channel import Channel
from agent.browser.house import House
from data.record import Record
from data.sample import Domain, Modality

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class WebTab(Tab):
    """One page of the program's."""

    def __init__(self, browser: Browser, url: str, width: int = 1360, dark: bool = False) -> None:
        super().__init__(browser, "web", width, dark)
        self.url = url

    def open(self, address: str = "") -> None:
        self.show(f"{self.url}{address}")

    def session(self, sample: str) -> None:
        """A new session of a sample, by clicks and keys."""
        self.open("#/samples/folder")
        self.page.fill("[type=search]", sample)
        self.until(f"document.querySelector('.row strong')?.textContent === {json.dumps(sample)}")
        self.page.locator(".row").first.click()
        self.page.get_by_role("button", name="Walk it step by step").click()
        expect(self.page.locator(".stepper")).to_be_visible()
        self.free("Next: intake")
        self.until("document.activeElement === document.body || document.activeElement?.id === 'next'")

    def free(self, words: str) -> None:
        """Nothing is under way, and this is what comes next."""
        expect(self.page.locator("#next:enabled")).to_have_text(words)

    def finished(self) -> None:
        expect(self.page.locator("#next")).to_have_text("Finished")
        expect(self.page.get_by_role("button", name="Stop")).to_be_disabled()

    def tool(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def elsewhere(self, what: str, **body: Any) -> Any:
        """What another tab would ask of the session that is shown here."""
        session = self.page.url.rpartition("/")[2]
        kind = {"Content-Type": "application/json"}
        asked = json.dumps({"method": "POST", "headers": kind, "body": json.dumps(body)})
        return self.js(f"fetch('/api/sessions/{session}/{what}', {asked}).then((reply) => reply.json())")


@pytest.fixture
def tab(browser: Browser, site: Site) -> Iterator[WebTab]:
    tab = WebTab(browser, site.url)
    yield tab
    tab.close()
    assert tab.errors == []


@pytest.fixture(scope="module")
def finished(browser: Browser, site: Site) -> str:
    """The address of a session that is finished."""
    tab = WebTab(browser, site.url)
    tab.session("photo3")
    tab.press("r")
    tab.finished()
    address = "#" + tab.page.url.partition("#")[2]
    tab.close()
    return address


def test_pick_and_step_by_keyboard_alone(tab: WebTab) -> None:
    tab.open()
    tab.until("document.querySelectorAll('.row strong').length > 5")
    tab.shot("samples")
    tab.press("/")
    tab.page.keyboard.type("photo11")
    tab.until("document.querySelector('.count').textContent === '1 of 40 samples'")
    tab.press("Escape", "j")
    expect(tab.page.locator("#pane h1")).to_have_text("photo11")
    tab.shot("sample")
    tab.press("Enter")
    for step in ("intake", "extract", "alternate", "generate", "rank"):
        tab.free(f"Next: {step}")
        tab.press("n")
    tab.finished()
    assert tab.page.locator(".card").count() == 3 and tab.page.locator(".card.chosen").count() == 1
    assert "Two red circles" in tab.text(".panel.truth")
    tab.press("?")
    expect(tab.page.get_by_role("dialog")).to_contain_text("next step")
    tab.press("Escape")


def test_calls_stream_in_and_open(tab: WebTab, double: SceneDouble) -> None:
    tab.session("photo12")
    tab.press("n")
    tab.free("Next: extract")
    tab.js("""() => {
        window.told = [];
        const where = `/api/sessions/${location.hash.split('/').at(-1)}/events`;
        window.source = new EventSource(where);
        window.source.onmessage = (message) => window.told.push(JSON.parse(message.data));
        return new Promise((resolve) => { window.source.onopen = () => resolve(); });
    }""")
    double.allow(len(double.answered))
    try:
        tab.press("n")
        expect(tab.page.locator(".calls li.running b")).to_have_text("extract")
        expect(tab.page.locator(".stepper .running b")).to_have_text("extract")
        tab.shot("running")
        tab.page.reload()
        expect(tab.page.locator(".calls li.running b")).to_have_text("extract")
    finally:
        double.allow(float("inf"))
    expect(tab.page.locator("#next")).to_have_text("Next: alternate")
    expect(tab.page.locator(".calls small").first).to_contain_text("100 → 20 tokens")
    tab.page.locator(".calls summary").first.click()
    expect(tab.page.locator(".message.system pre").first).to_contain_text("read")
    expect(tab.page.locator(".message.answer pre")).to_contain_text('"circle"')
    expect(tab.page.locator(".call-body summary")).to_contain_text("Form of the answer")
    tab.until("document.querySelector('.message img')?.naturalWidth > 0")
    tab.shot("call")


def test_tokens_come_piece_by_piece(tab: WebTab, site: Site) -> None:
    tab.session("photo13")
    tab.press("n")
    tab.free("Next: extract")
    tab.js("""() => {
        window.told = [];
        window.source = new EventSource(`/api/sessions/${location.hash.split('/').at(-1)}/events`);
        window.source.onmessage = (message) => window.told.push(JSON.parse(message.data));
        return new Promise((resolve) => { window.source.onopen = () => resolve(); });
    }""")
    tab.press("n")
    tab.until("window.told.some((one) => one.type === 'step_ended')")
    pieces = tab.js("window.told.filter((one) => one.type === 'token').map((one) => one.text)")
    whole = tab.js("window.told.find((one) => one.type === 'call_ended').text")
    assert len(pieces) > 10 and "".join(pieces) == whole


def test_a_node_tells_where_it_came_from(tab: WebTab, finished: str) -> None:
    tab.open(finished)
    node = tab.page.get_by_role("button", name="star: where it came from")
    node.focus()
    tab.press("Enter")
    box = tab.page.locator(".origin-box")
    expect(box).to_contain_text("objects.1.name")
    expect(box).to_contain_text("extract · general/merged@")
    assert node.get_attribute("aria-pressed") == "true"
    tab.shot("origin")
    box.get_by_role("button", name="extract · general/merged").click()
    expect(tab.page.locator(".message.answer")).to_be_visible()
    tab.page.locator(".card .link").first.click()
    back = tab.page.locator(".read-back")
    expect(back.locator(".node.shared").first).to_be_visible()
    back.get_by_role("button", name="circle: where it came from").click()
    expect(back.locator(".origin-box")).to_contain_text("reextract ")


def test_edit_replay_fork_and_compare(tab: WebTab) -> None:
    tab.session("photo14")
    tab.press("r")
    tab.finished()
    tab.page.get_by_role("button", name="Fork", exact=True).click()
    tab.page.get_by_label("Name of the new branch").fill("with a moon")
    tab.press("Enter")
    expect(tab.page.locator("#told")).to_contain_text("cannot name a branch")
    tab.page.get_by_role("button", name="Fork", exact=True).click()
    tab.page.get_by_label("Name of the new branch").fill("moon")
    tab.press("Enter")
    expect(tab.page.get_by_label("Branch", exact=True)).to_have_value("moon")
    tab.page.get_by_role("button", name="Edit graph").click()
    field = tab.page.get_by_label("Edit the graph").last
    field.fill("[not json")
    tab.page.get_by_role("button", name="Save and replay").click()
    expect(tab.page.locator("dialog [role=alert]")).to_contain_text("not JSON")
    field.fill('[{"head": "moon"}]')
    tab.page.get_by_role("button", name="Save and replay").click()
    expect(tab.page.locator("dialog [role=alert]")).to_contain_text("graph.0.relation")
    tab.shot("edit")
    field.fill('[{"head": "moon", "relation": "above", "tail": "circle"}]')
    tab.page.get_by_role("button", name="Save and replay").click()
    expect(tab.page.get_by_role("button", name="moon: where it came from")).to_be_visible()
    tab.finished()
    tab.tool("History")
    expect(tab.page.locator(".moments")).to_contain_text("edit graph")
    tab.page.get_by_role("button", name="Compare").click()
    expect(tab.page.locator(".difference .added").first).to_contain_text("moon above circle")
    tab.shot("history")
    tab.page.get_by_label("Branch", exact=True).select_option("main")
    expect(tab.page.get_by_role("button", name="moon: where it came from")).to_have_count(0)
    tab.page.locator(".moment", has_text="#2").click()
    expect(tab.page.locator(".part-told")).to_contain_text("You look at #2, extract")
    assert tab.page.locator(".card").count() == 0
    tab.page.get_by_role("button", name="Back to the present").click()
    expect(tab.page.locator(".card").first).to_be_visible()
    tab.errors.clear()  # the two refusals, which the browser counts as errors


def test_a_prompt_is_edited_and_its_steps_are_done_anew(tab: WebTab, double: SceneDouble) -> None:
    tab.session("photo15")
    tab.press("r")
    tab.finished()
    tab.page.locator(".calls summary").first.click()
    tab.page.get_by_role("button", name="edit this prompt").click()
    field = tab.page.get_by_label("Text of general/merged")
    words = field.input_value()
    field.fill(f"{words}\nThink of the sea.")
    tab.shot("prompt")
    tab.page.locator("#tools-prompts").get_by_role("button", name="Save and replay").click()
    tab.until("document.querySelectorAll('.moments li').length > 6")
    tab.finished()
    assert any("Think of the sea." in body for body in double.answered)
    expect(tab.page.locator(".prompts .tag")).to_have_text("edited")


def test_a_candidates_text_is_edited_and_scored_anew(tab: WebTab) -> None:
    tab.session("photo20")
    tab.press("r")
    tab.finished()
    card = tab.page.get_by_role("article", name="Candidate 1")
    before = card.locator("[data-term=graph] b").inner_text()
    card.get_by_role("button", name="Edit text").click()
    words = "Two red circles lie beside a blue star, on a poster."
    tab.page.get_by_label("Edit candidate 1").last.fill(words)
    tab.page.get_by_role("button", name="Save and replay").click()
    expect(card).to_contain_text(words)
    expect(card.locator("[data-term=graph] b")).not_to_have_text(before)
    tab.finished()


def test_a_prompt_that_is_open_follows_the_branch(tab: WebTab) -> None:
    tab.session("photo21")
    tab.press("p")
    tab.page.get_by_label("Prompt", exact=True).select_option("general/describe")
    field = tab.page.get_by_label("Text of general/describe")
    own = field.input_value()
    tab.elsewhere("change", action="fork", name="try")
    expect(tab.page.get_by_label("Branch", exact=True)).to_have_value("try")
    expect(tab.page.locator(".prompts")).to_contain_text("Of the branch try.")
    tab.page.get_by_label("Branch", exact=True).select_option("main")
    expect(tab.page.locator(".prompts")).to_contain_text("Of the branch main.")
    field.fill(f"{own}\nBe brief.")
    save = tab.page.locator(".prompts").get_by_role("button", name="Save", exact=True)
    save.click()
    expect(tab.page.locator(".prompts .tag")).to_have_text("edited")
    tab.page.get_by_label("Branch", exact=True).select_option("try")
    expect(field).to_have_value(own)
    expect(tab.page.locator(".prompts .tag")).to_have_count(0)
    field.fill(f"{own}\nIt is begun.")
    tab.elsewhere("change", action="switch", name="main")
    expect(tab.page.get_by_label("Branch", exact=True)).to_have_value("main")
    save.click()
    expect(tab.page.locator("#told")).to_contain_text("meant for the branch try")
    expect(field).to_have_value(f"{own}\nIt is begun.")
    prompts = {
        one["name"]: one["prompts"] for one in tab.elsewhere("change", action="fork", name="c")["branches"]
    }
    assert prompts == {"main": ["general/describe"], "try": [], "c": ["general/describe"]}
    tab.errors.clear()  # the refusal, which the browser counts as an error


def test_an_edit_that_was_begun_on_another_branch_is_refused(tab: WebTab) -> None:
    tab.session("photo22")
    for step in ("extract", "alternate"):
        tab.press("n")
        tab.free(f"Next: {step}")
    tab.page.get_by_role("button", name="Edit graph").click()
    tab.page.get_by_label("Edit the graph").last.fill("[]")
    before = tab.elsewhere("change", action="fork", name="other", moment=0)
    tab.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(tab.page.locator("dialog [role=alert]")).to_contain_text("meant for the branch main")
    after = tab.elsewhere("change", action="switch", name="other")
    assert (after["branches"], after["moments"]) == (before["branches"], before["moments"])
    tab.press("Escape")
    tab.errors.clear()  # the refusal, which the browser counts as an error


def test_a_session_that_another_tab_closes_in_mid_step_says_so(
    tab: WebTab, site: Site, double: SceneDouble
) -> None:
    tab.session("photo23")
    tab.press("n")
    tab.free("Next: extract")
    double.allow(len(double.answered))
    try:
        tab.press("n")
        expect(tab.page.locator(".calls li.running b")).to_have_text("extract")
        name = tab.page.url.rpartition("/")[2]
        tab.elsewhere("leave")
        expect(tab.page.locator("#pane")).to_contain_text("This session is closed")
    finally:
        double.allow(float("inf"))
    tab.shot("closed")
    assert name not in site.house.desks
    tab.page.get_by_role("button", name="Open it again").click()
    tab.free("Next: extract")


def test_a_page_that_comes_again_after_its_channel_was_replaced_is_free(
    tab: WebTab, site: Site, double: SceneDouble
) -> None:
    """As when the server is started anew: what the page had heard of last says nothing about what is now."""
    tab.session("photo24")
    tab.press("n")
    tab.free("Next: extract")
    double.allow(len(double.answered))
    try:
        tab.press("n")
        expect(tab.page.locator(".stepper .running b")).to_have_text("extract")
        desk = site.house.desks[tab.page.url.rpartition("/")[2]]
        earlier, desk.channel = desk.channel, Channel()
        earlier.close()
        tab.elsewhere("stop")
        tab.free("Next: extract")
        expect(tab.page.locator(".stepper .running")).to_have_count(0)
        expect(tab.page.locator(".calls li.running")).to_have_count(0)
    finally:
        double.allow(float("inf"))


def test_weights_rank_anew_while_they_are_moved(tab: WebTab, finished: str) -> None:
    tab.open(finished)
    total = tab.page.locator(".card.chosen .bar.total b")
    before = float(total.inner_text())
    slider = tab.page.get_by_label("Graph", exact=True)
    slider.focus()
    for _ in range(10):
        tab.press("ArrowLeft")
    expect(total).to_have_text(f"{before / 2:.1f}")
    moments = tab.page.locator(".moments li").count()
    tab.shot("weights")
    tab.page.get_by_role("button", name="Put them back").click()
    expect(total).to_have_text(f"{before:.1f}")
    slider.focus()
    for _ in range(4):
        tab.press("ArrowRight")
    tab.page.get_by_role("button", name="Keep these weights").click()
    expect(total).to_have_text(f"{before * 1.2:.1f}")
    tab.until(f"document.querySelectorAll('.moments li').length === {moments + 1}")
    tab.page.get_by_role("button", name="Back", exact=True).click()
    expect(total).to_have_text(f"{before:.1f}")


def test_talk_asks_before_it_changes_anything(tab: WebTab, finished: str, double: SceneDouble) -> None:
    tab.open(finished)
    cards = tab.page.locator(".card").count()
    double.action("regenerate", subject="the blue star")
    double.action("reply", reply="There is one more now: <b>look</b>.")
    tab.press("t")
    tab.page.keyboard.type("One more with the blue star, please.")
    tab.press("Enter")
    expect(tab.page.get_by_role("alertdialog")).to_contain_text("the blue star")
    expect(tab.page.locator(".turns .user")).to_have_count(1)
    tab.shot("confirm")
    tab.page.get_by_role("button", name="Yes, do it").click()
    expect(tab.page.locator(".turns .assistant").last).to_contain_text("<b>look</b>")
    expect(tab.page.locator(".card")).to_have_count(cards + 1)
    expect(tab.page.locator(".card h3", has_text="the blue star").first).to_be_visible()
    tab.shot("talk")


def test_one_more_candidate_and_stop(tab: WebTab, finished: str, double: SceneDouble) -> None:
    tab.open(finished)
    cards = tab.page.locator(".card").count()
    double.allow(len(double.answered))
    try:
        tab.page.get_by_label("Subject of one more candidate").fill("the sea")
        tab.press("Enter")
        expect(tab.page.locator(".calls li.running")).to_have_count(1)
        tab.page.get_by_role("button", name="Stop").click()
        expect(tab.page.locator(".doing")).to_contain_text("stopped")
    finally:
        double.allow(float("inf"))
    expect(tab.page.locator(".card")).to_have_count(cards)


def test_an_endpoint_that_is_down_and_comes_back(tab: WebTab, double: SceneDouble) -> None:
    tab.session("photo16")
    tab.press("n")
    tab.free("Next: extract")
    double.status = 401
    try:
        tab.press("n")
        expect(tab.page.locator(".part-told [role=alert]")).to_contain_text("The last step could not be done")
        tab.shot("problem")
    finally:
        double.status = 200
    tab.page.locator(".part-buttons").get_by_role("button", name="Retry").click()
    expect(tab.page.locator("#next")).to_have_text("Next: alternate")
    expect(tab.page.locator(".part-told [role=alert]")).to_have_count(0)


@pytest.fixture
def big(runs: Path) -> Iterator[Path]:
    """A run of five thousand. A test names it before its tab, so that the page is closed when the run goes."""
    big = runs / "big"
    shutil.copytree(runs / "first", big)
    with (big / "records.jsonl").open("a") as lines:
        for number in range(4_940):
            one = Record(
                sample_id=f"more{number}", index=60 + number, status="completed", domain=Domain.GENERAL,
                missing=Modality.IMAGE, text=f"A short text, {'odd' if number % 2 else 'even'}.",
            )  # fmt: skip
            lines.write(one.model_dump_json() + "\n")
    yield big
    shutil.rmtree(big)


def test_a_run_of_five_thousand_is_browsed_and_one_is_opened(big: Path, tab: WebTab) -> None:
    tab.open("#/runs")
    tab.shot("runs")
    tab.page.get_by_role("link", name="big").click()
    tab.until("document.querySelector('.count').textContent === '5,000 records'")
    assert tab.page.locator(".row").count() < 60
    tab.js("document.querySelector('.scroll').scrollTop = 1e9")
    tab.until("[...document.querySelectorAll('.row strong')].at(-1)?.textContent === 'more4939'")
    assert tab.page.locator(".row").count() < 60
    tab.page.get_by_label("Sort by").select_option("quality")
    tab.until("location.hash.includes('sort=quality')")
    tab.page.fill("[type=search]", "watercolour")
    tab.until("/^\\d+ of 5,000/.test(document.querySelector('.count').textContent)")
    tab.press("Escape", "j")
    expect(tab.page.locator(".trio")).to_be_visible()
    best = tab.text("#pane h1")
    tab.until("[...document.querySelectorAll('.trio img')].every((one) => one.naturalWidth > 0)")
    tab.shot("record")
    tab.press("Enter")
    tab.finished()
    assert tab.text("#pane h1") == best
    tab.page.go_back()
    expect(tab.page.locator(".row.row[aria-selected]").first).to_be_visible()


def test_hostile_text_is_shown_and_never_run(tab: WebTab) -> None:
    tab.session(HOSTILE)
    assert tab.text("#pane h1") == HOSTILE
    tab.press("r")
    tab.finished()
    assert HOSTILE in tab.text(".panel.truth")
    for tool in ("History", "Calls", "Talk"):
        tab.tool(tool)
    tab.open("#/sessions")
    expect(tab.page.locator(".ticket", has_text="onerror")).to_be_visible()
    assert tab.js("document.body.dataset.hit") is None
    assert tab.page.locator("img[onerror], script:not([src])").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(1360, False), (1360, True), (390, False), (390, True)])
def test_it_fits_wide_and_narrow_light_and_dark(
    browser: Browser, site: Site, finished: str, width: int, dark: bool
) -> None:
    tab = WebTab(browser, site.url, width, dark)
    kind = f"{'narrow' if width < 500 else 'wide'}-{'dark' if dark else 'light'}"
    for name, address in (("pick", "#/samples/folder"), ("sessions", "#/sessions"), ("session", finished)):
        tab.open(address)
        assert tab.js("document.documentElement.scrollWidth") <= width
        tab.shot(f"{name}-{kind}")
    if width < 500:
        assert not tab.page.locator("#tools").is_visible()
        tab.page.get_by_role("button", name="Calls, talk").click()
        expect(tab.page.locator("#tools")).to_be_visible()
        assert not tab.page.locator("#pane").is_visible()
        tab.page.get_by_role("button", name="← Sample").click()
    tab.page.locator(".part-candidates").scroll_into_view_if_needed()
    tab.shot(f"candidates-{kind}")
    tab.close()
    assert tab.errors == []


def test_the_page_asks_for_the_token(browser: Browser, settings: Make) -> None:
    with serving(make_app(House(settings()), "a long and secret token")) as url:
        tab = WebTab(browser, url)
        tab.page.goto(url)
        tab.shot("token")
        for token in ("a wrong token", "a long and secret token"):
            tab.page.get_by_label("Token").fill(token)
            tab.press("Enter")
            if token.startswith("a wrong"):
                expect(tab.page.get_by_label("Token")).to_have_value("")
        tab.page.wait_for_selector("body[data-ready=yes]")
        expect(tab.page.locator("#bar")).to_contain_text("Samples")
        assert "token" not in tab.page.url and tab.js("document.cookie") == ""
        tab.close()
