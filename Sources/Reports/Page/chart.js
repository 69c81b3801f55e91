// The loss chart: one colour per segment with its number above it, work that was done again pale and thin, incidents as
// upright marks. Zoomed by dragging or by keys; what it shows stands in the view. Refuses to know where runs come from.

/** What is drawn: lines, each a series with a colour, a pattern and a label; and the run whose incidents are marked. */
class LossChart {
  constructor(host, height) {
    this.height = height;
    this.canvas = el("canvas", { tabindex: 0, role: "img", "aria-label": "Training loss" });
    this.tip = el("div", { class: "tip", hidden: true });
    this.keys = el("p", { class: "soft" }, "drag to zoom · + − ← → 0 · click a mark for its incident");
    host.append(el("div", { class: "plot" }, this.canvas, this.tip), this.keys);
    this.lines = [];
    this.smooth = new Map();
    followWidth(this.canvas, () => this.draw());
    this.listen();
  }

  /** Shows `lines` along `axis`. `run` is the run that is marked; undefined when several are compared. */
  show(lines, axis, run) {
    Object.assign(this, { lines, axis, run });
    this.smooth.clear();
    this.draw();
  }

  /** How much of the axis one step or millisecond of `line` is: its run's own, where several are compared. */
  factor(line) { return line.factor ?? this.axis.factor; }

  /** The whole range of the axis. */
  get whole() {
    let high = 0, low = Infinity;
    for (const line of this.lines) {
      const { series } = line, factor = this.factor(line);
      if (!series.length) continue;
      high = Math.max(high, series[this.axis.by][series.length - 1] * factor);
      low = Math.min(low, series[this.axis.by][0] * factor);
    }
    if (!(high > 0)) return [0, 1];
    return [view.get("logx") ? Math.max(low, high * 1e-6) : 0, high];
  }

  /** The part of the axis that is shown. */
  get range() {
    const [from, to] = [view.number("from"), view.number("to")];
    return to > from ? [from, to] : this.whole;
  }

  zoom(from, to) {
    const [low, high] = this.whole;
    const length = Math.min(to - from, high - low);
    if (!(length > (high - low) * 1e-7)) return;
    const begin = Math.max(low, Math.min(from, high - length));
    if (length >= (high - low) * 0.9999) return view.set({ from: null, to: null });
    view.set({ from: Number(begin.toPrecision(10)), to: Number((begin + length).toPrecision(10)) });
  }

  // -- Drawing --

  draw() {
    const width = this.canvas.clientWidth;
    if (!width || !this.axis) return;
    const context = freshContext(this.canvas, this.height);
    this.paint(context, width);
  }

