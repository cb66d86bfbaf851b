import { Arg, Args, Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import type { AlignedCurve as AlignedCurveRecord } from "../../training/comparison/aligned-curves.js";
import type { ClassComparison as ClassComparisonRecord } from "../../training/comparison/class-comparison.js";
import type { RunComparer, RunComparisonRecord } from "../../training/comparison/comparison.js";
import type {
  DisagreementFinder,
  DisagreementRecord,
} from "../../training/comparison/disagreement-finder.js";
import { Split } from "../datasets/split.js";
import { CLASSES_AT_ONCE, inTurns } from "../in-turns.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import { Run } from "../runs/run.js";
import { AlignedCurve } from "./aligned-curve.js";
import { ClassComparison } from "./class-comparison.js";
import { Difference } from "./difference.js";
import { DisagreementConnection } from "./disagreement.js";
import { MetricComparison } from "./metric-comparison.js";
import { SelectedCheckpoint } from "./selected-checkpoint.js";

@ObjectType({ description: "Differences between runs that explain why one did better than another." })
export class RunComparison {
  @Field(() => [Run], { description: "The compared runs, in the requested order." })
  runs!: readonly Run[];

  @Field(() => [Difference], {
    description: "Settings that differ. Equal settings, and those without effect in a run, are left out.",
  })
  configuration!: readonly Difference[];

  @Field(() => [Difference], { description: "Differences in the data: version, hash, counts and classes." })
  data!: readonly Difference[];

  @Field(() => [Difference], {
    description: "Differences in the environment: versions, processor and threads.",
  })
  environment!: readonly Difference[];

  @Field(() => [MetricComparison], {
    description:
      "Best and newest values of every metric that at least one run has, and those of the selected checkpoints.",
  })
  metrics!: readonly MetricComparison[];

  @Field(() => [SelectedCheckpoint], {
    name: "selectedCheckpoints",
    nullable: "items",
    description:
      "The selected checkpoint of each run with its scores, in the order of `runs`; null where a run has no checkpoint.",
  })
  selected!: readonly (SelectedCheckpoint | null)[];
}

const MAX_CURVES = 20;

@Resolver(() => RunComparison)
export class RunComparisonResolver {
  constructor(
    private readonly comparer: RunComparer,
    private readonly finder: DisagreementFinder,
  ) {}

  @FieldResolver(() => [AlignedCurve], {
    description: "Metrics over the epochs, aligned for a chart, in the order of `keys`.",
  })
  async curves(
    @Root() { runs }: RunComparisonRecord,
    @Arg("keys", () => [String], {
      description: `Keys of at most ${MAX_CURVES} metrics, such as "validation.top1".`,
    })
    keys: readonly string[],
  ): Promise<readonly AlignedCurveRecord[]> {
    if (keys.length > MAX_CURVES) {
      throw new AppError(
        "TOO_MANY_KEYS",
        `\`keys\` must name at most ${MAX_CURVES} metrics. Received ${keys.length}.`,
        { path: ["keys"] },
      );
    }
    return this.comparer.alignCurves(runs, keys);
  }

  @FieldResolver(() => [ClassComparison], {
    description: "Scores of each run per class, for every class that at least one run has, in class order.",
  })
  async classes(
    @Root() { runs }: RunComparisonRecord,
  ): Promise<readonly (ClassComparisonRecord | Promise<ClassComparisonRecord>)[]> {
    return inTurns(await this.comparer.compareClasses(runs), CLASSES_AT_ONCE);
  }

  @FieldResolver(() => DisagreementConnection, {
    description:
      "Images that one run classifies correctly and the other does not, in the order of the dataset. " +
      "Requires exactly two runs on the same dataset version, both evaluated on the split; otherwise the " +
      "error COMPARISON_INVALID says what is missing.",
  })
  async disagreements(
    @Root() { runs }: RunComparisonRecord,
    @Arg("split", () => Split, {
      nullable: true,
      defaultValue: Split.VALIDATION,
      description: "VALIDATION or TEST; null means VALIDATION.",
    })
    split: Split | null,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<DisagreementRecord>> {
    return new Connection(await this.finder.list(runs, split ?? "VALIDATION", pageRequest(page)));
  }
}
