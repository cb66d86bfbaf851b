import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { findStateDict } from "../../../../src/registry/weights/torch/containers.js";
import {
  NO_MEANING,
  PickleDict,
  PickleList,
  PicklePlaceholder,
  PickleTuple,
  readPickle,
} from "../../../../src/registry/weights/torch/pickle.js";
import { STATE_DICT_MEANING } from "../../../../src/registry/weights/torch/state-dict.js";
import { seededRandom } from "../../../testkit/random.js";

/** Opcodes as Python's pickletools prints them. */
function pickle(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
}

test("values are read as Python pickled them", () => {
  // pickle.dumps({"a": [1, -2, 2**40, True, None, 0.5], "b": ("x", b"y")}, protocol=2), by hand.
  const bytes = pickle(
    "\x80\x02}q\x00(X\x01\0\0\0aq\x01]q\x02(K\x01J\xfe\xff\xff\xff\x8a\x06\0\0\0\0\0\x01\x88N",
    "G\x3f\xe0\0\0\0\0\0\0eX\x01\0\0\0bX\x01\0\0\0xC\x01y\x86u.",
  );
  const { value, end } = readPickle(Buffer.concat([bytes, Buffer.from("rest")]), 0, NO_MEANING);
  assert.equal(end, bytes.length);
  assert.ok(value instanceof PickleDict);
  const [a, b] = [value.entries.get("a"), value.entries.get("b")];
  assert.ok(a instanceof PickleList && b instanceof PickleTuple);
  assert.deepEqual(a.items, [1, -2, 2 ** 40, true, null, 0.5]);
  assert.deepEqual(b.items, ["x", Buffer.from("y")]);
});

const ATTACKS = {
  "posix.system": pickle("\x80\x02cposix\nsystem\nX\x06\0\0\0reboot\x85R."),
  "builtins.eval": pickle("\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x031+1\x85R."),
  "subprocess.Popen": pickle("\x80\x02csubprocess\nPopen\n)\x81."),
  "types.CodeType": pickle("\x80\x04ctypes\nCodeType\n)}\x92."),
  "torch.__proto__": pickle("\x80\x02ctorch\n__proto__\n)R."),
  "constructor.": pickle("\x80\x02cconstructor\n\n)R."),
};

test("what a pickle would call becomes a placeholder that only has the name", () => {
  for (const [name, bytes] of Object.entries(ATTACKS)) {
    const { value } = readPickle(bytes, 0, STATE_DICT_MEANING);
    assert.ok(value instanceof PicklePlaceholder);
    assert.equal(value.name, name);
    assert.equal(value.entries.size, 0);
  }
});

test("plain values may call nothing: the refusal has the name", () => {
  for (const [name, bytes] of Object.entries(ATTACKS)) {
    assert.throws(
      () => readPickle(bytes, 0, NO_MEANING),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "WEIGHTS_INVALID");
        assert.ok(error.message.includes(JSON.stringify(name)), error.message);
        return true;
      },
    );
  }
});

test("sets, long numbers and bytes of newer protocols are values like any others", () => {
  // [{1}, frozenset({2}), 2 ** 40, a number of 300 bytes, b"xy", bytearray(b"z")]
  const bytes = pickle(
    "\x80\x05](\x8f(K\x01\x90(K\x02\x91\x8b\x06\0\0\0\0\0\0\0\0\x01",
    Buffer.concat([Buffer.from([0x8b, 0x2c, 1, 0, 0]), Buffer.alloc(300, 1)]),
    "\x8e\x02\0\0\0\0\0\0\0xy\x96\x01\0\0\0\0\0\0\0ze.",
  );
  const { value } = readPickle(bytes, 0, NO_MEANING);
  assert.ok(value instanceof PickleList);
  const [set, frozen, long, veryLong, ...rest] = value.items;
  assert.ok(set instanceof PickleList && frozen instanceof PickleTuple);
  assert.deepEqual([set.items, frozen.items, long], [[1], [2], 2 ** 40]);
  assert.ok(veryLong instanceof PicklePlaceholder);
  assert.deepEqual(rest, [Buffer.from("xy"), Buffer.from("z")]);
});

