import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { constantValue } from "../initializers/constant-value.js";
import { identity } from "../ops/array.js";
import { equal, finite, select } from "../ops/comparison.js";
import { float32, int64 } from "../ops/constants.js";
import { mergeBranches, switchOn } from "../ops/control-flow.js";
import { add, divide, multiply, subtract } from "../ops/math.js";
import { assignVariable, readVariable } from "../ops/variables.js";
import type { Variable, Variables } from "../variables.js";
import { globalNorm } from "./gradient-clipping.js";

const FIRST_SCALE = 2 ** 15;
/** The number of steps in a row with finite gradients after which the scale doubles. */
const GROWTH_STEPS = 2000;

/**
 * Dynamic loss scaling (Micikevicius et al., 2018), with the numbers of Keras's `LossScaleOptimizer`: the
 * loss is multiplied so that float16 gradients do not vanish, and they are divided by as much. A
 * step with a gradient that is not finite changes no weights and halves the scale. It still counts as one of
 * the run's steps, on which the learning rate and dropout depend.
 */
export class LossScale {
  readonly #scale: Variable;
  readonly #goodSteps: Variable;
  readonly #skippedSteps: Variable;
  /** float32 []. */
  readonly #value: Tensor;

  constructor(
    private readonly graph: GraphBuilder,
    variables: Variables,
  ) {
    this.#scale = variables.create({
      name: "loss_scale",
      shape: [],
      trainable: false,
      initializer: constantValue(FIRST_SCALE),
    });
    this.#goodSteps = variables.createCounter("loss_scale/good_steps", (inside) => int64(inside, 0));
    this.#skippedSteps = variables.createCounter("loss_scale/skipped_steps", (inside) => int64(inside, 0));
    this.#value = this.#read(this.#scale);
  }

  scale(loss: Tensor): Tensor {
    return multiply(this.graph, loss, this.#value);
  }

  unscale(gradient: Tensor): Tensor {
    return divide(this.graph, gradient, this.#value);
  }

  /** The number of steps that changed the weights, int64 [], which an optimizer's corrections depend on. */
  updates(steps: Tensor): Tensor {
    return subtract(this.graph, steps, this.#read(this.#skippedSteps));
  }

  /**
   * Adds updates that run only when all gradients are finite, and the update of the scale.
   *
   * @param update adds the update of a variable, whose handle is available only then
   * @returns the nodes that have run when the step is over
   */
  guard(
    gradients: readonly Tensor[],
    update: (whenFinite: (variable: Variable) => Variable) => readonly GraphNode[],
  ): readonly GraphNode[] {
    const { graph } = this;
    const sound = finite(graph, globalNorm(graph, gradients));
    const updates = update((variable) => {
      return { ...variable, handle: switchOn(graph, variable.handle, sound).whenTrue };
    });
    const branches = switchOn(graph, sound, sound);
    const updated = identity(graph, branches.whenTrue, { after: updates });
    const skipped = identity(graph, branches.whenFalse);
    return [mergeBranches(graph, updated, skipped), ...this.#adapt(sound)];
  }

  #adapt(sound: Tensor): readonly GraphNode[] {
    const { graph } = this;
    const one = int64(graph, 1);
    const good = add(graph, this.#read(this.#goodSteps), one);
    const skipped = this.#read(this.#skippedSteps);
    const grows = equal(graph, good, int64(graph, GROWTH_STEPS));
    const none = int64(graph, 0);
    const grown = select(graph, grows, multiply(graph, this.#value, float32(graph, 2)), this.#value);
    const halved = divide(graph, this.#value, float32(graph, 2));
    return [
      this.#assign(this.#scale, select(graph, sound, grown, halved)),
      this.#assign(this.#goodSteps, select(graph, sound, select(graph, grows, none, good), none)),
      this.#assign(this.#skippedSteps, select(graph, sound, skipped, add(graph, skipped, one))),
    ];
  }

  #read(variable: Variable): Tensor {
    return readVariable(this.graph, variable.handle, variable);
  }

  #assign(variable: Variable, value: Tensor): GraphNode {
    return assignVariable(this.graph, variable.handle, variable, value);
  }
}
