// Charts: lines with a band and a mark where something else begins, bars that are stacked, with lines over them, or
// control charts; drawn as SVG in the colours of the theme. The library is fetched only where there is a chart. Each has a
// summary in words and a table of its figures.
import { controlColumns, controlDigits, controlLegend, controlSeries, controlWords } from "./control.js";

const root = document.documentElement;
const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const COLOURS = ["--c1", "--c3", "--c2", "--c4", "--c5", "--c6"];
// Of bars, by what they mean.
const TONES = { neutral: "--c1", good: "--c2", warning: "--c3", bad: "--c5" };
const DASHES = { solid: "solid", dashed: [6, 4], dotted: [2, 3] };

const drawn = new Map();
let library = null;

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

/** A figure as a person reads it: grouped, with so many digits after the point, or as many as it deserves. */
export function figure(value, unit = "", given = null) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const digits = given ?? figureDigits(value);
  const text = value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit ? `${text} ${unit}` : text;
}

function figureDigits(value) {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
}

const isControl = (data) => data.kind === "control_chart";
const digitsOf = (data) => (isControl(data) ? controlDigits(data) : null);
const unitOf = (data, name) => (data.percent_lines && data.lines.some((line) => line.name === name) ? "%" : data.unit);

/** Stretches of a band without holes: lists of indices. */
export function stretches(band) {
  const found = [];
  let open = null;
  band.low.forEach((low, index) => {
    const whole = low !== null && band.high[index] !== null && band.high[index] !== undefined;
    if (whole && !open) found.push((open = []));
    if (whole) open.push(index);
    else open = null;
  });
  return found;
}

function lineSeries(line, index) {
  const ink = colour(COLOURS[index % COLOURS.length]);
  // A point without neighbours has no line to be seen by.
  const known = (at) => line.values[at] !== null && line.values[at] !== undefined;
  const alone = (at) => !known(at - 1) && !known(at + 1);
  return {
    type: "line",
    name: line.name,
    data: line.values,
    showSymbol: true,
    showAllSymbol: true,
    symbol: "circle",
    symbolSize: (value, point) => (alone(point.dataIndex) ? 6 : 0),
    lineStyle: { width: 2, color: ink, type: DASHES[line.style] || "solid" },
    itemStyle: { color: ink },
    emphasis: { disabled: true },
    z: 3,
  };
}

function bandSeries(band, ink) {
  const parts = stretches(band);
  return {
    type: "custom",
    name: band.name,
    silent: true,
    z: 1,
    encode: { x: 0, y: [1, 2] },
    data: band.low.map((low, index) => [index, low, band.high[index]]),
    renderItem(params, api) {
      // The whole band is one shape for each stretch, drawn with the first item.
      if (params.dataIndexInside !== 0) return null;
      return {
        type: "group",
        children: parts.map((part) => ({
          type: "polygon",
          shape: {
            points: [
              ...part.map((index) => api.coord([index, band.low[index]])),
              ...part.toReversed().map((index) => api.coord([index, band.high[index]])),
            ],
          },
          style: { fill: ink, opacity: 0.18 },
        })),
      };
    },
  };
}

/** The figures of a chart as named columns. */
function columns(data) {
  if (isControl(data)) return controlColumns(data);
  const { bars = [], lines = [], bands = [] } = data;
  return [
    ...bars.map((bar) => [bar.name, bar.values]),
    ...lines.map((line) => [line.name, line.values]),
    ...bands.flatMap((band) => [[`${band.name}, low`, band.low], [`${band.name}, high`, band.high]]),
  ];
}

function tip(data, items) {
  const box = document.createElement("div");
  box.className = "o-tip";
  const index = items[0].dataIndex;
  const title = document.createElement("b");
  title.textContent = data.periods[index];
  box.append(title);
  const rows = columns(data)
    .filter(([, values]) => values[index] !== null && values[index] !== undefined)
    .map(([name, values]) => [name, figure(values[index], unitOf(data, name), digitsOf(data))]);
  const word = isControl(data) && controlWords(data)[index];
  for (const texts of word ? [...rows, ["Signal", word]] : rows) {
    const row = document.createElement("div");
    for (const text of texts) {
      const part = document.createElement("span");
      part.textContent = text;
      row.append(part);
    }
    box.append(row);
  }
  return box;
}

