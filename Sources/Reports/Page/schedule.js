// The report of a trace replay put together: figures of the policies beside each other, distributions, the cluster and
// the nodes over time, and a table behind every chart. Refuses state of its own: what is shown follows from the document
// and the view.

const host = document.getElementById("page");
const report = JSON.parse(document.getElementById("data").textContent);
const names = report.policies.map((policy) => policy.figures.policy);

function chosenPolicy() {
  return report.policies.find((policy) => policy.figures.policy === view.get("policy")) ?? report.policies[0];
}

/** The columns of the table of policies: a title, what it means, a value, and its text. */
const columns = [
  ["mean JCT", "mean time from submission to end", (f) => f.all.mean_jct_s, spanText],
  ["p50", "median of the same", (f) => f.all.p50_jct_s, spanText],
  ["p99", "99th percentile of the same", (f) => f.all.p99_jct_s, spanText],
  ["mean queue", "mean time in the queue", (f) => f.all.mean_queue_s, spanText],
  ["p99 queue", "99th percentile of the same", (f) => f.all.p99_queue_s, spanText],
  ["slowdown", "mean bounded slowdown, the bound being 10 s", (f) => f.all.mean_bounded_slowdown, short],
  ["makespan", "from the first submission to the last end", (f) => f.makespan_s, spanText],
  ["held", "GPU time held over GPU time in service", (f) => f.utilisation, shareText],
  ["goodput", "GPU time on work that survived", (f) => f.goodput, shareText],
  ["scattered", "GPU time free, but too scattered for whoever waited", (f) => f.fragmentation, shareText],
  ["stops", "jobs stopped for another", (f) => f.preemptions, countText],
  ["failed", "jobs stopped by a failure", (f) => f.interruptions, countText],
  ["lost GPU-h", "GPU hours that failures threw away", (f) => f.lost_gpu_hours, short],
  ["overhead GPU-h", "GPU hours of saving, restoring and resizing", (f) => f.overhead_gpu_hours, short],
  ["refused", "jobs refused at submission", (f) => f.refused, countText],
  ["unfinished", "jobs that never ended", (f) => f.unfinished, countText],
];

function policyTable() {
  const best = columns.map(([, , value], index) => index < 7 ? Math.min(...report.policies.map((p) => value(p.figures))) : NaN);
  const swatch = (index) => {
    const { ink: colour, dash } = policyLook(index);
    const line = dash.length ? `repeating-linear-gradient(90deg, var(--${colour}) 0 5px, transparent 5px 8px)` : `var(--${colour})`;
    return el("i", { style: `display:inline-block;width:22px;height:3px;margin-right:8px;vertical-align:3px;background:${line}` });
  };
  return el("div", { class: "table scroll", style: "max-height:none;overflow-x:auto" }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", {}, "policy"),
      columns.map(([title, meaning]) => el("th", { class: "n", title: meaning }, title)))),
    el("tbody", {}, report.policies.map((policy, index) => el("tr", {
      class: "pick" + (policy === chosenPolicy() ? " selected" : ""), tabindex: 0, title: policy.aim,
      onclick: () => view.set({ policy: policy.figures.policy }),
      onkeydown: (event) => { if (event.key === "Enter") view.set({ policy: policy.figures.policy }); },
    }, el("td", { class: "nowrap" }, swatch(index), policy.figures.policy),
    columns.map(([, , value, text], place) => {
      const number = value(policy.figures);
      return el("td", { class: "n" }, number === best[place] ? el("b", {}, text(number)) : text(number));
    }))))));
}

/** The jobs of one policy by size and by team. */
function parts(title, entries) {
  return el("section", {}, el("div", { class: "bar" }, el("h2", {}, title)),
    el("div", { class: "table scroll" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", {}, ""), ["jobs", "mean JCT", "p50", "p99", "mean queue", "p99 queue", "slowdown"]
        .map((name) => el("th", { class: "n" }, name)))),
      el("tbody", {}, entries.map(({ name, figures: f }) => el("tr", {}, el("td", { class: "nowrap" }, name),
        [countText(f.jobs), spanText(f.mean_jct_s), spanText(f.p50_jct_s), spanText(f.p99_jct_s), spanText(f.mean_queue_s),
          spanText(f.p99_queue_s), short(f.mean_bounded_slowdown)].map((text) => el("td", { class: "n" }, text))))))));
}

