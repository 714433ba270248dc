// Puts what the console loads from other projects into build/vendor: picked files of node_modules with their licences,
// and one sprite of the icons that are in use. Run by `python3 run.py`; by hand: node scripts/build_static.mjs
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
const ICONS = join(PACKAGES, "@tabler", "icons", "icons", "outline");
// Where icons are named, and how: these forms must name an icon that exists.
const SOURCES = ["apps", "templates", "static"];
const NAMED = /(?:\{%-?\s*icon\s+|\bicon\s*[=:]\s*)["']([a-z0-9-]+)["']/g;
const QUOTED = /["'`]([a-z][a-z0-9-]*)["'`]/g;

function fail(text) {
  console.error(text);
  process.exit(1);
}

function read(path) {
  if (!existsSync(path)) fail(`${path} is missing: run npm ci --ignore-scripts`);
  return readFileSync(path, "utf8");
}

function pick(folder, [name, files]) {
  const source = join(PACKAGES, name);
  const target = join(FRESH, folder);
  mkdirSync(target, { recursive: true });
  for (const file of files) {
    // Without the comment that names a source map: a map would be published, and is larger than all else together.
    const text = read(join(source, file)).replace(/\n?(\/\/|\/\*)# sourceMappingURL=[^\n]*/g, "");
    writeFileSync(join(target, file.split("/").pop()), text);
    if (extname(file) !== ".css") continue;
    for (const [, path] of text.matchAll(/url\(["']?(?:\.\/)?([\w./-]+)["']?\)/g)) {
      cpSync(join(source, dirname(file), path), join(target, path));
    }
  }
  const licence = readdirSync(source).find((each) => /^licen[cs]e/i.test(each));
  const terms = licence ? read(join(source, licence)) : `${JSON.parse(read(join(source, "package.json"))).license}\n`;
  writeFileSync(join(target, "LICENSE"), terms);
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

rmSync(FRESH, { recursive: true, force: true });
for (const [folder, picked] of Object.entries(PICKED)) pick(folder, picked);
writeFileSync(join(FRESH, "icons.svg"), sprite(iconsInUse()));
rmSync(TARGET, { recursive: true, force: true });
renameSync(FRESH, TARGET);
