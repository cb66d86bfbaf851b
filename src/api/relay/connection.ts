import { type ClassType, Field, Int, ObjectType } from "type-graphql";
import type { CountedPage, Page } from "../../core/page.js";
import { PageInfo } from "./page-info.js";

/** A class, since a literal with getters would keep the whole page alive: see `RunDocuments`. */
class PageEnds implements PageInfo {
  constructor(private readonly page: Page<unknown>) {}

  get hasNextPage(): Promise<boolean> {
    return this.page.hasNextPage();
  }

  get hasPreviousPage(): Promise<boolean> {
    return this.page.hasPreviousPage();
  }

  get startCursor(): string | null {
    return this.page.items.at(0)?.cursor ?? null;
  }

  get endCursor(): string | null {
    return this.page.items.at(-1)?.cursor ?? null;
  }
}

/** The value that the resolver of a connection returns. Fields that cost a query are read only when they are selected. */
export class Connection<T> {
  constructor(private readonly page: Page<T> & Partial<CountedPage<T>>) {}

  get nodes(): readonly T[] {
    return this.page.items.map(({ node }) => node);
  }

  get edges(): Page<T>["items"] {
    return this.page.items;
  }

  get pageInfo(): PageInfo {
    return new PageEnds(this.page);
  }

  get totalCount(): Promise<number> {
    if (this.page.totalCount === undefined) throw new Error("The items of this list are not counted.");
    return this.page.totalCount();
  }
}

export interface ConnectionOptions {
  /** GraphQL name of the node type. "Dataset" declares DatasetConnection and DatasetEdge. */
  readonly name: string;
  /** Items and order for the description, such as "datasets, newest first". */
  readonly listed: string;
  /** Adds `totalCount`, which the store must count cheaply. */
  readonly counted?: boolean;
}

/** Declares the Relay connection and edge types of a node type. @returns the connection type */
export function connectionType(node: () => ClassType, options: ConnectionOptions): ClassType {
  @ObjectType(`${options.name}Edge`, {
    description: `One item of a ${options.name}Connection with its cursor.`,
  })
  class Edge {
    @Field(() => String, {
      description: "Position of the item in the list, for the arguments `after` and `before`.",
    })
    cursor!: string;

    @Field(node, { description: "The item." })
    node!: object;
  }

  @ObjectType(`${options.name}Connection`, { description: `A page of ${options.listed}.` })
  class ConnectionOfNodes {
    @Field(() => [node()], { description: "The items of this page." })
    nodes!: object[];

    @Field(() => [Edge], { description: "The items of this page, each with its cursor." })
    edges!: Edge[];

    @Field(() => PageInfo, { description: "The ends of this page, and whether the list continues there." })
    pageInfo!: PageInfo;
  }

  if (options.counted === true) {
    Field(() => Int, { description: "Number of items on all pages together." })(
      ConnectionOfNodes.prototype,
      "totalCount",
    );
  }
  return ConnectionOfNodes;
}
