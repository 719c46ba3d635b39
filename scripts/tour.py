"""Drives both journeys in headless Chromium against the running demo: ``make tour``.

A parent logs in by card and opens a child's handbook; a physician asks, the patient consents by
card, the images of another hospital open, the patient sees who looked and takes the consent back.
Each step is printed with its time; screenshots go to ``var/tour/``. Running it again is fine.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from scripts.cast import DEMO_CAST, Member
from scripts.console import Stopwatch, say
from scripts.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
CAST = {member.key: member for member in DEMO_CAST}
LONG = 30_000


@dataclass
class Tour:
    """One run: where the portal is, where pictures go, which steps were done."""

    origin: str
    pictures: Path
    browser: Browser
    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Do one thing and print how long it took."""
        watch = Stopwatch()
        yield
        self.steps.append((words, watch.seconds))
        say(f"  {watch.seconds:6.2f} s  {words}")

    def somebody(self, size: dict[str, int]) -> Page:
        """A browser of its own, as a person has it."""
        context = self.browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, locale="ja-JP"
        )
        context.set_default_timeout(LONG)
        return context.new_page()

    def picture(self, page: Page, name: str) -> None:
        """Keep what the person sees, on the phone and on the desk."""
        kept = page.viewport_size
        for size in (PHONE, DESK):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            page.screenshot(path=self.pictures / f"{name}-{size['width']}.png")
        if kept:
            page.set_viewport_size(kept)


def log_in(tour: Tour, page: Page, member: Member) -> None:
    """Press the button, choose the card in the agent's window, enter the PIN."""
    page.goto(tour.origin + "/login")
    with page.expect_popup() as opened:
        page.locator("#card-start").click()
    use_card(opened.value, member, member.auth_pin)
    page.wait_for_url(lambda url: "/login" not in url)


def use_card(window: Page, member: Member, pin: str) -> None:
    """What a person does in the card agent's window."""
    choice = window.locator(f'#reader option[value*="{member.card}"]')
    choice.wait_for(state="attached")
    window.locator("#reader").select_option(choice.get_attribute("value"))
    number = window.locator("#pin")
    expect(number).to_be_enabled(timeout=LONG)
    number.fill(pin)
    window.locator("#go").click()


def parent_journey(tour: Tour) -> None:
    """A mother opens her child's handbook on the phone."""
    page = tour.somebody(PHONE)
    with tour.step("the portal asks for a card"):
        page.goto(tour.origin + "/")
        expect(page.locator("#card-start")).to_be_visible()
        tour.picture(page, "01-login")
    with tour.step("mother logs in with her card"):
        log_in(tour, page, CAST["hanako"])
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        tour.picture(page, "02-family")
    with tour.step("opens the younger child's handbook"):
        page.locator(".children a").first.click()
        expect(page.locator("svg.growth-chart__picture").first).to_be_visible()
        tour.picture(page, "03-child")
    for name, heading in (("vaccinations", "予防接種"), ("growth", "成長"), ("checkups", "健診")):
        with tour.step(f"reads {name}"):
            page.locator(".tabs a", has_text=heading).click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
            tour.picture(page, f"04-{name}")
    page.context.close()


def staff_journey(tour: Tour) -> None:
    """A nurse finds a child and sees what is due."""
    page = tour.somebody(DESK)
    with tour.step("nurse logs in and finds a child"):
        log_in(tour, page, CAST["nurse"])
        page.locator("#q").fill("さくら")
        page.keyboard.press("Enter")
        page.locator("[data-open]").first.click()
        expect(page.locator("form select")).to_be_visible()
        tour.picture(page, "05-staff-child")
    page.context.close()


def sharing_journey(tour: Tour) -> None:
    """Request, consent by card, images, who looked, withdrawal."""
    doctor, patient = tour.somebody(DESK), tour.somebody(PHONE)
    ask_for_images(tour, doctor)
    consent_by_card(tour, patient)
    look_at_images(tour, doctor)
    look_back_and_withdraw(tour, patient)
    for page in (doctor, patient):
        page.context.close()


