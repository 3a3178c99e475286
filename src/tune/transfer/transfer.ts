import { join } from 'node:path'
import { withModel } from '../../checkpoint/open-model.ts'
import { UserError } from '../../errors.ts'
import { LOCK, whileWriting } from '../../files/lock.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { replaceFile } from '../../files/write-aside.ts'
import { parseOptions } from '../../options.ts'
import { withEngine } from '../../runtime/open.ts'
import { refuseOverwriting } from '../../train/run-folder.ts'
import type { TrainContext } from '../../train/train-task.ts'
import { type CellContext, drawFresh, hashModel, learnCell } from './cells.ts'
import type { Matrix } from './matrix.ts'
import { type Measured, measureMatrices, scoreBase, scoreCell } from './measure.ts'
import { type ParsedTransferOptions, type TransferOptions, transferOptions } from './options.ts'
import { type Cell, givenForRuns, type MatrixPlan, planMatrices, type Source } from './plan.ts'
import { transferPage } from './report/report.ts'
import { BASE, readTargets } from './targets.ts'
import { GIVEN, variantsOf } from './variants.ts'

export interface TransferResult {
  out: string
  model: string
  seeds: readonly number[]
  targets: Measured[]
  /** One for each strategy and variant. */
  matrices: Matrix[]
  /** Models that were trained by this call, and those that were there. */
  trained: number
  found: number
}

/** How a transfer is followed. */
export interface TransferContext extends TrainContext {
  /** Before each training: what is learned, as the number `index` (from 1) of `total`. */
  onCell?(cell: { label: string; index: number; total: number }): void
}

/**
 * Transfer learning, measured: every task is learned from scratch, from the base, and from the base
 * after each other task; `strategy` says how. The matrix of sources and targets says what each
 * gains (Phang et al. 2018), and what is forgotten. `out` then holds `transfer.json`,
 * `transfer.html`, and in `cells` each model and its evaluations; what is there already is not
 * trained again. Throws UserError with the option, the task or the line at fault.
 *
 * @example
 * const { matrices } = await transfer({ model: 'base', tasks: 'tasks.json', out: 'transfer' })
 * console.log(matrices[0]?.cells)
 */
export async function transfer(
  options: TransferOptions,
  context: TransferContext = {},
): Promise<TransferResult> {
  const parsed = parseOptions(transferOptions, options)
  const { out, model, language = 'en' } = parsed
  refuseOverwriting(out, model)
  refuseIdleReplay(parsed)
  const { signal } = context
  const targets = await readTargets(parsed.tasks, { out, signal })
  const variants = variantsOf(parsed.vary, options, targets)
  const config = await withModel(model, (base) => base.config)
  const base: Source = { name: BASE, folder: model, key: await hashModel(model) }
  const given = givenForRuns(options)
  const plans = planMatrices({ options: parsed, given, targets, variants, base, config })
  await makeFolder(out)
  return whileWriting({ target: out, path: join(out, LOCK) }, () =>
    withEngine(parsed, context.engine, async (engine) => {
      const cell: CellContext = { engine, events: context, language }
      for (const target of targets.filter(({ known }) => known))
        await scoreBase(target, { base, out, context: cell })
      const trained = await learnAll(plans, { base, context, cell })
      const measured = await measureMatrices({ plans, targets, base, out, context: cell })
      const seeds = [...new Set(parsed.seeds)]
      const result = { out, model, seeds, ...measured, ...trained }
      await replaceFile(join(out, 'transfer.json'), `${JSON.stringify(result, null, 2)}\n`)
      await replaceFile(join(out, 'transfer.html'), transferPage(result, language))
      return result
    }),
  )
}

function refuseIdleReplay({ strategy, replayShare }: ParsedTransferOptions): void {
  if (replayShare !== undefined && !strategy.includes('replay'))
    throw new UserError(
      `--replay-share ${replayShare} changes nothing: it is for --strategy replay; leave it out`,
    )
}

/** Trains all cells, sources before what starts from them, and scores each on its target. */
async function learnAll(
  plans: readonly MatrixPlan[],
  { base, context, cell: each }: { base: Source; context: TransferContext; cell: CellContext },
): Promise<{ trained: number; found: number }> {
  const cells = cellsOf(plans)
  const fresh = new Map(
    plans.flatMap(({ seeds }) => seeds.map(({ seed, fresh }) => [fresh.key, { seed, fresh }])),
  )
  for (const { seed, fresh: source } of fresh.values()) await drawFresh(base, source, seed)
  let [trained, index] = [0, 0]
  for (const { cell, label } of cells) {
    context.signal?.throwIfAborted()
    index++
    context.onCell?.({ label, index, total: cells.length })
    if (await learnCell(cell, each)) trained++
    await scoreCell(cell, each)
  }
  return { trained, found: cells.length - trained }
}

/** Each cell once, behind its source. */
function cellsOf(plans: readonly MatrixPlan[]): { cell: Cell; label: string }[] {
  const all = new Map<string, { cell: Cell; label: string }>()
  const add = (cell: Cell, how: string) => {
    const { source, target, seed } = cell
    if ('stages' in source) add(source as Cell, how.replace(/^[^,]+/, 'full'))
    const path = 'stages' in source ? `${BASE} → ${source.name}` : source.name
    if (!all.has(cell.key))
      all.set(cell.key, { cell, label: `${path} → ${target.name}, ${how}, seed ${seed}` })
  }
  for (const { strategy, variant, seeds } of plans) {
    const under = variant.name === GIVEN ? '' : `, ${variant.name}`
    for (const { scratch, cells } of seeds) {
      for (const cell of scratch.values()) add(cell, `full${under}`)
      for (const row of cells.values())
        for (const cell of row.values()) add(cell, `${strategy}${under}`)
    }
  }
  return [...all.values()]
}
