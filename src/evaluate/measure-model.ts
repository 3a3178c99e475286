import { createHash } from 'node:crypto'
import { rowTargets, rowTexts } from '../data/target-texts.ts'
import type { Item } from '../metrics/item.ts'
import { briefNumbers } from '../metrics/summarize.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { findNonFiniteIn, nonFiniteError } from '../runtime/non-finite.ts'
import type { Evaluation, MeasuredRows, Trained } from '../tasks/task.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { LossMeter } from './loss-meter.ts'

export interface Measurement {
  /** Mean loss of a target, in nats where it is a cross-entropy. */
  loss: number
  /** exp(loss): as uncertain as an even choice among so many tokens. Of texts only. */
  perplexity?: number
  /**
   * Bits to encode a byte of the text, which compares models whatever their tokenizers. Of texts
   * only.
   */
  bitsPerByte?: number
  /** Mean loss of a whole document: minus the logarithm of its probability, in nats. */
  lossPerDocument?: number
  /** Targets measured, and how many of them a second. */
  tokens: number
  tokensPerSecond: number
}

export interface Measured {
  engine: Engine
  objective: ObjectiveBuilder
  /** The model's, by name. */
  parameters: Readonly<Record<string, DeviceTensor>>
  wholeBatch?: boolean | undefined
  /** Single rows are measured, too. */
  byRow?: boolean | undefined
}

/**
 * Measures a model's loss on all rows, every target once; `figures`: means of the objective's
 * metrics; `rows`: losses of single rows, if they were asked for. Throws UserError, which names the
 * weight at fault, where the loss is not finite.
 */
export async function measureModel(
  { engine, objective, parameters, wholeBatch, byRow }: Measured,
  { batches, bytes, documents }: Pick<MeasuredRows, 'batches' | 'bytes' | 'documents'>,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Measurement & { rows: number[]; figures: Record<string, number> }> {
  const [first] = batches()
  if (!first) throw new RangeError('there is nothing to measure on')
  const meter = await LossMeter.create(engine, objective, parameters, first, { wholeBatch, byRow })
  try {
    const started = performance.now()
    const sums = await meter.measure(batches(), { signal })
    const { loss: total, count, rows } = sums
    if (!Number.isFinite(total))
      throw await nonFiniteError('losses', () => findNonFiniteIn(parameters))
    const loss = total / count
    return {
      loss,
      ...(bytes !== undefined && {
        perplexity: Math.exp(loss),
        bitsPerByte: total / Math.LN2 / bytes,
      }),
      ...(documents !== undefined && { lossPerDocument: total / documents }),
      tokens: count,
      tokensPerSecond: (1000 * count) / (performance.now() - started),
      rows,
      figures: Object.fromEntries(
        Object.entries(sums.metrics).map(([name, sum]) => [name, sum / count]),
      ),
    }
  } finally {
    meter.dispose()
  }
}

type TaskRows = Pick<Evaluation, 'evaluationObjective' | 'wholeBatch'> & MeasuredRows

/** A model's loss and its task's numbers, for training. Throws UserError as `measureModel` does. */
export async function measureTask(
  trained: Trained,
  rows: TaskRows,
): Promise<Measurement & { metrics: Record<string, number> }> {
  const { rows: _, figures, ...measured } = await measureRows(trained, rows, false)
  // What has no items of its own is known by its objective.
  if (!rows.score) return { ...measured, metrics: figures }
  return { ...measured, metrics: briefNumbers(await rows.score(trained), rows.measures) }
}

/**
 * A model's loss, and all that was measured, item by item; `divergences`: of the rows, from another
 * model. Throws UserError likewise.
 */
export async function measureItems(
  trained: Trained,
  rows: TaskRows,
  divergences?: readonly number[],
): Promise<{ measurement: Measurement; items: Item[] }> {
  const { rows: losses, figures: _, ...measurement } = await measureRows(trained, rows, true)
  const scored = (await rows.score?.(trained)) ?? []
  const found = losses.map((loss, row): Item['scores'] => {
    return divergences ? { loss, divergence: divergences[row] as number } : { loss }
  })
  const own = found.length > 0 ? rowItems(found, rows, trained.tokenizer) : []
  return { measurement, items: joined(own, scored) }
}

function measureRows(trained: Trained, rows: TaskRows, byRow: boolean) {
  const { engine, weights, signal } = trained
  const { evaluationObjective: objective, wholeBatch } = rows
  const measured = { engine, parameters: weights.live, objective, wholeBatch, byRow }
  return measureModel(measured, rows, { signal })
}

/** Characters of a row's text that its item shows. */
const SHOWN = 300

/** Rows that have targets as items: what they lose, and how much text this is of. */
function rowItems(
  losses: readonly Item['scores'][],
  { batches, bytes, ids, inputs }: MeasuredRows,
  tokenizer: Tokenizer,
): Item[] {
  const idOf = (row: number) => ids?.[row] ?? String(row + 1)
  if (bytes === undefined) {
    const texts = inputs && [...inputs()]
    return Array.from(rowTargets(batches()), (tokens, row): Item => {
      const input = texts?.[row] && shownOf(texts[row].text)
      return { id: idOf(row), ...input, scores: { ...losses[row], tokens } }
    }).filter(({ scores }) => scores.tokens !== 0)
  }
  const texts = [...rowTexts(batches(), tokenizer)]
  // Tokenizers may leave out or change characters: each row has its share of the source's bytes.
  const share = bytes / texts.reduce((sum, text) => sum + text.bytes, 0)
  return texts.flatMap(({ text, tokens, words, ...own }, row): Item[] => {
    if (tokens === 0) return []
    const scores = { ...losses[row], tokens, words, bytes: own.bytes * share }
    return [{ id: idOf(row), ...shownOf(text), scores }]
  })
}

/** The beginning of a text, and what tells it from others that begin so. */
function shownOf(text: string): Pick<Item, 'input' | 'hash'> {
  const characters = [...text]
  if (characters.length <= SHOWN) return { input: text }
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return { input: characters.slice(0, SHOWN).join(''), hash }
}

/** What is known of the rows, and what of the items, by their ids. */
function joined(rows: readonly Item[], scored: readonly Item[]): Item[] {
  if (rows.length === 0) return [...scored]
  const rest = new Map(scored.map((item) => [item.id, item]))
  const both = rows.map((row): Item => {
    const item = rest.get(row.id)
    rest.delete(row.id)
    return item ? { ...item, scores: { ...item.scores, ...row.scores } } : row
  })
  return [...both, ...rest.values()]
}
