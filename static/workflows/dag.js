// A graph of steps: dagre says where they stand; they are buttons over lines, so that the keyboard, the theme and
// readers of screens know them. From left to right where there is room, from top to bottom on narrow screens.
import { layout, Graph } from "../vendor/dagre/dagre.esm.js";

const NARROW = 620;
const SMALLEST = 0.9; // below it nobody can read the words: then the picture is scrolled
const HEIGHT = 60;
const SVG = "http://www.w3.org/2000/svg";
const KEYS = { ArrowRight: "after", ArrowDown: "after", ArrowLeft: "before", ArrowUp: "before" };

const statuses = JSON.parse(document.getElementById("statuses")?.textContent ?? "{}");
const sprite = () => document.querySelector(".ic use")?.getAttribute("href").split("#")[0] ?? "";

function svg(tag, values) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  return element;
}

function icon(name, spins) {
  const drawn = svg("svg", { class: `ic ic-s${spins ? " o-spin" : ""}`, "aria-hidden": "true", focusable: "false" });
  drawn.append(svg("use", { href: `${sprite()}#${name}` }));
  return drawn;
}

function words(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

// The tone, icon and word of a node: of its status where it has one, else of its kind.
function look(node) {
  const status = statuses[node.status];
  if (!node.status) return { tone: "plain", icon: node.icon, word: node.kind, spins: false };
  return { ...(status ?? { tone: "queued", icon: "clock", word: node.status, spins: false }) };
}

// How wide nodes are and how far they stand apart: as wide as there is room for, so that as little as can be is scrolled.
const SPACES = [{ width: 188, apart: 40 }, { width: 172, apart: 26 }, { width: 156, apart: 18 }];

function place(nodes, edges, down, { width, apart }) {
  const graph = new Graph();
  graph.setGraph({ rankdir: down ? "TB" : "LR", nodesep: down ? 14 : 22, ranksep: down ? 32 : apart, marginx: 14, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.name, { width, height: HEIGHT });
  for (const edge of edges) {
    const label = edge.label ? { width: edge.label.length * 6.2 + 18, height: 22, labelpos: "c" } : {};
    graph.setEdge(edge.before, edge.after, label);
  }
  layout(graph);
  return graph;
}

// A soft line through the points: each bend is rounded half-way to its neighbours.
function line(points) {
  const [first, ...rest] = points;
  if (rest.length === 1) return `M${first.x},${first.y}L${rest[0].x},${rest[0].y}`;
  let drawn = `M${first.x},${first.y}`;
  rest.slice(0, -1).forEach((bend, at) => {
    const next = rest[at + 1];
    const last = at === rest.length - 2;
    const [x, y] = last ? [next.x, next.y] : [(bend.x + next.x) / 2, (bend.y + next.y) / 2];
    drawn += `Q${bend.x},${bend.y} ${x},${y}`;
  });
  return drawn;
}

export class Dag {
  /**
   * Draw `data` ({nodes, edges}) in `element`. `onSelect` gets the name of a step that is pressed; `selected` is one
   * that is chosen already.
   */
  constructor(element, data, { onSelect = () => {}, selected = "" } = {}) {
    Object.assign(this, { element, data, onSelect, selected, zoom: 0 });
    element.classList.add("drawn");
    this.draw();
    this.show(selected);
    let width = element.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - width) < 20) return;
      width = element.clientWidth;
      this.draw();
    }).observe(element);
    element.addEventListener("click", (click) => {
      const node = click.target.closest("[data-step]");
      if (!node) return;
      this.select(node.dataset.step);
      this.onSelect(node.dataset.step);
    });
    element.addEventListener("keydown", (press) => this.move(press));
  }

  /** New data, of the same steps or of others: whatever had the focus keeps it. */
  update(data) {
    if (JSON.stringify(data) === JSON.stringify(this.data)) return;
    this.data = data;
    this.draw();
  }

  select(name) {
    this.selected = name;
    for (const node of this.nodes()) node.setAttribute("aria-pressed", String(node.dataset.step === name));
  }

  zoomBy(factor) {
    this.zoom = Math.min(1.6, Math.max(SMALLEST, (this.zoom || this.scale) * factor));
    this.draw();
  }

  fit() {
    this.zoom = 0;
    this.draw();
  }

  nodes() {
    return this.element.querySelectorAll("[data-step]");
  }

  node(name) {
    return this.element.querySelector(`[data-step="${CSS.escape(name)}"]`);
  }

  // Only the picture scrolls, never the page.
  show(name) {
    const node = name && this.node(name);
    if (!node) return;
    const [box, seen] = [node.getBoundingClientRect(), this.element.getBoundingClientRect()];
    if (box.right > seen.right || box.left < seen.left) this.element.scrollLeft += box.left - seen.left - seen.width / 2;
    if (box.bottom > seen.bottom || box.top < seen.top) this.element.scrollTop += box.top - seen.top - seen.height / 2;
  }

  // Arrow keys go along edges; of several, to the first, and from there sideways to its neighbours by the same key.
  move(press) {
    const [to, name] = [KEYS[press.key], press.target.dataset.step];
    if (!to || !name) return;
    press.preventDefault();
    const from = to === "after" ? "before" : "after";
    const sideways = this.down ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const found = sideways.includes(press.key)
      ? this.beside(name, press.key === sideways[1] ? 1 : -1)
      : this.data.edges.find((edge) => edge[from] === name)?.[to];
    if (!found) return;
    this.node(found).focus();
    this.show(found);
  }

  // The step beside this one among those that the same step leads to, or that lead to the same step.
  beside(name, by) {
    for (const [from, to] of [["after", "before"], ["before", "after"]]) {
      const shared = this.data.edges.filter((edge) => edge[from] === name).map((edge) => edge[to]);
      const across = this.down ? "x" : "y";
      const row = [...new Set(this.data.edges.filter((edge) => shared.includes(edge[to])).map((edge) => edge[from]))];
      row.sort((one, other) => this.graph.node(one)[across] - this.graph.node(other)[across]);
      const next = row[row.indexOf(name) + by];
      if (next) return next;
    }
    return undefined;
  }

  draw() {
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.step : "";
    const room = this.element.clientWidth;
    this.down = room < NARROW;
    const spaces = this.down ? SPACES.slice(1) : SPACES;
    const placed = spaces.map((space) => place(this.data.nodes, this.data.edges, this.down, space));
    const fits = placed.findIndex((graph) => graph.graph().width * SMALLEST <= room);
    const chosen = Math.max(0, fits); // what has to be scrolled anyhow may be wide
    this.graph = placed[chosen];
    this.width = spaces[chosen].width;
    const { width, height } = this.graph.graph();
    this.scale = this.zoom || Math.max(SMALLEST, Math.min(1, room / width));
    const outer = words("div", "o-dag-in", "");
    Object.assign(outer.style, { width: `${width * this.scale}px`, height: `${height * this.scale}px` });
    const inner = words("div", "", "");
    Object.assign(inner.style, { width: `${width}px`, height: `${height}px`, transform: `scale(${this.scale})` });
    inner.append(this.lines(width, height), ...this.labels(), ...this.data.nodes.map((node) => this.button(node)));
    outer.append(inner);
    const { scrollLeft, scrollTop } = this.element;
    this.element.replaceChildren(outer);
    Object.assign(this.element, { scrollLeft, scrollTop });
    if (focused) this.node(focused)?.focus({ preventScroll: true });
  }

  lines(width, height) {
    const drawn = svg("svg", { class: "o-edges", width, height, "aria-hidden": "true", focusable: "false" });
    const tip = svg("marker", {
      id: "o-tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse",
    });
    tip.append(svg("path", { d: "M1 1 L7 4 L1 7", class: "o-arrow" }));
    drawn.append(svg("defs", {}));
    drawn.firstChild.append(tip);
    const byName = Object.fromEntries(this.data.nodes.map((node) => [node.name, node]));
    for (const edge of this.data.edges) {
      const { points } = this.graph.edge(edge.before, edge.after);
      const { tone } = look(byName[edge.after]);
      drawn.append(svg("path", { class: "st o-edge", "data-st": tone, d: line(points), "marker-end": "url(#o-tip)" }));
    }
    return drawn;
  }

  labels() {
    return this.data.edges.filter((edge) => edge.label).map((edge) => {
      const { x, y, points } = this.graph.edge(edge.before, edge.after);
      const label = words("span", "o-elabel", edge.label);
      const middle = points[Math.floor(points.length / 2)];
      Object.assign(label.style, { left: `${x ?? middle.x}px`, top: `${y ?? middle.y}px` });
      label.setAttribute("aria-hidden", "true"); // the steps themselves say what leads to them
      return label;
    });
  }

  button(node) {
    const { x, y } = this.graph.node(node.name);
    const { tone, icon: mark, word, spins } = look(node);
    const button = words("button", "o-node st", "");
    button.type = "button";
    Object.assign(button.dataset, { step: node.name, st: tone });
    button.setAttribute("aria-pressed", String(node.name === this.selected));
    Object.assign(button.style, { left: `${x - this.width / 2}px`, top: `${y - HEIGHT / 2}px`, width: `${this.width}px`, height: `${HEIGHT}px` });
    const badge = words("span", "o-node-i", "");
    badge.append(icon(mark, spins));
    const leads = this.data.edges.filter((edge) => edge.after === node.name && edge.label).map((edge) => edge.label);
    button.append(badge, words("b", "", node.title), words("span", "o-node-s", node.note || word));
    if (leads.length) button.append(words("span", "visually-hidden", `, ${leads.join(", ")}`));
    button.title = `${node.title}: ${node.note || word}`;
    return button;
  }
}

/**
 * Draw the graph that stands in `element` as JSON (`<script type="application/json">` in it or named by `data-graph`),
 * with the buttons around it that carry `data-dag` ("in", "out", "fit").
 */
export function dagIn(element, options) {
  const data = JSON.parse(document.getElementById(element.dataset.graph).textContent);
  const dag = new Dag(element, data, { selected: element.dataset.selected ?? "", ...options });
  element.closest("section").addEventListener("click", (click) => {
    const act = click.target.closest("[data-dag]")?.dataset.dag;
    if (act === "fit") dag.fit();
    else if (act) dag.zoomBy(act === "in" ? 1.2 : 1 / 1.2);
  });
  return dag;
}