test("a placeholder takes attributes, items and calls, and stays one", () => {
  // Namespace() with its attributes; a dictionary of a class, with an item; a list of a class; a call of what a call gave.
  const placeholders = [
    "\x80\x02cargparse\nNamespace\n)\x81}X\x02\0\0\0lrK\x01sb.",
    "\x80\x02ceasydict\nEasyDict\n)\x81X\x01\0\0\0aK\x01s.",
    "\x80\x02cmine\nList\n)\x81(K\x01K\x02e.",
    "\x80\x02cbuiltins\ngetattr\nX\x01\0\0\0aX\x01\0\0\0b\x86R)R.",
  ];
  for (const bytes of placeholders) {
    const { value } = readPickle(pickle(bytes), 0, STATE_DICT_MEANING);
    assert.ok(value instanceof PicklePlaceholder, bytes);
  }
});

test("opcodes that no file of weights has are refused", () => {
  // INST, OBJ, EXT1, PERSID, READONLY_BUFFER
  for (const opcode of ["i", "o", "\x82", "P", "\x98"]) {
    assert.throws(() => readPickle(pickle("\x80\x02(K\x01", opcode, "\x01."), 0, STATE_DICT_MEANING), {
      code: "WEIGHTS_INVALID",
      message: /known pickle opcodes/,
    });
  }
});

test("a pickle that ends early, nests wrongly or never ends is refused", () => {
  const broken = [
    "",
    "\x80",
    "}",
    "R.",
    "K\x01K\x02R.",
    "(K\x01s.",
    "h\x05.",
    "u.",
    "0.",
    "X\xff\xff\xff\xff.",
    "c.",
  ];
  for (const bytes of broken) {
    assert.throws(() => readPickle(pickle(bytes), 0, STATE_DICT_MEANING), { code: "WEIGHTS_INVALID" }, bytes);
  }
  assert.throws(() => readPickle(pickle(Buffer.alloc(3_000_000, "N")), 0, NO_MEANING), {
    code: "WEIGHTS_INVALID",
    message: /at most 2000000 operations/,
  });
});