  paint(context, width) {
    const frame = { left: 46, right: width - 8, top: this.run ? 44 : 10, bottom: this.height - 24 };
    this.frame = frame;
    this.x = scaleOf(...this.range, frame.left, frame.right, view.get("logx"));
    this.y = this.verticalScale(frame);
    this.paintGrid(context);
    if (this.run) this.paintCheckpoints(context);
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top - 1, frame.right - frame.left, frame.bottom - frame.top + 2);
    context.clip();
    const keep = view.number("smooth") ?? 0;
    for (const line of this.lines) this.paintLine(context, line, keep);
    if (this.run) this.paintEvaluations(context);
    context.restore();
    if (this.run) {
      this.paintStrip(context);
      this.paintIncidents(context);
    }
    if (this.drag) {
      context.fillStyle = ink("focus") + "33";
      context.fillRect(Math.min(...this.drag), frame.top, Math.abs(this.drag[1] - this.drag[0]), frame.bottom - frame.top);
    }
  }

  /** The extremes of what is in the window, with a little air. */
  verticalScale(frame) {
    let low = Infinity, high = -Infinity;
    for (const line of this.lines) {
      const { series } = line, [begin, end] = this.window(line);
      const [least, most] = series.extremes(begin, end);
      low = Math.min(low, least);
      high = Math.max(high, most);
    }
    if (!(low <= high)) [low, high] = [0, 1];
    const isLog = view.get("logy") && low > 0;
    const air = isLog ? 1.03 : Math.max((high - low) * 0.05, 1e-3);
    return isLog ? scaleOf(low / air, high * air, frame.bottom, frame.top, true)
      : scaleOf(low - air, high + air, frame.bottom, frame.top, false);
  }

  /** The places of a line in the window, and one beyond each end so that it runs out of the frame. The window is asked
      of the scale: `range` looks at every line, and this is asked for every line. */
  window(line) {
    const { low, high } = this.x, { series } = line, factor = this.factor(line);
    return [
      Math.max(0, series.find(this.axis.by, low / factor) - 1),
      Math.min(series.length, series.find(this.axis.by, high / factor) + 1),
    ];
  }

  paintGrid(context) {
    const { left, right, top, bottom } = this.frame;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(this.y, this.height / 46, false)) {
      const y = Math.round(this.y.at(value)) + 0.5;
      context.strokeStyle = ink("grid");
      context.beginPath(); context.moveTo(left, y); context.lineTo(right, y); context.stroke();
      context.fillStyle = ink("soft");
      context.fillText(trim(value.toPrecision(4)), left - 6, y);
    }
    context.textBaseline = "top";
    let edge = -Infinity;
    for (const value of ticks(this.x, (right - left) / 90, this.axis.isTime)) {
      const text = tickText(this.axis, value), half = context.measureText(text).width / 2;
      const x = this.x.at(value);
      if (x - half < edge + 8 || x + half > right + 8) continue;
      edge = x + half;
      context.textAlign = "center";
      context.fillText(text, x, bottom + 6);
    }
    context.strokeStyle = ink("soft");
    context.beginPath(); context.moveTo(left, bottom + 0.5); context.lineTo(right, bottom + 0.5); context.stroke();
  }

  paintLine(context, line, keep) {
    const { series } = line;
    const [begin, end] = this.window(line);
    const column = series[this.axis.by], factor = this.factor(line);
    const x = (place) => this.x.at(column[place] * factor), y = this.y.at;
    const middle = Math.max(begin, Math.min(end, series.keptEnd));
    const stroke = (drawn, from, to, width, alpha) => {
      context.lineWidth = width;
      context.globalAlpha = alpha;
      context.stroke(this.path(drawn, from, to, x, y));
    };
    context.strokeStyle = ink(line.ink);
    context.lineJoin = "round";
    context.setLineDash(line.dash ?? []);
    // Discarded work first, so that what counts lies over it.
    stroke(series, Math.max(begin, middle - 1), end, 0.8, 0.5);
    stroke(series, begin, middle, keep ? 0.8 : 1.3, keep ? 0.35 : 1);
    if (keep) {
      const key = series.segment + line.label;
      if (!this.smooth.has(key) || this.smooth.get(key).keep !== keep) {
        this.smooth.set(key, { keep, series: series.smoothed(keep) });
      }
      stroke(this.smooth.get(key).series, begin, middle, 1.8, 1);
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  /** The path of the places of a series, kept until the scales or the places change: most paintings are of the same. */
  path(series, from, to, x, y) {
    const key = [from, to, this.axis.key, ...Object.values(this.x), ...Object.values(this.y)].filter(
      (value) => typeof value !== "function").join(" ");
    const known = (series.paths ??= new Map()).get(from);
    if (known?.key === key) return known.path;
    const path = new Path2D();
    series.trace(path, x, y, from, to);
    series.paths.set(from, { key, path });
    return path;
  }

  paintEvaluations(context) {
    context.lineWidth = 1.4;
    context.strokeStyle = ink("ink");
    context.fillStyle = ink("paper");
    for (const { step, at_ns, loss } of this.run.page.evaluations) {
      const x = this.x.at((this.axis.by === "step" ? step : at_ns / 1e6) * this.axis.factor);
      if (!(x >= this.frame.left && x <= this.frame.right) || !Number.isFinite(Number(loss))) continue;
      context.beginPath(); context.arc(x, this.y.at(loss), 2.6, 0, 7); context.fill(); context.stroke();
    }
  }

  paintCheckpoints(context) {
    const { checkpoint_steps: steps, checkpoint_at_ns: times } = this.run.page;
    context.fillStyle = ink("checkpoint");
    let last = -Infinity;
    for (let index = 0; index < steps.length; index++) {
      const x = this.x.at((this.axis.by === "step" ? steps[index] : times[index] / 1e6) * this.axis.factor);
      if (x < this.frame.left || x > this.frame.right || Math.abs(x - last) < 1.5) continue;
      last = x;
      context.fillRect(x - 0.5, this.frame.bottom - 4, 1, 4);
    }
  }

  /** Where a segment lies on the axis. */
  reach(line) {
    const { series } = line;
    const column = series[this.axis.by], { factor } = this.axis;
    const lies = (place) => Math.max(this.frame.left, Math.min(this.frame.right, this.x.at(column[place] * factor)));
    return [lies(0), lies(Math.max(0, Math.min(series.length, series.keptEnd) - 1))];
  }

  /** A bar a segment in its colour, every other one lower, with its number: the second cue beside colour. */
  paintStrip(context) {
    context.textBaseline = "middle";
    context.textAlign = "center";
    let edge = -Infinity;
    for (const line of this.lines) {
      if (!line.series.length) continue;
      const [from, to] = this.reach(line);
      if (to <= this.frame.left || from >= this.frame.right) continue;
      context.fillStyle = ink(line.ink);
      context.fillRect(from, line.series.segment % 2 ? 16 : 19, Math.max(1, to - from - 1), 3);
      const text = String(line.series.segment), x = (from + to) / 2;
      if (x < edge + 4) continue;
      const half = context.measureText(text).width / 2;
      if (x - half < edge + 4) continue;
      edge = x + half;
      context.fillText(text, x, 8);
    }
  }

  paintIncidents(context) {
    const { left, right, bottom } = this.frame, chosen = view.get("incident"), seen = new Set(), painted = [];
    this.marks = [];
    for (const incident of this.run.incidents) {
      const x = this.placeOf(incident);
      if (!(x >= left - 1 && x <= right + 1)) continue;
      const mark = { x, incident }, isChosen = incident.id === chosen;
      this.marks.push(mark);
      // Marks that look alike at the same half pixel are one to the eye, and thousands of them are slow.
      const look = `${Math.round(x * 2)} ${incident.is_interruption} ${incident.is_injected}`;
      if (seen.has(look) && !isChosen) continue;
      seen.add(look);
      painted.push(mark);
      context.strokeStyle = ink(isChosen ? "accent" : "soft");
      context.globalAlpha = isChosen ? 1 : this.run.incidents.length > 200 ? 0.15 : 0.45;
      context.lineWidth = isChosen ? 1.6 : 0.8;
      context.setLineDash(isChosen ? [] : [2, 3]);
      context.beginPath(); context.moveTo(x, 36); context.lineTo(x, bottom); context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    }
    // The chosen one last, so that nothing lies over its name.
    const isChosen = ({ incident }) => incident.id === chosen;
    for (const mark of painted.sort((a, b) => isChosen(a) - isChosen(b))) {
      this.paintMark(context, mark.x, mark.incident, isChosen(mark));
    }
  }

  /** A drill is a hollow triangle, an accident a full one, a failure that stopped nothing a diamond. */
  paintMark(context, x, incident, isChosen) {
    const size = isChosen ? 6 : 4, y = 31;
    context.beginPath();
    if (incident.is_interruption) {
      context.moveTo(x - size, y - size); context.lineTo(x + size, y - size); context.lineTo(x, y + size);
    } else {
      context.moveTo(x, y - size); context.lineTo(x + size, y); context.lineTo(x, y + size); context.lineTo(x - size, y);
    }
    context.closePath();
    context.fillStyle = ink(incident.is_injected ? "paper" : "accent");
    context.strokeStyle = ink("accent");
    context.lineWidth = 1.3;
    context.fill(); context.stroke();
    if (isChosen) {
      context.textBaseline = "middle";
      const isRight = x > this.frame.right - 60, width = context.measureText(incident.id).width + 4;
      context.fillStyle = ink("paper");
      context.fillRect(isRight ? x - 8 - width : x + 8, y - 7, width, 14);
      context.fillStyle = ink("accent");
      context.textAlign = isRight ? "right" : "left";
      context.fillText(incident.id, x + (isRight ? -10 : 10), y);
    }
  }

  placeOf(incident) {
    return this.x.at((this.axis.by === "step" ? incident.step : incident.at * 1e3) * this.axis.factor);
  }

  // -- Hands --

  listen() {
    const place = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.drag = [place(event), place(event)];
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.drag) { this.drag[1] = place(event); this.draw(); } else this.point(place(event));
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const drag = this.drag;
      this.drag = undefined;
      if (!drag) return;
      const [from, to] = [Math.min(...drag), Math.max(...drag)];
      if (to - from < 4) { this.draw(); this.pick(place(event)); } else this.zoom(this.x.value(from), this.x.value(to));
    });
    this.canvas.addEventListener("pointercancel", () => { this.drag = undefined; this.draw(); });
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.canvas.addEventListener("dblclick", () => view.set({ from: null, to: null }));
  }

  key(name) {
    const [from, to] = this.range, length = to - from, middle = (from + to) / 2;
    const moves = {
      "+": [middle - length / 4, middle + length / 4], "=": [middle - length / 4, middle + length / 4],
      "-": [middle - length, middle + length],
      ArrowLeft: [from - length / 5, to - length / 5], ArrowRight: [from + length / 5, to + length / 5],
    };
    if (name === "0") view.set({ from: null, to: null });
    else if (moves[name]) this.zoom(...moves[name]);
    else return false;
    return true;
  }

  pick(x) {
    const near = this.nearest(x);
    if (near) view.set({ incident: near.incident.id });
  }

  nearest(x) {
    return (this.marks ?? []).filter((mark) => Math.abs(mark.x - x) < 7)
      .sort((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x))[0];
  }

  /** Says what lies under the pointer: the incident, or the newest point of each line there. */
  point(x) {
    if (!this.x || x < this.frame.left || x > this.frame.right) { this.tip.hidden = true; return; }
    const said = [];
    for (const line of this.lines) {
      const factor = this.factor(line), value = this.x.value(x) / factor;
      const reach = (this.x.value(x + 4) - this.x.value(x - 4)) / factor;
      const place = Math.min(line.series.find(this.axis.by, value), line.series.length - 1);
      if (place < 0 || Math.abs(line.series[this.axis.by][place] - value) > reach + 1) continue;
      said.push(`${line.label}  step ${countText(line.series.step[place])}  loss ${line.series.loss[place].toFixed(4)}  `
        + `at ${spanText(line.series.at[place] / 1e3)}`);
    }
    const near = this.nearest(x);
    if (near) said.unshift(`${near.incident.id}  ${near.incident.short_cause}  ${near.incident.place ?? ""}`);
    this.tip.textContent = said.slice(0, 6).join("\n");
    this.tip.hidden = said.length === 0;
    this.tip.style.left = Math.min(x + 12, Math.max(0, this.canvas.clientWidth - this.tip.offsetWidth - 4)) + "px";
  }
}
