import { invalidWeights, quoted } from "../invalid-weights.js";

/** A pickled value. Functions and classes are only names, which the reader interprets. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleDict
  | PickleList
  | PickleTuple
  | PickleGlobal
  | PickleObject;

export class PickleDict {
  readonly #entries = new Map<PickleValue, PickleValue>();

  get entries(): ReadonlyMap<PickleValue, PickleValue> {
    return this.#entries;
  }

  /** Drops numbers that count nothing as keys: files could choose them so that finding their place takes very long. */
  set(key: PickleValue, value: PickleValue): void {
    const isCount = typeof key !== "number" || (Number.isInteger(key) && Math.abs(key) <= MAX_OPERATIONS);
    if (isCount && typeof key !== "bigint") this.#entries.set(key, value);
  }
}

export class PickleList {
  readonly items: PickleValue[] = [];
}

export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A function or a class by its name, "torch.FloatStorage". */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/**
 * Stands for an object of a class or function that means nothing here, such as a `Namespace` or a NumPy scalar. Nothing is
 * ever called: it has the name of what Python would call, and the items that a dictionary of that class would get.
 */
export class PicklePlaceholder extends PickleDict {
  constructor(readonly name: string) {
    super();
  }
}

/** The value that a reader gives a call or a persistent id. */
export abstract class PickleObject {
  /** Prevents other classes from being assignable to this one. */
  protected readonly pickled = true;
}

/** The meanings of the names in a pickle. */
export interface PickleMeaning {
  /**
   * Called instead of the function or class.
   *
   * @param charge must be called with the number of values before they are copied
   */
  call(global: string, args: readonly PickleValue[], charge: (values: number) => void): PickleValue;
  persistent(id: PickleValue): PickleValue;
}

/** Takes values only; every call is refused. */
export const NO_MEANING: PickleMeaning = {
  call: (global) => {
    throw invalidWeights("a pickle of plain values", `a call of ${quoted(global)}`);
  },
  persistent: () => {
    throw invalidWeights("a pickle of plain values", "a persistent id");
  },
};

/** State dictionaries need some ten thousand; each takes memory and time. A copy of many values counts as many. */
const MAX_OPERATIONS = 2_000_000;
/** Texts are compared with each other; each part of this length counts as an operation. */
const CHARGED_CHARACTERS = 256;
/** Names are put together and compared at each call. */
const MAX_GLOBAL_CHARACTERS = 1000;
const MAX_INTEGER_BYTES = 255;
const MARK = Symbol("mark");

type StackItem = PickleValue | typeof MARK;

/**
 * Reads one pickle. No code in it is ever run: it builds values, and a call goes to `meaning`, which knows the few names
 * that a file of weights needs. Opcodes are those of Python's `pickletools`
 * that protocols 2 to 5 write for such values.
 *
 * @returns the value, and the end of the pickle in `bytes`
 * @throws AppError `WEIGHTS_INVALID`
 */
export function readPickle(
  bytes: Buffer,
  start: number,
  meaning: PickleMeaning,
): { value: PickleValue; end: number } {
  const machine = new PickleMachine(bytes, start, meaning);
  for (;;) {
    machine.charge(1);
    const opcode = machine.byte();
    if (opcode === STOP) return { value: machine.pop(), end: machine.position };
    const operation = OPERATIONS[opcode];
    if (operation === undefined) {
      throw invalidWeights(
        "known pickle opcodes",
        `0x${opcode.toString(16)} at byte ${machine.position - 1}`,
      );
    }
    operation(machine);
  }
}

/** The stack, the memo and the place in the bytes. */
class PickleMachine {
  readonly #stack: StackItem[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #operations = 0;

  constructor(
    private readonly bytes: Buffer,
    public position: number,
    readonly meaning: PickleMeaning,
  ) {}

  /** @throws AppError `WEIGHTS_INVALID` when the pickle has taken too many operations */
  charge(operations: number): void {
    this.#operations += operations;
    if (this.#operations > MAX_OPERATIONS) {
      throw invalidWeights(`a pickle of at most ${MAX_OPERATIONS} operations`, "more");
    }
  }

