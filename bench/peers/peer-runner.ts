import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { ClientError } from "../../src/client/client-error.js";
import type { BenchContext } from "../benchmark.js";
import type { PeerScript } from "./peer-scripts.js";

export interface PeerRunnerOptions {
  /** With the peers' packages installed. */
  readonly python: string;
  readonly scriptsFolder: string;
  readonly context: BenchContext;
}

/** What `execFile` rejects with. */
interface FailedProgram {
  readonly signal?: NodeJS.Signals | null;
  readonly stderr?: string;
  readonly message: string;
}

const MOST_OUTPUT_BYTES = 16 * 1024 ** 2;

/** Runs the peers' scripts; one that cannot run is left out from then on, and the person told why. */
export class PeerRunner {
  readonly #leftOut = new Set<string>();

  constructor(private readonly options: PeerRunnerOptions) {}

  /**
   * What the peer took for the work; null when it cannot do it here.
   *
   * @throws the signal's reason when it aborts
   */
  async run<Work, Figures>(peer: PeerScript<Work, Figures>, work: Work): Promise<Figures | null> {
    if (this.#leftOut.has(peer.file)) return null;
    const { report, signal } = this.options.context;
    signal.throwIfAborted();
    const reason = peer.cannot(work);
    if (reason !== null) return this.#leaveOut(peer.file, reason);
    try {
      const figures = peer.read(await this.#output(peer, work));
      report(`${peer.name}: ${JSON.stringify(figures)}`);
      return figures;
    } catch (error) {
      signal.throwIfAborted();
      return this.#leaveOut(peer.file, reasonOf(error));
    }
  }

  async #output<Work, Figures>(peer: PeerScript<Work, Figures>, work: Work): Promise<string> {
    const { python, scriptsFolder, context } = this.options;
    const script = path.join(scriptsFolder, peer.file);
    const [program, before] =
      peer.runs === "python"
        ? [python, []]
        : [process.execPath, ["--import", import.meta.resolve("./tfjs-resolution.js")]];
    const { stdout } = await promisify(execFile)(program, [...before, script, ...peer.arguments(work)], {
      signal: context.signal,
      maxBuffer: MOST_OUTPUT_BYTES,
    });
    return stdout;
  }

  #leaveOut(file: string, reason: string): null {
    this.#leftOut.add(file);
    this.options.context.report(`${file} is left out: ${reason}`);
    return null;
  }
}

/** Of all that a failed program said, the error's own line: what stands around it differs by language. */
function reasonOf(error: unknown): string {
  if (error instanceof ClientError) return error.message;
  const { signal, stderr = "", message } = error as FailedProgram;
  if (signal) return `it was ended by ${signal}; it may need more memory than there is`;
  const lines = stderr.trim().split("\n");
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? (lines.at(-1) || message);
}
