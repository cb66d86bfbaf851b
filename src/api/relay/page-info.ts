import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "The ends of a page, and whether the list continues there." })
export class PageInfo {
  @Field(() => Boolean, {
    description:
      "Whether more items follow this page. If `first` and `before` were given, only items up to `before` " +
      "count.",
  })
  hasNextPage!: boolean | Promise<boolean>;

  @Field(() => Boolean, {
    description:
      "Whether more items precede this page. If `last` and `after` were given, only items down to `after` " +
      "count.",
  })
  hasPreviousPage!: boolean | Promise<boolean>;

  @Field(() => String, {
    nullable: true,
    description:
      "Cursor of the first item; `before` set to it returns the previous page. Null when this page is " +
      "empty.",
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Cursor of the last item; `after` set to it returns the next page. Null when this page is empty.",
  })
  endCursor!: string | null;
}
