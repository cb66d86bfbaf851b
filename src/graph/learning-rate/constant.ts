import { float32 } from "../ops/constants.js";
import type { Schedule } from "./schedule.js";

/** `initial` at every step. */
export const constantRate: Schedule<"constant"> = (graph, { initial }) => float32(graph, initial);
