// Points, routes and shaded countries on the outline of the world. The outline is ours: nothing is fetched from elsewhere.
import { TONE_WORDS, TONES, colour, figure, fontFamily, sample, shade, tip, tooltip } from "./look.js";

const MOST_POINTS = 1000;
const SHAPES = { neutral: "circle", good: "square", warning: "triangle", bad: "diamond" };
const SYMBOLS = { circle: "circle", square: "rect", triangle: "triangle", diamond: "diamond" };
const LINES = { neutral: "solid", good: "solid", warning: "dashed", bad: "dotted" };
const DASHES = { solid: "solid", dashed: [6, 4], dotted: [2, 3] };
const DARKEST = 0.7;
// West, south, east, north: where people are.
const WORLD = [-170, -56, 180, 80];
const LEAST_SPAN = 16;
const CLOSEST = 24;

let world = null;

/** Fetch the outline, once for a page. */
export function ready(element) {
  world ??= fetch(element.dataset.world).then(async (answer) => {
    if (!answer.ok) throw new Error(`The outline of the world answered ${answer.status}.`);
    window.echarts.registerMap("world", await answer.json());
  });
  return world;
}

const countries = new Intl.DisplayNames(["en"], { type: "region" });
const nameOf = (code) => (/^[A-Z]{2}$/.test(code) ? countries.of(code) : code);

/** A route as lines that do not run back over the whole map: cut where the shorter way is over 180\u00b0. */
export function cutRoute(positions) {
  const lines = [[]];
  positions.forEach(([latitude, longitude], at) => {
    const [lat, lon] = at ? positions[at - 1] : [];
    if (at && Math.abs(longitude - lon) > 180) {
      const edge = lon > 0 ? 180 : -180;
      const share = (edge - lon) / (longitude + 2 * edge - lon) || 0;
      const y = lat + (latitude - lat) * share;
      lines.at(-1).push([edge, y]);
      lines.push([[-edge, y]]);
    }
    lines.at(-1).push([longitude, latitude]);
  });
  return lines.filter((line) => line.length > 1);
}

/** What the map opens on: all that is on it, with some room; the world where countries are shaded. */
function bounds({ points, routes, regions }) {
  const places = [...points.map(({ latitude, longitude }) => [latitude, longitude]), ...routes.flatMap(({ positions }) => positions)];
  if (regions.length || !places.length) return WORLD;
  const span = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = Math.max((high - low) * 0.12, (LEAST_SPAN - (high - low)) / 2);
    return [low - room, high + room];
  };
  const [south, north] = span(places.map(([latitude]) => latitude));
  const [west, east] = span(places.map(([, longitude]) => longitude));
  return [Math.max(-180, west), Math.max(-89, south), Math.min(180, east), Math.min(89, north)];
}

function shadesOf(regions) {
  const values = regions.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const strength = (value) => 0.15 + (high > low ? (value - low) / (high - low) : 1) * (DARKEST - 0.15);
  return { low, high, of: (value) => shade("--c1", strength(value)) };
}

const drawnPoints = ({ points }) => points.slice(0, MOST_POINTS);

export function note(data) {
  const said = [];
  if (data.points.length > MOST_POINTS) {
    said.push(`The first ${MOST_POINTS.toLocaleString("en-GB")} of ${data.points.length.toLocaleString("en-GB")} points are drawn.`);
  }
  const known = new Set(window.echarts.getMap("world").geoJSON.features.map(({ properties }) => properties.name));
  const small = data.regions.filter(({ country }) => !known.has(country)).map(({ country }) => nameOf(country));
  if (small.length) said.push(`Too small for this outline: ${small.join(", ")}.`);
  return said.length ? `${said.join(" ")} The table has them all.` : "";
}

function pointSeries(data) {
  const shown = drawnPoints(data);
  const most = Math.max(0, ...data.points.map(({ value }) => value ?? 0));
  return {
    type: "scatter",
    coordinateSystem: "geo",
    z: 5,
    data: shown.map(({ longitude, latitude, tone, value }) => ({
      value: [longitude, latitude],
      symbol: SYMBOLS[SHAPES[tone]],
      symbolSize: most && value !== null ? 8 + 18 * Math.sqrt(value / most) : 11,
      itemStyle: { color: colour(TONES[tone]), opacity: 0.9, borderColor: colour("--o-surface"), borderWidth: 1.5 },
    })),
  };
}

function routeSeries({ routes }) {
  return {
    type: "lines",
    coordinateSystem: "geo",
    polyline: true,
    z: 4,
    data: routes.flatMap(({ positions, tone }, at) =>
      cutRoute(positions).map((coords) => ({
        coords,
        route: at,
        lineStyle: { color: colour(TONES[tone]), width: 2, opacity: 0.95, type: DASHES[LINES[tone]] },
      })),
    ),
  };
}

function tipOf(data, item) {
  const said = (name, value, tone, text) => {
    const rows = value === null || value === undefined ? [] : [[data.value_name, figure(value, data.unit, data.digits)]];
    return tip(name, [...rows, ...(TONE_WORDS[tone] ? [["State", TONE_WORDS[tone]]] : []), ...(text ? [["Note", text]] : [])]);
  };
  if (item.componentType === "geo") {
    const region = data.regions.find(({ country }) => country === item.name);
    return said(nameOf(item.name), region?.value, "", region?.text);
  }
  const found = item.seriesType === "lines" ? data.routes[item.data.route] : data.points[item.dataIndex];
  return said(found.name, found.value, found.tone, found.text);
}

