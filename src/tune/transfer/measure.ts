import { type CellContext, type Score, scoreForgotten, scoreModel } from './cells.ts'
import {
  type Forgetting,
  gainOf,
  type Judged,
  judgedBy,
  type Matrix,
  type MatrixCell,
  scoreOf,
} from './matrix.ts'
import { type Cell, folderOf, type MatrixPlan, type SeedPlan, type Source } from './plan.ts'
import { BASE, SCRATCH, type Target } from './targets.ts'

/** A task or a domain, and what it is judged by. */
export interface Measured extends Judged, Pick<Target, 'name' | 'task' | 'known'> {}

export interface MeasureOptions {
  plans: readonly MatrixPlan[]
  targets: readonly Target[]
  base: Source
  out: string
  context: CellContext
}

/** The base on what it knows. Throws UserError where it is for another task. */
export const scoreBase = (
  target: Target,
  { base, out, context }: Pick<MeasureOptions, 'base' | 'out' | 'context'>,
): Promise<Score> =>
  scoreModel(base.folder, target, { home: folderOf(out, BASE, base.key), context })

/** A cell's model on its target. */
export const scoreCell = (cell: Cell, context: CellContext): Promise<Score> =>
  scoreModel(cell.folder, cell.target, { home: cell.home, context })

/** Scores of each seed, by source and target. */
type Table = Map<string, Map<Target, Score[]>>

/** Scores all models, which have been trained, and compares them. */
export async function measureMatrices(
  options: MeasureOptions,
): Promise<{ targets: Measured[]; matrices: Matrix[] }> {
  const { plans, targets, context } = options
  const judges = new Map<Target, Judged>()
  const judge = (target: Target, [score]: readonly Score[]): Judged => {
    const found = judges.get(target) ?? judgedBy(score as Score)
    judges.set(target, found)
    return found
  }
  const matrices: Matrix[] = []
  /** Of each strategy, under the first variant. */
  const plain = new Map<string, Table>()
  for (const { strategy, variant, seeds } of plans) {
    const table = await tableOf(seeds, context)
    const cells: MatrixCell[] = []
    for (const [source, row] of table)
      for (const [target, scores] of row) {
        const judged = judge(target, scores)
        const over = async (others: Table | undefined, name: string) => {
          const other = others?.get(name)?.get(target)
          return other && gainOf(other, scores, judged)
        }
        const isTask = source !== SCRATCH && source !== BASE
        cells.push({
          source,
          target: target.name,
          score: scoreOf(scores, judged),
          overScratch: source === SCRATCH ? undefined : await over(table, SCRATCH),
          overBase: isTask ? await over(table, BASE) : undefined,
          overPlain: await over(plain.get(strategy), source),
          evaluations: scores.map(({ folder }) => folder),
        })
      }
    const forgetting: Forgetting[] = []
    for (const pair of forgottenBy(seeds, targets)) {
      const before: Score[] = []
      const now: Score[] = []
      for (const { cell, source } of pair.each) {
        before.push(
          source === options.base
            ? await scoreBase(pair.task, options)
            : await scoreCell(source as Cell, context),
        )
        now.push(await scoreForgotten(cell, source, { target: pair.task, context }))
      }
      const judged = judge(pair.task, before)
      forgetting.push({
        task: pair.task.name,
        after: pair.after.name,
        before: scoreOf(before, judged),
        now: scoreOf(now, judged),
        change: await gainOf(before, now, judged),
        evaluations: now.map(({ folder }) => folder),
      })
    }
    matrices.push({ strategy, variant: variant.name, cells, forgetting })
    if (!plain.has(strategy)) plain.set(strategy, table)
  }
  const measured = targets.flatMap((target): Measured[] => {
    const { name, task, known } = target
    const judged = judges.get(target)
    return judged ? [{ name, task, known, ...judged }] : []
  })
  return { targets: measured, matrices }
}

/** All scores of a matrix: the row from scratch, and one for each source. */
async function tableOf(seeds: readonly SeedPlan[], context: CellContext): Promise<Table> {
  const table: Table = new Map()
  for (const { scratch, cells } of seeds)
    for (const [source, row] of [[SCRATCH, scratch] as const, ...cells])
      for (const [target, cell] of row) {
        const scores = table.get(source) ?? new Map<Target, Score[]>()
        table.set(source, scores)
        scores.set(target, [...(scores.get(target) ?? []), await scoreCell(cell, context)])
      }
  return table
}

/** What can be forgotten: a task that was learned before a target, or what the base knows. */
interface Forgotten {
  task: Target
  after: Target
  /** For each seed, the model that learned the target, and the one before. */
  each: { cell: Cell; source: Source }[]
}

function forgottenBy(seeds: readonly SeedPlan[], targets: readonly Target[]): Forgotten[] {
  const [first] = seeds
  return [...(first?.cells ?? [])].flatMap(([source, row]) => {
    const tasks = targets.filter(({ name, known }) => (source === BASE ? known : name === source))
    return tasks.flatMap((task) =>
      [...row.keys()].map((after): Forgotten => {
        const each = seeds.map(({ cells }) => {
          const cell = cells.get(source)?.get(after) as Cell
          return { cell, source: cell.source }
        })
        return { task, after, each }
      }),
    )
  })
}
