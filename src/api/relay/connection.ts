import { type ClassType, Field, Int, ObjectType } from "type-graphql";
import type { CountedPage, Page } from "../../core/page.js";
import { PageInfo } from "./page-info.js";

/** What a connection's resolver returns. What costs a query is read only when the operation selects it. */
export class Connection<T> {
  constructor(private readonly page: Page<T> & Partial<CountedPage<T>>) {}

  get nodes(): readonly T[] {
    return this.page.items.map(({ node }) => node);
  }

  get edges(): Page<T>["items"] {
    return this.page.items;
  }

  get pageInfo(): PageInfo {
    const { page } = this;
    return {
      get hasNextPage() {
        return page.hasNextPage();
      },
      get hasPreviousPage() {
        return page.hasPreviousPage();
      },
      startCursor: page.items.at(0)?.cursor ?? null,
      endCursor: page.items.at(-1)?.cursor ?? null,
    };
  }

  get totalCount(): Promise<number> {
    if (this.page.totalCount === undefined) throw new Error("The items of this list are not counted.");
    return this.page.totalCount();
  }
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