/** How many degrees of latitude are as wide as one of longitude: true in the middle of what is seen. */
const stretch = ([, south, , north]) => Math.max(0.35, 0.9 * Math.cos((((south + north) / 2) * Math.PI) / 180));

/** How much wider than high it is. */
function shape(data) {
  const seen = bounds(data);
  return ((seen[2] - seen[0]) / (seen[3] - seen[1])) * stretch(seen);
}

export const fits = true;
export const height = (data, width) => Math.round(Math.min(440, Math.max(200, width / shape(data))));

export function option(data, width) {
  const seen = bounds(data);
  const [west, south, east, north] = seen;
  const [wide, high] = [width - 8, height(data, width) - 8];
  const ratio = shape(data);
  const shades = shadesOf(data.regions);
  const said = (item) => tipOf(data, item);
  return {
    animation: false,
    textStyle: { fontFamily: fontFamily() },
    tooltip: tooltip(said, { trigger: "item" }),
    geo: {
      tooltip: tooltip(said), // that of points and routes is not asked for countries
      map: "world",
      // By mouse only: on a phone a finger scrolls the page. Buttons and keys do the same.
      roam: matchMedia("(pointer: fine)").matches ? "move" : false,
      boundingCoords: [
        [west, north],
        [east, south],
      ],
      aspectScale: stretch(seen),
      layoutCenter: ["50%", "50%"],
      // The longer side, in pixels.
      layoutSize: ratio > 1 ? Math.min(wide, high * ratio) : Math.min(high, wide / ratio),
      itemStyle: { areaColor: colour("--o-grid"), borderColor: colour("--o-surface"), borderWidth: 0.8 },
      emphasis: { disabled: true },
      select: { disabled: true },
      regions: data.regions.map(({ country, value }) => ({ name: country, itemStyle: { areaColor: shades.of(value) } })),
    },
    series: [routeSeries(data), pointSeries(data)],
  };
}

// Where a step goes, as shares of the drawing.
const STEPS = { left: [-0.2, 0], right: [0.2, 0], up: [0, -0.2], down: [0, 0.2] };
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", "+": "in", "=": "in", "-": "out", 0: "whole" };

function move({ chart, plot, data }, how) {
  const [geo] = chart.getOption().geo;
  const zoom = geo.zoom ?? 1;
  const [west, , east] = bounds(data);
  const farthest = Math.min(1, (east - west) / 360);
  const [w, h] = [plot.clientWidth, plot.clientHeight];
  const [x, y] = STEPS[how] ?? [0, 0];
  const seen = chart.convertFromPixel("geo", [w * (0.5 + x), h * (0.5 + y)]);
  const center = how === "whole" ? null : [Math.min(180, Math.max(-180, seen[0])), Math.min(85, Math.max(-85, seen[1]))];
  const factor = { in: 1.5, out: 1 / 1.5 }[how] ?? 1;
  chart.setOption({ geo: { center, zoom: how === "whole" ? 1 : Math.min(CLOSEST, Math.max(farthest, zoom * factor)) } });
}

/** The buttons and keys that move the map. */
export function drawn(map) {
  const bar = map.element.querySelector("[data-map-moves]");
  if (bar.dataset.heard) return;
  bar.dataset.heard = "yes";
  bar.addEventListener("click", (click) => {
    const button = click.target.closest("[data-move]");
    if (button) move(map, button.dataset.move);
  });
  bar.addEventListener("keydown", (press) => {
    if (!KEYS[press.key] || press.ctrlKey || press.metaKey || press.altKey) return;
    press.preventDefault();
    press.stopPropagation();
    move(map, KEYS[press.key]);
  });
}

export function legend(data) {
  const entries = [];
  if (data.regions.length) {
    const { low, high, of } = shadesOf(data.regions);
    const text = (value) => figure(value, data.unit, data.digits);
    const ends = low === high ? [high] : [low, high];
    entries.push(...ends.map((value) => [`${data.value_name} ${text(value)}`, sample("square", of(value))]));
  }
  const word = (tone, noun) => (TONE_WORDS[tone] ? `${noun}: ${TONE_WORDS[tone].toLowerCase()}` : noun);
  for (const tone of Object.keys(TONES)) {
    if (data.points.some((point) => point.tone === tone)) entries.push([word(tone, "Point"), sample(SHAPES[tone], colour(TONES[tone]))]);
  }
  for (const tone of Object.keys(TONES)) {
    if (data.routes.some((route) => route.tone === tone)) entries.push([word(tone, "Route"), sample(LINES[tone], colour(TONES[tone]))]);
  }
  return entries;
}

export function sheet(data) {
  const degrees = (value) => (value === null ? "\u2013" : value.toFixed(4));
  const text = (value) => figure(value, data.unit, data.digits);
  return {
    columns: [
      { title: "Kind" },
      { title: "Name" },
      { title: data.value_name, text },
      { title: "Latitude", text: degrees },
      { title: "Longitude", text: degrees },
      { title: "State" },
      { title: "Note" },
    ],
    rows: [
      ...data.points.map((point) => ["Point", point.name, point.value, point.latitude, point.longitude, TONE_WORDS[point.tone], point.text]),
      ...data.routes.flatMap((route) =>
        route.positions.map(([latitude, longitude]) => ["Route", route.name, null, latitude, longitude, TONE_WORDS[route.tone], route.text]),
      ),
      ...data.regions.map((region) => ["Country", nameOf(region.country), region.value, null, null, "", region.text]),
    ],
  };
}
