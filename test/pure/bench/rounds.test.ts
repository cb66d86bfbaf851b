import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { PeerRunner, type PeerRunnerOptions } from "../../../bench/peers/peer-runner.js";
import type { PeerPrecision, PeerScript } from "../../../bench/peers/peer-scripts.js";
import { compareRounds, takeTurns } from "../../../bench/peers/rounds.js";

const SCRIPTS = {
  "echo.cjs": "console.log(process.argv[2]);",
  "broken.cjs": 'console.log("never read"); throw new TypeError("no such package");',
  // Takes half as many seconds in bfloat16, or never ends.
  "halving.cjs": "console.log(process.argv[4] === 'bfloat16' ? process.argv[2] / 2 : process.argv[2]);",
  "endless.cjs":
    "if (process.argv[4] === 'bfloat16') setInterval(() => {}, 1e6); else console.log(process.argv[2]);",
};

let scriptsFolder = "";
before(async () => {
  scriptsFolder = await mkdtemp(path.join(tmpdir(), "espalier-test-peers-"));
  for (const [file, text] of Object.entries(SCRIPTS)) await writeFile(path.join(scriptsFolder, file), text);
});
after(() => rm(scriptsFolder, { recursive: true, force: true }));

function peer(
  name: string,
  file: string,
  precisions: readonly PeerPrecision[] = [],
): PeerScript<string, string> {
  const read = (output: string): string => output.trim();
  return {
    ...{ name, file, precisions, read, runs: "node", cannot: () => null },
    arguments: (work) => [work],
    seconds: Number,
  };
}

function openRunner(options: Partial<PeerRunnerOptions> = {}): { runner: PeerRunner; lines: string[] } {
  const lines: string[] = [];
  const context = { report: (line: string) => lines.push(line), signal: new AbortController().signal };
  const runner = new PeerRunner({
    ...{ python: "/no/python", precision: "BEST", scriptsFolder, context },
    ...options,
  });
  return { runner, lines };
}

test("product and peers take turns, forwards and backwards", async () => {
  const { runner, lines } = openRunner();
  const product = async (): Promise<string> => {
    lines.push("product");
    return "ours";
  };
  const rounds = await takeTurns(2, product, [peer("A", "echo.cjs"), peer("B", "echo.cjs")], "6.1", runner);
  assert.deepEqual(
    lines.map((line) => line[0]),
    ["p", "A", "B", "B", "A", "p"],
  );
  assert.deepEqual(rounds[1]?.peers, new Map(Object.entries({ B: "6.1", A: "6.1" })));
});

test("a peer that cannot run is skipped from then on, and the reason is kept", async () => {
  const { runner, lines } = openRunner();
  const python: PeerScript<string, string> = { ...peer("P", "peer.py"), runs: "python" };
  const unfit: PeerScript<string, string> = { ...peer("U", "unfit.py"), cannot: () => "too small" };
  const all = [peer("A", "broken.cjs"), python, unfit, peer("B", "echo.cjs")];
  const rounds = await takeTurns(2, async () => "ours", all, "6.1", runner);
  assert.deepEqual([...rounds.flatMap(({ peers }) => [...peers.keys()])], ["B", "B"]);
  assert.deepEqual(
    [...runner.skipped],
    [
      ["A", "TypeError: no such package"],
      ["P", "spawn /no/python ENOENT"],
      ["U", "too small"],
    ],
  );
  assert.equal(lines.filter((line) => line.includes("skipped")).length, 3, "each reason is reported once");
});

test("without a Python the peers that need one are skipped", async () => {
  const { runner } = openRunner({ python: null });
  assert.equal(await runner.run({ ...peer("P", "echo.cjs"), runs: "python" }, "1"), null);
  assert.equal(await runner.run(peer("N", "echo.cjs"), "1"), "1");
  assert.deepEqual([...runner.skipped], [["P", "--python was not given"]]);
});

test("a peer is compared in its faster precision, which is found in the first round", async () => {
  const { runner, lines } = openRunner();
  const halving = peer("H", "halving.cjs", ["float32", "bfloat16"]);
  assert.deepEqual([await runner.run(halving, "6"), await runner.run(halving, "8")], ["3", "4"]);
  assert.equal(lines.filter((line) => line === "H: bfloat16 is its faster precision here").length, 1);
});

test("a precision can be asked for, and a peer without it is skipped", async () => {
  const { runner } = openRunner({ precision: "bfloat16" });
  assert.equal(await runner.run(peer("H", "halving.cjs", ["float32", "bfloat16"]), "6"), "3");
  assert.equal(await runner.run(peer("F", "halving.cjs", ["float32"]), "6"), null);
  assert.deepEqual([...runner.skipped], [["F", "it has no bfloat16"]]);
});

test("a precision that takes far longer than the first is stopped", { timeout: 60_000 }, async () => {
  const { runner, lines } = openRunner({ marginMs: 500 });
  const endless = peer("E", "endless.cjs", ["float32", "bfloat16"]);
  assert.equal(await runner.run(endless, "6"), "6");
  assert.ok(lines.some((line) => /^E: bfloat16 was stopped after \d+ s; it is slower$/.test(line)));
});

test("ratios are the product's figures divided by the peer's, each the median of its rounds", () => {
  const rounds = [
    { product: 3, peers: new Map([["Keras", 2]]) },
    { product: 4, peers: new Map([["Keras", 4]]) },
    { product: 8, peers: new Map<string, number>() },
    { product: 6, peers: new Map([["Keras", 2]]) },
  ];
  const figure = { ofProduct: (value: number) => value, ofPeer: (value: number) => value };
  const figures = compareRounds(
    rounds,
    ["Keras", "Torch"],
    [{ ratio: "trainVs", figure: "ImagesPerSecond", ...figure }],
  );
  assert.deepEqual(figures, { trainVsKeras: 1.5, kerasImagesPerSecond: 2, productImagesPerSecond: 5 });
});
