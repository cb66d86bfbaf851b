import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "Where a page of a list ends, and whether more follows." })
export class PageInfo {
  @Field(() => Boolean, { description: "Whether items follow after this page." })
  hasNextPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "Give it as `after` to get the next page; null when this page is empty.",
  })
  endCursor!: string | null;
}
