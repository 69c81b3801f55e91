// Nodes over time: a row a worker slot, rows that are alike drawn once. Training is plain, everything else is hatched or
// marked, so that no cue is a colour alone. Follows the loss chart's window. Refuses to hide a failure: it is drawn last.

const mostRows = 300;
const gantt = { row: 16, label: 132, top: 20 };

/** The rows of a run that differ, each with the workers that share it. How they came up before the first gang is no
    difference: no two processes start alike. */
function ganttRows(run) {
  const groups = new Map(), first = run.segments[0]?.at_ns ?? 0;
  const inOrder = [...run.page.rows].sort((a, b) => a.worker.localeCompare(b.worker, "en", { numeric: true }));
  for (const row of inOrder) {
    const key = JSON.stringify([row.segments, row.waits, row.spans.filter((span) => span.to_ns > first)]);
    if (!groups.has(key)) groups.set(key, { ...row, workers: [] });
    groups.get(key).workers.push(row.worker);
  }
  return [...groups.values()];
}

/** The spans of a row in full, in milliseconds: what its segments did, and what the row alone did. */
function spansOf(row, run) {
  const spans = [], segments = run.segments, end = run.elapsed * 1e9;
  // Of one form, in one go: a row of a long run has thousands.
  const add = (activity, from, to, segment, incident) => {
    spans.push({ activity, from: from / 1e6, to: to / 1e6, segment, incident });
  };
  const each = (pairs, act) => {
    for (let index = 0; index < pairs.length; index += 2) {
      for (let number = pairs[index]; number <= pairs[index + 1]; number++) act(segments[number - 1], number);
    }
  };
  each(row.waits, (segment, number) => {
    add("idle", segments[number - 2].ended_at_ns, segment.at_ns);
  });
  each(row.segments, (segment, number) => {
    add("restore", segment.at_ns, segment.began_at_ns, number);
    add("train", segment.began_at_ns, segment.ended_at_ns ?? end, number);
  });
  for (const span of row.spans) add(span.activity, span.from_ns, span.to_ns, undefined, span.incident);
  return spans.sort((a, b) => a.from - b.from);
}

/** A fill of lines, so that a span is told from another without its colour. */
function hatch(context, colour, kind) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 1.4;
  pen.beginPath();
  if (kind === "dots") pen.fillRect(2, 2, 1.5, 1.5);
  else for (const shift of [-6, 0, 6]) { pen.moveTo(shift, 6); pen.lineTo(shift + 6, 0); }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

class Gantt {
  constructor(host) {
    this.canvas = el("canvas", { role: "img", "aria-label": "What each worker did when" });
    this.note = el("p", { class: "soft" });
    host.append(el("div", { class: "scroll" }, this.canvas), this.note);
    followWidth(this.canvas, () => this.draw());
    this.canvas.addEventListener("click", (event) => {
      const near = (this.marks ?? []).filter(({ x, y }) => Math.abs(x - event.offsetX) < 7 && Math.abs(y - event.offsetY) < 9);
      if (near.length) view.set({ incident: this.run.incidents[near[0].incident - 1].id });
    });
  }

  show(run, axis, range) {
    if (run !== this.run) {
      this.run = run;
      const all = ganttRows(run);
      this.rows = all.slice(0, mostRows).map((row) => ({ ...row, all: spansOf(row, run) }));
      this.note.textContent = all.length > mostRows ? `${all.length - mostRows} more rows are in the table` : "";
    }
    this.window = timeWindow(run, axis, range);
    this.draw();
  }

  draw() {
    const width = this.canvas.clientWidth;
    if (!width || !this.rows) return;
    const height = gantt.top + this.rows.length * gantt.row + 4;
    const context = freshContext(this.canvas, height);
    const label = Math.min(gantt.label, width / 3);
    this.x = scaleOf(...this.window, label, width - 8, false);
    this.marks = [];
    this.paintAxis(context, height);
    const fills = { restore: hatch(context, ink("restart")), idle: hatch(context, ink("queued"), "dots") };
    this.rows.forEach((row, index) => this.paintRow(context, row, gantt.top + index * gantt.row, label, fills));
    this.paintChosen(context, height);
  }

