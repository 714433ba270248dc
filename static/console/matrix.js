// Figures by row and column. Each cell says its figure or its word; how dark it is only helps to find them.
import { colour, figure, fontFamily, sample, shade, tip, tooltip } from "./look.js";

const MOST_ROWS = 60;
const MOST_COLUMNS = 40;
const ROW = 30;
// The darkest that a cell's word can still be read on, in both themes.
const DARKEST = 0.6;

const cut = (data) => ({ rows: data.rows.slice(0, MOST_ROWS), columns: data.columns.slice(0, MOST_COLUMNS) });
const known = (values) => values.filter((value) => value !== null);
const wordOf = (data, row, column) =>
  data.words.length ? data.words[row][column] : data.cells[row][column] === null ? "" : figure(data.cells[row][column], data.unit === "%" ? "%" : "", data.digits);

/** What is lightest and darkest of so many figures: from nought, unless all are far from it. */
function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < 0 ? { low: 0, high: Math.max(-low, high) } : { low: low > high / 2 ? low : 0, high };
}

function shadeOf(value, { low, high }) {
  if (value === null) return colour("--o-sunk");
  const share = high > low ? Math.min(1, (Math.abs(value) - low) / (high - low)) : value ? 1 : 0;
  return shade(value < 0 ? "--c3" : "--c1", 0.04 + share * (DARKEST - 0.04));
}

const columnWidth = (data) => {
  const { rows, columns } = cut(data);
  const longest = Math.max(0, ...rows.flatMap((_, row) => columns.map((_, column) => wordOf(data, row, column).length)));
  return Math.min(140, Math.max(44, 14 + 7 * longest));
};
const namesWidth = (data) => Math.min(160, 12 + 7 * Math.max(0, ...cut(data).rows.map((name) => name.length)));

export const fits = true;
export const height = (data) => cut(data).rows.length * ROW + 64;
export const width = (data) => cut(data).columns.length * columnWidth(data) + namesWidth(data) + 32;

export function note(data) {
  const { rows, columns } = cut(data);
  const said = [];
  if (rows.length < data.rows.length) said.push(`the first ${rows.length} of ${data.rows.length} rows`);
  if (columns.length < data.columns.length) said.push(`the first ${columns.length} of ${data.columns.length} columns`);
  return said.length ? `Drawn are ${said.join(" and ")}; the table has them all.` : "";
}

export function option(data, width) {
  const { rows, columns } = cut(data);
  const [quiet, ink, ground] = [colour("--tblr-secondary"), colour("--o-ink"), colour("--o-surface")];
  const whole = range(known(data.cells.flat()));
  const ranges = rows.map((_, row) => (data.by_row ? range(known(data.cells[row])) : whole));
  const left = namesWidth(data) + 12;
  const room = Math.max(40, (width - left) / Math.max(1, columns.length) - 6);
  return {
    animation: false,
    textStyle: { fontFamily: fontFamily() },
    grid: { left, right: 8, top: 48, bottom: 4 },
    xAxis: {
      type: "category",
      position: "top",
      name: data.column_heading,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: quiet },
      data: columns,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: ink, interval: 0, width: room, overflow: "truncate" },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: rows,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: ink, interval: 0, width: left - 12, overflow: "truncate" },
    },
    tooltip: tooltip(({ value: [column, row] }) =>
      tip(`${data.row_heading}: ${data.rows[row]}`, [
        [data.column_heading, data.columns[column]],
        ...(data.words.length ? [["Is", data.words[row][column]]] : []),
        ["Value", figure(data.cells[row][column], data.unit, data.digits)],
      ]),
    ),
    series: [
      {
        type: "custom",
        data: rows.flatMap((_, row) => columns.map((_, column) => [column, row])),
        renderItem(params, api) {
          const [column, row] = [api.value(0), api.value(1)];
          const [x, y] = api.coord([column, row]);
          const [w, h] = api.size([1, 1]);
          return {
            type: "group",
            children: [
              {
                type: "rect",
                shape: { x: x - w / 2, y: y - h / 2, width: w, height: h },
                style: { fill: shadeOf(data.cells[row][column], ranges[row]), stroke: ground, lineWidth: 2 },
              },
              {
                type: "text",
                silent: true,
                x,
                y,
                style: {
                  text: wordOf(data, row, column),
                  fill: ink,
                  font: `12px ${fontFamily()}`,
                  align: "center",
                  verticalAlign: "middle",
                  width: w - 6,
                  overflow: "truncate",
                },
              },
            ],
          };
        },
      },
    ],
  };
}

export function legend(data) {
  const values = known(data.cells.flat());
  if (!values.length || data.words.length) return []; // words are in order as they stand
  const swatch = (name, share) => sample("square", shade(name, 0.04 + share * (DARKEST - 0.04)));
  if (data.by_row) return [["Least of its row", swatch("--c1", 0)], ["Most of its row", swatch("--c1", 1)]];
  const { low, high } = range(values);
  const text = (value) => figure(value, data.unit, data.digits);
  const below = Math.min(...values) < 0 ? [[text(-high), swatch("--c3", 1)]] : [];
  return [...below, [text(low), swatch("--c1", 0)], [text(high), swatch("--c1", 1)]];
}

export function sheet(data) {
  const text = (value) => figure(value, data.unit, data.digits);
  return {
    columns: [{ title: `${data.row_heading} \\ ${data.column_heading}` }, ...data.columns.map((title) => (data.words.length ? { title } : { title, text }))],
    rows: data.rows.map((name, row) => [name, ...(data.words.length ? data.words[row] : data.cells[row])]),
  };
}
