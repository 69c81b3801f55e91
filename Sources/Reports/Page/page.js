// The page put together: one run, or several compared; and its life, when a server tells of new records. Refuses state
// of its own: what is shown follows from the documents and the view.

const host = document.getElementById("page");
const carried = JSON.parse(document.getElementById("data").textContent);

function controls(axes) {
  const box = (name, title) => el("label", {}, el("input", { type: "checkbox", checked: view.get(name) === "1",
    onchange: (event) => view.set({ [name]: event.target.checked ? 1 : null }) }), " " + title);
  return el("span", { class: "tools" },
    el("label", {}, "x ", el("select", { id: "axis", onchange: (event) => view.set({ x: event.target.value, from: null, to: null }) },
      axes.map((axis) => el("option", { value: axis.key, selected: axis.key === view.get("x", "step") }, axis.title)))),
    box("logx", "log x"), box("logy", "log y"),
    el("label", {}, "smoothing ", el("input", { type: "range", id: "smooth", min: 0, max: 0.99, step: 0.01,
      value: view.get("smooth", 0), oninput: (event) => view.set({ smooth: Number(event.target.value) || null }) })));
}

function axisOf(axes) { return axes.find((axis) => axis.key === view.get("x", "step")) ?? axes[0]; }

function figure(value, title) { return value === null ? null : el("div", { class: "figure" }, el("b", {}, value), el("span", {}, title)); }

function themeButton() {
  const next = { "": "dark", dark: "light", light: "" };
  return el("button", { onclick: () => view.set({ theme: next[view.get("theme", "")] }), title: "theme" }, "◐");
}

/** The page of one run. */
class RunPage {
  constructor(run) {
    this.run = run;
    this.axes = axesOf(run);
    const plot = el("div"), rows = el("div");
    this.status = el("span", { class: "soft" });
    this.incidents = new IncidentPanel(run);
    host.replaceChildren(this.header(), this.figures(),
      el("div", { class: "panels" },
        el("section", { class: "wide", id: "loss" },
          el("div", { class: "bar" }, el("h2", {}, "Training loss"),
            el("span", { class: "soft" }, "nats a token, one colour per segment; thin: done again later"), controls(this.axes)),
          plot, this.key(), this.segmentTable()),
        ledgerPanel(run),
        el("section", { id: "gantt" }, el("div", { class: "bar" }, el("h2", {}, "Workers over time"),
          el("span", { class: "tools" }, "the chart's window")), rows, this.ganttKey(), this.ganttTable()),
        this.incidents.element));
    this.chart = new LossChart(plot, window.innerWidth < 560 ? 250 : 330);
    this.gantt = new Gantt(rows);
  }

  header() {
    const { run } = this, state = run.figures.state;
    const mood = ["completed", "running", "forming", "stopping"].includes(state) ? "good"
      : ["queued", "recovering", "interrupted"].includes(state) ? "" : "bad";
    return el("header", {}, carried.pages.length + (carried.listing?.runs.length ?? 0) > 1 || carried.server
      ? el("a", { href: carried.server ? "/" : "#", onclick: (event) => {
        if (!carried.server) { event.preventDefault(); view.set({ run: null, incident: null, from: null, to: null }); }
      } }, "all runs") : null,
      el("h1", {}, run.name), el("span", { class: "state " + mood }, state.toUpperCase()),
      el("span", { class: "soft" }, [run.cluster ?? run.page.cluster, run.job && `${short(run.job.parameters)} parameters`,
        `${run.workers} workers`].filter(Boolean).join(" · ")),
      el("span", { class: "right soft" }, this.liveMark(), " ", themeButton()),
      el("span", { class: "reason" }, run.figures.reason));
  }

  liveMark() { return carried.server ? el("span", { id: "live", class: "live" }, "live") : ""; }

  figures() {
    const { run } = this, f = run.figures;
    const number = (value, places) => (value === undefined ? "–" : Number(value).toFixed(places));
    const interruptions = run.incidents.filter((i) => i.is_interruption).length;
    return el("div", { class: "figures" },
      figure(number(f.training_loss_nats, 4), "training loss, nats"),
      f.validation_loss_nats === undefined ? null : figure(number(f.validation_loss_nats, 4), "validation loss"),
      figure(`${countText(f.step)} / ${countText(f.steps)}`, "steps"),
      figure(shareText(f.ettr), "ETTR, queueing left out"),
      figure(String(interruptions), `interruptions in ${run.segments.length} segments`),
      figure(short(f.tokens), "tokens"),
      figure(short(f.tokens_per_second), "tokens/s, productive"),
      figure(spanText(run.elapsed), "elapsed"),
      figure(short(run.machine.of(run.elapsed)), run.machine.unit),
      run.usd ? figure("$" + short(run.gpuHours * run.usd), "cost") : null);
  }

