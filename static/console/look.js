// How a chart looks: the colours of the theme, figures as a person reads them, samples for legends, and what is shown
// beside the pointer.

const root = document.documentElement;

/** A colour of the theme as it is now. */
export const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
export const COLOURS = ["--c1", "--c3", "--c2", "--c4", "--c5", "--c6"];
// By what they mean.
export const TONES = { neutral: "--c1", good: "--c2", warning: "--c3", bad: "--c5" };
export const TONE_WORDS = { neutral: "", good: "Good", warning: "Warning", bad: "Bad" };
export const DASHES = { solid: "solid", dashed: [6, 4], dotted: [2, 3] };

/** So much of a colour over the ground of a card, from 0 to 1, as one colour that covers what is under it. */
export function shade(name, share) {
  const channels = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const long = (hex) => (hex.length === 4 ? `#${[...hex.slice(1)].map((digit) => digit + digit).join("")}` : hex);
  const [over, under] = [channels(long(colour(name))), channels(long(colour("--o-surface")))];
  return `rgb(${over.map((value, at) => Math.round(under[at] + (value - under[at]) * share)).join(",")})`;
}

/** A figure as a person reads it: grouped, with so many digits after the point, or as many as it deserves. */
export function figure(value, unit = "", given = null) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const digits = given ?? figureDigits(value);
  const text = value
    .toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" })
    .replace("-", "\u2212");
  return unit ? `${text} ${unit}` : text;
}

function figureDigits(value) {
  // Three significant digits, as apps/common/formats.py has it.
  return Number.isInteger(value) ? 0 : Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

/** The same with a sign, for what adds and takes away. */
export function signed(value, unit = "", digits = null) {
  const text = figure(Math.abs(value), unit, digits);
  return value > 0 ? `+${text}` : value < 0 ? `\u2212${text}` : text;
}

/** What is shown beside the pointer. Rows are of a name and a text. */
export function tip(title, rows) {
  const box = document.createElement("div");
  box.className = "o-tip";
  const head = document.createElement("b");
  head.textContent = title;
  box.append(head);
  for (const texts of rows) {
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

/** The dress of what is shown beside the pointer; `formatter` makes it with `tip`. */
export const tooltip = (formatter, more = {}) => ({
  confine: true,
  // An element rather than text with style attributes: those are blocked by the page's policy.
  formatter,
  backgroundColor: colour("--o-surface"),
  borderColor: colour("--tblr-border-color"),
  textStyle: { color: colour("--tblr-secondary"), fontSize: 12 },
  ...more,
});

export const fontFamily = () => getComputedStyle(document.body).fontFamily;

const SHAPES = {
  diamond: "M11 0l6 6-6 6-6-6z",
  triangle: "M11 0l6 11H5z",
  circle: "M11 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
  square: "M6 1h10v10H6z",
};

/** A piece of a legend: a line, a band, a bar, or one of the shapes. */
export function sample(style, ink) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const form = SHAPES[style] ? "path" : ["band", "bar"].includes(style) ? "rect" : "line";
  const shape = document.createElementNS("http://www.w3.org/2000/svg", form);
  const attributes =
    SHAPES[style] ? { d: SHAPES[style], fill: ink }
    : style === "bar" ? { x: 0, y: 1, width: 10, height: 10, rx: 2.5, fill: ink }
    : style === "band"
      ? { x: 1, y: 1, width: 20, height: 10, rx: 2, fill: ink, "fill-opacity": 0.25 }
      : { x1: 1, y1: 6, x2: 21, y2: 6, stroke: ink, "stroke-width": 2, "stroke-dasharray": { dashed: "6 4", dotted: "2 3" }[style] || "none" };
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  shape.classList.toggle("o-swatch", style === "square"); // the lightest would not be seen without its edge
  svg.setAttribute("viewBox", `0 0 ${style === "bar" ? 10 : 22} 12`);
  svg.classList.toggle("o-bar", style === "bar");
  svg.append(shape);
  return svg;
}
