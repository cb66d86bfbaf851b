import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DistillationKind } from "../../../src/core/enumerations.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { gradients } from "../../../src/graph/gradients/gradients.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { type DistillationOptions, distillationLoss } from "../../../src/graph/losses/distillation.js";
import { softmaxCrossEntropy } from "../../../src/graph/losses/softmax-cross-entropy.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { mean } from "../../../src/graph/ops/reduction.js";
import { readGolden } from "../../golden/golden-file.js";
import { startTestEngine } from "../../testkit/engine.js";
import { float32Value, graphOf, int32Value, numbersOf } from "../graph/graph-of.js";

type Rows = readonly (readonly number[])[];

interface DistillationGolden {
  readonly labelSmoothing: number;
  readonly classWeights: readonly number[];
  readonly student: Rows;
  readonly teacher: Rows;
  readonly labels: readonly number[];
  readonly cases: readonly (DistillationOptions & {
    readonly losses: readonly number[];
    readonly gradient: Rows;
  })[];
}

/** Relative to the largest number: float32 has 7 digits, of which temperature^2 and beta leave some. */
const TOLERANCE = 2e-5;

let engine: EngineHost;
let golden: DistillationGolden;
before(async () => {
  engine = await startTestEngine();
  golden = await readGolden<DistillationGolden>("distillation");
});
after(() => engine[Symbol.asyncDispose]());

interface Batch {
  readonly student: Rows;
  readonly teacher: Rows;
  readonly labels: readonly number[];
}

/** Losses, and the gradients of their mean, for the logits of both networks. */
async function measure(
  options: DistillationOptions,
  { student, teacher, labels }: Batch,
  ofLabels: Parameters<typeof softmaxCrossEntropy>[3] = {},
) {
  const shape = [labels.length, student[0]!.length];
  const graph = new GraphBuilder();
  const fed = {
    student: placeholder(graph, "student", "float32", [null, shape[1]!]),
    teacher: placeholder(graph, "teacher", "float32", [null, shape[1]!]),
    labels: placeholder(graph, "labels", "int32", [null]),
  };
  const plain = softmaxCrossEntropy(graph, fed.student, fed.labels, ofLabels);
  const losses = distillationLoss(graph, plain, fed.labels, fed, options);
  const gradient = gradients(graph, mean(graph, losses, [0]), [fed.student]).get(fed.student)!;
  await using session = await engine.openGraph(
    graphOf(graph, { run: { inputs: fed, outputs: { losses, gradient } } }),
  );
  const outputs = await session.run("run", {
    student: float32Value(shape, student.flat()),
    teacher: float32Value(shape, teacher.flat()),
    labels: int32Value([labels.length], labels),
  });
  return { losses: numbersOf(outputs.losses), gradient: numbersOf(outputs.gradient) };
}

function assertClose(
  found: readonly number[],
  expected: readonly number[],
  what: string,
  tolerance = TOLERANCE,
) {
  const largest = Math.max(...expected.map(Math.abs));
  assert.equal(found.length, expected.length, what);
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(found[i]! - value);
    assert.ok(difference <= tolerance * largest, `${what} ${i}: ${found[i]} instead of ${value}`);
  }
}

test("losses of both kinds and their gradients equal PyTorch's, with smoothing and class weights on the labels alone", async () => {
  const { labelSmoothing, classWeights, cases, ...batch } = golden;
  for (const { losses, gradient, ...options } of cases) {
    const found = await measure(options, batch, { labelSmoothing, classWeights });
    const name = `${options.kind} at ${options.temperature}`;
    assertClose(found.losses, losses, `${name}: loss`);
    assertClose(found.gradient, gradient.flat(), `${name}: gradient`);
  }
});

const OPTIONS: DistillationOptions = { kind: "KNOWLEDGE", temperature: 4, weight: 0.9, beta: 8 };
const KINDS: readonly DistillationKind[] = ["KNOWLEDGE", "DECOUPLED"];

for (const kind of KINDS) {
  test(`the gradient of ${kind} equals finite differences`, async () => {
    const { student, teacher, labels } = golden;
    const options = { ...OPTIONS, kind, temperature: 2 };
    const { gradient } = await measure(options, golden);
    const meanLoss = async (rows: Rows) => {
      const { losses } = await measure(options, { student: rows, teacher, labels });
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    const move = 0.02;
    const expected: number[] = [];
    for (const [image, row] of student.slice(0, 2).entries()) {
      for (const [place, logit] of row.entries()) {
        const [above, below] = [move, -move].map((step) =>
          student.with(image, row.with(place, logit + step)),
        );
        expected.push(((await meanLoss(above!)) - (await meanLoss(below!))) / (2 * move));
      }
    }
    assertClose(gradient.slice(0, expected.length), expected, "gradient", 5e-3);
  });

  test(`${kind} adds nothing where both networks agree`, async () => {
    const { teacher, labels } = golden;
    const { losses, gradient } = await measure(
      { ...OPTIONS, kind, weight: 1 },
      { student: teacher, teacher, labels },
    );
    for (const value of [...losses, ...gradient]) assert.ok(Math.abs(value) < 1e-5, `${value}`);
  });

  test(`${kind} stays finite where a network is certain`, async () => {
    const certain = [
      [300, 0, 0],
      [0, 300, 0],
      [300, 0, 0],
    ];
    const other = [
      [0, 300, 0],
      [0, 0, 0],
      [300, 0, 0],
    ];
    const batch = { student: certain, teacher: other, labels: [0, 0, 0] };
    const { losses, gradient } = await measure({ ...OPTIONS, kind, temperature: 1, weight: 1 }, batch);
    for (const value of [...losses, ...gradient]) assert.ok(Number.isFinite(value), `${losses} ${gradient}`);
    assert.ok(losses[0]! > 100 && Math.abs(losses[2]!) < 1e-3, `${losses}`);
  });
}
