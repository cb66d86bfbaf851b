import koffi, { type LibraryHandle } from "koffi";
import { AppError } from "../../../core/app-error.js";
import { messageOf } from "../../../lang/text/message-of.js";

/** A pointer to an object of LiteRT. */
export type Handle = unknown;

type KoffiFunction = ReturnType<LibraryHandle["func"]>;

const HANDLE = "void*";
const BYTES = "void*";
const CREATED = koffi.out(koffi.pointer("void*"));
const SIZE = koffi.out(koffi.pointer("size_t"));

/** The functions of LiteRT's C interface that are called, all of which return a status. */
const SIGNATURES = {
  LiteRtCreateEnvironment: ["int", BYTES, CREATED],
  LiteRtCreateModelFromFile: [HANDLE, "str", CREATED],
  LiteRtCreateOptions: [CREATED],
  LiteRtSetOptionsHardwareAccelerators: [HANDLE, "int"],
  LiteRtCreateOpaqueOptions: ["str", HANDLE, HANDLE, CREATED],
  LiteRtAddOpaqueOptions: [HANDLE, HANDLE],
  LiteRtCreateCompiledModel: [HANDLE, HANDLE, HANDLE, CREATED],
  LiteRtGetModelSubgraph: [HANDLE, "size_t", CREATED],
  LiteRtGetSubgraphInput: [HANDLE, "size_t", CREATED],
  LiteRtGetSubgraphOutput: [HANDLE, "size_t", CREATED],
  LiteRtGetRankedTensorType: [HANDLE, BYTES],
  LiteRtGetPerTensorQuantization: [HANDLE, BYTES],
  LiteRtCompiledModelResizeInputTensor: [HANDLE, "size_t", "size_t", BYTES, "size_t"],
  LiteRtGetCompiledModelOutputTensorLayouts: [HANDLE, "size_t", "size_t", BYTES, "bool"],
  LiteRtGetCompiledModelInputBufferRequirements: [HANDLE, "size_t", "size_t", CREATED],
  LiteRtGetCompiledModelOutputBufferRequirements: [HANDLE, "size_t", "size_t", CREATED],
  LiteRtCreateManagedTensorBufferFromRequirements: [HANDLE, BYTES, HANDLE, CREATED],
  LiteRtGetTensorBufferSize: [HANDLE, SIZE],
  LiteRtLockTensorBuffer: [HANDLE, CREATED, "int"],
  LiteRtUnlockTensorBuffer: [HANDLE],
  LiteRtRunCompiledModel: [
    HANDLE,
    "size_t",
    "size_t",
    koffi.pointer("void*"),
    "size_t",
    koffi.pointer("void*"),
  ],
} as const;
type FunctionName = keyof typeof SIGNATURES;

/** The functions that destroy an object and return nothing. */
type DestructorName =
  | "LiteRtDestroyTensorBuffer"
  | "LiteRtDestroyCompiledModel"
  | "LiteRtDestroyOptions"
  | "LiteRtDestroyModel"
  | "LiteRtDestroyEnvironment";

/** LiteRtStatus, as far as opening and running a file can return it. */
const STATUSES: Readonly<Record<number, string>> = {
  1: "invalid argument",
  2: "memory allocation failed",
  3: "the runtime failed",
  5: "unsupported",
  6: "not found",
  8: "wrong version",
  9: "unknown error",
  500: "the file cannot be read",
  501: "invalid FlatBuffer",
  503: "serialization failed",
  504: "compilation failed",
  1000: "index out of bounds",
  1001: "invalid type",
  1002: "invalid graph",
};

/** LiteRT's C interface. Objects are destroyed by the caller. */
export class LiteRtApi {
  readonly #library: LibraryHandle;
  readonly #functions = new Map<string, KoffiFunction>();

  /**
   * @param libraryFile of LiteRT 2.3; other versions have other parameters
   * @throws AppError `RUNTIME_UNAVAILABLE` when the library cannot be loaded
   */
  constructor(libraryFile: string) {
    try {
      this.#library = koffi.load(libraryFile);
    } catch (error) {
      throw new AppError(
        "RUNTIME_UNAVAILABLE",
        `LiteRT cannot be loaded from ${libraryFile}: ${messageOf(error)}. ` +
          "Expected a system with glibc 2.27 or newer. If the file is damaged, remove its folder and export again.",
        { cause: error },
      );
    }
  }

  /** @throws AppError `RUNTIME_FAILED` that names the function and its status */
  call(name: FunctionName, ...values: readonly unknown[]): void {
    requireSuccess(name, Number(this.#function(name)(...values)));
  }

  /** Calls a function in another thread. @throws AppError `RUNTIME_FAILED` */
  async callAside(name: FunctionName, ...values: readonly unknown[]): Promise<void> {
    const status = await new Promise<number>((resolve, reject) => {
      this.#function(name).async(...values, (error: unknown, result: number) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
    requireSuccess(name, status);
  }

  /** Calls a function whose last parameter receives an object. @throws AppError `RUNTIME_FAILED` */
  create(name: FunctionName, ...values: readonly unknown[]): Handle {
    const created: [Handle] = [null];
    this.call(name, ...values, created);
    return created[0];
  }

  destroy(name: DestructorName, object: Handle): void {
    let destructor = this.#functions.get(name);
    if (destructor === undefined) {
      destructor = this.#library.func(name, "void", [HANDLE]);
      this.#functions.set(name, destructor);
    }
    destructor(object);
  }

  /** The bytes of a tensor buffer while `use` runs. */
  withBytes<Result>(buffer: Handle, mode: "read" | "write", use: (bytes: Uint8Array) => Result): Result {
    const size: [number] = [0];
    this.call("LiteRtGetTensorBufferSize", buffer, size);
    const start: [Handle] = [null];
    this.call("LiteRtLockTensorBuffer", buffer, start, mode === "read" ? 0 : 1);
    try {
      return use(new Uint8Array(koffi.view(start[0], Number(size[0]))));
    } finally {
      this.call("LiteRtUnlockTensorBuffer", buffer);
    }
  }

  /** A text in memory of the C library, and the function that frees it: for objects that own their content. */
  ownedText(text: string): { readonly text: Handle; readonly free: Handle } {
    const c = koffi.load(null);
    const duplicate = c.func("strdup", HANDLE, ["str"]);
    return { text: duplicate(text), free: c.symbol("free") };
  }

  #function(name: FunctionName): KoffiFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const made = this.#library.func(name, "int", [...SIGNATURES[name]]);
    this.#functions.set(name, made);
    return made;
  }
}

function requireSuccess(name: FunctionName, status: number): void {
  if (status === 0) return;
  throw new AppError(
    "RUNTIME_FAILED",
    `${name} of LiteRT returned ${status} (${STATUSES[status] ?? "no known status"}).`,
  );
}
