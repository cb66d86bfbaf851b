import { fill } from "../ops/array.js";
import type { Initializer } from "./initializer.js";

export const zeros: Initializer = (graph, shape) => fill(graph, shape, 0);

export const ones: Initializer = (graph, shape) => fill(graph, shape, 1);
