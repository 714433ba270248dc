// Live updates: a JSON socket whose events carry `seq`, counted per `message` or else per `run`; after a gap or a
// reconnect the snapshot is read, and where no socket can be had for long, the snapshot is polled. The mark in the top
// bar says which it is.

const POLL_EVERY = 10_000;
const FAILURES_BEFORE_POLLING = 3;
const LONGEST_WAIT = 30_000;
const WORDS = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  polling: "Polling every 10 s",
  offline: "Offline",
};
// The mark shows the state that needs knowing most, of all that the page watches.
const WORST_FIRST = ["offline", "polling", "reconnecting", "connecting", "live"];

const watched = new Set();

function mark() {
  const element = document.getElementById("live");
  if (!element) return;
  const states = [...watched].map((each) => each.state);
  const state = WORST_FIRST.find((each) => states.includes(each));
  element.hidden = !state;
  element.dataset.state = state || "idle";
  element.querySelector(".txt").textContent = WORDS[state] || "";
}

/** Seconds to wait before another try: doubling, spread so that a restarted server is not hit by all at once. */
export function waitAfter(failures, chance = Math.random()) {
  return Math.min(LONGEST_WAIT, 500 * 2 ** failures) * (0.5 + chance / 2);
}

/**
 * What to do with an event: "old" was seen, "next" follows, "gap" means that some are missing. Remembers it. Where it
 * `repeats`, one of the same `seq` says that something below the thing has changed.
 */
export function judge(seen, event, repeats = false) {
  const key = event.message ?? event.run ?? "";
  const last = seen.get(key);
  if (last !== undefined && (event.seq < last || (event.seq === last && !repeats))) return "old";
  seen.set(key, event.seq);
  return last !== undefined && event.seq > last + 1 ? "gap" : "next";
}

class Watch {
  constructor(path, { snapshot, onEvent, onState, repeats }) {
    this.path = path;
    this.snapshot = snapshot;
    this.onEvent = onEvent;
    this.onState = onState;
    this.repeats = repeats;
    this.seen = new Map();
    this.failures = 0;
    this.closed = false;
    this.timer = null;
    this.poll = null;
    this.enter(navigator.onLine ? "connecting" : "offline");
    this.connect();
  }

  enter(state) {
    if (this.state === state) return;
    this.state = state;
    mark();
    this.onState?.(state);
  }

  connect() {
    clearTimeout(this.timer);
    if (this.closed || this.socket) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.stopPolling();
      this.enter("live");
      this.read(); // whatever happened before the socket stood
    };
    socket.onmessage = (message) => this.take(JSON.parse(message.data));
    socket.onclose = (close) => {
      this.socket = null;
      if (close.code >= 4400 && close.code < 4500) this.close(); // refused for good: asking again changes nothing
      else this.retry();
    };
  }

  retry() {
    if (this.closed) return;
    this.failures += 1;
    if (!navigator.onLine) this.enter("offline");
    else if (this.failures >= FAILURES_BEFORE_POLLING && this.snapshot) this.startPolling();
    else this.enter("reconnecting");
    this.timer = setTimeout(() => this.connect(), waitAfter(this.failures));
  }

  take(event) {
    if (event.more) return this.read(); // more has changed than events can name
    if (typeof event.seq !== "number") return; // a ping: the connection stands, and nothing has happened
    const verdict = judge(this.seen, event, this.repeats);
    if (verdict === "old") return;
    if (verdict === "gap" && this.snapshot) this.read();
    else this.onEvent(event);
  }

  async read() {
    if (!this.snapshot || this.closed) return;
    const address = typeof this.snapshot === "function" ? this.snapshot() : this.snapshot;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if ([401, 403, 404].includes(answer.status)) return this.close();
      if (!answer.ok) return;
      const state = await answer.json();
      for (const event of state.events ?? [state]) this.takeState(event);
    } catch {
      // No network: the socket's own failure tells it.
    }
  }

  // A state may come late, after events that are newer than it.
  takeState(event) {
    const key = event.message ?? event.run ?? "";
    if (event.seq < (this.seen.get(key) ?? 0)) return;
    this.seen.set(key, event.seq);
    this.onEvent(event);
  }

  startPolling() {
    this.enter("polling");
    if (this.poll) return;
    this.read();
    this.poll = setInterval(() => this.read(), POLL_EVERY);
  }

  stopPolling() {
    clearInterval(this.poll);
    this.poll = null;
  }

  now() {
    if (this.socket || this.closed) return;
    this.enter("reconnecting");
    this.connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopPolling();
    this.socket?.close();
    watched.delete(this);
    mark();
  }
}

/**
 * Watch `path`, a socket on this host. `onEvent` gets each event once and in order, or the state in place of what was
 * missed: what a GET of `snapshot` (an address, or a function that makes one) answers, one event or `{events: [...]}`.
 * With `repeats`, events may come with a `seq` that was seen.
 * Returns a function that ends it.
 */
export function watch(path, options) {
  const made = new Watch(path, options);
  watched.add(made);
  mark();
  return () => made.close();
}

addEventListener("online", () => watched.forEach((each) => each.now()));
addEventListener("offline", () => watched.forEach((each) => each.enter("offline")));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) watched.forEach((each) => each.now());
});
