"""Judges of pages: axe-core in both colour schemes, and what axe does not see."""

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Page, expect

from tools.machine import nothing_may_be_left_out

# MPL-2.0, for tests only: fetched when first needed, never part of what is shipped.
AXE = "axe-core-4.14.1"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}
# In the dark the page is the same but for its colours.
COLOUR_RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
RUN = """async (rules) => (await axe.run(document, rules)).violations
  .flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target}: ${node.failureSummary}`))"""
SMALL_TEXT = """() => [...document.querySelectorAll("body *")]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize) < 16)
  .map((e) => `text under 16 px: ${e.textContent.trim().slice(0, 40)}`)"""
# A link inside a sentence is as high as its line (WCAG 2.5.8, inline); everything else has its own room.
SMALL_TARGETS = """() => [
    ...document.querySelectorAll("main button, main .choice label, main summary, main a, nav a"),
  ]
  .filter((e) => e.checkVisibility())
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, at]) => at.width > 1 && at.height < (e.matches(".hds-button, .choice label") ? 48 : 24))
  .filter(([e, at]) => !(e.matches("p a, li a") && at.height >= 18))
  .map(([e, at]) => `target of ${Math.round(at.width)}x${Math.round(at.height)}: ${e.textContent.trim()}`)"""
CLIPPED = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.checkVisibility() && getComputedStyle(e).overflowY === "hidden")
  .filter((e) => e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 1)
  .map((e) => `clipped: ${e.className} ${e.textContent.trim().slice(0, 40)}`)"""
STRIP = """() => {
  const first = document.querySelector("section, header, main, nav, footer");
  const call = first.querySelector("a[href='tel:112']");
  const at = call?.getBoundingClientRect();
  const seen = at && at.bottom <= innerHeight && first.contains(
    document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2));
  return first.getAttribute("role") !== "alert" && first.hasAttribute("aria-label") && Boolean(seen);
}"""
LARGE_TEXT = """html { font-size: 200% }
  * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
  p { margin-bottom: 2em !important }"""


def axe_source(folder: Path) -> str:
    """The checker's source, from npm's cache of the registry; absent npm is told by name."""
    script = folder / "package" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            reason = "npm is not installed: axe-core cannot be fetched"
            (pytest.fail if nothing_may_be_left_out() else pytest.skip)(reason)
        # Workers may fetch at the same time: each for itself, and the whole file is put in its place at once.
        with TemporaryDirectory(dir=folder) as own:
            packed = subprocess.run(
                ["npm", "pack", "--silent", AXE.replace("core-", "core@")],
                cwd=own,
                check=False,
                capture_output=True,
                timeout=120,
            )
            if packed.returncode:
                reason = "npm could not fetch axe-core"
                (pytest.fail if nothing_may_be_left_out() else pytest.skip)(reason)
            with tarfile.open(Path(own) / f"{AXE}.tgz") as archive:
                archive.extract("package/axe.min.js", own, filter="data")
            script.parent.mkdir(exist_ok=True)
            (Path(own) / "package" / "axe.min.js").replace(script)
    source = script.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    return source.decode()


class Judge:
    """Runs the checker on pages and keeps what it finds."""

    def __init__(self, axe: str) -> None:
        self.axe = axe
        self.found: list[str] = []

    def look(self, page: Page, name: str, *languages: str) -> None:
        """The page as it stands in both colour schemes, and in other languages of the same address."""
        self.schemes(page, name)
        for lang in languages:
            page.goto(f"{page.url.partition('?')[0]}?kieli={lang}")
            expect(page.locator("html")).to_have_attribute("lang", lang)
            self.schemes(page, f"{name} {lang}")
        if languages:
            page.goto(f"{page.url}?kieli=fi")

    def schemes(self, page: Page, name: str) -> None:
        """The page in light and dark."""
        page.evaluate(self.axe)
        for scheme, rules in (("dark", COLOUR_RULES), ("light", RULES)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            self.found += [f"{name} {scheme}: {fault}" for fault in page.evaluate(RUN, rules)]


def unfit(page: Page, *, width: int = 320) -> list[str]:
    """What a small screen would show wrong: sideways scrolling, small text, small targets, a hidden strip."""
    found: list[str] = [*page.evaluate(SMALL_TEXT), *page.evaluate(SMALL_TARGETS), *page.evaluate(CLIPPED)]
    if page.evaluate("() => document.documentElement.scrollWidth") > width:
        found.append("scrolls sideways")
    return [f"{page.url}: {fault}" for fault in found]