  take(count: number): Buffer {
    const end = this.position + count;
    if (end > this.bytes.length) throw invalidWeights("a whole pickle", `one that ends in the middle`);
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A length of 8 bytes. A length that is too large to be exact is still larger than any pickle. */
  uint64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  text(length: number): string {
    return this.take(length).toString("utf8");
  }

  line(): string {
    const end = this.bytes.indexOf("\n", this.position);
    const length = end < 0 ? this.bytes.length : end - this.position;
    const line = this.text(length);
    this.take(1);
    return line;
  }

  push(item: StackItem): void {
    this.#stack.push(item);
  }

  pop(): PickleValue {
    const item = this.#stack.pop();
    if (item === undefined || item === MARK) throw wrongOrder();
    return item;
  }

  top(): PickleValue {
    const item = this.#stack.at(-1);
    if (item === undefined || item === MARK) throw wrongOrder();
    return item;
  }

  /** Removes the values since the last mark, and the mark. */
  popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw wrongOrder();
    const items = this.#stack.splice(mark + 1) as PickleValue[];
    this.#stack.pop();
    return items;
  }

  memoize(index: number = this.#memo.size): void {
    if (index > MAX_OPERATIONS) throw wrongOrder();
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw wrongOrder();
    this.push(value);
  }
}

const STOP = 0x2e;

/** The operations by opcode, with the names of `pickletools`. */
const OPERATIONS: Readonly<Record<number, (machine: PickleMachine) => void>> = {
  128: (machine) => machine.take(1), // PROTO
  149: (machine) => machine.take(8), // FRAME
  40: (machine) => machine.push(MARK), // MARK
  48: (machine) => machine.pop(), // POP
  49: (machine) => machine.popToMark(), // POP_MARK
  50: (machine) => machine.push(machine.top()), // DUP

  78: (machine) => machine.push(null), // NONE
  136: (machine) => machine.push(true), // NEWTRUE
  137: (machine) => machine.push(false), // NEWFALSE
  75: (machine) => machine.push(machine.byte()), // BININT1
  77: (machine) => machine.push(machine.take(2).readUInt16LE()), // BININT2
  74: (machine) => machine.push(machine.take(4).readInt32LE()), // BININT
  138: (machine) => machine.push(integer(machine.take(machine.byte()))), // LONG1
  139: (machine) => machine.push(longInteger(machine.take(machine.uint32()))), // LONG4
  71: (machine) => machine.push(machine.take(8).readDoubleBE()), // BINFLOAT
  140: (machine) => machine.push(machine.text(machine.byte())), // SHORT_BINUNICODE
  88: (machine) => machine.push(machine.text(machine.uint32())), // BINUNICODE
  141: (machine) => machine.push(machine.text(machine.uint64())), // BINUNICODE8
  85: (machine) => machine.push(machine.text(machine.byte())), // SHORT_BINSTRING
  84: (machine) => machine.push(machine.text(machine.uint32())), // BINSTRING
  67: (machine) => machine.push(machine.take(machine.byte())), // SHORT_BINBYTES
  66: (machine) => machine.push(machine.take(machine.uint32())), // BINBYTES
  142: (machine) => machine.push(machine.take(machine.uint64())), // BINBYTES8
  150: (machine) => machine.push(machine.take(machine.uint64())), // BYTEARRAY8

  125: (machine) => machine.push(new PickleDict()), // EMPTY_DICT
  93: (machine) => machine.push(new PickleList()), // EMPTY_LIST
  143: (machine) => machine.push(new PickleList()), // EMPTY_SET
  144: (machine) => append(machine, machine.popToMark()), // ADDITEMS
  145: (machine) => machine.push(new PickleTuple(machine.popToMark())), // FROZENSET
  41: (machine) => machine.push(new PickleTuple([])), // EMPTY_TUPLE
  116: (machine) => machine.push(new PickleTuple(machine.popToMark())), // TUPLE
  133: (machine) => machine.push(popTuple(machine, 1)), // TUPLE1
  134: (machine) => machine.push(popTuple(machine, 2)), // TUPLE2
  135: (machine) => machine.push(popTuple(machine, 3)), // TUPLE3
  // SETITEM
  115: (machine) => {
    const { items } = popTuple(machine, 2);
    setItems(machine, items);
  },
  117: (machine) => setItems(machine, machine.popToMark()), // SETITEMS
  97: (machine) => append(machine, [machine.pop()]), // APPEND
  101: (machine) => append(machine, machine.popToMark()), // APPENDS

  113: (machine) => machine.memoize(machine.byte()), // BINPUT
  114: (machine) => machine.memoize(machine.uint32()), // LONG_BINPUT
  148: (machine) => machine.memoize(), // MEMOIZE
  104: (machine) => machine.recall(machine.byte()), // BINGET
  106: (machine) => machine.recall(machine.uint32()), // LONG_BINGET

  99: (machine) => machine.push(globalOf(machine.line(), machine.line())), // GLOBAL
  // STACK_GLOBAL
  147: (machine) => {
    const [module, name] = popTuple(machine, 2).items;
    if (typeof module !== "string" || typeof name !== "string") throw wrongOrder();
    machine.push(globalOf(module, name));
  },
  82: call, // REDUCE
  129: call, // NEWOBJ
  // NEWOBJ_EX: the named arguments come last.
  146: (machine) => {
    machine.pop();
    call(machine);
  },
  // BUILD: attributes of an object, such as a state dictionary's `_metadata`, which weights do not need.
  98: (machine) => machine.pop(),
  81: (machine) => machine.push(machine.meaning.persistent(machine.pop())), // BINPERSID
};