function lineOption(data) {
  const lines = data.lines.map(lineSeries);
  const split = data.periods.indexOf(data.split);
  const quiet = colour("--tblr-secondary");
  if (split >= 0 && lines.length) {
    lines[0].markLine = {
      silent: true,
      symbol: "none",
      data: [{ xAxis: split }],
      lineStyle: { color: quiet, type: [3, 3], width: 1 },
      label: { formatter: data.split_name, color: quiet, position: "insideEndTop", rotate: 0, align: "left", padding: [0, 0, 0, 6] },
    };
  }
  return { boundaryGap: false, scale: true, series: [...data.bands.map((band) => bandSeries(band, bandInk(data))), ...lines] };
}

const barInk = (bar) => colour(bar.colour ?? TONES[bar.tone]);

function barOption(data) {
  const series = data.bars.map((bar) => ({
    type: "bar",
    stack: "all",
    name: bar.name,
    data: bar.values,
    barMaxWidth: data.kind === "bar" ? 48 : 18,
    itemStyle: { color: barInk(bar) },
  }));
  const over = (data.lines ?? []).map((line, index) => ({
    ...lineSeries(line, index + 1),
    yAxisIndex: data.percent_lines ? 1 : 0,
  }));
  return { boundaryGap: true, scale: false, series: [...series, ...over] };
}

const controlOption = (data) => ({ boundaryGap: true, scale: true, series: controlSeries(data, colour) });

/** The scale of lines that are shares of a whole, at the right of that of bars. */
const percentAxis = (quiet) => ({
  type: "value",
  min: 0,
  max: 100,
  axisLabel: { color: quiet, formatter: "{value} %" },
  splitLine: { show: false },
});

const bandInk = (data) => colour(COLOURS[Math.max(0, data.lines.length - 1) % COLOURS.length]);

function option(data) {
  const quiet = colour("--tblr-secondary");
  const { boundaryGap, scale, series } = (data.bars ? barOption : isControl(data) ? controlOption : lineOption)(data);
  const digits = digitsOf(data) ?? 3;
  const valueAxis = {
    type: "value",
    scale,
    minInterval: data.bars ? 1 : 0,
    name: data.unit,
    nameTextStyle: { color: quiet, align: "left" },
    axisLabel: { color: quiet, formatter: (value) => value.toLocaleString("en-GB", { maximumFractionDigits: digits }) },
    splitLine: { lineStyle: { color: colour("--o-grid") } },
  };
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    // Room at the right for half of the last label.
    grid: { left: 8, right: data.bars ? 16 : 44, top: data.unit ? 36 : 20, bottom: 8, containLabel: true },
    xAxis: {
      type: "category",
      data: data.periods,
      boundaryGap,
      axisLine: { lineStyle: { color: colour("--o-grid") } },
      axisTick: { show: false },
      // Long labels at the ends stay within the chart.
      axisLabel: { color: quiet, hideOverlap: true, ...(isControl(data) && { alignMinLabel: "left", alignMaxLabel: "right" }) },
    },
    yAxis: data.percent_lines ? [valueAxis, percentAxis(quiet)] : valueAxis,
    tooltip: {
      trigger: "axis",
      axisPointer: { type: data.bars ? "shadow" : "line" },
      confine: true,
      // An element rather than text with style attributes: those are blocked by the page's policy.
      formatter: (items) => tip(data, items),
      backgroundColor: colour("--o-surface"),
      borderColor: colour("--tblr-border-color"),
      textStyle: { color: quiet, fontSize: 12 },
    },
    series,
  };
}

function sample(style, ink) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const form = { band: "rect", bar: "rect", diamond: "path" }[style] || "line";
  const shape = document.createElementNS("http://www.w3.org/2000/svg", form);
  const attributes =
    style === "diamond" ? { d: "M11 0l6 6-6 6-6-6z", fill: ink }
    : style === "bar" ? { x: 0, y: 1, width: 10, height: 10, rx: 2.5, fill: ink }
    : style === "band"
      ? { x: 1, y: 1, width: 20, height: 10, rx: 2, fill: ink, "fill-opacity": 0.25 }
      : { x1: 1, y1: 6, x2: 21, y2: 6, stroke: ink, "stroke-width": 2, "stroke-dasharray": { dashed: "6 4", dotted: "2 3" }[style] || "none" };
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  svg.setAttribute("viewBox", `0 0 ${style === "bar" ? 10 : 22} 12`);
  svg.classList.toggle("o-bar", style === "bar");
  svg.append(shape);
  return svg;
}

