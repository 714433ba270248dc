// Runs in a list, live: rows that are shown move in place; runs that are new are told of, never pushed in. A page may have
// a list of each kind.
import { watch } from "./live.js";
import { renewCounts } from "./shell.js";

const queryOf = (runs) => new URLSearchParams(runs.map((run) => ["run", run]));

class RunList {
  constructor(list, notice, kind) {
    Object.assign(this, { list, notice, kind, stale: new Set(), unseen: new Set(), asking: null });
    watch(kind.socket, { snapshot: () => this.snapshot(), onEvent: (event) => this.show(event) });
  }

  rowOf(run) {
    return this.list.querySelector(`[data-run="${CSS.escape(run)}"]`);
  }

  // Many rows may move on at once: the server is asked once for all of them.
  async refresh() {
    const wanted = [...this.stale];
    this.stale.clear();
    this.asking = null;
    // A list that has an address for single rows keeps them; one that has none is asked as a whole, and they may leave it.
    const { rows } = this.list.dataset;
    const address = rows ? `${rows}${rows.includes("?") ? "&" : "?"}${queryOf(wanted)}` : location.href;
    const answer = await fetch(address);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector(".o-side")) renewCounts(page); // a card by itself brings no menu
    const list = page.querySelector(this.list.dataset.liveRuns ? `[data-live-runs="${this.list.dataset.liveRuns}"]` : "[data-live-runs]");
    for (const run of wanted) {
      const row = this.rowOf(run);
      const fresh = list?.querySelector(`[data-run="${CSS.escape(run)}"]`);
      if (row && fresh) {
        this.kind.onRow?.(row, fresh);
        row.replaceWith(fresh);
      } else row?.remove();
    }
  }

  change(row, event) {
    if (event.seq <= Number(row.dataset.seq)) return;
    row.dataset.seq = event.seq;
    if (event.status !== row.dataset.status) {
      row.dataset.status = event.status;
      this.stale.add(event.run);
      this.asking ??= setTimeout(() => this.refresh(), 400);
      return;
    }
    const bar = row.querySelector("progress");
    if (bar) bar.value = event.percent;
    const text = row.querySelector('[data-cell="text"]');
    if (text && event.note) text.textContent = event.note;
  }

  // Keys are made in order of time: what comes after the newest that the server knew is new.
  isNew(event) {
    const { newest, status, search } = this.notice.dataset;
    const of = this.notice.dataset[this.kind.of];
    const open = this.kind.open.includes(event.status);
    const fits = !status || status === event.status || (status === "open" && open);
    return event.run > newest && !search && (!of || of === event[this.kind.of]) && fits;
  }

  show(event) {
    const row = this.rowOf(event.run);
    if (row) return this.change(row, event);
    if (!this.isNew(event) || this.unseen.has(event.run)) return;
    this.unseen.add(event.run);
    const { size } = this.unseen;
    this.notice.querySelector("a").textContent = size === 1 ? "Show 1 new run" : `Show ${size} new runs`;
    this.notice.hidden = false;
  }

  snapshot() {
    const shown = [...this.list.querySelectorAll("[data-run]")].map((row) => row.dataset.run);
    return `${this.list.dataset.snapshot}?${queryOf(shown)}`;
  }
}

/**
 * Watch the page's list of runs of a kind: the one that names it (`data-live-runs="agent"`), or the only one. `socket` is
 * where they are told of; `of` names what events and the list's filter say a run is of; `open` are the statuses of runs
 * that have not ended; `onRow(old, fresh)` is asked before a row is renewed.
 */
export function liveRuns(kind) {
  const find = (name) => document.querySelector(`[${name}="${kind.of}"]`) ?? document.querySelector(`[${name}=""]`);
  const [list, notice] = [find("data-live-runs"), find("data-new-runs")];
  if (list && notice) new RunList(list, notice, kind);
}
