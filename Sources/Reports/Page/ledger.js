// Where the GPU-hours went, item by item, with the sum under the line; and the key to the page's other marks. Refuses
// rounding that would hide a difference: the sum is made from the journal's nanoseconds.

/** The ledger as a table with bars. */
function ledgerTable(run) {
  const most = Math.max(...run.ledger.map((item) => item.share), 1e-9);
  const rows = run.ledger.map((item) => el("tr", { title: item.meaning },
    el("td", { class: "nowrap" }, item.title),
    el("td", { class: "n" }, short(run.machine.of(item.seconds))),
    el("td", { class: "n" }, shareText(item.share)),
    el("td", { class: "n" }, item.caused ? short(run.machine.of(item.caused)) : ""),
    el("td", { class: "track" }, el("i", {
      style: `width:${(100 * item.share) / most}%;background:${bar(item.key)};min-width:${item.seconds > 0 ? 1 : 0}px`,
    }))));
  const items = ledgerItems.reduce((sum, [key]) => sum + run.page.ledger[key + "_ns"], 0);
  const difference = run.page.ledger.elapsed_ns - items;
  const paid = run.page.outside_incidents.total_ns
    + run.incidents.reduce((sum, { cost }) => sum + cost.total_ns, 0);
  const unpaid = items - run.page.ledger.productive_ns - paid;
  // A sum of nanoseconds beyond 104 days is not exact in a browser's numbers; a microsecond would be.
  const misses = (nanoseconds) => Math.abs(nanoseconds) >= 1000;
  const verdict = misses(difference) ? `the items miss ${spanText(difference / 1e9)}`
    : misses(unpaid) ? `incidents and the rest miss ${spanText(unpaid / 1e9)}` : "the items add up";
  const caused = run.incidents.reduce((sum, incident) => sum + incident.machineTime, 0);
  return el("table", { class: "ledger" },
    el("thead", {}, el("tr", {}, el("th", {}, ""), el("th", { class: "n" }, run.machine.unit), el("th", { class: "n" }, "share"),
      el("th", { class: "n", title: "the part that incidents caused" }, "incidents"), el("th", {}, ""))),
    el("tbody", {}, rows, el("tr", { class: "total" }, el("td", {}, "elapsed"),
      el("td", { class: "n" }, short(run.machine.of(run.elapsed))), el("td", { class: "n" }, "100.0 %"),
      el("td", { class: "n" }, caused ? short(caused) : ""), el("td", { class: "track soft" }, verdict))));
}

/** A bar's fill: productive time is plain, everything else is striped, each at its own pace. */
function bar(key) {
  const colour = `var(--${key})`;
  if (key === "productive") return colour;
  const pace = 3 + ledgerItems.findIndex(([each]) => each === key);
  return `repeating-linear-gradient(135deg, ${colour} 0 ${pace}px, `
    + `color-mix(in srgb, ${colour} 55%, var(--paper)) ${pace}px ${pace + 2}px)`;
}

function ledgerPanel(run) {
  const price = run.usd ? ` · $${short(run.gpuHours * run.usd)}` : "";
  return el("section", { id: "ledger" },
    el("div", { class: "bar" }, el("h2", {}, "Where the " + run.machine.unit + " went"),
      el("span", { class: "tools" }, `${run.workers} workers × ${spanText(run.elapsed)}${price}`)),
    ledgerTable(run),
    tableBehind(run.name + "-ledger", ["item", "seconds", run.machine.unit, "share", "seconds by incidents", "seconds outside them", "meaning"],
      () => run.ledger.map((item) => [item.title, item.seconds, run.machine.of(item.seconds), item.share, item.caused, item.outside,
        item.meaning])));
}
