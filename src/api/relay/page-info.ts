import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "Where a page of a list begins and ends, and whether the list goes on." })
export class PageInfo {
  @Field(() => Boolean, {
    description:
      "Whether more items follow this page. After `first` together with `before`, only items up to `before` count.",
  })
  hasNextPage!: boolean | Promise<boolean>;

  @Field(() => Boolean, {
    description:
      "Whether items precede this page. After `last` together with `after`, only items down to `after` count.",
  })
  hasPreviousPage!: boolean | Promise<boolean>;

  @Field(() => String, {
    nullable: true,
    description: "Cursor of the first item; `before` takes it for the previous page. Null on an empty page.",
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Cursor of the last item; `after` takes it for the next page. Null on an empty page.",
  })
  endCursor!: string | null;
}
