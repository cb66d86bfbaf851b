import { AppError } from "../../core/app-error.js";
import { GraphBuilder } from "../../graph/graph-builder.js";
import { specOf } from "../../graph/graph-node.js";
import { restoreNamed } from "../../graph/ops/checkpoint.js";
import { placeholder } from "../../graph/ops/constants.js";
import { completeGraph } from "../../graph/saved-model/complete-graph.js";
import type { SavedModelGraph } from "../../graph/saved-model/signature.js";
import type { EngineHost } from "../engine-host.js";
import type { Session } from "../session.js";

const READ = "read";

/** Reads the variables of a checkpoint one at a time, so that the whole network is never in memory. */
export class CheckpointReader implements AsyncDisposable {
  private constructor(
    private readonly session: Session,
    private readonly prefix: string,
  ) {}

  /** @param prefix of the checkpoint's files, such as "…/variables/variables" */
  static async open(host: EngineHost, prefix: string): Promise<CheckpointReader> {
    return new CheckpointReader(await host.openGraph(buildReadingGraph()), prefix);
  }

  /**
   * The elements of a float32 variable.
   *
   * @throws AppError `ENGINE_ERROR` when the checkpoint does not have it, or is damaged
   */
  async read(name: string): Promise<Float32Array<ArrayBuffer>> {
    const { value } = await this.session.run(READ, {
      prefix: { dtype: "string", shape: [], data: [this.prefix] },
      names: { dtype: "string", shape: [1], data: [name] },
    });
    if (value?.data instanceof Float32Array && value.data.buffer instanceof ArrayBuffer) {
      return value.data as Float32Array<ArrayBuffer>;
    }
    throw new AppError(
      "ENGINE_ERROR",
      `Expected the variable "${name}" as float32. Received ${value?.dtype}.`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
  }
}

function buildReadingGraph(): SavedModelGraph {
  const graph = new GraphBuilder();
  const prefix = placeholder(graph, "prefix", "string", []);
  const names = placeholder(graph, "names", "string", [1]);
  const value = restoreNamed(graph, prefix, names);
  return completeGraph(graph, {
    [READ]: {
      inputs: { prefix: specOf(prefix), names: specOf(names) },
      outputs: { value: specOf(value) },
    },
  });
}
