import assert from "node:assert/strict";
import { test } from "node:test";
import { readEpochs, readPythonTraining, readTfjsTraining } from "../../../bench/peers/peer-output.js";

const KERAS = `infer b1 122.4ms 8.17 img/s
infer b8 741.0ms 10.80 img/s
train b8 2644.1ms 3.03 img/s rss 4103
`;

test("what Keras and PyTorch print of VGG19 is read from its last line", () => {
  assert.deepEqual(readPythonTraining(KERAS), {
    imagesPerSecond: 3.03,
    peakMemoryBytes: 4103 * 1000 * 1024,
  });
});

test("what the hand-written TensorFlow step prints begins with its precision", () => {
  assert.equal(readPythonTraining("bf16 train b8 2490.0ms 3.21 img/s rss 3800\n").imagesPerSecond, 3.21);
});

test("what TensorFlow.js prints tells no peak of memory", () => {
  const output = "infer b8 741.0ms 10.80 img/s\ntrain b8 6779.7ms 1.18 img/s rss 11400\n";
  assert.deepEqual(readTfjsTraining(output), { imagesPerSecond: 1.18, peakMemoryBytes: null });
});

test("what the recipes print is read from the JSON after their epochs", () => {
  const output = `0 6.31 s val 0.4132
1 6.12 s val 0.5312
{"peer": "torch", "secondsPerEpoch": 6.12, "bestValTop1": 0.5312, "totalSeconds": 12.5}
`;
  assert.deepEqual(readEpochs(output), { secondsPerEpoch: 6.12, bestValTop1: 0.5312 });
});

for (const output of ["", "infer b8 741.0ms 10.80 img/s\n", "train b8 nan"]) {
  test(`output without a training line is no measurement: ${JSON.stringify(output)}`, () => {
    assert.throws(() => readPythonTraining(output), { code: "PEER_OUTPUT_UNEXPECTED", message: /train b8/ });
  });
}

for (const output of [
  "",
  "0 6.31 s val 0.4132\n",
  '{"secondsPerEpoch": 6.12}',
  "null",
  '{"secondsPerEpoch": NaN}',
]) {
  test(`output without a recipe's figures is no measurement: ${JSON.stringify(output)}`, () => {
    assert.throws(() => readEpochs(output), { code: "PEER_OUTPUT_UNEXPECTED" });
  });
}
