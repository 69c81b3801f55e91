// The incidents: a table to sort and filter, and beside it the account of one - what it cost, why, and what would have
// helped. Unless one is chosen, that is the costliest. Refuses causes that the journal does not name.

/** `style` is a column's class: `n` for numbers; `roomy` ones are left to the side panel on a narrow screen. */
const columns = [
  { key: "id", title: "ID", text: (i) => i.id, sort: (i) => i.number, style: "nowrap" },
  { key: "at", title: "at", text: (i) => spanText(i.at), sort: (i) => i.at, style: "n" },
  { key: "step", title: "step", text: (i) => countText(i.step), sort: (i) => i.step, style: "n roomy" },
  { key: "place", title: "where", text: (i) => i.place ?? "–", sort: (i) => i.place ?? "", style: "nowrap roomy" },
  { key: "cause", title: "cause", text: (i) => i.short_cause + (i.is_injected ? " (drill)" : ""), sort: (i) => i.short_cause },
  { key: "action", title: "action", text: (i) => i.action, sort: (i) => i.action, style: "roomy" },
  { key: "lost", title: "lost steps", text: (i) => countText(i.lost_steps), sort: (i) => i.lost_steps, style: "n" },
  { key: "down", title: "down", text: (i) => (i.is_interruption ? spanText(i.down) + (i.is_open ? " …" : "") : "–"),
    sort: (i) => i.down, style: "n" },
  { key: "cost", title: "cost", text: (i) => (i.seconds ? short(i.machineTime) : "–"), sort: (i) => i.seconds,
    style: "n" },
];

class IncidentPanel {
  constructor(run) {
    this.run = run;
    this.shown = 200;
    this.table = el("div", { class: "table" });
    this.side = el("aside", { class: "side", "aria-live": "polite" });
    this.filter = el("input", { type: "search", id: "filter", placeholder: "filter", "aria-label": "Filter incidents",
      value: view.get("filter", ""), oninput: (event) => view.set({ filter: event.target.value }) });
    this.count = el("span", {});
    this.element = el("section", { class: "wide", id: "incidents" },
      el("div", { class: "bar" }, el("h2", {}, "Incidents"), el("span", { class: "soft" }, this.summary()),
        el("span", { class: "tools" }, this.count, this.filter,
          download(run.name + "-incidents.csv", "text/csv", () => csv(columns.map((c) => c.title),
            this.rows().map((i) => columns.map((c) => c.text(i))))))),
      el("div", { class: "incidents" }, this.table, this.side));
  }

  summary() {
    const all = this.run.incidents;
    if (!all.length) return "none";
    const drills = all.filter((i) => i.is_injected).length;
    const seconds = all.reduce((sum, i) => sum + i.seconds, 0), { machine } = this.run;
    return `${all.length}, ${drills} of them drills · ${countText(all.reduce((sum, i) => sum + i.lost_steps, 0))} steps lost · `
      + `${short(machine.of(seconds))} ${machine.unit} = ${shareText(seconds / this.run.elapsed)} of the run, `
      + `${shareText(seconds / this.run.lost)} of what it lost`;
  }

