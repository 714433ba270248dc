// Charts over an axis of names or of time: lines with a band and a mark where something else begins, bars that are
// stacked, with lines over them, and control charts.
import { controlColumns, controlDigits, controlLegend, controlSeries, controlWords } from "./control.js";
import { COLOURS, DASHES, TONES, colour, figure, fontFamily, sample, tip, tooltip } from "./look.js";

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

function tipOf(data, items) {
  const index = items[0].dataIndex;
  const rows = columns(data)
    .filter(([, values]) => values[index] !== null && values[index] !== undefined)
    .map(([name, values]) => [name, figure(values[index], unitOf(data, name), digitsOf(data))]);
  const word = isControl(data) && controlWords(data)[index];
  return tip(data.periods[index], word ? [...rows, ["Signal", word]] : rows);
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

/** What the library draws. */
export function option(data) {
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
    textStyle: { fontFamily: fontFamily() },
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
    tooltip: tooltip((items) => tipOf(data, items), {
      trigger: "axis",
      axisPointer: { type: data.bars ? "shadow" : "line" },
    }),
    series,
  };
}

/** What the legend shows: a name and how it is drawn. */
export function legend(data) {
  const { bars = [], lines = [], bands = [] } = data;
  return [
    ...(isControl(data) ? controlLegend(data).map(([name, style, ink]) => [name, sample(style, colour(ink))]) : []),
    ...bars.map((bar) => [bar.name, sample("bar", barInk(bar))]),
    ...lines.map((line, index) => [line.name, sample(line.style, colour(COLOURS[(index + Math.min(bars.length, 1)) % COLOURS.length]))]),
    ...bands.map((band) => [band.name, sample("band", bandInk(data))]),
  ];
}

/** The figures as a table. */
export function sheet(data) {
  const shown = columns(data);
  const words = isControl(data) ? controlWords(data) : null;
  const text = (name) => (value) => figure(value, unitOf(data, name), digitsOf(data));
  return {
    columns: [
      { title: data.heading ?? (words ? "Sample" : "Period") },
      ...shown.map(([title]) => ({ title, text: text(title) })),
      ...(words ? [{ title: "Signal" }] : []),
    ],
    rows: data.periods.map((period, at) => [period, ...shown.map(([, values]) => values[at]), ...(words ? [words[at]] : [])]),
  };
}
