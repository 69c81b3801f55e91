// The charts of a trace's report: distributions of all policies in one plot, the cluster over time as a strip a policy,
// and the nodes of one policy as rows. Colours repeat after six policies and patterns then tell them apart. Refuses to
// know the page around them.

/** The colour and pattern of the policy at `index`. */
function policyLook(index) {
  const count = segmentInks.length;
  return { ink: segmentInks[index % count], dash: dashes[Math.floor(index / count) % dashes.length] };
}

/** Spans that a logarithmic axis is marked at, in seconds. */
const roundSpans = [[1, "1s"], [10, "10s"], [60, "1m"], [600, "10m"], [3600, "1h"], [36000, "10h"], [86400, "1d"],
  [864000, "10d"], [8640000, "100d"], [86400000, "1000d"]];

/** A canvas that is as wide as its place, and a tip beside the pointer; `paint` draws, `say` has the tip's lines. */
class Plot {
  constructor(label, height) {
    this.height = height;
    this.canvas = el("canvas", { role: "img", "aria-label": label });
    this.tip = el("div", { class: "tip", hidden: true });
    this.element = el("div", { class: "plot" }, this.canvas, this.tip);
    followWidth(this.canvas, () => this.draw());
    this.canvas.addEventListener("pointermove", (event) => this.point(event.offsetX, event.offsetY));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  draw() {
    const width = this.canvas.clientWidth;
    if (!width) return;
    const context = freshContext(this.canvas, this.height);
    context.lineJoin = "round";
    this.paint(context, width);
  }

  point(x, y) {
    const lines = this.say(x, y);
    this.tip.hidden = lines.length === 0;
    this.tip.textContent = lines.join("\n");
    this.tip.style.left = Math.min(x + 12, Math.max(0, this.canvas.clientWidth - this.tip.offsetWidth - 4)) + "px";
    this.tip.style.top = Math.max(0, Math.min(y, this.height - this.tip.offsetHeight)) + "px";
  }

  /** Upright lines from `from` to `to` at round times of `scale`, in seconds where it is logarithmic, else in hours. */
  paintTimes(context, scale, from, to, labelY) {
    context.textAlign = "center";
    context.textBaseline = "top";
    let edge = -Infinity;
    const marks = scale.isLog ? roundSpans.filter(([seconds]) => seconds >= scale.low && seconds <= scale.high)
      : ticks(scale, (scale.to - scale.from) / 90, true).map((hours) => [hours, hours === 0 ? "0" : spanText(hours * 3600)]);
    for (const [value, text] of marks) {
      const x = Math.round(scale.at(value)) + 0.5;
      context.strokeStyle = ink("grid");
      context.beginPath(); context.moveTo(x, from); context.lineTo(x, to); context.stroke();
      const half = context.measureText(text).width / 2;
      if (x - half < edge + 8 || x + half > scale.to + 10) continue;
      edge = x + half;
      context.fillStyle = ink("soft");
      context.fillText(text, x, labelY);
    }
  }
}

/** Which part of the jobs was done after how long, a curve a policy. */
class DistributionPlot extends Plot {
  constructor(label, policies, key) {
    super(label, window.innerWidth < 560 ? 240 : 300);
    this.curves = policies.map((policy, index) => ({ name: policy.figures.policy, ...policy[key], ...policyLook(index) }));
    this.least = 1;
    const longest = Math.max(10, ...this.curves.map((curve) => curve.seconds[curve.seconds.length - 1] ?? 0));
    this.most = longest * 1.05;
  }

  paint(context, width) {
    const frame = { left: 40, right: width - 8, top: 8, bottom: this.height - 22 };
    this.frame = frame;
    this.x = scaleOf(this.least, this.most, frame.left, frame.right, true);
    this.y = scaleOf(0, 1, frame.bottom, frame.top, false);
    this.paintTimes(context, this.x, frame.top, frame.bottom, frame.bottom + 6);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const y = Math.round(this.y.at(share)) + 0.5;
      context.strokeStyle = ink("grid");
      context.beginPath(); context.moveTo(frame.left, y); context.lineTo(frame.right, y); context.stroke();
      context.fillStyle = ink("soft");
      context.fillText(share * 100 + " %", frame.left - 5, y);
    }
    const chosen = view.get("policy");
    for (const curve of [...this.curves].sort((a, b) => (a.name === chosen) - (b.name === chosen))) {
      if (curve.seconds.length) this.paintCurve(context, curve, curve.name === chosen);
    }
  }

