// How contributions lead from a base to a result: a bar for each, from where the one before has led to, with its sign.
import { colour, figure, fontFamily, sample, signed, tip, tooltip } from "./look.js";

const MOST = 15;
const ROW = 30;
const INKS = { up: "--c1", down: "--c3", whole: "--c6" };

/** The steps that are drawn: all, or the largest in their order and the rest as one. */
function drawnSteps({ steps }) {
  if (steps.length <= MOST) return steps;
  const largest = new Set(steps.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, MOST - 1));
  const rest = steps.filter((step) => !largest.has(step));
  const value = rest.reduce((sum, step) => sum + step.value, 0);
  return [...steps.filter((step) => largest.has(step)), { name: `${rest.length} others`, value }];
}

/** The bars from above: name, value, where it begins and ends, and whether it adds, takes away, or is a whole. */
function bars(data) {
  let at = data.base.value;
  const between = drawnSteps(data).map(({ name, value }) => {
    const from = at;
    at += value;
    return { name, value, from, to: at, way: value < 0 ? "down" : "up" };
  });
  const whole = (name, value) => ({ name, value, from: 0, to: value, way: "whole" });
  return [whole(data.base.name, data.base.value), ...between, whole(data.result_name, data.result)];
}

const wordsOf = (bar, { unit, digits }) => (bar.way === "whole" ? figure(bar.value, unit, digits) : signed(bar.value, unit, digits));

/** The ends of the axis: from nought, unless all happens far from it; with room for the figures beside the bars. */
function ends(shown) {
  const reached = shown.flatMap((bar) => (bar.way === "whole" ? [bar.to] : [bar.from, bar.to]));
  let [low, high] = [Math.min(...reached), Math.max(...reached)];
  const far = low > 0 && high - low < low / 4 ? "above" : high < 0 && high - low < -high / 4 ? "below" : "";
  if (!far) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const span = high - low || 1;
  return { min: low < 0 || far ? low - 0.2 * span : 0, max: high > 0 || far ? high + 0.2 * span : 0, far };
}

export const fits = true;
export const height = (data) => bars(data).length * ROW + 36;

export function note(data) {
  const said = [];
  if (data.steps.length > MOST) {
    said.push(`The ${MOST - 1} largest of ${data.steps.length} are drawn, and the rest as one; the table has them all.`);
  }
  if (ends(bars(data)).far) said.push("The axis does not begin at 0.");
  return said.join(" ");
}

export function option(data, width) {
  const shown = bars(data);
  const { min, max } = ends(shown);
  const [quiet, ink] = [colour("--tblr-secondary"), colour("--o-ink")];
  return {
    animation: false,
    textStyle: { fontFamily: fontFamily() },
    grid: { left: 8, right: 20, top: 4, bottom: 8, containLabel: true },
    xAxis: {
      type: "value",
      min,
      max,
      axisLabel: { color: quiet, hideOverlap: true, showMinLabel: false, showMaxLabel: false },
      splitLine: { lineStyle: { color: colour("--o-grid") }, showMinLine: false, showMaxLine: false },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: shown.map(({ name }) => name),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: ink, interval: 0, width: Math.round(Math.min(220, width * 0.36)), overflow: "truncate" },
    },
    tooltip: tooltip(({ dataIndex }) => {
      const bar = shown[dataIndex];
      const rows = bar.way === "whole" ? [] : [["Leads to", figure(bar.to, data.unit, data.digits)]];
      return tip(bar.name, [[bar.way === "whole" ? "Is" : "Adds", wordsOf(bar, data)], ...rows]);
    }),
    series: [
      {
        type: "custom",
        data: shown.map((bar, at) => [at, bar.from, bar.to]),
        encode: { x: [1, 2], y: 0 },
        renderItem(params, api) {
          const bar = shown[params.dataIndex];
          const clamp = (value) => Math.min(max, Math.max(min, value));
          const [x1, y] = api.coord([clamp(bar.from), params.dataIndex]);
          const [x2] = api.coord([clamp(bar.to), params.dataIndex]);
          const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
          const before = bar.way === "down" || (bar.way === "whole" && bar.to < 0);
          const next = params.dataIndex < shown.length - 1;
          return {
            type: "group",
            children: [
              {
                type: "rect",
                shape: { x: left, y: y - 9, width: Math.max(1.5, right - left), height: 18, r: 2 },
                style: { fill: colour(INKS[bar.way]) },
              },
              ...(next ? [{ type: "line", shape: { x1: x2, y1: y + 9, x2, y2: y + ROW - 9 }, style: { stroke: quiet, lineWidth: 1 } }] : []),
              {
                type: "text",
                silent: true,
                x: before ? left - 6 : right + 6,
                y,
                style: { text: wordsOf(bar, data), fill: ink, font: `600 12px ${fontFamily()}`, align: before ? "right" : "left", verticalAlign: "middle" },
              },
            ],
          };
        },
      },
    ],
  };
}

export function legend(data) {
  const ways = new Set(bars(data).map(({ way }) => way));
  const names = { up: "Adds", down: "Takes away", whole: "Base and result" };
  return Object.keys(names).flatMap((way) => (ways.has(way) ? [[names[way], sample("bar", colour(INKS[way]))]] : []));
}

export function sheet(data) {
  let at = data.base.value;
  const text = (value) => figure(value, data.unit, data.digits);
  const steps = data.steps.map(({ name, value }) => [name, value, (at += value)]);
  return {
    columns: [{ title: data.heading }, { title: "Adds", text: (value) => (value === null ? "\u2013" : signed(value, data.unit, data.digits)) }, { title: "Leads to", text }],
    rows: [[data.base.name, null, data.base.value], ...steps, [data.result_name, null, data.result]],
  };
}
