// A blueprint is drawn as a graph in the place of its small picture; a step that is pressed is shown among the words.
import { dagIn } from "./dag.js";

const graph = document.querySelector("[data-dag-of]");

if (graph) {
  document.querySelector("[data-zoom]").hidden = false;
  dagIn(graph, {
    onSelect: (name) => {
      const told = document.getElementById(`step-${name}`);
      told?.focus({ preventScroll: true });
      told?.scrollIntoView({ block: "center" });
    },
  });
}
