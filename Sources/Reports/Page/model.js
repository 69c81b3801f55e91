// A run as the page draws it, made from its document: curves as typed arrays, what an incident cost, what an axis
// measures. Refuses to draw.

const ledgerItems = [
  ["productive", "productive", "steps that raised the highest step"],
  ["replayed", "done again", "steps done again, and parts of steps thrown away"],
  ["detection", "detection", "from a fault to its detection"],
  ["restart", "restart", "starting processes and restoring state"],
  ["checkpoint", "checkpoints", "snapshots that training waited for, and the last save"],
  ["stalled", "stalled", "no coordinator"],
  ["queued", "queued", "no gang yet, or between an end and a resumption"],
];
/** Machine time of a run, from seconds of the clock, and its unit: hours, or seconds where the whole run has few. */
function machineTime(run) {
  const isShort = run.elapsed * run.workers < 3600;
  return { unit: isShort ? "GPU-seconds" : "GPU-hours", of: (seconds) => (seconds * run.workers) / (isShort ? 1 : 3600) };
}

/** What is lost: everything but productive time and queueing, which nobody's machines wait for. */
const lossKeys = ledgerItems.map(([key]) => key).filter((key) => key !== "productive" && key !== "queued");

/** What x may measure: a name, a unit, whether it follows the steps or the clock, and how much one of them is. The last
    is a run's own: another run has other tokens in a step, other GPUs and another price. */
function axesOf(run) {
  const tokens = run.job?.tokens_per_step, price = run.usd;
  const all = [
    { key: "step", title: "step", by: "step", factor: 1 },
    tokens && { key: "tokens", title: "tokens", by: "step", factor: tokens },
    { key: "hours", title: "time since submission", by: "at", factor: 1 / 3.6e6, isTime: true },
    { key: "gpu_hours", title: "GPU-hours", by: "at", factor: run.workers / 3.6e6 },
    price && { key: "usd", title: "US dollars", by: "at", factor: (run.workers * price) / 3.6e6 },
  ];
  return all.filter(Boolean);
}

/** The axes that every one of `runs` can be measured by, with the factors of the first. */
function sharedAxes(runs) {
  return axesOf(runs[0]).filter((axis) => runs.every((run) => axisFor(run, axis)));
}

/** `axis` with the factor of `run`; undefined where the run cannot be measured so. */
function axisFor(run, axis) { return axesOf(run).find((own) => own.key === axis.key); }

/** Differences back to values. */
function summed(differences) {
  const values = new Float64Array(differences.length);
  let value = 0;
  for (let index = 0; index < differences.length; index++) values[index] = value += differences[index];
  return values;
}

/** The curves of a document's `curve`, with the pyramid that draws them. A loss that is no number is NaN here. */
function curvesOf(curve, segments) {
  return curve.segments.map((part) => {
    const entry = segments[part.segment - 1];
    return new Series({
      segment: part.segment,
      step: summed(part.step), at: summed(part.at_ms),
      loss: Float64Array.from(part.loss, Number),
      // What the segment did behind its last kept step was done again.
      kept: entry?.last_step === undefined ? Infinity : entry.last_kept_step ?? -1,
    });
  });
}

/** The text of a phrase: its pattern with its own words in place of every `#`; undefined of an empty one. */
function textOf(phrase, patterns) {
  if (!phrase) return undefined;
  const [place, ...words] = phrase.split(" ");
  let next = 0;
  return patterns[place].split(" ").map((word) => (word === "#" ? words[next++] : word)).join(" ");
}

/** The segments of a document as objects; what it does not know is undefined. */
function segmentsOf({ segments: columns, patterns }) {
  const known = (value) => (value === -1 ? undefined : value);
  return columns.at_ns.map((at_ns, index) => ({
    segment: index + 1, generation: columns.generation[index], restored_step: columns.restored_step[index],
    first_step: columns.last_step[index] === -1 ? undefined : columns.restored_step[index] + 1,
    last_step: known(columns.last_step[index]), last_kept_step: known(columns.last_kept_step[index]), at_ns,
    began_at_ns: known(columns.began_at_ns[index]), ended_at_ns: known(columns.ended_at_ns[index]),
    tokens_per_second: known(columns.tokens_per_second[index]),
    get ended_because() { return textOf(columns.ended_because[index], patterns); },
  }));
}

