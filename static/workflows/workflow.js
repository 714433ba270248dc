// The page of a workflow: its steps are drawn as a graph; a step that is pressed is told below it.
import { dagIn } from "./dag.js";

const graph = document.querySelector("[data-dag-of]");

if (graph) {
  document.querySelector("[data-zoom]").hidden = false;
  dagIn(graph, {
    onSelect: (name) => {
      const address = new URL(location.href);
      address.searchParams.set("step", name);
      location.assign(`${address.pathname}${address.search}#step`);
    },
  });
}
