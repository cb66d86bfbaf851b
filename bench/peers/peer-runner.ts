import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { ClientError } from "../../src/client/client-error.js";
import { projectRoot } from "../../src/lang/project-root.js";
import type { BenchContext } from "../benchmark.js";
import type { PeerPrecision, PeerScript } from "./peer-scripts.js";

export interface PeerRunnerOptions {
  /** An interpreter with the packages of the peers; null skips the peers that need one. */
  readonly python: string | null;
  /** BEST runs a script in each of its precisions once, and from then on in the faster one. */
  readonly precision: "BEST" | PeerPrecision;
  readonly context: BenchContext;
  readonly scriptsFolder?: string;
  /** Milliseconds that a second precision may always take longer than the first. */
  readonly marginMs?: number;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/**
 * A second precision that takes this much longer than the first is slower for certain: then its script is stopped.
 * Where a processor has no instructions for bfloat16, a step can take a hundred times as long.
 */
const SLOWER_FACTOR = 1.2;
const SLOWER_MARGIN_MS = 10_000;

interface FailedProgram {
  readonly killed?: boolean;
  readonly signal?: NodeJS.Signals | null;
  readonly stderr?: string;
  readonly message: string;
}

/** Runs the scripts of the peers, and keeps the reasons of those that could not run. */
export class PeerRunner {
  /** Why peers were skipped, by their name. */
  readonly skipped = new Map<string, string>();
  readonly #precisions = new Map<string, PeerPrecision>();
  readonly #scriptsFolder: string;

  constructor(private readonly options: PeerRunnerOptions) {
    this.#scriptsFolder = options.scriptsFolder ?? path.join(projectRoot(), "bench/peers/scripts");
  }

  /**
   * Measures a peer.
   *
   * @returns null when the peer cannot do the work here; then it is skipped from now on
   * @throws the signal's reason when it aborts
   */
  async run<Work, Figures>(peer: PeerScript<Work, Figures>, work: Work): Promise<Figures | null> {
    if (this.skipped.has(peer.name)) return null;
    const { report, signal } = this.options.context;
    signal.throwIfAborted();
    try {
      const reason = this.#whyNot(peer, work);
      if (reason !== null) return this.#skip(peer, reason);
      const figures = await this.#measure(peer, work);
      report(`${peer.name}: ${JSON.stringify(figures)}`);
      return figures;
    } catch (error) {
      signal.throwIfAborted();
      return this.#skip(peer, reasonOf(error));
    }
  }

  #whyNot<Work>(peer: PeerScript<Work, unknown>, work: Work): string | null {
    const { python, precision } = this.options;
    if (peer.runs === "python" && python === null) return "--python was not given";
    if (precision !== "BEST" && peer.precisions.length > 0 && !peer.precisions.includes(precision)) {
      return `it has no ${precision}`;
    }
    return peer.cannot(work);
  }

  async #measure<Work, Figures>(peer: PeerScript<Work, Figures>, work: Work): Promise<Figures> {
    const { precision } = this.options;
    if (peer.precisions.length === 0) return peer.read(await this.#output(peer, work, null));
    const chosen = precision === "BEST" ? this.#precisions.get(peer.name) : precision;
    if (chosen !== undefined) return peer.read(await this.#output(peer, work, chosen));
    return this.#measureBest(peer, work);
  }

  async #measureBest<Work, Figures>(peer: PeerScript<Work, Figures>, work: Work): Promise<Figures> {
    const { context, marginMs = SLOWER_MARGIN_MS } = this.options;
    const { report } = context;
    const [first = "float32", ...others] = peer.precisions;
    const startedMs = performance.now();
    let best = { precision: first, figures: peer.read(await this.#output(peer, work, first)) };
    const limitMs = Math.ceil((performance.now() - startedMs) * SLOWER_FACTOR + marginMs);
    for (const precision of others) {
      const output = await this.#output(peer, work, precision, limitMs).catch(nullAfterTimeout);
      if (output === null) {
        report(`${peer.name}: ${precision} was stopped after ${Math.round(limitMs / 1000)} s; it is slower`);
        continue;
      }
      const figures = peer.read(output);
      if (peer.seconds(figures) < peer.seconds(best.figures)) best = { precision, figures };
    }
    this.#precisions.set(peer.name, best.precision);
    if (others.length > 0) report(`${peer.name}: ${best.precision} is its faster precision here`);
    return best.figures;
  }

  async #output<Work>(
    peer: PeerScript<Work, unknown>,
    work: Work,
    precision: PeerPrecision | null,
    timeoutMs = 0,
  ): Promise<string> {
    const { python, context } = this.options;
    const program = peer.runs === "python" ? (python ?? "") : process.execPath;
    const script = path.join(this.#scriptsFolder, peer.file);
    const chosen = precision === null ? [] : ["--precision", precision];
    const { stdout } = await promisify(execFile)(program, [script, ...peer.arguments(work), ...chosen], {
      signal: context.signal,
      timeout: timeoutMs,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return stdout;
  }

  #skip(peer: PeerScript<never, unknown>, reason: string): null {
    this.skipped.set(peer.name, reason);
    this.options.context.report(`${peer.name} is skipped: ${reason}`);
    return null;
  }
}

function nullAfterTimeout(error: FailedProgram): null {
  if (error.killed === true) return null;
  throw error;
}

/** Returns the line of a failed program's output that names the error, in Python and in JavaScript. */
function reasonOf(error: unknown): string {
  if (error instanceof ClientError) return error.message;
  const { signal, stderr = "", message } = error as FailedProgram;
  if (signal) return `it was ended by ${signal}; it may need more memory than there is`;
  const lines = stderr.trim().split("\n");
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? (lines.at(-1) || message);
}
