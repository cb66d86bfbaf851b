import { type ClassType, Field, Int, ObjectType } from "type-graphql";
import type { Page } from "../../core/page.js";
import { PageInfo } from "./page-info.js";

/** What a connection's resolver returns. */
export interface Connection<T> {
  readonly nodes: readonly T[];
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly pageInfo: PageInfo;
  readonly totalCount?: number;
}

export interface ConnectionOptions {
  /** The node's GraphQL name: "Dataset" makes DatasetConnection and DatasetEdge. */
  readonly name: string;
  /** For descriptions: "data sets, newest first". */
  readonly listed: string;
  /** Adds `totalCount`; only for lists whose store counts cheaply. */
  readonly counted?: boolean;
}

/** Declares the Relay connection and edge types of a node type, and returns the connection's. */
export function connectionType(node: () => ClassType, options: ConnectionOptions): ClassType {
  @ObjectType(`${options.name}Edge`, {
    description: `One item of a ${options.name}Connection with its place in the list.`,
  })
  class Edge {
    @Field(() => String, { description: "Its place in the list; give it as `after` to go on behind it." })
    cursor!: string;

    @Field(node, { description: "The item itself." })
    node!: object;
  }

  @ObjectType(`${options.name}Connection`, { description: `A page of ${options.listed}.` })
  class ConnectionOfNodes {
    @Field(() => [node()], { description: "The items of this page, without cursors." })
    nodes!: object[];

    @Field(() => [Edge], { description: "The items of this page, each with its cursor." })
    edges!: Edge[];

    @Field(() => PageInfo, { description: "Where this page ends and whether more follows." })
    pageInfo!: PageInfo;
  }

  if (options.counted === true) {
    Field(() => Int, { description: "How many items there are in all pages together." })(
      ConnectionOfNodes.prototype,
      "totalCount",
    );
  }
  return ConnectionOfNodes;
}

/** A page from a store in the shape of a connection. */
export function toConnection<T>(page: Page<T> & { readonly totalCount?: number }): Connection<T> {
  return {
    nodes: page.items.map((item) => item.node),
    edges: page.items,
    pageInfo: { hasNextPage: page.hasNextPage, endCursor: page.items.at(-1)?.cursor ?? null },
    ...(page.totalCount === undefined ? {} : { totalCount: page.totalCount }),
  };
}