function call(machine: PickleMachine): void {
  const [called, args] = popTuple(machine, 2).items;
  if (!(args instanceof PickleTuple)) throw wrongOrder();
  // For example a method that another call looked up.
  if (called instanceof PicklePlaceholder) machine.push(new PicklePlaceholder(called.name));
  else if (called instanceof PickleGlobal) {
    machine.push(machine.meaning.call(called.name, args.items, (values) => machine.charge(values)));
  } else throw wrongOrder();
}

function globalOf(module: string, name: string): PickleGlobal {
  if (module.length + name.length <= MAX_GLOBAL_CHARACTERS) return new PickleGlobal(`${module}.${name}`);
  throw invalidWeights(`names of at most ${MAX_GLOBAL_CHARACTERS} characters`, "a longer one");
}

function popTuple(machine: PickleMachine, count: number): PickleTuple {
  return new PickleTuple(Array.from({ length: count }, () => machine.pop()).reverse());
}

function setItems(machine: PickleMachine, items: readonly PickleValue[]): void {
  const dict = machine.top();
  if (!(dict instanceof PickleDict) || items.length % 2 !== 0) throw wrongOrder();
  for (let index = 0; index < items.length; index += 2) {
    setCharged(dict, items[index] ?? null, items[index + 1] ?? null, (values) => machine.charge(values));
  }
}

/** Sets an item of a dictionary, and charges a long key. */
export function setCharged(
  dictionary: PickleDict,
  key: PickleValue,
  value: PickleValue,
  charge: (values: number) => void,
): void {
  if (typeof key === "string") charge(Math.floor(key.length / CHARGED_CHARACTERS));
  dictionary.set(key, value);
}

function append(machine: PickleMachine, items: readonly PickleValue[]): void {
  const list = machine.top();
  if (list instanceof PicklePlaceholder) return;
  if (!(list instanceof PickleList)) throw wrongOrder();
  for (const item of items) list.items.push(item);
}

/** No weights need such numbers, and converting very long ones takes time. */
function longInteger(bytes: Buffer): PickleValue {
  return bytes.length > MAX_INTEGER_BYTES ? new PicklePlaceholder("builtins.int") : integer(bytes);
}

/** Two's complement, little endian; a number when it fits one. */
function integer(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0;
  const digits = Buffer.from(bytes).reverse().toString("hex");
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${digits}`));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function wrongOrder(): Error {
  return invalidWeights("a pickle whose operations fit each other", "others");
}
