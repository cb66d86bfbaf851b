import type { ExportPrecision } from "../../core/enumerations.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { OfficialRuntime } from "../../engine/runtimes/official-runtime.js";
import type { ExportedNetwork } from "../network/exported-network.js";

/** A program that classifies one image with an exported file. */
export interface UsageExample {
  /** "LiteRT (ai-edge-litert)" */
  readonly runtime: string;
  readonly language: "PYTHON" | "JAVASCRIPT";
  /** The command that installs what the program imports. */
  readonly install: string;
  /** The program. It takes the exported file and an image file, and prints the label with the greatest probability. */
  readonly code: string;
}

/** The facts that a usage example depends on. */
export interface UsageFacts {
  readonly fileName: string;
  readonly precision: ExportPrecision;
  readonly imageSizePixels: number;
  /** In the order of the probabilities. */
  readonly classNames: readonly string[];
}

/** Tools that a format may use to write a file, beside the network. */
export interface WritingTools {
  /** An engine without custom ops. */
  readonly engine: EngineHost;
  /** An empty folder; its owner removes it. */
  readonly workFolder: string;
}

/** Facts and tools that a runtime may need beside the file. */
export interface RuntimeContext {
  /** The network in the file; its weights need not be open any more. */
  readonly network: Pick<ExportedNetwork, "spec" | "classNames" | "imageSizePixels">;
  /**
   * An engine without custom ops. It starts when it is first asked for, because a runtime that does without has more memory
   * for itself. Its owner disposes of it.
   */
  readonly startEngine: () => Promise<EngineHost>;
  /** An empty folder; its owner removes it. */
  readonly workFolder: string;
  readonly cacheFolder: string;
  /** The Python of ESPALIER_PYTHON; null where it is not set. */
  readonly python: string | null;
  readonly threads: number;
  readonly progress: (line: string) => void;
}

/** Everything that the product knows about a file format. */
export interface ExportFormatDefinition {
  /** With the dot; ".tflite". */
  readonly extension: string;
  readonly precisions: readonly [ExportPrecision, ...ExportPrecision[]];
  /**
   * Writes the file, whose bytes depend on the network alone, and syncs it. On an error it may leave a part.
   *
   * @param file does not exist
   * @throws AppError `WEIGHTS_NOT_FINITE`, `EXPORT_TOO_LARGE`; errors of the disk
   */
  write(
    network: ExportedNetwork,
    precision: ExportPrecision,
    file: string,
    tools: WritingTools,
  ): Promise<void>;
  /**
   * Opens the file in the format's official runtime.
   *
   * @throws AppError `RUNTIME_UNAVAILABLE` when the runtime cannot be had, with the reason and what to do
   */
  openRuntime(file: string, context: RuntimeContext): Promise<OfficialRuntime>;
  usage(facts: UsageFacts): readonly UsageExample[];
}
