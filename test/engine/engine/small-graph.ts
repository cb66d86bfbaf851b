import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { specOf, type Tensor } from "../../../src/graph/graph-node.js";
import { cast, fill, identity, reshape } from "../../../src/graph/ops/array.js";
import { float32, int64, placeholder } from "../../../src/graph/ops/constants.js";
import { multiply } from "../../../src/graph/ops/math.js";
import { sum } from "../../../src/graph/ops/reduction.js";
import { assignAddVariable, readVariable } from "../../../src/graph/ops/variables.js";
import { addPersistence } from "../../../src/graph/saved-model/persistence.js";
import { encodeSavedModel } from "../../../src/graph/saved-model/saved-model.js";
import type { SavedModelGraph } from "../../../src/graph/saved-model/signature.js";
import { Variables } from "../../../src/graph/variables.js";

/**
 * Builds a small graph with everything that networks use: variables, several signatures, every type that can be fed.
 * `count` adds one to a counter; `scale` multiplies by a variable that starts at 3; `echo` returns its inputs; `square`
 * fails when its input cannot be arranged as a square; `fill` makes a tensor of any size; `work` keeps the processor busy.
 */
export function smallGraph(): SavedModelGraph {
  const graph = new GraphBuilder();
  const variables = new Variables(graph, 1);
  const factor = variables.create({
    name: "factor",
    shape: [1],
    trainable: true,
    initializer: (builder, shape) => fill(builder, shape, float32(builder, 3)),
  });
  const counter = variables.createCounter("counter", (builder) => int64(builder, 0));
  const { saver, signatures } = addPersistence(graph, variables.all);

  const numbers = placeholder(graph, "numbers", "float32", [null, 2]);
  const scaled = multiply(graph, numbers, readVariable(graph, factor.handle, factor));

  const increment = assignAddVariable(graph, counter.handle, counter, int64(graph, 1));
  const count = readVariable(graph, counter.handle, counter, { name: "count", after: [increment] });

  const bytes = placeholder(graph, "bytes", "uint8", [null]);
  const flags = placeholder(graph, "flags", "bool", [null]);
  const wide = placeholder(graph, "wide", "int64", [null]);
  const words = placeholder(graph, "words", "string", [null]);

  const line = placeholder(graph, "line", "float32", [null]);
  const sizes = placeholder(graph, "sizes", "int32", [null]);
  const square = reshape(graph, line, sizes, [null, null]);
  const filled = graph.add("Fill", {
    inputs: [sizes, float32(graph, 1)],
    attributes: { T: { type: "float32" }, index_type: { type: "int32" } },
    outputs: () => [{ dtype: "float32", shape: [null, null] }],
  });
  const product = graph.add("MatMul", {
    inputs: [filled, filled],
    attributes: { T: { type: "float32" } },
    outputs: () => [{ dtype: "float32", shape: [null, null] }],
  });
  const scalar = (x: Tensor): Tensor => sum(graph, x, [0, 1]);

  const content = {
    ...signatures,
    scale: { inputs: { numbers: specOf(numbers) }, outputs: { scaled: specOf(scaled) } },
    count: { inputs: {}, outputs: { count: specOf(count) } },
    echo: {
      inputs: { bytes: specOf(bytes), flags: specOf(flags), wide: specOf(wide), words: specOf(words) },
      outputs: {
        bytes: specOf(cast(graph, bytes, "int32")),
        flags: specOf(identity(graph, flags)),
        wide: specOf(identity(graph, wide)),
        words: specOf(identity(graph, words)),
      },
    },
    square: { inputs: { line: specOf(line), sizes: specOf(sizes) }, outputs: { square: specOf(square) } },
    fill: { inputs: { sizes: specOf(sizes) }, outputs: { sum: specOf(scalar(filled)) } },
    work: { inputs: { sizes: specOf(sizes) }, outputs: { sum: specOf(scalar(product)) } },
  };
  return {
    bytes: encodeSavedModel({ nodes: graph.nodes, signatures: content, saver, variables: variables.all }),
    signatures: content,
    variables: variables.all.map(({ name, dtype, shape, trainable }) => ({ name, dtype, shape, trainable })),
  };
}