/** One incident. Its texts are made when they are read: a table of 10,000 shows few of them at a time. */
class Incident {
  constructor(run, index, cost, remedies) {
    const { incidents: columns, ledger } = run.page;
    Object.assign(this, { run, index, cost, number: index + 1, id: columns.id[index], at: columns.at_ns[index] / 1e9 });
    Object.assign(this, { step: columns.step[index], lost_steps: columns.lost_steps[index], remedyRows: remedies });
    this.is_interruption = this.is_injected = this.is_open = false;
    const downtime = columns.downtime_ns[index];
    /** Until progress was regained, or until now. */
    this.down = (downtime === -1 ? ledger.elapsed_ns - columns.at_ns[index] : downtime) / 1e9;
    /** The time of the ledger that is its doing. */
    this.seconds = cost.total_ns / 1e9;
    this.machineTime = run.machine.of(this.seconds);
    this.usd = ((this.seconds * run.workers) / 3600) * (run.usd ?? 0);
  }

  text(name) { return textOf(this.run.page.incidents[name][this.index], this.run.page.patterns); }
  get place() { return this.text("place"); }
  get cause() { return this.text("cause"); }
  get short_cause() { return this.text("short_cause"); }
  get action() { return this.text("action"); }

  /** What would have made it cheaper, the most effective first. */
  get remedies() {
    const { incidents: { remedies }, patterns } = this.run.page;
    return this.remedyRows.map((row) => ({ advice: textOf(remedies.advice[row], patterns), saves_ns: remedies.saves_ns[row] }));
  }
}

/** The incidents of a run whose document is there. */
function incidentsOf(run) {
  const { incidents: columns } = run.page, items = Object.entries(columns.costs), remedies = columns.id.map(() => []);
  columns.remedies.incident.forEach((number, row) => remedies[number - 1].push(row));
  const all = columns.id.map((_, index) => {
    const cost = { total_ns: 0 };
    for (const [item, column] of items) {
      cost[item] = column[index];
      cost.total_ns += column[index];
    }
    return new Incident(run, index, cost, remedies[index]);
  });
  for (const number of columns.interruptions) all[number - 1].is_interruption = true;
  for (const number of columns.drills) all[number - 1].is_injected = true;
  for (const number of columns.open) all[number - 1].is_open = true;
  for (const incident of all) if (!incident.is_interruption) incident.down = 0;
  return all;
}

/** A run from its document. */
function runOf(page) {
  const run = {
    page, name: page.run.name, figures: page.run, job: page.job, workers: page.workers || 1,
    usd: page.usd_per_worker_hour, segments: segmentsOf(page),
    stepsPerPair: page.curve.steps_per_pair, elapsed: page.ledger.elapsed_ns / 1e9,
  };
  run.series = curvesOf(page.curve, run.segments);
  run.gpuHours = (run.elapsed * run.workers) / 3600;
  run.machine = machineTime(run);
  run.incidents = incidentsOf(run);
  run.byCost = [...run.incidents].sort((a, b) => b.seconds - a.seconds);
  run.ledger = ledgerItems.map(([key, title, meaning]) => {
    const seconds = page.ledger[key + "_ns"] / 1e9;
    const outside = (page.outside_incidents[key + "_ns"] ?? 0) / 1e9;
    const caused = run.incidents.reduce((sum, { cost }) => sum + (cost[key + "_ns"] ?? 0), 0) / 1e9;
    return { key, title, meaning, seconds, share: seconds / run.elapsed, outside, caused };
  });
  run.lost = run.ledger.filter(({ key }) => lossKeys.includes(key)).reduce((sum, item) => sum + item.seconds, 0);
  return run;
}

/** When, in milliseconds, the window of an axis begins and ends, for charts that only know time. */
function timeWindow(run, axis, range) {
  if (!range) return [0, run.elapsed * 1e3];
  if (axis.by === "at") return range.map((value) => value / axis.factor);
  let from = Infinity, to = -Infinity;
  for (const series of run.series) {
    const [low, high] = [series.find("step", range[0] / axis.factor), series.find("step", range[1] / axis.factor)];
    if (high <= low) continue;
    from = Math.min(from, series.at[low]);
    to = Math.max(to, series.at[high - 1]);
  }
  return to > from ? [from, to] : [0, run.elapsed * 1e3];
}

/** The steps that the window of an axis shows, for asking a server for no more than those. */
function stepWindow(run, axis, range) {
  if (axis.by === "step") return range.map((value) => Math.round(value / axis.factor));
  let from = Infinity, to = 0;
  for (const series of run.series) {
    const low = Math.max(0, series.find("at", range[0] / axis.factor) - 1);
    const high = Math.min(series.length, series.find("at", range[1] / axis.factor) + 1);
    if (high <= low) continue;
    from = Math.min(from, series.step[low]);
    to = Math.max(to, series.step[high - 1]);
  }
  return from <= to ? [from, to] : [0, 0];
}