function distribution(title, key, note) {
  const plot = new DistributionPlot(title, report.policies, key);
  const section = el("section", {}, el("div", { class: "bar" }, el("h2", {}, title), el("span", { class: "soft" }, note)),
    plot.element, tableBehind(key, ["policy", "seconds", "share of jobs"], () => report.policies.flatMap((policy) =>
      policy[key].seconds.map((seconds, index) => [policy.figures.policy, seconds, policy[key].share[index]]))));
  return { plot, section };
}

function courseTable() {
  return tableBehind("cluster", ["policy", "from s", "held", "scattered", "out of service", "jobs waiting"],
    () => report.policies.flatMap(({ figures, course }) => course.used.map((used, part) =>
      [figures.policy, Math.round(part * course.part_s), used, course.fragmented[part], course.closed[part], course.waiting[part]])));
}

function nodeTable() {
  return tableBehind("nodes", ["policy", "node", "job", "GPUs", "from s", "to s"], () => {
    const { figures, nodes } = chosenPolicy();
    if (nodes.bars.length) return nodes.bars.map((bar) => [figures.policy, bar.node, bar.job, bar.gpus, bar.from_s, bar.to_s]);
    const part = report.length_s / (nodes.fill[0]?.length || 1);
    return nodes.fill.flatMap((text, node) => [...text].map((level, index) => [figures.policy, node, "all",
      "about " + Math.round((Number(level) / 8) * nodes.gpus_per_node), Math.round(index * part), Math.round((index + 1) * part)]));
  });
}

function nodeNote() {
  const { nodes } = chosenPolicy();
  return (nodes.bars.length ? "a colour a job, a height a GPU" : "the fuller the darker: too many jobs to draw each")
    + (nodes.nodes > nodes.rows ? `; the first ${nodes.rows} of ${nodes.nodes} nodes` : "");
}

const completion = distribution("Completion time", "completion", "part of the jobs that had ended after so long");
const queueing = distribution("Time in the queue", "queueing", "a second or less stands at the left edge");
const course = new CoursePlot(report), nodes = new NodePlot(report);
const table = el("div"), bySize = el("div"), byTeam = el("div"), note = el("span", { class: "soft" });
const chooser = el("select", { "aria-label": "policy", onchange: (event) => view.set({ policy: event.target.value }) },
  names.map((name) => el("option", { value: name }, name)));
const themes = { "": "dark", dark: "light", light: "" };

function drawAll() {
  const theme = view.get("theme"), policy = chosenPolicy();
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  table.replaceChildren(policyTable());
  bySize.replaceChildren(parts(`By GPUs of the gang, ${policy.figures.policy}`, policy.figures.by_size));
  byTeam.replaceChildren(parts(`By team, ${policy.figures.policy}`, policy.figures.by_team));
  chooser.value = policy.figures.policy;
  note.textContent = nodeNote();
  for (const plot of [completion.plot, queueing.plot, course]) plot.draw();
  nodes.show(policy);
}

host.replaceChildren(
  el("header", {}, el("h1", {}, report.trace),
    el("span", { class: "soft" }, `${countText(report.jobs)} jobs on ${countText(report.gpus)} GPUs, ${spanText(report.length_s)}`),
    el("span", { class: "right" }, el("button", { title: "theme", onclick: () => view.set({ theme: themes[view.get("theme", "")] }) }, "◐"))),
  el("div", { class: "panels", style: "grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));margin-top:16px" },
    el("section", { class: "wide" }, el("div", { class: "bar" }, el("h2", {}, "Policies"),
      el("span", { class: "soft" }, "the best of a column in bold; a click chooses a policy for what is below")), table),
    completion.section, queueing.section,
    el("section", { class: "wide" }, el("div", { class: "bar" }, el("h2", {}, "The cluster over time"),
      el("span", { class: "soft" }, "filled: GPUs held · stripes: free but too scattered for whoever waits · dots: out of "
        + "service · line: jobs waiting, each strip to its own most")), course.element, courseTable()),
    el("section", { class: "wide" }, el("div", { class: "bar" }, el("h2", {}, "Nodes over time"), note,
      el("span", { class: "tools" }, chooser)), nodes.element, nodeTable()),
    bySize, byTeam));
view.listeners.push(drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
drawAll();