  key() {
    const { stepsPerPair } = this.run;
    return el("p", { class: "soft" }, "▼ accident · ▽ drill · ◆ failure that stopped nothing · ○ validation loss · "
      + "ticks below: checkpoints" + (stepsPerPair > 1 ? ` · lowest and highest of every ${stepsPerPair} steps` : ""));
  }

  ganttKey() {
    return el("p", { class: "soft" }, "bar: trains · stripes: restores · dots: waits · line: down or starting · ✕ failure");
  }

  segmentTable() {
    const { run } = this;
    return tableBehind(run.name + "-segments",
      ["segment", "generation", "restored step", "first step", "last step", "last kept step", "began", "ended", "tokens/s",
        "ended because"],
      () => run.segments.map((s) => [s.segment, s.generation, s.restored_step, s.first_step, s.last_step, s.last_kept_step,
        s.began_at_ns === undefined ? undefined : spanText(s.began_at_ns / 1e9),
        s.ended_at_ns === undefined ? undefined : spanText(s.ended_at_ns / 1e9),
        s.tokens_per_second, s.ended_because]));
  }

  ganttTable() {
    const { run } = this;
    return tableBehind(run.name + "-workers", ["worker", "activity", "from s", "to s", "segment", "incident"],
      () => run.page.rows.flatMap((row) => spansOf(row, run).map((span) => [row.worker, span.activity,
        (span.from / 1e3).toFixed(3), (span.to / 1e3).toFixed(3), span.segment, span.incident])));
  }

  draw(changed) {
    const axis = axisOf(this.axes), isOnly = (...names) => changed?.every((name) => names.includes(name));
    // The table first: a long one brings a scroll bar, and the charts are as wide as it leaves them.
    if (!isOnly("from", "to", "x", "logx", "logy", "smooth")) this.incidents.draw();
    if (!isOnly("filter", "sort")) {
      const lines = this.seriesFor(axis).map((series) => ({
        series, ink: segmentInks[(series.segment - 1) % segmentInks.length], label: "segment " + series.segment }));
      this.chart.show(lines, axis, this.run);
      this.gantt.show(this.run, axis, this.chart.range);
    }
  }
}

/** What is drawn in the window: the run's curve, or a finer one of the part that is shown, once a server has sent it. */
RunPage.prototype.seriesFor = function (axis) {
  const { run } = this, [from, to] = [view.number("from"), view.number("to")];
  if (!carried.server || run.stepsPerPair === 1 || !(to > from)) return run.series;
  const asked = stepWindow(run, axis, [from, to]);
  const has = this.detail && this.detail.from <= asked[0] && this.detail.to >= asked[1];
  if (has && (this.detail.stepsPerPair === 1 || this.detail.to - this.detail.from < 3 * (asked[1] - asked[0]))) {
    return this.detail.series;
  }
  clearTimeout(this.asking);
  this.asking = setTimeout(async () => {
    // A little more than is shown, so that the next small move has it already.
    const air = Math.ceil((asked[1] - asked[0]) / 2), low = Math.max(0, asked[0] - air), high = asked[1] + air;
    const answer = await fetch(`/api/v1/runs/${encodeURIComponent(run.name)}/curve?from=${low}&to=${high}`);
    if (!answer.ok || shown !== this) return;
    const curve = await answer.json();
    this.detail = { from: low, to: high, stepsPerPair: curve.steps_per_pair, series: curvesOf(curve, run.segments) };
    this.draw(["from", "to"]);
  }, 120);
  return has ? this.detail.series : run.series;
};

/** Several runs side by side: a curve each with a pattern of its own, and their figures in one table. */
class ComparePage {
  constructor(runs, listing) {
    Object.assign(this, { runs, listing });
    const plot = el("div");
    host.replaceChildren(
      el("header", {}, el("h1", {}, "Runs"), el("span", { class: "soft" }, `${listing.length} runs`),
        el("span", { class: "right" }, themeButton())),
      runs.length ? el("section", { id: "loss" }, el("div", { class: "bar" }, el("h2", {}, "Training loss"),
        el("span", { class: "soft" }, "steps that count"), controls(sharedAxes(runs))), plot) : "",
      this.table());
    if (runs.length) this.chart = new LossChart(plot, 300);
  }

  style(run) {
    const index = this.runs.indexOf(run);
    return { ink: segmentInks[index % segmentInks.length], dash: dashes[index % dashes.length] };
  }

  sample(name) {
    const run = this.runs.find((each) => each.name === name);
    if (!run) return el("td", {}, "");
    const canvas = el("canvas", { width: 56, height: 12, style: "width:28px;height:6px" }), pen = canvas.getContext("2d");
    pen.strokeStyle = ink(this.style(run).ink);
    pen.lineWidth = 4;
    pen.setLineDash(this.style(run).dash.map((length) => length * 2));
    pen.beginPath(); pen.moveTo(0, 6); pen.lineTo(56, 6); pen.stroke();
    return el("td", {}, canvas);
  }

