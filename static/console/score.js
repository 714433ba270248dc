// A score on its scale: the server has drawn it, and here are its figures.
import { figure } from "./look.js";

export const legend = () => [];

export function sheet({ title, value, scale, thresholds }) {
  const text = (figured) => figure(figured, scale.unit, scale.digits);
  const lows = [scale.low, ...scale.bands.map(({ upto }) => upto)];
  return {
    columns: [{ title: "Figure" }, { title: "Value", text }, { title: "From", text }, { title: "To", text }],
    rows: [
      [title, value, null, null],
      ["Scale", null, scale.low, scale.high],
      ...scale.bands.map((band, at) => [band.title, null, lows[at], band.upto]),
      ...thresholds.map((mark) => [mark.name, mark.value, null, null]),
    ],
  };
}