  paintAxis(context, height) {
    const hours = scaleOf(this.x.low / 3.6e6, this.x.high / 3.6e6, this.x.from, this.x.to, false);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const value of ticks(hours, (this.x.to - this.x.from) / 80, true)) {
      const x = Math.round(hours.at(value)) + 0.5;
      context.strokeStyle = ink("grid");
      context.beginPath(); context.moveTo(x, gantt.top - 3); context.lineTo(x, height); context.stroke();
      context.fillStyle = ink("soft");
      if (x < this.x.to - 14) context.fillText(value === 0 ? "0" : spanText(value * 3600), x, 2);
    }
  }

  paintRow(context, row, y, label, fills) {
    context.fillStyle = ink("ink");
    context.textAlign = "left";
    context.textBaseline = "middle";
    const name = row.workers.length > 1 ? `${row.workers[0]} … ×${row.workers.length}` : row.workers[0];
    context.fillText(name, 0, y + gantt.row / 2, label - 6);
    const bar = gantt.row - 5, failures = [], reach = {};
    for (const span of row.all) {
      if (span.to < this.x.low || span.from > this.x.high) continue;
      // A span too narrow to be seen, where its like is painted already: a row of a long run has thousands.
      if (span.to <= reach[span.activity]) continue;
      const from = Math.max(this.x.from, this.x.at(span.from)), to = Math.min(this.x.to, this.x.at(span.to));
      const width = Math.max(to - from, 0.7);
      if (span.activity === "failure") {
        failures.push({ x: from, incident: span.incident });
        continue;
      }
      reach[span.activity] = this.x.value(from + width);
      if (span.activity === "train") {
        context.fillStyle = ink(segmentInks[((span.segment ?? 1) - 1) % segmentInks.length]);
        context.globalAlpha = 0.75;
        context.fillRect(from, y + 2, Math.max(width - 0.5, 0.7), bar);
        context.globalAlpha = 1;
      } else if (span.activity === "down") {
        context.strokeStyle = ink("queued");
        context.lineWidth = 1;
        context.beginPath(); context.moveTo(from, y + gantt.row / 2); context.lineTo(from + width, y + gantt.row / 2);
        context.stroke();
      } else if (fills[span.activity]) {
        context.fillStyle = fills[span.activity];
        context.fillRect(from, y + 2, width, bar);
      }
    }
    this.paintFailures(context, failures, y + gantt.row / 2 - 0.5);
  }

  /** The failures of a row, the chosen one last and larger; two at the same half pixel are one to the eye. */
  paintFailures(context, failures, y) {
    const chosen = view.get("incident"), places = new Map();
    let picked;
    for (const { x, incident } of failures) {
      this.marks.push({ x, y, incident });
      places.set(Math.round(x * 2), x);
      if (this.run.incidents[incident - 1]?.id === chosen) picked = x;
    }
    this.paintCrosses(context, [...places.values()], y, 3.5, 1.6);
    if (picked !== undefined) this.paintCrosses(context, [picked], y, 5, 2.6);
  }

  paintCrosses(context, places, y, size, width) {
    const crosses = new Path2D();
    for (const x of places) {
      crosses.moveTo(x - size, y - size); crosses.lineTo(x + size, y + size);
      crosses.moveTo(x - size, y + size); crosses.lineTo(x + size, y - size);
    }
    for (const [colour, thickness] of [["paper", 4], ["accent", width]]) {
      context.strokeStyle = ink(colour);
      context.lineWidth = thickness;
      context.stroke(crosses);
    }
  }

  /** The chosen incident as a band from its fault to progress regained. */
  paintChosen(context, height) {
    const chosen = this.run.incidents.find((incident) => incident.id === view.get("incident"));
    if (!chosen) return;
    const from = Math.max(this.x.from, this.x.at(chosen.at * 1e3));
    const to = Math.min(this.x.to, this.x.at((chosen.at + chosen.down) * 1e3));
    if (to < this.x.from || from > this.x.to) return;
    context.fillStyle = ink("accent");
    context.globalAlpha = 0.14;
    context.fillRect(from, gantt.top - 3, Math.max(2, to - from), height);
    context.globalAlpha = 1;
  }
}
