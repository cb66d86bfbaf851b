import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { PeerRunner } from "../../../bench/peers/peer-runner.js";
import type { PeerScript } from "../../../bench/peers/peer-scripts.js";
import { compareRounds, takeTurns } from "../../../bench/peers/rounds.js";

let scriptsFolder = "";
before(async () => {
  scriptsFolder = await mkdtemp(path.join(tmpdir(), "espalier-test-peers-"));
  await writeFile(path.join(scriptsFolder, "echo.cjs"), "console.log(process.argv[2]);");
  await writeFile(
    path.join(scriptsFolder, "broken.cjs"),
    'console.log("never read"); throw new TypeError("no such package");',
  );
  await writeFile(
    path.join(scriptsFolder, "tfjs.cjs"),
    'console.log(require.resolve("@tensorflow/tfjs-node"), require("node:util").isNullOrUndefined(null));',
  );
});
after(() => rm(scriptsFolder, { recursive: true, force: true }));

function peer(name: string, file: string): PeerScript<string, string> {
  const read = (output: string): string => output.trim();
  return { name, file, runs: "node", arguments: (work) => [work], cannot: () => null, read };
}

function openRunner(): { runner: PeerRunner; lines: string[] } {
  const lines: string[] = [];
  const context = { report: (line: string) => lines.push(line), signal: new AbortController().signal };
  return { runner: new PeerRunner({ python: "/no/python", scriptsFolder, context }), lines };
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

test("a peer that cannot run is left out once and for all, and the reason told", async () => {
  const { runner, lines } = openRunner();
  const python: PeerScript<string, string> = { ...peer("P", "peer.py"), runs: "python" };
  const unfit: PeerScript<string, string> = { ...peer("U", "unfit.py"), cannot: () => "too small" };
  const all = [peer("A", "broken.cjs"), python, unfit, peer("B", "echo.cjs")];
  const rounds = await takeTurns(2, async () => "ours", all, "6.1", runner);
  assert.deepEqual([...rounds.flatMap(({ peers }) => [...peers.keys()])], ["B", "B"]);
  assert.deepEqual(
    lines.filter((line) => line.includes("left out")),
    [
      "broken.cjs is left out: TypeError: no such package",
      "peer.py is left out: spawn /no/python ENOENT",
      "unfit.py is left out: too small",
    ],
  );
});

test("the TensorFlow.js peer gets the project's own package, on a Node that dropped what it calls", async () => {
  const { runner } = openRunner();
  const printed = await runner.run(peer("Tfjs", "tfjs.cjs"), "");
  assert.match(printed ?? "", /tfjs-node-gpu\S* true$/);
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
    [
      { ratio: "trainVs", figure: "ImagesPerSecond", ...figure },
      { ratio: "memoryVs", figure: "PeakMemoryBytes", ...figure, ofPeer: () => null },
    ],
  );
  assert.deepEqual(figures, {
    trainVsKeras: 1.5,
    kerasImagesPerSecond: 2,
    productImagesPerSecond: 5,
    productPeakMemoryBytes: 5,
  });
});