describe("small pickles that ask for much work are refused soon", () => {
  const number = (value: number): Buffer => {
    const bytes = Buffer.from("J\0\0\0\0", "latin1");
    bytes.writeInt32LE(value, 1);
    return bytes;
  };
  const text = (length: number): Buffer => {
    const bytes = Buffer.alloc(5 + length, "x");
    bytes.write("X", "latin1");
    bytes.writeUInt32LE(length, 1);
    return bytes;
  };
  const numbers = Array.from({ length: 50_000 }, (_, index) => number(index));
  const pairs = numbers.map((bytes) => Buffer.concat([bytes, Buffer.from("N\x86", "latin1")]));
  const times = (count: number, program: string): string => program.repeat(count);
  const cases: Readonly<Record<string, readonly (string | Buffer)[]>> = {
    "dictionaries of one long list": [
      ...["ccollections\nOrderedDict\nq\0]q\x01(", ...pairs, "e0"],
      times(3000, "h\0h\x01\x85R0"),
    ],
    "the same through a subclass of tensors": [
      ...["ccollections\nOrderedDict\nq\0]q\x01(", ...pairs, "e0"],
      "ctorch._tensor\n_rebuild_from_type_v2\nq\x02",
      times(3000, "h\x02h\0Nh\x01\x85\x87R0"),
    ],
    "tensors of one long shape": [
      ...["ctorch._utils\n_rebuild_tensor_v2\nq\0(", ...numbers, "tq\x010"],
      ...["(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0aNK\x01tQq\x020"],
      times(3000, "h\0(h\x02K\0h\x01h\x01tR0"),
    ],
    "long names of functions": [text(4_000_000), "q\0", times(3000, "h\0h\0\x93)R0")],
    "long equal keys": [
      ...[text(4_000_000), "q\0", text(4_000_000), "q\x01", "}"],
      times(3000, "h\0Nsh\x01Ns"),
    ],
    "long keys of storages": [
      ...["ctorch\nFloatStorage\nq\x02", text(4_000_000), "q\0"],
      times(3000, "(X\x07\0\0\0storageh\x02h\0NK\x01tQ0"),
    ],
  };
  for (const [name, parts] of Object.entries(cases)) {
    test(name, () => {
      const bytes = pickle("\x80\x02", ...parts, "}.");
      const start = performance.now();
      assert.throws(() => readPickle(bytes, 0, STATE_DICT_MEANING), { code: "WEIGHTS_INVALID" });
      assert.ok(performance.now() - start < 5000);
    });
  }

  test("keys that would all lie in one place of a table are dropped, and places of the memo are few", () => {
    const fraction = Buffer.from("G\x3f\xe0\0\0\0\0\0\0", "latin1");
    const { value } = readPickle(pickle("\x80\x02}(", fraction, "NK\x07Nu."), 0, NO_MEANING);
    assert.ok(value instanceof PickleDict);
    assert.deepEqual([...value.entries], [[7, null]]);
    assert.throws(() => readPickle(pickle("\x80\x02Nr\0\0\0\xff."), 0, NO_MEANING), {
      code: "WEIGHTS_INVALID",
    });
  });

  test("a rebuilt subclass of a rebuilt subclass is a placeholder, however deep", () => {
    const deep = times(20_000, "h\0h\0Nh\x01\x87q\x01R0");
    const bytes = pickle(
      ...["\x80\x02ctorch._tensor\n_rebuild_from_type_v2\nq\0)q\x01", deep, "h\0h\0Nh\x01\x87R."],
    );
    assert.ok(readPickle(bytes, 0, STATE_DICT_MEANING).value instanceof PicklePlaceholder);
  });
});

test("programs of random operations give a value or are refused, and so is the search in what they give", () => {
  const random = seededRandom(1);
  const operations = [
    ...[
      "}",
      "]",
      ")",
      "(",
      "0",
      "1",
      "2",
      "N",
      "\x88",
      "K\x01",
      "J\xff\xff\xff\xff",
      "\x8a\x01\x05",
      "\x8b\x01\0\0\0\x05",
    ],
    ...[
      "X\x06\0\0\0weight",
      "X\x05\0\0\0model",
      "C\x01y",
      "\x8f",
      "\x91",
      "t",
      "\x85",
      "\x86",
      "\x87",
      "s",
      "u",
      "a",
      "e",
      "\x90",
    ],
    ...["q\x00", "h\x00", "\x94", "b", "R", "\x81", "\x92", "Q", "\x93"],
    ...["cargparse\nNamespace\n", "ccollections\nOrderedDict\n", "ctorch._utils\n_rebuild_tensor_v2\n"],
    ...["ctorch\nFloatStorage\n", "X\x07\0\0\0storage", "ctorch._tensor\n_rebuild_from_type_v2\n"],
  ];
  const codes = new Map<string, number>();
  for (let round = 0; round < 20_000; round++) {
    const length = 1 + Math.floor(random() * 30);
    const parts = Array.from({ length }, () => operations[Math.floor(random() * operations.length)] ?? "");
    let outcome = "read";
    try {
      findStateDict(readPickle(pickle("\x80\x02", ...parts, "."), 0, STATE_DICT_MEANING).value);
    } catch (error) {
      assert.ok(error instanceof AppError, JSON.stringify(parts));
      outcome = error.code;
    }
    codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
  }
  assert.deepEqual(
    [...codes.keys()].filter((code) => code !== "read" && code !== "WEIGHTS_INVALID"),
    [],
  );
});
