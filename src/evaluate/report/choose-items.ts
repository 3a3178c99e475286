import { evenly } from '../../data/evenly.ts'
import { chrf } from '../../metrics/chrf.ts'
import type { Answer, Item } from '../../metrics/item.ts'

/** An answer as one text. */
export const textOf = (answer: Answer | undefined): string =>
  typeof answer === 'string' ? answer : (answer?.join(' ') ?? '')

/** How wrong an item is; 0 where it is right, and undefined where nothing tells. */
export function wrongness(item: Item): number | undefined {
  const { predicted, expected, scores, probabilities } = item
  if (scores.actual !== undefined) return Math.abs((scores.estimate ?? 0) - scores.actual)
  if (predicted === undefined || expected === undefined)
    return scores.loss === undefined ? undefined : scores.loss / Math.max(1, scores.tokens ?? 1)
  const [said, is] = [textOf(predicted), textOf(expected)]
  // Of what a model wrote, the answer is a part.
  if (scores.exactMatch === undefined ? said === is : scores.exactMatch === 1) return 0
  // The more certain, the worse.
  if (probabilities) return 1 + (probabilities[said] ?? 0) - (probabilities[is] ?? 0)
  return 101 - chrf([said], [is])
}

/** The items that are most wrong, the worst first. */
export function worstItems(items: readonly Item[], count: number): Item[] {
  const rated = items.flatMap((item) => {
    const wrong = wrongness(item)
    return wrong === undefined || wrong === 0 ? [] : [{ item, wrong }]
  })
  rated.sort((a, b) => b.wrong - a.wrong)
  return rated.slice(0, count).map(({ item }) => item)
}

/** Some items from all over the data. */
export const sampleItems = (items: readonly Item[], count: number): Item[] => evenly(items, count)

/** Items whose answers differ from a run before, those that became wrong first. */
export function changedItems(
  before: readonly Item[],
  after: readonly Item[],
  count: number,
): { before: Item; after: Item }[] {
  const known = new Map(before.map((item) => [item.id, item]))
  const pairs = after.flatMap((item) => {
    const old = known.get(item.id)
    if (!old || item.predicted === undefined) return []
    return textOf(old.predicted) === textOf(item.predicted) ? [] : [{ before: old, after: item }]
  })
  const change = (pair: { before: Item; after: Item }) =>
    (wrongness(pair.after) ?? 0) - (wrongness(pair.before) ?? 0)
  return pairs.sort((a, b) => change(b) - change(a)).slice(0, count)
}
