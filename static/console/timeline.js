// Spans and moments in lanes: the server has drawn them, here the axis is told in the viewer's zone, and their figures.
import { TONE_WORDS } from "./look.js";

const DAY = { day: "numeric", month: "short", year: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };
const FORMS = {
  second: { ...CLOCK, second: "2-digit" },
  clock: CLOCK,
  hour: { day: "numeric", month: "short", ...CLOCK },
  day: { day: "numeric", month: "short" },
  month: { month: "short", year: "numeric" },
  year: { year: "numeric" },
};

export const legend = () => [];

export function drawn({ plot }) {
  for (const tick of plot.querySelectorAll("[data-tick]")) {
    tick.textContent = new Intl.DateTimeFormat("en-GB", FORMS[tick.dataset.tick]).format(new Date(tick.dataset.at));
  }
}

export function sheet({ lane_heading, entries }) {
  const clock = new Intl.DateTimeFormat("en-GB", { ...DAY, ...CLOCK, second: "2-digit" });
  const text = (value) => (value ? clock.format(new Date(value)) : "\u2013");
  return {
    columns: [
      { title: lane_heading },
      { title: "Entry" },
      { title: "Start", text, words: true },
      { title: "End", text, words: true },
      { title: "State" },
      { title: "Note" },
    ],
    rows: entries.map(({ lane, name, start, end, tone, text }) => [lane, name, start, end, TONE_WORDS[tone], text]),
  };
}
