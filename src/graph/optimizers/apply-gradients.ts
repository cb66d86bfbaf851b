import type { TrainingSpec } from "../architectures/network-spec.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import type { Variable } from "../variables.js";
import { clipByGlobalNorm } from "./gradient-clipping.js";
import type { LossScale } from "./loss-scale.js";
import { optimizerRule } from "./optimizer.js";
import { addSparsity, isScale } from "./sparsity.js";
import type { OptimizerContext } from "./update-rule.js";
import { addDecay, decayDirectly, decays } from "./weight-decay.js";

/** A variable with the gradient that changes it. */
export interface VariableGradient {
  readonly variable: Variable;
  /** The value that this step read. */
  readonly value: Tensor;
  /** The gradient of the mean loss of the batch, float32 of the variable's shape. */
  readonly gradient: Tensor;
  /** Nodes that still read the old value: an update must wait for them, or it would copy the variable first. */
  readonly readers: readonly GraphNode[];
}

/**
 * Adds the change of all variables: gradients are clipped, then weights decay and scales are drawn to 0, then the
 * optimizer moves them.
 *
 * @param lossScale protects the weights from gradients that are not finite; null: no protection
 * @returns the nodes that have run when all variables have changed
 */
export function applyGradients(
  context: OptimizerContext,
  training: Pick<TrainingSpec, "optimizer" | "weightDecay" | "gradientClipNorm" | "sparsity">,
  targets: readonly VariableGradient[],
  lossScale: LossScale | null,
): readonly GraphNode[] {
  const { graph } = context;
  const { gradientClipNorm, optimizer, sparsity, weightDecay } = training;
  const rule = optimizerRule(optimizer).begin(context);
  const clipped =
    gradientClipNorm === null ? targets : graph.scope("clip", () => clip(context, targets, gradientClipNorm));

  const updates = (placed: (variable: Variable) => Variable): GraphNode[] =>
    clipped.map(({ variable, value, gradient, readers }) =>
      graph.scope(`update/${variable.name}`, () => {
        const target = placed(variable);
        if (sparsity > 0 && isScale(variable)) {
          return rule(target, addSparsity(context, gradient, value, sparsity), readers);
        }
        if (weightDecay === 0 || !decays(variable)) return rule(target, gradient, readers);
        if (optimizer.kind !== "adamW") {
          return rule(target, addDecay(context, gradient, value, weightDecay), readers);
        }
        return rule(target, gradient, [decayDirectly(context, target, value, weightDecay, readers)]);
      }),
    );
  if (lossScale === null) return updates((variable) => variable);
  return lossScale.guard(gradientsOf(clipped), updates);
}

function clip(
  { graph }: OptimizerContext,
  targets: readonly VariableGradient[],
  clipNorm: number,
): readonly VariableGradient[] {
  const clipped = clipByGlobalNorm(graph, gradientsOf(targets), clipNorm);
  return targets.map((target, index) => ({ ...target, gradient: clipped[index] ?? target.gradient }));
}

function gradientsOf(targets: readonly VariableGradient[]): readonly Tensor[] {
  return targets.map(({ gradient }) => gradient);
}
