import { Arg, Authorized, Ctx, Query, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { EngineInfo } from "../../../engine/engine-protocol.js";
import type { ModelComparer, ModelComparisonRecord } from "../../../exports/comparison/model-comparer.js";
import { Split } from "../../datasets/split.js";
import type { RequestContext } from "../../request-context.js";
import { DateTime } from "../../scalars.js";
import { type MeasuringMachine, ModelComparison } from "../model-comparison.js";

@Resolver()
export class CompareModelsResolver {
  constructor(
    private readonly comparer: ModelComparer,
    private readonly engineInfo: EngineInfo,
  ) {}

  @Authorized<Role>("VIEWER")
  @Query(() => ModelComparison, {
    description:
      "Compares model versions and exports of one dataset. The same models are measured once, and again when " +
      "`measuredAfter` says so; the figures are kept with their date. Measuring takes from seconds to minutes: the query " +
      "waits for up to 20 seconds, then answers with `measuredAt: null` and without measurements, while the measuring " +
      "goes on. Ask again to get them. Needs the role VIEWER. Errors: `COMPARISON_INVALID`, `MODEL_VERSION_NOT_FOUND`, " +
      "`EXPORT_NOT_FOUND`, `COMPARISON_TOO_LARGE`, `TOO_MANY_COMPARISONS`, `COMPARISON_FAILED`.",
  })
  async compareModels(
    @Arg("refs", () => [String], {
      description:
        'From 1 to 10 models: "flowers@champion" for an alias, "flowers:3" for version 3, "flowers" for the newest version, or ' +
        "the id of an export that is READY or REJECTED.",
    })
    refs: readonly string[],
    @Arg("split", () => Split, {
      defaultValue: Split.TEST,
      description: "The split whose images are classified: at most 2,000 of them.",
    })
    split: Split,
    @Arg("measuredAfter", () => DateTime, {
      nullable: true,
      description:
        "Measures again unless the stored figures are from this moment or later. Null, the default: figures of any age do.",
    })
    measuredAfter: Date | null,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelComparisonRecord & { readonly machine: MeasuringMachine }> {
    const comparison = await this.comparer.compare({ refs, split, measuredAfter: measuredAfter ?? null });
    for (const { modelVersion } of comparison.rows) loaders.modelVersion.prime(modelVersion.id, modelVersion);
    return { ...comparison, machine: this.#machine };
  }

  get #machine(): MeasuringMachine {
    const { processor, threads, devices } = this.engineInfo;
    return { processor, threads, gpu: devices.find(({ kind }) => kind === "GPU")?.name ?? null };
  }
}
