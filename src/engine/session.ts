import { AppError } from "../core/app-error.js";
import type { SignatureTable } from "../graph/saved-model/signature.js";
import type { TensorValue } from "./engine-protocol.js";
import type { EngineThread } from "./engine-thread.js";
import { validateInputs } from "./input-validation.js";
import { detachable, transferables } from "./transfer.js";

/** A graph loaded in the engine. It has its own variables, which keep their values between runs. */
export interface Session extends AsyncDisposable {
  readonly signatures: SignatureTable;
  /**
   * Runs one signature. An engine executes its runs one after another, in the order of the calls.
   *
   * The engine takes ownership of the inputs without copying them: an array that covers its whole buffer is empty
   * (detached) afterwards, so create a new one for every run. Views of larger buffers are copied. Arrays over a
   * SharedArrayBuffer stay usable, but must not change until the run has finished.
   *
   * @returns the outputs of the signature, by name
   * @throws AppError `ENGINE_INPUT_INVALID`, `ENGINE_SIGNATURE_UNKNOWN`, `ENGINE_ERROR`,
   *   `ENGINE_OUT_OF_MEMORY`, `ENGINE_FAILED`, `ENGINE_SESSION_CLOSED`
   */
  run(
    signature: string,
    inputs: Readonly<Record<string, TensorValue>>,
  ): Promise<Readonly<Record<string, TensorValue>>>;
}

/** A session in a worker thread. `EngineHost` creates it and is told by `closed` when it ends. */
export class ThreadSession implements Session {
  #disposal: Promise<void> | null = null;

  constructor(
    readonly signatures: SignatureTable,
    private readonly thread: EngineThread,
    private readonly session: number,
    private readonly closed: () => void,
  ) {}

  async run(
    name: string,
    inputs: Readonly<Record<string, TensorValue>>,
  ): Promise<Readonly<Record<string, TensorValue>>> {
    if (this.#disposal !== null) {
      throw new AppError("ENGINE_SESSION_CLOSED", `Cannot run ${name}: the session is closed.`);
    }
    const signature = this.signatures[name];
    if (signature === undefined) {
      const known = Object.keys(this.signatures).join(", ");
      throw new AppError("ENGINE_SIGNATURE_UNKNOWN", `Expected one of ${known}. Received ${name}.`);
    }
    validateInputs(name, signature, inputs);

    const outputs = Object.entries(signature.outputs);
    const fed = Object.entries(signature.inputs).flatMap(([input, { name: tensor }]) => {
      const value = inputs[input];
      return value === undefined ? [] : [{ tensor, value: detachable(value) }];
    });
    const { values } = await this.thread.call(
      "run",
      {
        session: this.session,
        inputs: fed,
        outputs: outputs.map(([, { name: tensor, dtype }]) => ({ tensor, dtype })),
      },
      transferables(fed.map(({ value }) => value)),
    );
    return Object.fromEntries(
      outputs.flatMap(([output], index) => {
        const value = values[index];
        return value === undefined ? [] : [[output, value]];
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#unload();
    return this.#disposal;
  }

  async #unload(): Promise<void> {
    try {
      if (this.thread.alive) await this.thread.call("unload", { session: this.session });
    } finally {
      this.closed();
    }
  }
}
