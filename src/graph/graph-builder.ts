import { AppError } from "../core/app-error.js";
import type { Attributes } from "./attribute-value.js";
import type { CustomOp } from "./custom-op.js";
import { GraphNode, type OutputSpec, type Tensor } from "./graph-node.js";
import { ShapeCheck } from "./shape-check.js";

export interface NodeDefinition {
  readonly inputs?: readonly Tensor[];
  readonly attributes?: Attributes;
  /** Default: the name of the operation. A name that is taken gets a number. */
  readonly name?: string | undefined;
  /** Nodes that must have run before this one. */
  readonly after?: readonly GraphNode[] | undefined;
  /** The shape rule: checks the inputs and returns the outputs. Absent: the node has no outputs. */
  readonly outputs?: (check: ShapeCheck) => readonly OutputSpec[];
}

/** TensorFlow's rule for the names of nodes, without the characters that other tools refuse. */
const VALID_NAME = /^[A-Za-z0-9][A-Za-z0-9_./-]*$/;

/**
 * Collects the nodes of one graph. A node is checked when it is added, so that a wrong type or shape
 * throws with the caller on the stack, instead of failing in a native session.
 */
export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #names = new Set<string>();
  readonly #consumers = new Map<Tensor, GraphNode[]>();
  #scope = "";

  /**
   * @param customOps the custom ops of the engine that runs the graph
   * @param eigenKernelGradients convolutions whose kernel gradients Eigen computes; see `convolutionName`
   */
  constructor(
    readonly customOps: ReadonlySet<CustomOp> = new Set(),
    readonly eigenKernelGradients: ReadonlySet<string> = new Set(),
  ) {}

  /** In the order of creation, which is an order of execution. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  /**
   * Adds a node whose name begins with the current scope.
   *
   * @throws AppError `GRAPH_INVALID` when its inputs do not fit or belong to another graph
   */
  addNode(op: string, definition: NodeDefinition): GraphNode {
    const { inputs = [], attributes = {}, after = [], outputs } = definition;
    const name = this.#uniqueName(definition.name ?? op);
    const check = new ShapeCheck(op, name);
    for (const { node, name: tensorName } of inputs) {
      check.require(
        this.#nodes[node.position] === node,
        "inputs of its own graph",
        `"${tensorName}" of another`,
      );
    }
    const node = new GraphNode(
      this.#nodes.length,
      name,
      op,
      inputs,
      after,
      attributes,
      outputs === undefined ? [] : outputs(check),
    );
    this.#names.add(name);
    this.#nodes.push(node);
    for (const tensor of inputs) {
      const consumers = this.#consumers.get(tensor);
      if (consumers === undefined) this.#consumers.set(tensor, [node]);
      else consumers.push(node);
    }
    return node;
  }

  /** Adds a node and returns its first output. */
  add(op: string, definition: NodeDefinition): Tensor {
    return this.addNode(op, definition).output(0);
  }

  /** The nodes added so far that read a tensor. */
  consumersOf(tensor: Tensor): readonly GraphNode[] {
    return this.#consumers.get(tensor) ?? [];
  }

  /** Prefixes the names of all nodes that `build` adds with "scope/", inside the current scope. */
  scope<T>(scope: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${scope}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /** Lets `build` name its nodes from the root of the graph, whatever the current scope. */
  outsideScopes<T>(build: () => T): T {
    const outer = this.#scope;
    this.#scope = "";
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  #uniqueName(wanted: string): string {
    const base = this.#scope + wanted;
    if (!VALID_NAME.test(base)) {
      throw new AppError(
        "GRAPH_INVALID",
        `A node's name must match ${VALID_NAME.source}. Received ${JSON.stringify(base)}.`,
      );
    }
    for (let number = 0; ; number++) {
      const name = number === 0 ? base : `${base}_${number}`;
      if (!this.#names.has(name)) return name;
    }
  }
}