  paintCurve(context, curve, isChosen) {
    context.strokeStyle = ink(curve.ink);
    context.setLineDash(curve.dash);
    context.lineWidth = isChosen ? 2.6 : 1.2;
    context.beginPath();
    let before = this.y.at(0);
    curve.seconds.forEach((seconds, index) => {
      const x = this.x.at(Math.max(this.least, seconds)), y = this.y.at(curve.share[index]);
      if (index === 0) context.moveTo(x, before);
      // A step: nothing ends between two points that are known.
      else if (x - this.x.at(Math.max(this.least, curve.seconds[index - 1])) > 12) context.lineTo(x, before);
      context.lineTo(x, y);
      before = y;
    });
    context.lineTo(this.frame.right, before);
    context.stroke();
    context.setLineDash([]);
  }

  say(x) {
    if (!this.x || x < this.frame.left || x > this.frame.right) return [];
    const seconds = this.x.value(x);
    return ["within " + spanText(seconds), ...this.curves.map((curve) => {
      const after = curve.seconds.findIndex((each) => each > seconds);
      const share = after < 0 ? 1 : after === 0 ? 0 : curve.share[after - 1];
      return shareText(share) + "  " + curve.name;
    })];
  }
}

/** How much of the cluster was held, lay scattered or was closed, a strip a policy. */
class CoursePlot extends Plot {
  constructor(report) {
    super("Use of the cluster over time", 18 + report.policies.length * (report.policies.length > 6 ? 40 : 56) + 4);
    this.report = report;
  }

  paint(context, width) {
    const label = Math.min(104, width / 4), { policies, length_s: length } = this.report;
    this.strip = (this.height - 22) / policies.length;
    this.x = scaleOf(0, length / 3600, label, width - 8, false);
    this.paintTimes(context, this.x, 16, this.height, 1);
    policies.forEach((policy, index) => this.paintStrip(context, policy, 18 + index * this.strip));
  }

  paintStrip(context, policy, top) {
    const { course } = policy, bottom = top + this.strip - 6, height = bottom - top;
    const x = (part) => this.x.at((part * course.part_s) / 3600);
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = ink(policy.figures.policy === view.get("policy") ? "accent" : "ink");
    context.fillText(policy.figures.policy, 0, top + height / 2, this.x.from - 8);
    const area = (from, to, fill) => {
      context.beginPath();
      course.used.forEach((_, part) => { context.lineTo(x(part), bottom - to(part) * height);
        context.lineTo(x(part + 1), bottom - to(part) * height); });
      for (let part = course.used.length - 1; part >= 0; part--) {
        context.lineTo(x(part + 1), bottom - from(part) * height);
        context.lineTo(x(part), bottom - from(part) * height);
      }
      context.fillStyle = fill;
      context.fill();
    };
    const used = (part) => course.used[part], scattered = (part) => used(part) + course.fragmented[part];
    context.globalAlpha = 0.75;
    area(() => 0, used, ink("productive"));
    context.globalAlpha = 1;
    area(used, scattered, hatch(context, ink("accent")));
    area((part) => 1 - course.closed[part], () => 1, hatch(context, ink("queued"), "dots"));
    context.strokeStyle = ink("faint");
    context.lineWidth = 1;
    context.strokeRect(this.x.from + 0.5, top + 0.5, this.x.to - this.x.from, height);
    const most = Math.max(1, ...course.waiting);
    context.strokeStyle = ink("s1");
    context.beginPath();
    course.waiting.forEach((count, part) => context.lineTo(x(part + 0.5), bottom - (count / most) * (height - 2)));
    context.stroke();
  }

  say(x, y) {
    const policy = this.report.policies[Math.floor((y - 18) / this.strip)];
    if (!policy || x < this.x.from || x > this.x.to) return [];
    const { course } = policy, seconds = this.x.value(x) * 3600;
    const part = Math.min(course.used.length - 1, Math.floor(seconds / course.part_s));
    return [policy.figures.policy + " after " + spanText(seconds), shareText(course.used[part]) + "  held",
      shareText(course.fragmented[part]) + "  scattered", shareText(course.closed[part]) + "  out of service",
      short(course.waiting[part]) + "  jobs wait"];
  }
}

