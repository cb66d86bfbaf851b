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
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import { Run } from "../runs/run.js";
import { AlignedCurve } from "./aligned-curve.js";
import { ClassComparison } from "./class-comparison.js";
import { Difference } from "./difference.js";
import { DisagreementConnection } from "./disagreement.js";
import { MetricComparison } from "./metric-comparison.js";

@ObjectType({ description: "Why one run did better than another: what differs between them." })
export class RunComparison {
  @Field(() => [Run], { description: "The compared runs, in the order asked for." })
  runs!: readonly Run[];

  @Field(() => [Difference], { description: "Settings that differ; equal ones are left out." })
  configuration!: readonly Difference[];

  @Field(() => [Difference], { description: "What differs in the data: version, hash, counts, classes." })
  data!: readonly Difference[];

  @Field(() => [Difference], { description: "What differs in where they ran: versions, processor, threads." })
  environment!: readonly Difference[];

  @Field(() => [MetricComparison], { description: "Best and newest values of every metric that a run has." })
  metrics!: readonly MetricComparison[];
}

const MOST_CURVES = 20;

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
    @Root() comparison: RunComparisonRecord,
    @Arg("keys", () => [String], {
      description: `Which metrics, at most ${MOST_CURVES}, such as "validation.top1".`,
    })
    keys: readonly string[],
  ): Promise<readonly AlignedCurveRecord[]> {
    if (keys.length > MOST_CURVES) {
      throw new AppError(
        "TOO_MANY_KEYS",
        `\`keys\` must name at most ${MOST_CURVES} metrics. Received ${keys.length}.`,
        { path: ["keys"] },
      );
    }
    return this.comparer.alignCurves(
      comparison.runs.map((run) => run.id),
      keys,
    );
  }

  @FieldResolver(() => [ClassComparison], {
    description:
      "How well each run tells each class, in class order; a class that any of the runs has is there.",
  })
  classes(@Root() { runs }: RunComparisonRecord): Promise<readonly ClassComparisonRecord[]> {
    return this.comparer.compareClasses(runs);
  }

  @FieldResolver(() => DisagreementConnection, {
    description:
      "The pictures that one run gets right and the other wrong, in the order of the data set. Takes exactly two runs " +
      "on one version, both evaluated on the split; else COMPARISON_INVALID says what is missing.",
  })
  async disagreements(
    @Root() { runs }: RunComparisonRecord,
    @Arg("split", () => Split, {
      nullable: true,
      defaultValue: Split.VALIDATION,
      description: "Which pictures: VALIDATION or TEST; null means VALIDATION.",
    })
    split: Split | null,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<DisagreementRecord>> {
    return new Connection(await this.finder.list(runs, split ?? "VALIDATION", pageRequest(page)));
  }
}