  rows() {
    const words = view.get("filter", "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.run.incidents.filter((incident) => {
      if (!words.length) return true;
      const text = (columns.map((column) => column.text(incident)).join(" ") + " " + incident.cause).toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const name = view.get("sort", "-cost"), column = columns.find((each) => each.key === name.replace(/^-/, ""));
    if (!column) return found;
    const sign = name.startsWith("-") ? -1 : 1;
    return found.sort((a, b) => {
      const [left, right] = [column.sort(a), column.sort(b)];
      return left < right ? -sign : left > right ? sign : a.number - b.number;
    });
  }

  head() {
    const sorted = view.get("sort", "-cost");
    return el("thead", {}, el("tr", {}, columns.map((column) => {
      const isUp = sorted === column.key, isDown = sorted === "-" + column.key;
      return el("th", { class: column.style, "aria-sort": isUp ? "ascending" : isDown ? "descending" : null },
        el("button", { onclick: () => view.set({ sort: isDown ? column.key : "-" + column.key }) },
          column.title + (isUp ? " ↑" : isDown ? " ↓" : "")));
    })));
  }

  draw() {
    const rows = this.rows(), chosen = view.get("incident");
    this.count.textContent = rows.length === this.run.incidents.length ? "" : `${rows.length} of ${this.run.incidents.length}`;
    const body = el("tbody", {}, rows.slice(0, this.shown).map((incident) => el("tr", {
      class: "pick" + (incident.id === chosen ? " selected" : ""), tabindex: 0, "data-id": incident.id,
      onclick: () => view.set({ incident: incident.id === chosen ? null : incident.id }),
      onkeydown: (event) => { if (event.key === "Enter") view.set({ incident: incident.id }); },
    }, columns.map((column) => el("td", { class: column.style }, column.text(incident))))));
    this.table.replaceChildren(...(this.run.incidents.length
      ? [el("table", {}, this.head(), body)] : [el("p", { class: "soft" }, "Nothing interrupted this run.")]));
    if (rows.length > this.shown) {
      this.table.append(el("button", { onclick: () => { this.shown += 500; this.draw(); } },
        `show more of ${rows.length}`));
    }
    this.explain(this.run.incidents.find((incident) => incident.id === chosen), this.run.byCost[0]);
  }

  explain(chosen, costliest) {
    const incident = chosen ?? costliest;
    if (!incident) return this.side.replaceChildren();
    const { run } = this, rank = run.byCost.indexOf(incident) + 1;
    const pair = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];
    const usd = run.usd ? ` · $${short(incident.usd)}` : "";
    this.side.replaceChildren(
      el("div", { class: "soft" }, chosen ? `${rank === 1 ? "Costliest" : "No. " + rank} of ${run.incidents.length} by cost`
        : "Costliest incident"),
      el("h2", {}, `${incident.id} · ${incident.short_cause}`),
      el("p", {}, incident.cause + (incident.is_injected ? " (a drill)" : "") + "."),
      ...this.parts(incident),
      el("dl", {},
        pair("when", `${spanText(incident.at)}, after step ${countText(incident.step)}`),
        pair("where", incident.place),
        pair("cost", incident.seconds
          ? `${short(incident.machineTime)} ${run.machine.unit}${usd}, ${shareText(incident.seconds / run.elapsed)} of the run` : "none"),
        pair("done", incident.action),
        pair("lost", incident.lost_steps ? `${countText(incident.lost_steps)} steps, done again` : "no step"),
        pair("down", incident.down ? `${spanText(incident.down)} until progress was regained` : null)),
      el("h3", {}, "What would have helped"),
      incident.remedies.length ? el("ol", {}, incident.remedies.map((remedy) => el("li", {}, remedy.advice,
        remedy.saves_ns ? el("span", { class: "soft" }, ` Saves ${spanText(remedy.saves_ns / 1e9)} × ${run.workers} workers = `
          + `${short(run.machine.of(remedy.saves_ns / 1e9))} ${run.machine.unit}.`) : null)))
        : el("p", { class: "soft" }, "The journal suggests nothing: this was as cheap as the run's best."),
      chosen ? el("p", {}, el("button", { onclick: () => view.set({ incident: null }) }, "close")) : "");
  }

  /** What its time was spent on, as one bar and its key. */
  parts(incident) {
    if (!incident.seconds) return [];
    const known = lossKeys.map((key) => [key, (incident.cost[key + "_ns"] ?? 0) / 1e9]).filter(([, seconds]) => seconds);
    return [
      el("div", { class: "parts" }, known.map(([name, seconds]) =>
        el("i", { style: `flex:${seconds} 0 0;background:${bar(name)}`, title: name }))),
      el("div", { class: "key" }, known.map(([name, seconds]) => el("span", {},
        el("i", { style: `background:${bar(name)}` }), `${ledgerItems.find(([key]) => key === name)[1]} ${spanText(seconds)}`)),
        el("b", {}, spanText(incident.seconds))),
    ];
  }
}