  table() {
    const header = ["", "run", "state", "step", "loss", "ETTR", "incidents", "tokens", "elapsed", "GPU-hours lost", "cost", "why"];
    return el("section", { id: "runs" }, el("div", { class: "table" }, el("table", {},
      el("thead", {}, el("tr", {}, header.map((title, index) => el("th", { class: index > 2 && index < 11 ? "n" : null }, title)))),
      el("tbody", {}, this.listing.map((f) => {
        const run = this.runs.find((each) => each.name === f.name);
        const lost = run && (run.lost * run.workers) / 3600;
        const open = el("a", { href: carried.server ? "/run/" + encodeURIComponent(f.name) : "#run=" + encodeURIComponent(f.name),
          onclick: (event) => { if (!carried.server) { event.preventDefault(); view.set({ run: f.name }); } } }, f.name);
        return el("tr", {}, this.sample(f.name), el("td", { class: "nowrap" }, open), el("td", {}, f.state),
          ...[f.step === undefined ? "–" : `${countText(f.step)} / ${countText(f.steps)}`,
            f.training_loss_nats === undefined ? "–" : Number(f.training_loss_nats).toFixed(4), shareText(f.ettr),
            String(f.incident_count ?? "–"), short(f.tokens), spanText((f.elapsed_ns ?? NaN) / 1e9),
            lost === undefined ? "–" : short(lost), run?.usd ? "$" + short(run.gpuHours * run.usd) : "–"].map((text) => el("td", { class: "n" }, text)),
          el("td", { class: "soft" }, f.reason));
      })))));
  }

  draw() {
    if (!this.chart) return;
    const axis = axisOf(sharedAxes(this.runs));
    const lines = this.runs.flatMap((run) => run.series.map((series) => {
      const whole = series.keptEnd;
      const part = whole === series.length ? series : new Series({ segment: series.segment, kept: Infinity,
        step: series.step.subarray(0, whole), at: series.at.subarray(0, whole), loss: series.loss.subarray(0, whole) });
      return { series: part, ...this.style(run), label: run.name, factor: axisFor(run, axis).factor };
    }));
    this.chart.show(lines.filter((line) => line.series.length), axis);
  }
}

let runs = carried.pages.map(runOf), shown;

/** Makes the page that the view asks for, and draws it. */
function open() {
  const wanted = view.get("run"), one = runs.find((run) => run.name === wanted);
  const isOne = one || (runs.length === 1 && !carried.listing);
  shown = isOne ? new RunPage(one ?? runs[0]) : new ComparePage(runs, carried.listing?.runs ?? runs.map((run) => run.figures));
  shown.draw();
}

function applyTheme() {
  const theme = view.get("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

view.listeners.push((changed) => {
  applyTheme();
  if (changed.includes("run")) open();
  else shown.draw(changed.includes("theme") ? undefined : changed);
});
window.addEventListener("hashchange", () => {
  view.values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  applyTheme();
  open();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown.draw());

/** Follows the server's events: a run that has new records is asked for anew and drawn in the same view. */
function follow() {
  const wanted = carried.pages.length === 1 && !carried.listing ? carried.pages[0].run.name : undefined;
  const source = new EventSource("/events" + (wanted ? "?run=" + encodeURIComponent(wanted) : ""));
  let isAsking = false, isBehind = false;
  const mark = (isLost) => document.getElementById("live")?.classList.toggle("lost", isLost);
  source.onopen = () => mark(false);
  source.onerror = () => mark(true);
  source.addEventListener("changed", async () => {
    if (isAsking) { isBehind = true; return; }
    isAsking = true;
    do {
      isBehind = false;
      const answer = await fetch(wanted ? `/api/v1/runs/${encodeURIComponent(wanted)}/page` : "/api/v1/pages");
      if (!answer.ok) break;
      const fresh = await answer.json();
      if (wanted) runs = [runOf(fresh)];
      else { runs = fresh.pages.map(runOf); carried.listing = fresh.listing; }
      reopen();
    } while (isBehind);
    isAsking = false;
  });
}

/** Draws anew without taking from the reader what was being written or read: the focus, and the tables that are open. */
function reopen() {
  const focused = document.activeElement?.id, opened = [...document.querySelectorAll("details")].map((each) => each.open);
  const caret = document.activeElement?.selectionStart;
  open();
  document.querySelectorAll("details").forEach((each, index) => { each.open = opened[index] ?? false; });
  const again = focused && document.getElementById(focused);
  if (!again) return;
  again.focus();
  if (again.type === "search") again.setSelectionRange(caret, caret);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea")) return;
  if (shown.chart?.key(event.key)) event.preventDefault();
});

applyTheme();
open();
if (carried.server) follow();
