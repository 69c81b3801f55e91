#!/usr/bin/env python3
"""What the page of a run does in a real browser: draws every spike, zooms by mouse and keys, says which incident cost
most, asks nobody for anything, keeps its contrast in both themes, and follows a run that goes on.

Run by scripts/browser, which installs what this needs. Refuses to compare pictures: they are kept, for people.

usage: proofs.py UNDERSTUDY REHEARSED_RUN PICTURES
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

understudy, rehearsed, pictures = sys.argv[1:4]
os.makedirs(pictures, exist_ok=True)
folder = tempfile.mkdtemp()
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
failures = []


def check(holds, what):
    """Notes a sentence that does not hold, and goes on: one run tells of all."""
    print(("  holds  " if holds else "  FAILS  ") + what, flush=True)
    if not holds:
        failures.append(what)


def rehearse(name, *numbers):
    """A run that never was; returns what was planted in it."""
    done = subprocess.run([rehearsed, f"{folder}/{name}", *map(str, numbers)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def until(page, expression, seconds=120):
    """Waits for `expression` to hold. The page's own policy forbids what playwright's wait_for_function does."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{expression} did not hold within {seconds} s")
        page.wait_for_timeout(100)


# Counts how often a canvas is prepared, which is once a painting.
COUNTED = """window.paintings = 0;
const scale = CanvasRenderingContext2D.prototype.scale;
CanvasRenderingContext2D.prototype.scale = function (...by) { window.paintings += 1; return scale.apply(this, by); };"""


class Visit:
    """A page in a browser that notes every word on its console and every address it asks for."""

    def __init__(self, browser, address, width=1360, theme="light"):
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        self.said, self.asked = [], []
        self.page.add_init_script(COUNTED)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_selector("#page h1")
        self.page.wait_for_timeout(200)

    def close(self, name):
        self.page.screenshot(path=f"{pictures}/{name}.png", full_page=True)
        check(self.said == [], f"{name}: nothing on the console {self.said[:3]}")
        self.page.close()


INKED = """(() => {
  // Whether a curve's ink is where the data says that a point is.
  const drawn = document.querySelector('#loss canvas'), scale = drawn.width / drawn.clientWidth;
  const canvas = Object.assign(document.createElement('canvas'), { width: drawn.width, height: drawn.height });
  const pen = canvas.getContext('2d', { willReadFrequently: true }), chart = shown.chart;
  pen.drawImage(drawn, 0, 0);
  return (step, loss) => {
    const x = Math.round(chart.x.at(step) * scale), y = Math.round(chart.y.at(loss) * scale);
    const left = Math.max(0, x - 2), near = pen.getImageData(left, Math.max(0, y - 3), 5, 7).data;
    for (let at = 0; at < near.length; at += 4) {
      // Curves are saturated; axes, grid and the dashed marks of incidents are grey.
      const [r, g, b, a] = near.slice(at, at + 4);
      if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 40) return true;
    }
    return false;
  };
})()"""

CONTRASTS = """() => {
  const parse = (colour) => {
    const pen = document.createElement('canvas').getContext('2d');
    pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
  const names = ['ink', 'soft', 'accent', 'good', 's1', 's2', 's3', 's4', 's5', 's6', 'productive', 'replayed', 'stalled',
    'detection', 'restart', 'checkpoint', 'queued'];
  const paper = light(parse(ink('paper')));
  return names.map((name) => {
    const other = light(parse(ink(name)));
    return [name, (Math.max(paper, other) + 0.05) / (Math.min(paper, other) + 0.05)];
  });
}"""


def proofs_of_report(browser):
    """The report of a run with many incidents, from disk."""
    print("a report of 54 incidents, from disk")
    planted = rehearse("drill", 4000, 54, 16, 12)
    path = f"{folder}/report.html"
    subprocess.run([understudy, "report", f"{folder}/drill", "-o", path], check=True, capture_output=True)
    size = os.path.getsize(path)
    check(size <= 300_000, f"the file has {size // 1000} kB, 300 at most")
    visit = Visit(browser, "file://" + path)
    page = visit.page
    hidden = page.evaluate(
        f"(spikes) => {{ const inked = {INKED}; return spikes.filter((s) => !inked(s.step, s.loss)) }}", planted["spikes"])
    check(hidden == [], f"all {len(planted['spikes'])} spikes are inked where the data says {hidden[:2]}")
    check("54 of" not in page.inner_text("#incidents") and page.locator("tr.pick").count() == 54, "54 incidents are listed")
    check(page.evaluate("paintings") == 2, "each of the two charts is painted once as the page opens")
    check(page.evaluate("shown.chart.marks.length") == 54 and page.evaluate("shown.gantt.marks.length") == 54,
          "every incident is a mark to be clicked in both charts")
    check("the items add up" in page.inner_text("#ledger"), "the ledger adds up")
    contrast(page, "light")

    first = page.locator("tr.pick").first.get_attribute("data-id")
    costs = page.evaluate("runs[0].incidents.map((i) => [i.id, i.down])")
    check(first == max(costs, key=lambda cost: cost[1])[0], "the costliest incident stands first")
    side = page.inner_text(".side")
    check("Costliest incident" in side and first in side and "What would have helped" in side and "Saves" in side,
          "the panel says which incident cost most, why, and what would have helped")
    page.locator("tr.pick").nth(3).click()
    chosen = page.locator("tr.selected").get_attribute("data-id")
    check(f"incident={chosen}" in page.url, "a click on an incident is in the address")
    page.get_by_role("button", name="lost steps").click()
    check("sort=-lost" in page.url, "the order is in the address")
    page.fill("#filter", "SIGKILL")
    check(0 < page.locator("tr.pick").count() < 54, "the filter leaves some")
    page.fill("#filter", "")
    zoom(page)
    check(visit.asked == ["file://" + path], f"nothing was asked for {visit.asked[1:3]}")
    visit.close("report-light")
    for name, width, theme in [("report-dark", 1360, "dark"), ("report-420", 420, "light"), ("report-420-dark", 420, "dark")]:
        visit = Visit(browser, "file://" + path, width, theme)
        if theme == "dark":
            contrast(visit.page, theme)
        wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        check(wide <= 0, f"{name}: nothing sticks out at {width} pixels")
        visit.close(name)


