// Charts: each has a summary in words, a drawing in the colours of the theme, and a table of its figures, on the page and
// as a file. What a kind is drawn by, and the library, are fetched only where there is one.
import { announce } from "./basics.js";
import { keepCsv, tableOf } from "./sheets.js";

const root = document.documentElement;

// A kind says what its `sheet` and its `legend` are, and for the library its `option` (without one the server has drawn
// it); it may say its `height`, what of it is not drawn (`note`), what has to be there before (`ready`), and what it does
// with what is drawn (`drawn`).
const KINDS = {
  series: () => import("./lines.js"),
  bar: () => import("./lines.js"),
  control_chart: () => import("./lines.js"),
  waterfall: () => import("./waterfall.js"),
  matrix: () => import("./matrix.js"),
  map: () => import("./map.js"),
  score: () => import("./score.js"),
  timeline: () => import("./timeline.js"),
};

const drawn = new Map();
let library = null;
// While it is printed, the theme of the screen; and the width of a page of A4 between its margins.
let printing = "";
const PAPER = 660;

function loadLibrary() {
  library ??= window.echarts
    ? Promise.resolve()
    : new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = root.dataset.echarts;
        script.onload = done;
        script.onerror = () => failed(new Error("The charts' library could not be loaded."));
        document.head.append(script);
      });
  return library;
}

/** Moments are labels in the viewer's zone, as all other times on a page are. */
function labelled(data) {
  if (!data.moments) return data;
  const second = data.seconds ? { second: "2-digit" } : {};
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...second });
  return { ...data, periods: data.moments.map((moment) => clock.format(new Date(moment))) };
}

const dataOf = (element) => labelled(JSON.parse(document.getElementById(element.dataset.chart).textContent));

class Chart {
  constructor(element, kind, data) {
    this.element = element;
    this.kind = kind;
    this.data = data;
    const part = (name) => element.querySelector(`[data-chart-${name}]`);
    [this.plot, this.legend, this.table, this.button, this.note] = ["plot", "legend", "table", "switch", "note"].map(part);
    this.button.addEventListener("click", () => this.flip());
    part("csv")?.addEventListener("click", () => this.keep());
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(this.plot);
    this.draw();
  }

  draw() {
    this.chart?.dispose(); // colours are set when a chart is made
    this.chart = null;
    this.legend?.replaceChildren(...this.kind.legend(this.data).map(legendItem));
    const note = this.kind.note?.(this.data) ?? "";
    if (this.note && note) this.note.textContent = note;
    if (this.plot.hidden) return;
    if (this.kind.option) {
      this.plot.style.width = printing ? `${PAPER}px` : "";
      const height = this.kind.height?.(this.data, this.plot.clientWidth) ?? (printing ? PAPER / 2 : 0);
      this.plot.style.height = height ? `${height}px` : "";
      if (this.kind.width) this.plot.style.minWidth = printing ? "0" : `${this.kind.width(this.data)}px`;
      this.chart = window.echarts.init(this.plot, null, { renderer: "svg" });
      this.width = this.plot.clientWidth;
      this.chart.setOption(this.kind.option(this.data, this.width));
    }
    this.kind.drawn?.(this);
  }

  /** As wide as its place now is. */
  fit() {
    if (printing || this.plot.hidden || !this.chart || this.plot.clientWidth === this.width) return;
    this.width = this.plot.clientWidth;
    if (this.kind.height) this.plot.style.height = `${this.kind.height(this.data, this.width)}px`;
    this.chart.resize();
    if (this.kind.fits) this.chart.setOption(this.kind.option(this.data, this.width));
  }

  flip() {
    const asTable = this.button.getAttribute("aria-pressed") !== "true";
    this.button.setAttribute("aria-pressed", String(asTable));
    if (asTable && !this.table.firstChild) this.table.append(tableOf(this.kind.sheet(this.data)));
    this.table.hidden = !asTable;
    for (const part of this.element.querySelectorAll("[data-chart-plot], [data-chart-legend], [data-chart-only]")) {
      part.hidden = asTable;
    }
    if (!asTable) this.draw();
  }

  keep() {
    const name = this.element.querySelector("h2, h3")?.textContent ?? "";
    keepCsv(this.kind.sheet(this.data), name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "chart");
    announce("The figures are saved as CSV.");
  }

  /** Other figures of the same kind take the place of these; where the table is shown, in the table. */
  renew(data) {
    this.data = labelled(data);
    this.table.replaceChildren(...(this.table.hidden ? [] : [tableOf(this.kind.sheet(this.data))]));
    if (!this.plot.hidden) this.chart?.setOption(this.kind.option(this.data, this.width));
  }

  forget() {
    this.watcher.disconnect();
    this.chart?.dispose();
  }
}

function legendItem([name, picture]) {
  const item = document.createElement("li");
  item.append(picture, name);
  return item;
}

async function drawChart(element) {
  const data = dataOf(element);
  const kind = await (KINDS[data.kind] ?? KINDS.series)();
  if (kind.option) await loadLibrary();
  await kind.ready?.(element);
  if (!drawn.has(element) && element.isConnected) drawn.set(element, new Chart(element, kind, data));
}

/** Draw the charts under `within` that are not drawn yet, and forget those that have left the page. */
export async function drawCharts(within = document) {
  for (const [element, chart] of drawn) {
    if (element.isConnected) continue;
    chart.forget();
    drawn.delete(element);
  }
  const found = [...within.querySelectorAll("[data-chart]")];
  if (within.matches?.("[data-chart]")) found.unshift(within);
  await Promise.all(found.map(drawChart));
}

/** Put other figures into a chart that is drawn. */
export function renewChart(element, data) {
  drawn.get(element)?.renew(data);
}

document.addEventListener("theme", () => drawn.forEach((chart) => chart.draw()));
document.addEventListener("htmx:load", (event) => drawCharts(event.target));

// Paper is light and narrow: charts are drawn for it, and as they were afterwards.
addEventListener("beforeprint", () => {
  printing = root.dataset.bsTheme;
  root.dataset.bsTheme = "light";
  drawn.forEach((chart) => {
    chart.draw();
    chart.chart?.getZr().flush();
  });
});
addEventListener("afterprint", () => {
  root.dataset.bsTheme = printing;
  printing = "";
  drawn.forEach((chart) => chart.draw());
});

drawCharts();
