import { Arg, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { SampleRecord } from "../../core/dataset-records.js";
import { Sample } from "./sample.js";
import { checkedSize, DEFAULT_SIZE_PIXELS, imagePath, LARGEST_SIZE_PIXELS } from "./sample-image-path.js";

@Resolver(() => Sample)
export class SampleResolver {
  @FieldResolver(() => String, {
    description:
      "Where to get the picture, scaled down to fit: a path of this server, to be asked for with the same " +
      "`Authorization` header.",
  })
  imageUrl(
    @Root() sample: SampleRecord,
    @Arg("sizePixels", () => Int, {
      nullable: true,
      defaultValue: DEFAULT_SIZE_PIXELS,
      description: `Longest side in pixels, 1 to ${LARGEST_SIZE_PIXELS}; null means ${DEFAULT_SIZE_PIXELS}.`,
    })
    sizePixels: number | null,
  ): string {
    return imagePath(sample.id, checkedSize(sizePixels ?? DEFAULT_SIZE_PIXELS));
  }
}
