#!/usr/bin/env python3
"""The measuring half of benchmarks/page: `show`, the page of a long run in a browser, a zoom into it, and the painting of
many curves. usage: speed.py UNDERSTUDY FOLDER, which holds the run `long` and what was planted in it.

Refuses to fail on a slow machine: it prints ranges. It does fail where a planted spike is not in what is shown.
"""
import json
import shutil
import subprocess
import sys
import time

understudy, folder = sys.argv[1:3]
planted = json.load(open(f"{folder}/planted.json"))["spikes"]


def told(what, seconds):
    seconds = sorted(seconds)
    print(f"{what}: {seconds[0]:.3f} to {seconds[-1]:.3f} s, middle {seconds[len(seconds) // 2]:.3f} ({len(seconds)} goes)",
          flush=True)


def timed(count, act):
    spans = []
    for _ in range(count):
        begin = time.monotonic()
        act()
        spans.append(time.monotonic() - begin)
    return spans


told("show", timed(9, lambda: subprocess.run([understudy, "show", f"{folder}/long"], check=True, stdout=subprocess.DEVNULL)))

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sys.exit("playwright is missing: scripts/install-proof-tools gets it")

PAINT = """async () => {
  // 54 curves of 200,000 points, on the chart's own canvas and scales.
  const chart = shown.chart, count = 200000, curves = 54, lines = [];
  for (let number = 0; number < curves; number++) {
    const step = new Float64Array(count), loss = new Float64Array(count);
    let seed = number + 1;
    for (let place = 0; place < count; place++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      step[place] = number * count + place;
      loss[place] = 2 + 8 / (1 + step[place] / 1e6) + seed / 2147483648 * 0.2;
    }
    const series = new Series({ segment: number + 1, step, at: step, loss, kept: Infinity });
    lines.push({ series, ink: segmentInks[number % segmentInks.length], label: "segment " + (number + 1) });
  }
  view.values = {};
  chart.show(lines, { key: "step", title: "step", by: "step", factor: 1 }, undefined);
  const context = chart.canvas.getContext("2d");
  class Recorder {
    constructor() { this.x = []; this.y = []; this.isMove = []; }
    moveTo(x, y) { this.x.push(x); this.y.push(y); this.isMove.push(true); }
    lineTo(x, y) { this.x.push(x); this.y.push(y); this.isMove.push(false); }
  }
  const recorded = lines.map((line) => {
    const recorder = new Recorder(), [begin, end] = chart.window(line), column = line.series.step;
    line.series.trace(recorder, (place) => chart.x.at(column[place]), chart.y.at, begin, end);
    return recorder;
  });
  const plain = () => lines.forEach((line, index) => {
    const { x, y, isMove } = recorded[index];
    context.beginPath();
    for (let place = 0; place < x.length; place++) {
      if (isMove[place]) context.moveTo(x[place], y[place]);
      else context.lineTo(x[place], y[place]);
    }
    context.strokeStyle = ink(line.ink);
    context.lineWidth = 1.3;
    context.stroke();
  });
  const ours = () => lines.forEach((line) => chart.paintLine(context, line, 0));
  const measure = (paint) => {
    const begin = performance.now();
    for (let go = 0; go < 10; go++) paint();
    context.getImageData(0, 0, 1, 1);  // Until it is painted, and not only asked for.
    return (performance.now() - begin) / 10;
  };
  const forget = () => lines.forEach((line) => line.series.paths?.clear());
  const first = () => { forget(); ours(); };
  measure(plain); measure(first); measure(ours);
  const pairs = [], again = [];
  for (let go = 0; go < 9; go++) {
    pairs.push([measure(plain), measure(first)]);
    again.push([measure(plain), measure(ours)]);
  }
  return { pairs, again, points: recorded.reduce((sum, { x }) => sum + x.length, 0) };
}"""

server = subprocess.Popen([understudy, "serve", folder, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
try:
    address = server.stderr.readline().split(" at ")[-1].strip()
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 900})

        def open_page():
            page.goto(address + "run/long")
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

        told("page, from asking to painted", timed(7, open_page))
        size = page.evaluate("document.getElementById('data').textContent.length")
        print(f"its data: {size / 1e6:.1f} MB, {page.evaluate('runs[0].incidents.length')} incidents, "
              f"{page.evaluate('runs[0].series.reduce((sum, s) => sum + s.length, 0)')} points")
        lost = page.evaluate("""(spikes) => spikes.filter(({ step, loss }) => !runs[0].series.some((series) => {
            const place = series.find('step', step);
            return series.step[place] === step && Math.abs(series.loss[place] - loss) < 1e-3; })).length""", planted)
        print(f"planted spikes of one step that are in the curve: {len(planted) - lost} of {len(planted)}")

        def ask(low, high):
            return lambda: page.request.get(f"{address}api/v1/runs/long/curve?from={low}&to={high}")

        most = page.evaluate("runs[0].figures.steps")
        told("a zoom to a hundredth", timed(7, ask(most // 2, most // 2 + most // 100)))
        told("a zoom to a thousand steps", timed(7, ask(most // 2, most // 2 + 1000)))
        painted = page.evaluate(PAINT)
        print(f"54 curves of 200,000 points, as {painted['points']} points of lines, against the same lines computed before:")
        for what, pairs in [("painted for the first time", painted["pairs"]), ("painted again", painted["again"])]:
            ratios = sorted(ours / plain for plain, ours in pairs)
            plain, ours = zip(*pairs)
            print(f"  {what}: {min(ours):.1f} to {max(ours):.1f} ms, the lines alone {min(plain):.1f} to {max(plain):.1f} ms; "
                  f"ratio of pairs {ratios[0]:.2f} to {ratios[-1]:.2f}, middle {ratios[len(ratios) // 2]:.2f}")
        browser.close()
finally:
    server.terminate()
    server.wait()
sys.exit(1 if lost else 0)