def ask_for_images(tour: Tour, doctor: Page) -> None:
    """The physician's side until the request is out."""
    with tour.step("physician logs in with a card"):
        log_in(tour, doctor, CAST["physician"])
        expect(doctor.locator("[data-open]").first).to_be_visible()
        tour.picture(doctor, "06-worklist")
    with tour.step("opens the patient and asks for the images elsewhere"):
        doctor.locator("[data-open]").first.click()
        tour.picture(doctor, "07-patient")
        if not doctor.locator("[data-wait]").count():
            doctor.get_by_role("button", name="開示を依頼").click()
        expect(doctor.locator("[data-wait]")).to_be_visible()
        tour.picture(doctor, "08-waiting")


def consent_by_card(tour: Tour, patient: Page) -> None:
    """The patient reads the text and signs it."""
    with tour.step("patient logs in on the phone and reads what is asked"):
        log_in(tour, patient, CAST["taro"])
        patient.goto(tour.origin + "/handbook/news")
        tour.picture(patient, "09-news")
        patient.get_by_role("link", name="内容を読んで決める").first.click()
        patient.locator("details.consent__text summary").click()
        tour.picture(patient, "10-consent")
    with tour.step("patient signs the consent with the card"):
        with patient.expect_popup() as opened:
            patient.locator("#card-start").click()
        use_card(opened.value, CAST["taro"], CAST["taro"].sign_pin)
        patient.wait_for_url("**/imaging/mine")
        tour.picture(patient, "11-consented")


def look_at_images(tour: Tour, doctor: Page) -> None:
    """The waiting page opens the way to the viewer."""
    with tour.step("the physician's page moves on by itself"):
        expect(doctor.get_by_role("link", name="画像を開く")).to_be_visible(timeout=LONG)
        tour.picture(doctor, "12-may-open")
    with tour.step("the viewer shows the other hospital's images"):
        doctor.get_by_role("link", name="画像を開く").click()
        expect(doctor.locator("#viewer canvas").first).to_be_visible(timeout=LONG)
        wait_for_pixels(doctor)
        tour.picture(doctor, "13-viewer")


def look_back_and_withdraw(tour: Tour, patient: Page) -> None:
    """Who looked, and the end of the consent."""
    with tour.step("the patient sees who looked"):
        wait_for_reading(tour, patient)
        tour.picture(patient, "14-who-looked")
    with tour.step("the patient takes the consent back"):
        patient.get_by_text("同意を取り消す").first.click()
        patient.get_by_role("button", name="取り消す", exact=True).click()
        expect(patient.get_by_role("status").first).to_contain_text("取り消しました")
        tour.picture(patient, "15-withdrawn")


def wait_for_pixels(page: Page) -> None:
    """Until a canvas of the viewer shows more than one shade."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('#viewer canvas')].some((canvas) => {
          const small = document.createElement('canvas');
          small.width = small.height = 32;
          const pen = small.getContext('2d');
          pen.drawImage(canvas, 0, 0, 32, 32);
          return new Set(pen.getImageData(0, 0, 32, 32).data).size > 8;
        })""",
        timeout=LONG,
    )


def wait_for_reading(tour: Tour, page: Page) -> None:
    """The gateway reports within seconds; look again until the line is there."""
    for _ in range(15):
        page.goto(tour.origin + "/imaging/mine")
        if page.locator(".audit-list__item").count():
            return
        page.wait_for_timeout(1000)
    raise BrowserError("no reading was reported within 15 s")


def run(world: World) -> int:
    """The whole tour; exit status 1 when a step did not end well."""
    pictures = world.var / "tour"
    pictures.mkdir(parents=True, exist_ok=True)
    watch = Stopwatch()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tour = Tour(world.origin("portal"), pictures, browser)
        try:
            parent_journey(tour)
            staff_journey(tour)
            sharing_journey(tour)
        except (BrowserError, AssertionError) as error:
            last_pages(browser, pictures)
            say(f"  stopped after {len(tour.steps)} steps: {error}")
            return 1
        finally:
            browser.close()
    say(f"  {watch.seconds:6.2f} s  all {len(tour.steps)} steps; pictures in {pictures}")
    return 0


def last_pages(browser: Browser, pictures: Path) -> None:
    """What was on the screens when it stopped."""
    for number, page in enumerate(page for one in browser.contexts for page in pages_of(one)):
        page.screenshot(path=pictures / f"stopped-{number}.png")


def pages_of(context: BrowserContext) -> list[Page]:
    """Open pages of a person, the card window among them."""
    return [page for page in context.pages if not page.is_closed()]


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-offset", type=int, default=0)
    return run(World(offset=parser.parse_args().port_offset))


if __name__ == "__main__":
    sys.exit(main())
