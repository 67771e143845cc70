"""The chat page in a real browser, against the real server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from bot.errors import Busy
from bot.messages import Reply

from .conftest import ACCOUNT, CODE, OTHER_ACCOUNT, OTHER_CODE, Running

T = TypeVar("T")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not installed: apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-dev-shm-usage",
        "force-prefers-reduced-motion",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{flag}")
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()


class Page:
    """The page as a person uses it. Waits for what should be seen, never for time."""

    def __init__(self, browser: webdriver.Chrome, running: Running) -> None:
        self.browser = browser
        self.running = running
        self.url = str(running.client.make_url("/"))

    async def do(self, act: Callable[[], T]) -> T:
        return await asyncio.to_thread(act)

    async def open(self, width: int = 1000, height: int = 800) -> None:
        def act() -> None:
            self.browser.set_window_size(width, height)
            self.browser.get(self.url)
            self.browser.execute_script("sessionStorage.clear()")
            self.browser.refresh()

        await self.do(act)
        await self.until(lambda: self.find("login").is_displayed())

    async def log_in(self, account: str = ACCOUNT, code: str = CODE) -> None:
        def act() -> None:
            for field, value in (("account", account), ("code", code)):
                self.find(field).clear()
                self.find(field).send_keys(value)
            self.find("code").send_keys(Keys.ENTER)

        await self.do(act)

    async def say(self, text: str) -> None:
        await self.do(lambda: self.find("message").send_keys(text, Keys.ENTER))

    async def until(self, seen: Callable[[], Any]) -> None:
        def ask(_: object) -> Any:
            return seen()

        await self.do(lambda: WebDriverWait(self.browser, 20, ignored_exceptions=[Exception]).until(ask))

    async def until_log_says(self, text: str) -> None:
        await self.until(lambda: text in self.find("log").text)

    def find(self, element_id: str) -> WebElement:
        return self.browser.find_element(By.ID, element_id)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        return [str(element.get_attribute("textContent")) for element in self.all(selector)]

    def focused(self) -> str:
        return str(self.browser.switch_to.active_element.get_attribute("id"))

    def complaints(self) -> list[str]:
        """The console's errors and content policy violations, except for failed requests."""
        lines = self.browser.get_log("browser")
        return [
            line["message"]
            for line in lines
            if line["level"] == "SEVERE" and "the server responded" not in line["message"]
        ]


@pytest.fixture
async def page(browser: webdriver.Chrome, running: Running) -> Page:
    page = Page(browser, running)
    await page.open()
    page.complaints()
    return page


async def test_conversation_is_shown_as_text_and_survives_a_reload(page: Page) -> None:
    assert page.browser.title == "Teller's <bank>"
    assert page.find("log").get_attribute("lang") == "cy"
    assert page.focused() == "account"
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    assert page.focused() == "message"
    await page.say("<b>hello</b> <img src=x onerror=alert(1)>")
    await page.until_log_says("you said: <b>hello</b>")
    assert page.all("#log b, #log img") == []
    await page.until(lambda: page.focused() == "message")
    await page.do(page.browser.refresh)
    await page.until_log_says("you said: <b>hello</b>")
    assert len(page.all(".message.user")) == 1
    assert page.complaints() == []


async def test_demo_button_logs_in_once_even_if_clicked_twice(page: Page) -> None:
    button = page.all("#demo-logins button")[0]
    assert ACCOUNT in button.text
    twice = "arguments[0].click(); arguments[0].click()"  # the second before the server answered the first
    await page.do(lambda: page.browser.execute_script(twice, button))
    await page.until(lambda: page.find("chat").is_displayed())
    assert await page.running.auth.sessions.active() == 1


