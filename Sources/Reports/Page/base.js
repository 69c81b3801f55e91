// What every part of the page needs: making elements, writing numbers and spans of time, and the view, which is the
// part of the page's state that a link to it carries. Refuses to know runs.

/** An element with attributes, listeners (`onclick`) and children; a child may be text. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** The colours that were asked for since the last painting began: asking the browser costs as much as a stroke. */
const inks = new Map();

/** A colour variable's value in the theme that is on. */
function ink(name) {
  if (!inks.has(name)) {
    inks.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  }
  return inks.get(name);
}

/** A context to draw on all of `canvas`, which is `height` high, in the screen's own pixels, the page's font and the
    colours of the theme that is on by now. */
function freshContext(canvas, height) {
  const scale = window.devicePixelRatio || 1, context = canvas.getContext("2d");
  const width = canvas.clientWidth;
  canvas.paintedWidth = width;
  inks.clear();
  canvas.style.height = height + "px";
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.scale(scale, scale);
  context.font = "11px " + getComputedStyle(document.body).fontFamily;
  return context;
}

/** Has `draw` called whenever `canvas` has another width than it was painted at. An observer also tells of the width that
    it finds, and of the height that a painting gives: those need no second painting. */
function followWidth(canvas, draw) {
  new ResizeObserver(() => { if (canvas.clientWidth !== canvas.paintedWidth) draw(); }).observe(canvas);
}

const segmentInks = ["s1", "s2", "s3", "s4", "s5", "s6"];
/** Patterns beside colours, for eyes that do not tell these apart. */
const dashes = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2], [12, 4]];

/** A number of seconds as people say it, with two units at most: `3d04h`, `12m05s`, `0.8s`. */
function spanText(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const two = (value) => String(value).padStart(2, "0");
  const sign = seconds < 0 ? "-" : "", s = Math.abs(seconds);
  if (s < 1e-3) return sign + (s * 1e6).toFixed(0) + "µs";
  if (s < 1) return sign + (s * 1e3).toFixed(s < 0.01 ? 1 : 0) + "ms";
  if (s < 60) return sign + s.toFixed(s < 10 ? 2 : 1) + "s";
  const whole = Math.round(s);
  if (whole < 3600) return sign + Math.floor(whole / 60) + "m" + two(whole % 60) + "s";
  if (whole < 86400) return sign + Math.floor(whole / 3600) + "h" + two(Math.floor(whole / 60) % 60) + "m";
  return sign + Math.floor(whole / 86400) + "d" + two(Math.floor(whole / 3600) % 24) + "h";
}

/** A count in full, its thousands apart by thin spaces. */
function countText(value) {
  return value === undefined || value === null ? "–" : String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A quantity with three figures and a suffix: `23.1M`, `0.0042`. */
function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  for (const [unit, suffix] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit * 0.9995) return trim((value / unit).toPrecision(3)) + suffix;
  }
  if (size === 0) return "0";
  return size < 1e-3 ? value.toExponential(1) : trim(value.toPrecision(3));
}

function trim(text) {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

function shareText(share) {
  return Number.isFinite(share) ? (share * 100).toFixed(1) + " %" : "–";
}

/** A file that a click saves, made when it is asked for. */
function download(name, type, make) {
  return el("a", { href: "#", download: name, onclick(event) {
    const link = event.currentTarget;
    const address = URL.createObjectURL(new Blob([make()], { type }));
    link.href = address;
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  } }, name.split(".").pop().toUpperCase());
}

/** Rows as the lines of a CSV file. */
function csv(header, rows) {
  const cell = (value) => {
    const text = value === undefined || value === null ? "" : String(value);
    return /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

/** A table behind a chart: made when it is opened, with a link that saves all of it. */
function tableBehind(name, header, rowsOf) {
  const place = el("div", { class: "table scroll" });
  return el("details", { ontoggle(event) {
    if (!event.currentTarget.open) return place.replaceChildren();
    const rows = rowsOf(), shown = rows.slice(0, 500);
    place.replaceChildren(
      download(name + ".csv", "text/csv", () => csv(header, rows)),
      el("table", {}, el("thead", {}, el("tr", {}, header.map((title) => el("th", {}, title)))),
        el("tbody", {}, shown.map((row) => el("tr", {}, row.map((value) => el("td", {}, String(value ?? "–"))))))),
      rows.length > shown.length ? el("p", { class: "soft" }, `${rows.length - shown.length} more in the CSV`) : "");
  } }, el("summary", {}, "Table"), place);
}

/** The view: what the address holds behind its `#`, so that a copied link shows the same. */
const view = {
  values: Object.fromEntries(new URLSearchParams(location.hash.slice(1))),
  listeners: [],
  get(name, otherwise) { return this.values[name] ?? otherwise; },
  number(name) { return this.values[name] === undefined ? undefined : Number(this.values[name]); },
  /** Changes values (null removes one), writes the address, and tells who listens which names changed. */
  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") delete this.values[name];
      else this.values[name] = String(value);
    }
    const text = new URLSearchParams(this.values).toString();
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    for (const listener of this.listeners) listener(Object.keys(changes));
  },
};