function legend(element, data) {
  const { bars = [], lines = [], bands = [] } = data;
  const entries = [
    ...(isControl(data) ? controlLegend(data).map(([name, style, ink]) => [name, sample(style, colour(ink))]) : []),
    ...bars.map((bar) => [bar.name, sample("bar", barInk(bar))]),
    ...lines.map((line, index) => [line.name, sample(line.style, colour(COLOURS[(index + Math.min(bars.length, 1)) % COLOURS.length]))]),
    ...bands.map((band) => [band.name, sample("band", bandInk(data))]),
  ];
  element.replaceChildren(
    ...entries.map(([name, picture]) => {
      const item = document.createElement("li");
      item.append(picture, name);
      return item;
    }),
  );
}

function table(data) {
  const made = document.createElement("table");
  made.className = "table table-sm";
  const shown = columns(data);
  const words = isControl(data) ? controlWords(data) : null;
  const first = data.heading ?? (words ? "Sample" : "Period");
  const head = made.createTHead().insertRow();
  for (const name of [first, ...shown.map(([title]) => title), ...(words ? ["Signal"] : [])]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    if (name !== first && name !== "Signal") cell.className = "num";
    head.append(cell);
  }
  const body = made.createTBody();
  data.periods.forEach((period, index) => {
    const row = body.insertRow();
    row.insertCell().textContent = period;
    for (const [name, values] of shown) {
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = figure(values[index], unitOf(data, name), digitsOf(data));
    }
    if (words) row.insertCell().textContent = words[index] || "–";
  });
  return made;
}

/** Moments are labels in the viewer's zone, as all other times on a page are. */
function labelled(data) {
  if (!data.moments) return data;
  const second = data.seconds ? { second: "2-digit" } : {};
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...second });
  return { ...data, periods: data.moments.map((moment) => clock.format(new Date(moment))) };
}

class Chart {
  constructor(element) {
    this.element = element;
    this.data = labelled(JSON.parse(document.getElementById(element.dataset.chart).textContent));
    this.plot = element.querySelector("[data-chart-plot]");
    this.legend = element.querySelector("[data-chart-legend]");
    this.table = element.querySelector("[data-chart-table]");
    this.button = element.querySelector("[data-chart-switch]");
    this.button.addEventListener("click", () => this.flip());
    this.watcher = new ResizeObserver(() => !this.plot.hidden && this.chart?.resize());
    this.watcher.observe(this.plot);
    this.draw();
  }

  draw() {
    this.chart?.dispose(); // colours are set when a chart is made
    legend(this.legend, this.data);
    if (this.plot.hidden) return;
    this.chart = window.echarts.init(this.plot, null, { renderer: "svg" });
    this.chart.setOption(option(this.data));
  }

  flip() {
    const asTable = this.button.getAttribute("aria-pressed") !== "true";
    this.button.setAttribute("aria-pressed", String(asTable));
    if (asTable && !this.table.firstChild) this.table.append(table(this.data));
    this.table.hidden = !asTable;
    this.plot.hidden = this.legend.hidden = asTable;
    if (!asTable) this.draw();
  }

  /** Other figures of the same kind take the place of these; where the table is shown, in the table. */
  renew(data) {
    this.data = labelled(data);
    this.table.replaceChildren(...(this.table.hidden ? [] : [table(this.data)]));
    if (!this.plot.hidden) this.chart?.setOption(option(this.data));
  }

  forget() {
    this.watcher.disconnect();
    this.chart?.dispose();
  }
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
  if (!found.length) return;
  await loadLibrary();
  for (const element of found) if (!drawn.has(element) && element.isConnected) drawn.set(element, new Chart(element));
}

/** Put other figures into a chart that is drawn. */
export function renewChart(element, data) {
  drawn.get(element)?.renew(data);
}

document.addEventListener("theme", () => drawn.forEach((chart) => chart.draw()));
document.addEventListener("htmx:load", (event) => drawCharts(event.target));
drawCharts();
