import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import type { Role } from "../../core/enumerations.js";
import type { AlignedCurve as AlignedCurveRecord } from "../../training/comparison/aligned-curves.js";
import type { ClassComparison as ClassComparisonRecord } from "../../training/comparison/class-comparison.js";
import type {
  MetricComparison as MetricComparisonRecord,
  RunComparer,
  RunComparisonRecord,
} from "../../training/comparison/comparison.js";
import type {
  DisagreementFinder,
  DisagreementRecord,
} from "../../training/comparison/disagreement-finder.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { Split } from "../datasets/enumerations.js";
import { type Connection, toConnection } from "../relay/connection.js";
import { PageArguments, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import {
  AlignedCurve,
  ClassComparison,
  CurveSeries,
  DisagreementConnection,
  MetricComparison,
  RunComparison,
} from "./run-comparison.js";

const MOST_CURVES = 20;

@Resolver(() => RunComparison)
export class ComparisonResolver {
  constructor(
    private readonly comparer: RunComparer,
    private readonly finder: DisagreementFinder,
  ) {}

  @Authorized<Role>("VIEWER")
  @Query(() => RunComparison, { description: "Why one run did better than another." })
  compareRuns(
    @Arg("runIds", () => [ID], {
      description: "Ids of 2 to 10 different runs, in the order in which to show them.",
    })
    runIds: readonly string[],
  ): Promise<RunComparisonRecord> {
    return this.comparer.compareRuns(runIds);
  }

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
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Connection<DisagreementRecord>> {
    return toConnection(await this.finder.list(runs, split ?? "VALIDATION", pageRequest(page)));
  }
}

@Resolver(() => MetricComparison)
export class MetricComparisonResolver {
  @FieldResolver(() => Run, {
    nullable: true,
    description: "The run with the best value; null when several have it or none has one.",
  })
  async bestRun(
    @Root() { bestRunId }: MetricComparisonRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return bestRunId === null ? null : loaders.run.load(bestRunId);
  }
}

@Resolver(() => CurveSeries)
export class CurveSeriesResolver {
  @FieldResolver(() => Run, { description: "Whose line it is." })
  run(
    @Root() { runId }: AlignedCurveRecord["series"][number],
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord> {
    return loaders.run.load(runId);
  }
}
