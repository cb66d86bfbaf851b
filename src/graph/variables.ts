import { AppError } from "../core/app-error.js";
import type { GraphBuilder } from "./graph-builder.js";
import type { GraphNode, Tensor } from "./graph-node.js";
import type { Initializer } from "./initializers/initializer.js";
import { assignVariable, readVariable, variableHandle } from "./ops/variables.js";
import type { VariableInfo } from "./saved-model/signature.js";

/** A variable that a layer or an optimizer needs. */
export interface VariableSpec {
  /** The layer and the role, as in Keras: "block1_conv1/kernel". */
  readonly name: string;
  readonly shape: readonly number[];
  /** False for a variable that gradients do not change, such as a moving statistic. */
  readonly trainable: boolean;
  readonly initializer: Initializer;
  /** Whether it is not saved: restoring a checkpoint gives it its first value. Default false. */
  readonly transient?: boolean;
}

/** A variable of a graph: state that lives as long as the session. */
export interface Variable extends VariableInfo {
  readonly transient: boolean;
  readonly handle: Tensor;
  /** The value to save; passes that compute with it read it themselves. */
  readonly snapshot: Tensor;
  /** Sets the first value. */
  readonly initialize: GraphNode;
}

/** All variables of one graph by name, in the order of creation. */
export class Variables {
  readonly #byName = new Map<string, Variable>();

  /**
   * @param seed the seed from which the first values of every variable are derived
   * @param prefix distinguishes the nodes of these variables from those of another network in the same graph
   */
  constructor(
    private readonly graph: GraphBuilder,
    private readonly seed: number,
    private readonly prefix = "",
  ) {}

  get all(): readonly Variable[] {
    return [...this.#byName.values()];
  }

  get trainable(): readonly Variable[] {
    return this.all.filter(({ trainable }) => trainable);
  }

  /** Adds a float32 variable. */
  create(spec: VariableSpec): Variable {
    // Steps use seeds from 0 upwards, first values use negative ones.
    const seed = [this.seed, -1 - this.#byName.size] as const;
    return this.#add({ transient: false, ...spec, dtype: "float32" }, () =>
      spec.initializer(this.graph, spec.shape, seed),
    );
  }

  /** Adds an int64 scalar. */
  createCounter(name: string, initial: (graph: GraphBuilder) => Tensor): Variable {
    return this.#add({ name, dtype: "int64", shape: [], trainable: false, transient: false }, () =>
      initial(this.graph),
    );
  }

  /** @throws AppError `GRAPH_INVALID` when there is none of that name */
  get(name: string): Variable {
    const variable = this.#byName.get(name);
    if (variable === undefined) {
      const known = [...this.#byName.keys()].join(", ");
      throw new AppError("GRAPH_INVALID", `Expected the name of a variable (${known}). Received "${name}".`);
    }
    return variable;
  }

  #add(
    { name, dtype, shape, trainable, transient }: VariableInfo & { readonly transient: boolean },
    initialValue: () => Tensor,
  ): Variable {
    if (this.#byName.has(name)) {
      throw new AppError("GRAPH_INVALID", `Every variable needs a different name. Received "${name}" twice.`);
    }
    const { graph } = this;
    const held = { dtype, shape };
    const node = this.prefix + name;
    const variable = graph.outsideScopes(() => {
      const handle = variableHandle(graph, node, dtype, shape);
      return graph.scope(node, () => {
        const value = graph.scope("Initializer", initialValue);
        const initialize = assignVariable(graph, handle, held, value, { name: "Assign" });
        const snapshot = readVariable(graph, handle, held, { name: "Read" });
        return { name, dtype, shape, trainable, transient, handle, snapshot, initialize };
      });
    });
    this.#byName.set(name, variable);
    return variable;
  }
}
