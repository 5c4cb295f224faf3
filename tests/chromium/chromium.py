"""Pages as people use them: Debian's Chromium without a screen, driven by Playwright.

Nothing here measures time: everything waits for the page's own state, and `PATIENCE` only ends what hangs. The pages'
policies forbid `eval`, so Playwright's functions that need it are not used.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
"""What continuous integration may keep."""
PATIENCE = 600
"""Seconds after which a page that should have shown something is taken for hung: a machine may be busy."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
UNTIL = """() => new Promise((resolve, reject) => {
    const end = performance.now() + %d;
    const look = () => {
        if (%s) resolve();
        else if (performance.now() > end) reject(new Error("it never became true"));
        else setTimeout(look, 20);
    };
    look();
})"""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
expect.set_options(timeout=1000 * PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=1000 * PATIENCE)
        yield browser
        browser.close()


class Tab:
    """One page; whatever it throws or reports as an error is kept."""

    def __init__(self, browser: Browser, folder: str, width: int = 1360, dark: bool = False) -> None:
        self.folder = SCREENSHOTS / folder
        size = {"width": width, "height": 900}
        self.page: Page = browser.new_page(viewport=size, color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
        self.page.set_default_timeout(1000 * PATIENCE)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))

    def show(self, url: str) -> None:
        """Loaded anew, also where only the part after # is another; complete on return."""
        self.page.goto("about:blank")
        self.page.goto(url)
        self.page.wait_for_selector("body[data-ready=yes]")

    def js(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def until(self, expression: str) -> None:
        """Wait, in the page, for a JavaScript expression to become true."""
        try:
            self.page.evaluate(UNTIL % (1000 * PATIENCE, expression))
        except Exception as error:
            error.add_note(expression)
            raise

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shot(self, name: str) -> None:
        """A screenshot to look at, with all pictures that are in sight."""
        self.until("[...document.images].every((one) => one.complete || one.loading === 'lazy')")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.folder / f"{name}.png")

    def close(self) -> None:
        self.page.close()


class Announced(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@contextmanager
def serving(app: Any, before_the_end: Any = lambda: None) -> Iterator[str]:
    """An application as a server in a thread of the test; its address."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = Announced(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.listens.wait(PATIENCE)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        before_the_end()
        server.should_exit = True
        thread.join(PATIENCE)