def contrast(page, theme):
    weak = [pair for pair in page.evaluate(CONTRASTS) if pair[1] < 3]
    check(weak == [], f"{theme}: every colour has 3:1 or more against the paper {weak}")


def zoom(page):
    """Drags, keys, and the address they leave."""
    whole = page.evaluate("shown.chart.range")
    page.locator("#loss canvas").scroll_into_view_if_needed()
    box = page.locator("#loss canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 150, steps=4)
    page.mouse.up()
    part = page.evaluate("shown.chart.range")
    check(whole[0] < part[0] < part[1] < whole[1] and "from=" in page.url, "dragging zooms, and the address holds it")
    page.keyboard.press("+")
    closer = page.evaluate("shown.chart.range")
    page.keyboard.press("ArrowRight")
    moved = page.evaluate("shown.chart.range")
    page.keyboard.press("-")
    wider = page.evaluate("shown.chart.range")
    page.keyboard.press("0")
    back = page.evaluate("shown.chart.range")
    length = lambda range_: range_[1] - range_[0]
    check(length(closer) < length(part) and moved[0] > closer[0] and length(wider) > length(moved) and back == whole,
          "the keys + → - 0 zoom in, move, zoom out and show all")
    for axis in ["tokens", "hours", "gpu_hours", "usd"]:
        page.select_option("#axis", axis)
        check(page.evaluate("shown.axes.find((a) => a.key === view.get('x')).key") == axis
              and page.evaluate("shown.chart.range[1]") > 0, f"x measures {axis}")
    page.select_option("#axis", "step")


def proofs_of_server(browser):
    """The dashboard over a run that goes on."""
    print("the dashboard, live")
    runs = f"{folder}/runs"
    os.makedirs(runs)
    shutil.move(f"{folder}/drill", f"{runs}/drill")
    server = subprocess.Popen([understudy, "serve", runs, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    launched = None
    try:
        address = server.stderr.readline().split(" at ")[-1].strip()
        launched = subprocess.Popen(
            [understudy, "launch", f"{root}/jobs/quickstart.yaml", "--runs", runs, "--run-id", "live",
             "-s", "train.train_iters=2000", "-s", "inject=[]"],
            cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        page = browser.new_page()
        for _ in range(120):
            if page.request.get(address + "api/v1/runs/live").ok:
                break
            page.wait_for_timeout(500)
        page.close()
        visit = Visit(browser, address + "run/live")
        visit.page.fill("#filter", "written while it updates")
        committed = "runs[0].figures.step"
        until(visit.page, committed + " > 0")
        before = visit.page.evaluate(committed)
        until(visit.page, f"{committed} > {before + 5}")
        check(visit.page.evaluate(committed) > before, "the page follows the run by itself")
        check(visit.page.evaluate("document.activeElement.id + document.activeElement.value")
              == "filterwritten while it updates", "and takes nothing from a reader who types")
        check(all(url.startswith(address) for url in visit.asked), "only its own server was asked")
        visit.close("live")
        visit = Visit(browser, address)
        check(visit.page.locator("#runs tbody tr").count() == 2, "the first page lists both runs")
        visit.page.get_by_role("link", name="drill").click()
        visit.page.wait_for_selector("#incidents")
        check(visit.page.url == address + "run/drill", "and leads to each")
        visit.close("runs")
    finally:
        for process in [launched, server]:
            if process:
                process.terminate()
                process.wait()


try:
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        proofs_of_report(browser)
        proofs_of_server(browser)
        browser.close()
finally:
    shutil.rmtree(folder)
print(f"{len(failures)} of the page's promises do not hold" if failures else "the page holds its promises")
sys.exit(1 if failures else 0)
