// Runs of agents in a list, live.
import { liveRuns } from "../console/runlist.js";

liveRuns({ socket: "/ws/runs/", of: "agent", open: ["queued", "running"] });
