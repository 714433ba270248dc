// Control charts: points about their centre, limits that may step, stages, and signals told by shape as well as colour.

const thin = (name, values, ink, type) => ({
  type: "line",
  name,
  data: values,
  step: "middle",
  symbol: "none",
  lineStyle: { width: 1.2, color: ink, type },
  emphasis: { disabled: true },
  z: 2,
});

const stageMark = (stages, quiet) => ({
  silent: true,
  symbol: "none",
  data: stages.map(({ at, name }) => ({ xAxis: at, label: { formatter: name } })),
  lineStyle: { color: quiet, type: [3, 3], width: 1 },
  label: { color: quiet, position: "insideEndTop", rotate: 0, align: "left", padding: [0, 0, 0, 6], width: 90, overflow: "truncate" },
});

/** The series of a control chart; `colour` looks a colour of the theme up. */
export function controlSeries(data, colour) {
  const ink = colour("--c1");
  const points = {
    type: "line",
    name: data.statistic,
    data: data.points,
    showSymbol: true,
    showAllSymbol: data.points.length <= 120,
    symbol: "circle",
    symbolSize: data.points.length <= 120 ? 5 : 3,
    lineStyle: { width: 1.5, color: ink },
    itemStyle: { color: ink },
    emphasis: { disabled: true },
    z: 3,
  };
  if (data.stages.length) points.markLine = stageMark(data.stages, colour("--tblr-secondary"));
  return [
    points,
    thin("Centre", data.limits.centre, colour("--c2"), "solid"),
    thin("Lower limit", data.limits.lower, colour("--c3"), "dashed"),
    thin("Upper limit", data.limits.upper, colour("--c3"), "dashed"),
    {
      type: "scatter",
      name: "Signal",
      data: data.signals.map(({ at }) => [at, data.points[at]]),
      symbol: "diamond",
      symbolSize: 12,
      itemStyle: { color: colour("--st-failed"), borderColor: colour("--o-surface"), borderWidth: 1.5 },
      emphasis: { disabled: true },
      z: 5,
    },
  ];
}

/** What the legend shows: a name, how it is drawn, and its colour. */
export function controlLegend(data) {
  const entries = [
    [data.statistic, "solid", "--c1"],
    ["Centre", "solid", "--c2"],
    ["Limits", "dashed", "--c3"],
  ];
  return data.signals.length ? [...entries, ["Signal", "diamond", "--st-failed"]] : entries;
}

/** The figures of a control chart as named columns. */
export function controlColumns({ statistic, points, limits }) {
  return [
    [statistic, points],
    ["Centre", limits.centre],
    ["Lower limit", limits.lower],
    ["Upper limit", limits.upper],
  ];
}

/** For each point, what the rules say of it. */
export function controlWords({ signals, points }) {
  const words = points.map(() => "");
  for (const { at, text } of signals) words[at] = text;
  return words;
}

/** How many digits after the point tell neighbouring figures of the chart apart. */
export function controlDigits({ points, limits }) {
  const known = [...points, ...limits.lower, ...limits.upper].filter((value) => Number.isFinite(value));
  const span = Math.max(...known) - Math.min(...known);
  return span > 0 ? Math.min(8, Math.max(0, Math.ceil(2 - Math.log10(span)))) : 2;
}
