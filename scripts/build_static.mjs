// Puts what the console loads from other projects into build/vendor: picked files of node_modules with their licences,
// one sprite of the icons that are in use, and the outline of the world. Run by `python3 run.py`; by hand: node scripts/build_static.mjs
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PACKAGES = join(ROOT, "node_modules");
const TARGET = join(ROOT, "build", "vendor");
const FRESH = `${TARGET}.new`;

// folder in build/vendor -> package and the files of it that pages load
const PICKED = {
  tabler: ["@tabler/core", ["dist/css/tabler.min.css"]],
  inter: ["@fontsource-variable/inter", ["index.css"]],
  htmx: ["htmx.org", ["dist/htmx.min.js"]],
  echarts: ["echarts", ["dist/echarts.min.js"]],
  dagre: ["@dagrejs/dagre", ["dist/dagre.esm.js"]],
};
// The outlines of countries, at 1:110 million: fine enough for a map of a page's width.
const WORLD = ["world-atlas", "countries-110m.json"];
const COUNTRIES = join(ROOT, "apps", "common", "widgets", "countries.json");
const ICONS = join(PACKAGES, "@tabler", "icons", "icons", "outline");
// Where icons are named, and how: these forms must name an icon that exists.
const SOURCES = ["apps", "templates", "static"];
const NAMED = /(?:\{%-?\s*icon\s+|\bicon\s*[=:]\s*)["']([a-z0-9-]+)["']/g;
const QUOTED = /["'`]([a-z][a-z0-9-]*)["'`]/g;

// Components of Tabler that no page has: a quarter of its rules, which every page would load.
const UNUSED = ["accordion", "carousel", "datagrid", "dropdown", "navbar", "offcanvas", "ribbon"];

function fail(text) {
  console.error(text);
  process.exit(1);
}

function read(path) {
  if (!existsSync(path)) fail(`${path} is missing: run npm ci --ignore-scripts`);
  return readFileSync(path, "utf8");
}

function licence(name, target) {
  const source = join(PACKAGES, name);
  const found = readdirSync(source).find((each) => /^licen[cs]e/i.test(each));
  const terms = found ? read(join(source, found)) : `${JSON.parse(read(join(source, "package.json"))).license}\n`;
  writeFileSync(join(target, "LICENSE"), terms);
}

function pick(folder, [name, files]) {
  const source = join(PACKAGES, name);
  const target = join(FRESH, folder);
  mkdirSync(target, { recursive: true });
  for (const file of files) {
    // Without the comment that names a source map: a map would be published, and is larger than all else together.
    const text = read(join(source, file)).replace(/\n?(\/\/|\/\*)# sourceMappingURL=[^\n]*/g, "");
    writeFileSync(join(target, file.split("/").pop()), folder === "tabler" ? slim(text) : text);
    if (extname(file) !== ".css") continue;
    for (const [, path] of text.matchAll(/url\(["']?(?:\.\/)?([\w./-]+)["']?\)/g)) {
      cpSync(join(source, dirname(file), path), join(target, path));
    }
  }
  licence(name, target);
}

// Style sheets without the rules of components that are not used. A rule goes once all of its selectors name one.
function slim(css) {
  const named = new RegExp(`\\.(?:${UNUSED.join("|")})(?![a-z0-9])`);
  const used = new RegExp(`class(?:Name|List)?[^>]{0,200}["'\\s](?:${UNUSED.join("|")})(?![a-z0-9])`);
  for (const path of SOURCES.flatMap((folder) => [...sources(join(ROOT, folder))])) {
    if (used.test(read(path))) fail(`${path} uses a component that is left out of Tabler: take it out of UNUSED`);
  }
  return css.replace(/([^{}]+)\{([^{}]*)\}/g, (rule, selectors, declarations) => {
    if (selectors.trimStart().startsWith("@")) return rule;
    const kept = selectors.split(/,(?![^()]*\))/).filter((each) => !named.test(each.replace(/:not\([^)]*\)/g, "")));
    return kept.length ? `${kept.join(",")}{${declarations}}` : "";
  });
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if ([".py", ".html", ".js"].includes(extname(path))) yield path;
  }
}

// Every quoted word that is the name of an icon counts as used: a few too many cost less than one that is missing.
function iconsInUse() {
  const known = new Set(readdirSync(ICONS).map((file) => file.replace(/\.svg$/, "")));
  const used = new Set();
  for (const path of SOURCES.flatMap((folder) => [...sources(join(ROOT, folder))])) {
    const text = read(path);
    for (const [, name] of text.matchAll(NAMED)) {
      if (!known.has(name)) fail(`${path} names the icon "${name}", which Tabler does not have: see tabler.io/icons`);
    }
    for (const [, name] of text.matchAll(QUOTED)) if (known.has(name)) used.add(name);
  }
  return [...used].sort();
}

function sprite(names) {
  const symbols = names.map((name) => {
    const shape = read(join(ICONS, `${name}.svg`)).replace(/<!--[\s\S]*?-->|<\/?svg[^>]*>/g, "").replace(/\s+/g, " ");
    const line = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
    return `<symbol id="${name}" viewBox="0 0 24 24" ${line}>${shape.trim()}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`;
}

// What of a ring lies on one side of a meridian: Sutherland and Hodgman's clipping, against one edge.
function side(ring, meridian, inside) {
  const kept = [];
  ring.forEach(([x, y], at) => {
    const [px, py] = ring[(at + ring.length - 1) % ring.length];
    if (inside(x) !== inside(px)) kept.push([meridian, py + ((y - py) * (meridian - px)) / (x - px)]);
    if (inside(x)) kept.push([x, y]);
  });
  return kept;
}

// A ring that crosses 180° as the rings on either side: drawn as it is, it would be a bar across the whole map.
function cut(ring) {
  let turned = 0;
  const open = ring.slice(0, -1).map(([x, y], at) => {
    const step = at ? x - ring[at - 1][0] : 0;
    if (Math.abs(step) > 180) turned -= 360 * Math.sign(step);
    return [x + turned, y];
  });
  const parts = [-360, 0, 360].map((shift) => {
    const moved = open.map(([x, y]) => [x + shift, y]);
    return side(side(moved, -180, (x) => x >= -180), 180, (x) => x <= 180);
  });
  return parts.filter((part) => part.length > 2).map((part) => [...part, part[0]]);
}

// The world as GeoJSON, its countries known by the two letters of ISO 3166-1; hundredths of a degree are a kilometre.
function world() {
  const [name, file] = WORLD;
  const { feature } = createRequire(join(PACKAGES, "topojson-client", "package.json"))("topojson-client");
  const topology = JSON.parse(read(join(PACKAGES, name, file)));
  const letters = new Map(Object.entries(JSON.parse(read(COUNTRIES))).map(([code, digits]) => [digits, code]));
  const round = (value) => Math.round(value * 100) / 100;
  const features = feature(topology, topology.objects.countries).features.flatMap(({ id, properties, geometry }) => {
    if (properties.name === "Antarctica") return []; // it would take a fifth of the map
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    // Holes stay with their polygon where it is not cut; of those that are cut, none has a hole.
    const whole = polygons.flatMap(([outer, ...holes]) => {
      const parts = cut(outer);
      return parts.length > 1 ? parts.map((part) => [part]) : [[outer, ...holes]];
    });
    const coordinates = whole.map((rings) => rings.map((ring) => ring.map(([x, y]) => [round(x), round(y)])));
    const code = properties.name === "Kosovo" ? "XK" : (letters.get(id) ?? "");
    return [{ type: "Feature", properties: { name: code || properties.name }, geometry: { type: "MultiPolygon", coordinates } }];
  });
  const target = join(FRESH, "world");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "world.json"), JSON.stringify({ type: "FeatureCollection", features }));
  licence(name, target);
}

rmSync(FRESH, { recursive: true, force: true });
for (const [folder, picked] of Object.entries(PICKED)) pick(folder, picked);
world();
writeFileSync(join(FRESH, "icons.svg"), sprite(iconsInUse()));
rmSync(TARGET, { recursive: true, force: true });
renameSync(FRESH, TARGET);
