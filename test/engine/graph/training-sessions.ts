import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import type { Session } from "../../../src/engine/session.js";
import type { NetworkSpec, TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import type { SavedModelGraph } from "../../../src/graph/saved-model/signature.js";
import { readCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { startTestEngine } from "../../testkit/engine.js";
import { images, TINY_TRAINING } from "./tiny-network.js";

/** An engine on which tests open training graphs and read their checkpoints. */
export class TrainingBench implements AsyncDisposable {
  #checkpoints = 0;

  private constructor(
    readonly engine: EngineHost,
    private readonly folder: string,
  ) {}

  static async open(): Promise<TrainingBench> {
    const folder = await mkdtemp(path.join(tmpdir(), "espalier-training-graph-"));
    return new TrainingBench(await startTestEngine(), folder);
  }

  /** A session with its first weights, which depend on the network's seed alone. */
  async start(
    network: NetworkSpec,
    training: Partial<TrainingSpec> = {},
  ): Promise<{ session: Session; graph: SavedModelGraph }> {
    const graph = buildTrainingGraph(network, { ...TINY_TRAINING, ...training });
    const session = await this.engine.openGraph(graph);
    await session.run("init", {});
    return { session, graph };
  }

  /** The path of a new folder for a checkpoint. */
  newFolder(): string {
    return path.join(this.folder, `checkpoint-${++this.#checkpoints}`);
  }

  /** Saves a session. @returns the folder of the checkpoint, and its digest */
  async save(session: Session): Promise<{ readonly folder: string; readonly sha256: string }> {
    const folder = this.newFolder();
    const { sha256 } = await saveCheckpoint(session, folder);
    return { folder, sha256 };
  }

  /** The float32 values in a checkpoint of the session, by name. */
  async values({ session, graph }: { session: Session; graph: SavedModelGraph }) {
    const { folder } = await this.save(session);
    return readCheckpoint(this.engine, folder, graph.variables);
  }

  restore(session: Session, folder: string): Promise<void> {
    return restoreCheckpoint(session, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export const integer = (value: number): TensorValue => {
  return { dtype: "int32", shape: [], data: Int32Array.of(value) };
};

/** Images `from` to `to` of a batch of `count`, and their classes. */
export function partOf(count: number, from: number, to: number, classCount: number, sizePixels = 32) {
  const all = images(count, sizePixels).data as Uint8Array;
  const each = all.length / count;
  return {
    images: {
      dtype: "uint8",
      shape: [to - from, sizePixels, sizePixels, 3],
      data: all.slice(from * each, to * each),
    },
    labels: {
      dtype: "int32",
      shape: [to - from],
      data: Int32Array.from({ length: to - from }, (_, i) => (from + i) % classCount),
    },
  } as const;
}

/** The maximum difference between the values of a variable, relative to its maximum. */
export function farthest(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  let worst = 0;
  for (const [name, values] of a) {
    const others = b.get(name);
    if (others === undefined) throw new Error(`Only one side has ${name}.`);
    const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    for (const [i, value] of values.entries()) {
      worst = Math.max(worst, Math.abs(value - others[i]!) / size);
    }
  }
  return worst;
}