async def test_wrong_code_is_explained_and_the_code_field_is_focused(page: Page) -> None:
    await page.log_in(code="1")
    await page.until(lambda: "do not match" in page.find("login-error").text)
    assert page.find("login-error").get_attribute("role") == "alert"
    assert page.focused() == "code"
    assert page.find("code").get_attribute("aria-invalid") == "true"
    assert page.browser.execute_script("return code.selectionEnd - code.selectionStart") == 1
    for _ in range(4):
        await page.running.client.post("/auth", json={"accountNumber": ACCOUNT, "code": "1"})
    await page.log_in()
    await page.until(lambda: "Too many attempts" in page.find("login-error").text)


async def test_pressed_button_is_disabled_and_shown_by_its_title(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("hi")
    await page.until(lambda: page.all(".choices button"))
    await page.do(page.all(".choices button")[0].click)
    await page.until_log_says("you said: /more")
    assert page.running.engine.seen[-1].text == "/more"
    assert page.texts(".user .bubble")[-1] == "More"
    assert not page.all(".choices button")[0].is_enabled()
    await page.do(page.browser.refresh)
    await page.until_log_says("you said: /more")
    assert page.texts(".user .bubble")[-1] == "More"


async def test_table_replaces_its_aligned_text(page: Page) -> None:
    page.running.engine.replies = (
        Reply(
            text="Your balances:\n\nAccount     Balance\nEveryday  £1,234.56\nSavings     £-10.00\n\nAnything else?",
            custom={
                "type": "table",
                "title": "Balances",
                "columns": [{"title": "Account", "align": "left"}, {"title": "Balance", "align": "right"}],
                "rows": [["Everyday", "£1,234.56"], ["Savings", "£-10.00"]],
            },
        ),
    )
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("balance")
    await page.until(lambda: page.all("#log table"))
    assert page.texts("#log td") == ["Everyday", "£1,234.56", "Savings", "£-10.00"]
    assert [cell.get_attribute("scope") for cell in page.all("#log th")] == ["col", "col"]
    assert page.texts(".bot .bubble")[0] == "Your balances:\n\nAnything else?"


RICH = (
    Reply(text="The menu is at https://example.com/menu. See you!"),
    Reply(attachment="https://example.com/menu.pdf"),
    Reply(attachment={"type": "file", "payload": {"src": "https://example.com/terms.pdf", "title": "The terms"}}),
    Reply(attachment="a voucher"),
    Reply(
        elements=[
            {
                "title": "Tart",
                "subtitle": "with plums",
                "image_url": "https://example.com/tart.png",
                "default_action": {"type": "web_url", "url": "https://example.com/tart"},
            }
        ]
    ),
    Reply(custom={"type": "date_picker"}),
)


async def test_every_kind_of_reply_is_shown(page: Page) -> None:
    page.running.engine.replies = RICH
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("show me")
    await page.until(lambda: len(page.all(".message.bot")) == len(RICH))
    said = [message.text.removeprefix("The bot said:").strip() for message in page.all(".message.bot")]
    said[-1] = said[-1].rsplit("\n", 1)[0]  # the time
    assert said == [
        "The menu is at https://example.com/menu. See you!",
        "Open the attachment",
        "The terms",
        "a voucher",
        "Open the picture\nTart\nwith plums\nOpen",
        "This message cannot be shown on this page.",
    ]
    assert [link.get_attribute("href").removeprefix("https://example.com/") for link in page.all(".bot a")] == [
        *("menu", "menu.pdf", "terms.pdf", "tart.png", "tart")
    ]


async def test_long_answer_is_shown_from_its_beginning(page: Page) -> None:
    page.running.engine.replies = (Reply(text="\n".join(f"line {n}" for n in range(100))), Reply(text="and more"))
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("all of it")
    await page.until_log_says("and more")
    top = "document.querySelector('.message.bot').getBoundingClientRect().top"
    inside = f"const box = scroller.getBoundingClientRect(); return box.top <= {top} && {top} < box.top + 40"
    await page.until(lambda: page.browser.execute_script(inside))


async def test_replies_of_one_turn_show_one_time(page: Page) -> None:
    page.running.engine.replies = (Reply(text="first"), Reply(text="second"), Reply(text="third"))
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("and now?")
    times = "return [...document.querySelectorAll('.message')].map((made) => made.querySelectorAll('time').length)"
    await page.until(lambda: page.browser.execute_script(times) == [1, 0, 0, 1])
    await page.do(page.browser.refresh)
    await page.until(lambda: page.browser.execute_script(times) == [1, 0, 0, 1])


async def test_ended_session_is_explained_and_the_typed_text_kept(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    page.running.clock.advance(301)
    await page.say("what I wanted to say")
    await page.until(lambda: "session has ended" in page.find("notice").text)
    assert page.find("login").is_displayed()
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    assert page.find("message").get_attribute("value") == "what I wanted to say"


async def test_failed_message_can_be_retried_with_the_same_id(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    page.running.engine.fail = Busy(whole=True, retry_after=60)
    await page.say("hi")
    await page.until(lambda: page.all(".failed button"))
    assert "The bot is busy" in page.texts(".failed")[0]
    page.running.engine.fail = None
    await page.do(page.all(".failed button")[0].click)
    await page.until_log_says("you said: hi")
    assert page.all(".failed") == []
    assert len({message.message_id for message in page.running.engine.seen}) == 1


async def test_truncated_answer_is_requested_again(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    cut = """
        const fetched = window.fetch;
        window.fetch = async (path, options) => {
            const response = await fetched(path, options);
            if (path !== "/chat") return response;
            window.fetch = fetched;
            return new Response("{");
        };
    """
    await page.do(lambda: page.browser.execute_script(cut))
    await page.say("hello")
    await page.until_log_says("you said: hello")
    assert len(page.running.engine.seen) == 2
    assert page.running.engine.seen[0].message_id == page.running.engine.seen[1].message_id
    elsewhere = await page.running.login()
    await page.running.client.post("/chat", json={"message": "from my phone"}, headers=elsewhere)
    await page.do(lambda: page.browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))"))
    await page.until_log_says("you said: from my phone")


async def test_logging_out_ends_the_session_and_clears_the_page(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("secret")
    await page.until_log_says("you said: secret")
    await page.do(page.find("logout").click)
    await page.until(lambda: page.find("notice").text == "You are logged out.")
    assert page.find("log").get_attribute("textContent") == ""
    assert page.browser.execute_script("return sessionStorage.length") == 0
    assert await page.running.auth.sessions.active() == 0


async def test_messages_from_another_device_appear_by_polling(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    elsewhere = await page.running.login()
    await page.running.client.post("/chat", json={"message": "from my phone"}, headers=elsewhere)
    await page.do(lambda: page.browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))"))
    await page.until_log_says("you said: from my phone")


@asynccontextmanager
async def offline(page: Page) -> AsyncIterator[None]:
    """The browser is offline meanwhile."""

    async def network(away: bool) -> None:
        conditions = {"offline": away, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await page.do(lambda: page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", conditions))

    await page.do(lambda: page.browser.execute_cdp_cmd("Network.enable", {}))
    await network(away=True)
    try:
        yield
    finally:
        await network(away=False)


async def switch_customer(page: Page) -> None:
    await page.do(page.find("logout").click)
    await page.until(lambda: page.find("login").is_displayed())
    await page.log_in(OTHER_ACCOUNT, OTHER_CODE)
    await page.until(lambda: page.find("chat").is_displayed())


async def test_concurrent_polls_show_a_message_once(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("hello")
    await page.until_log_says("you said: hello")
    store, looks, go = page.running.engine.store, asyncio.Semaphore(0), asyncio.Event()
    turns = store.turns

    async def slow(*arguments: Any, **options: Any) -> Any:
        looks.release()
        await go.wait()
        return await turns(*arguments, **options)

    monkeypatch.setattr(store, "turns", slow)
    looking = "document.dispatchEvent(new Event('visibilitychange'));"
    await page.do(lambda: page.browser.execute_script(looking + looking))
    for _ in range(2):
        await looks.acquire()
    await page.say("again")
    await page.until_log_says("you said: again")
    go.set()
    later = "setTimeout(() => fetch('/health').then(arguments[0]), 500)"  # behind what was asked before
    await page.do(lambda: page.browser.execute_async_script(later))
    assert page.texts(".user .bubble") == ["hello", "again"]


async def test_pending_retry_is_not_sent_as_another_customer(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    page.running.engine.fail = Busy(whole=True, retry_after=1.0)
    await page.say("pay my rent")
    await page.until(lambda: page.running.engine.seen)
    page.running.engine.fail = None
    await switch_customer(page)
    later = "setTimeout(arguments[0], 1_500)"  # set after the page's own for its next try, and for longer
    await page.do(lambda: page.browser.execute_async_script(later))
    await page.say("hello")
    await page.until_log_says("you said: hello")
    assert [message.text for message in page.running.engine.seen] == ["pay my rent", "hello"]


async def test_answer_that_arrives_after_logout_is_not_shown(page: Page) -> None:
    page.running.engine.hold = asyncio.Event()
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("my secret balance")
    await page.until(lambda: page.running.engine.seen)
    await switch_customer(page)
    page.running.engine.hold.set()
    later = "setTimeout(() => fetch('/health').then(arguments[0]), 500)"  # behind what was answered before
    await page.do(lambda: page.browser.execute_async_script(later))
    assert page.texts("#log *") == []


async def test_typed_text_is_cleared_for_the_next_customer(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.do(lambda: page.find("message").send_keys("half typed"))
    await page.do(page.find("logout").click)
    await page.until(lambda: page.find("login").is_displayed())
    assert page.find("account").get_attribute("value") == ""
    await page.log_in(OTHER_ACCOUNT, OTHER_CODE)
    await page.until(lambda: page.find("chat").is_displayed())
    assert page.find("message").get_attribute("value") == ""


async def test_conversation_is_hidden_when_the_session_ends_offline(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("hello")
    await page.until_log_says("you said: hello")
    async with offline(page):
        await page.do(lambda: page.browser.execute_script("Date.now = () => performance.timeOrigin + 86_400_000"))
        await page.until(lambda: "session has ended" in page.find("notice").text)
        assert page.texts("#log *") == []


async def test_logging_out_clears_the_page_before_the_server_answers(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("hello")
    await page.until_log_says("you said: hello")
    async with offline(page):
        await page.do(page.find("logout").click)
        await page.until(lambda: "the server is unreachable" in page.find("notice").text)
        assert page.texts("#log *") == []
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    assert not page.find("notice").is_displayed()


@pytest.mark.parametrize("idle_seconds", [65.0])
async def test_session_end_is_announced_and_can_be_postponed(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("idle").is_displayed())
    assert page.find("idle").get_attribute("role") == "alert"
    page.running.clock.advance(30)
    await page.do(page.find("stay").click)
    await page.until(lambda: page.focused() == "message")
    page.running.clock.advance(50)
    await page.say("still here")
    await page.until_log_says("you said: still here")


async def test_earlier_messages_are_loaded_on_request(page: Page) -> None:
    elsewhere = await page.running.login()
    for n in range(20):
        await page.running.client.post("/chat", json={"message": f"message {n}."}, headers=elsewhere)
    await page.log_in()
    await page.until_log_says("you said: message 19.")
    assert "message 0." not in page.find("log").text
    await page.do(page.find("earlier").click)
    await page.until_log_says("you said: message 0.")
    assert not page.find("earlier").is_displayed()
    assert page.texts(".user .bubble") == [f"message {n}." for n in range(20)]


async def test_long_conversation_scrolls_inside_the_page(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    for n in range(12):
        await page.say(f"message {n}.")
        await page.until_log_says(f"you said: message {n}.")
    heights = page.browser.execute_script(
        "return [document.documentElement.scrollHeight, innerHeight, document.getElementById('scroller').scrollHeight]"
    )
    assert heights[0] <= heights[1] < heights[2]


async def test_keyboard_focus_continues_after_a_pressed_button(page: Page) -> None:
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("hi")
    await page.until(lambda: page.all(".choices button"))
    await page.do(lambda: page.all(".choices button")[0].send_keys(Keys.ENTER))
    await page.until_log_says("you said: /more")
    assert page.focused() == "log"
    await page.do(lambda: page.browser.switch_to.active_element.send_keys(Keys.TAB))
    assert page.browser.switch_to.active_element == page.all(".choices button:enabled")[0]  # the answer's own


async def test_page_fits_a_phone(page: Page, tmp_path: Path) -> None:
    await page.open(390, 800)
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("a" * 300)
    await page.until_log_says("you said: aaa")
    width = page.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    send = page.find("send").rect
    assert send["x"] + send["width"] <= width[1]
    assert send["y"] + send["height"] <= page.browser.execute_script("return innerHeight")


@pytest.mark.parametrize("width", [1280, 390])
async def test_bubbles_align_with_the_composer_and_fit_their_text(page: Page, width: int) -> None:
    choices = [{"title": f"A rather long answer number {n}", "payload": "/more"} for n in range(3)]
    page.running.engine.replies = (Reply(text="Which?", buttons=choices), Reply(image="/page/icon.svg"))
    await page.open(width)
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    for _ in range(10):
        await page.say("hi")
        await page.until(lambda: page.find("send").is_enabled())
    edges = """
        const box = (chosen) => document.querySelector(chosen).getBoundingClientRect();
        return [box(".user .bubble").right, box("#send").right, box(".bot .bubble").left, box("#message").left,
                box(".bot .bubble").width];
    """
    right, send_right, left, field_left, bubble = page.browser.execute_script(edges)
    assert abs(right - send_right) <= 16  # of a narrow window's scrollbar
    assert width == 390 or (right, left) == (send_right, field_left)
    assert abs(left - field_left) <= 16
    assert bubble < 150
    assert page.all("#log img")[0].get_attribute("alt") == "A picture"


@pytest.mark.parametrize("width", [1280, 800, 390])
async def test_table_shows_its_last_column_without_scrolling(page: Page, width: int) -> None:
    titles = ("Date", "Description", "Account")
    row = ["26 Sep 2026", "Standing order from current account", "House deposit (savings account)", "£1,250.00"]
    columns = [*({"title": title, "align": "left"} for title in titles), {"title": "Amount", "align": "right"}]
    page.running.engine.replies = (Reply(custom={"type": "table", "columns": columns, "rows": [row]}),)
    await page.open(width)
    await page.log_in()
    await page.until(lambda: page.find("chat").is_displayed())
    await page.say("transactions")
    await page.until(lambda: page.all("#log table"))
    box = "const box = document.querySelector('#log .table'); return [box.scrollWidth, box.clientWidth]"
    needed, given = page.browser.execute_script(box)
    assert needed <= given


async def test_login_form_and_demo_buttons_are_reachable_by_tab(page: Page) -> None:
    def act() -> list[str]:
        reached = []
        for _ in range(6):
            reached.append(page.focused() or page.browser.switch_to.active_element.text)
            page.browser.switch_to.active_element.send_keys(Keys.TAB)
        return reached

    reached = await page.do(act)
    assert reached[:3] == ["account", "code", "login-button"]
    assert any(ACCOUNT in name for name in reached)


async def test_content_security_policy_allows_only_the_server_itself(running: Running) -> None:
    answer = await running.client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    html = await answer.text()
    assert "style=" not in html
    assert "onclick" not in html
    tag = answer.headers["ETag"]
    assert (await running.client.get("/", headers={"If-None-Match": tag})).status == 304
