import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { MeasureName } from '../metrics/measures/index.ts'
import { type Comparison, compareRuns } from './compare.ts'
import { checkLimits, type Failure, failuresAgainst, failuresUnder } from './gates.ts'
import { writeReport } from './report/report.ts'
import { type EvaluationRun, readRun, refuseEvaluated, writeRun } from './run.ts'

/** What becomes of an evaluation's result. */
export const outcomeOptions = {
  /** Folder for `results.json`, `items.jsonl` and `report.html`; see `EvaluationRun`. */
  out: z.string().min(1).optional(),
  /** Folder of an evaluation of the same items, whose changes the report shows. */
  baseline: z.string().min(1).optional(),
  /** Limits of metrics by name: below is a failure, or above where less is better. */
  failUnder: z
    .record(z.string(), z.number())
    .optional()
    .meta({ pairs: 'a metric and a number, such as accuracy=0.8' }),
  /** Folder of an evaluation of the same items: to be significantly worse is a failure. */
  noWorseThan: z.string().min(1).optional(),
  /** Of the report. */
  language: z.enum(['en', 'zh']).optional(),
}

export interface Outcome {
  /** Requirements that the model does not meet. */
  failures: Failure[]
  /** With the baseline, or with the run that it is to be no worse than. */
  comparison?: Comparison | undefined
}

export interface OutcomeWriter {
  /** Throws UserError where limits are of metrics that are not measured. */
  check(measures: readonly MeasureName[]): void
  /** Writes the run and its report, and compares. Throws UserError. */
  finish(run: EvaluationRun): Promise<Outcome>
}

/** Reads what a result will be compared with. Throws UserError, before work begins. */
export async function openOutcome({
  out,
  baseline,
  failUnder = {},
  noWorseThan,
  language = 'en',
}: z.output<z.ZodObject<typeof outcomeOptions>>): Promise<OutcomeWriter> {
  if (out !== undefined) await refuseEvaluated(out)
  if (baseline !== undefined && out === undefined)
    throw new UserError('baseline is for the report; give out, the folder that it is written to')
  const shown = baseline ?? noWorseThan
  const before = shown === undefined ? undefined : await readRun(shown)
  const isSame = noWorseThan === undefined || noWorseThan === shown
  const least = isSame ? before : await readRun(noWorseThan)
  return {
    check: (measures) => checkLimits(failUnder, measures),
    finish: async (run) => {
      // Nothing that was measured is lost if it does not compare.
      if (out !== undefined) await writeRun(out, run)
      const comparison = before && compareRuns(before, run)
      if (out !== undefined) await writeReport(out, { run, before, comparison, language })
      const against = least === before ? comparison : least && compareRuns(least, run)
      const failures = [
        ...failuresUnder(failUnder, run.measures, run.metrics),
        ...(noWorseThan !== undefined && against ? failuresAgainst(against) : []),
      ]
      return { failures, comparison }
    },
  }
}