/** Who held which node when, under one policy. */
class NodePlot extends Plot {
  constructor(report) {
    super("Jobs on nodes over time", 40);
    this.report = report;
  }

  show(policy) {
    this.nodes = policy.nodes;
    this.row = Math.max(5, Math.min(22, Math.floor(640 / this.nodes.rows)));
    this.height = 22 + this.nodes.rows * this.row;
    this.draw();
  }

  paint(context, width) {
    if (!this.nodes) return;
    const { nodes } = this, hours = this.report.length_s / 3600;
    this.x = scaleOf(0, hours, 34, width - 8, false);
    this.paintTimes(context, this.x, 16, this.height, 1);
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillStyle = ink("soft");
    for (let node = 0; node < nodes.rows; node += Math.ceil(14 / this.row)) {
      context.fillText(node, 28, this.y(node) + this.row / 2);
    }
    if (nodes.bars.length) this.paintBars(context); else this.paintFill(context);
  }

  y(node) { return 20 + node * this.row; }

  /** A bar as high as its part of the node, in the lowest place that is free in the row. */
  paintBars(context) {
    const ends = Array.from({ length: this.nodes.rows }, () => Array(this.nodes.gpus_per_node).fill(0));
    this.drawn = [];
    const unit = (this.row - 1) / this.nodes.gpus_per_node;
    for (const bar of [...this.nodes.bars].sort((a, b) => a.from_s - b.from_s)) {
      const free = [];
      ends[bar.node].forEach((end, lane) => { if (end <= bar.from_s + 1e-6 && free.length < bar.gpus) free.push(lane); });
      for (const lane of free) ends[bar.node][lane] = bar.to_s;
      const [from, to] = [this.x.at(bar.from_s / 3600), this.x.at(bar.to_s / 3600)];
      const place = { x: from, width: Math.max(0.7, to - from - 0.4) };
      // Lanes that lie apart are drawn apart.
      for (const lane of free) {
        const y = this.y(bar.node) + lane * unit;
        this.drawn.push({ ...place, y, height: unit, bar });
        context.fillStyle = ink(segmentInks[hashed(bar.job) % segmentInks.length]);
        context.globalAlpha = 0.55 + 0.4 * ((hashed(bar.job) >> 4) % 3) / 2;
        context.fillRect(place.x, y, place.width, Math.max(0.6, unit + (free.includes(lane + 1) ? 0.3 : -0.3)));
      }
    }
    context.globalAlpha = 1;
  }

  paintFill(context) {
    context.fillStyle = ink("productive");
    const parts = this.nodes.fill[0]?.length ?? 0;
    const width = (this.x.to - this.x.from) / parts;
    this.nodes.fill.forEach((text, node) => {
      for (let part = 0; part < parts; part++) {
        const level = Number(text[part]);
        if (!level) continue;
        context.globalAlpha = 0.12 + 0.11 * level;
        context.fillRect(this.x.from + part * width, this.y(node), width + 0.3, this.row - 1);
      }
    });
    context.globalAlpha = 1;
  }

  say(x, y) {
    const node = Math.floor((y - 20) / this.row);
    if (!this.nodes || !this.x || node < 0 || node >= this.nodes.rows || x < this.x.from || x > this.x.to) return [];
    const hours = this.x.value(x), when = "node " + node + " after " + spanText(hours * 3600);
    if (!this.nodes.bars.length) {
      const text = this.nodes.fill[node], part = Math.floor((hours / (this.report.length_s / 3600)) * text.length);
      return [when, "about " + Math.round((Number(text[part] ?? 0) / 8) * this.nodes.gpus_per_node) + " GPUs held"];
    }
    const jobs = this.nodes.bars.filter((bar) => bar.node === node && bar.from_s <= hours * 3600 && bar.to_s > hours * 3600);
    return [when, ...jobs.map((bar) => `job ${bar.job}: ${bar.gpus} GPUs, ${spanText(bar.to_s - bar.from_s)}`)];
  }
}

/** A number from a text, the same in every browser. */
function hashed(text) {
  let value = 2166136261;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 16777619) >>> 0;
  return value;
}
