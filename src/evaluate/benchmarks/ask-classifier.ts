import { UserError } from '../../errors.ts'
import type { Item } from '../../metrics/item.ts'
import { LEAST } from '../../metrics/measures/probabilities.ts'
import { classify } from '../../predict/classify.ts'
import type { TextModel } from '../../predict/text-model.ts'
import { chosenOf } from './ask-choices.ts'
import type { ChoiceQuestion, ChoicesBenchmark } from './benchmark.ts'
import type { Asked } from './prompts.ts'

/** Texts that are classified before their items are given out. */
const CHUNK = 512

/** Classifies texts whose classes the model's labels name. */
export async function* askClassifier(
  model: TextModel,
  asked: readonly Asked<ChoiceQuestion>[],
  { benchmark, signal }: { benchmark: ChoicesBenchmark; signal?: AbortSignal | undefined },
): AsyncGenerator<Item> {
  const names = labelNames(model.head.labels, benchmark) ?? {}
  const { labels = [] } = benchmark
  for (let start = 0; start < asked.length; start += CHUNK) {
    signal?.throwIfAborted()
    const chunk = asked.slice(start, start + CHUNK).map(({ question }) => question)
    const texts = chunk.map(({ text = '' }) => text)
    const classified = await classify(model, texts, signal ? { signal } : {})
    for (const [i, { id, text, answer }] of chunk.entries()) {
      const { labels: all } = classified[i] as (typeof classified)[number]
      const probabilities = Object.fromEntries(
        all.map(({ label, probability }) => [names[label], probability]),
      )
      const logs = labels.map((name) => Math.log(Math.max(LEAST, probabilities[name] as number)))
      const chosen = chosenOf(logs, answer)
      const [expected, predicted] = [labels[answer] as string, labels[chosen] as string]
      const [correct, loss] = [Number(chosen === answer), -(logs[answer] as number)]
      yield { id, input: text, expected, predicted, scores: { correct, loss }, probabilities }
    }
  }
}

/** The benchmark's name for each of a classifier's labels; undefined where they are others. */
function labelNames(
  given: readonly string[],
  { labels = [], classes = [] }: ChoicesBenchmark,
): Record<string, string> | undefined {
  const names = given.map((label) => {
    const isSame = (name: string) => name.toLowerCase() === label.toLowerCase()
    return [label, labels.find((name, i) => isSame(name) || isSame(classes[i] ?? ''))] as const
  })
  const found = new Set(names.map(([, name]) => name))
  if (found.has(undefined) || found.size !== labels.length) return undefined
  return Object.fromEntries(names) as Record<string, string>
}

/** Throws UserError where a classifier's labels are not the classes of a benchmark. */
export function expectClasses(
  name: string,
  benchmark: ChoicesBenchmark,
  given: readonly string[],
): void {
  if (labelNames(given, benchmark)) return
  const { labels = [], classes = [] } = benchmark
  const pairs = labels.map((label, i) => `${classes[i]} (or ${label})`)
  throw new UserError(
    `benchmark ${name}: the model's labels are ${given.join(', ')}; expected ${pairs.join(', ')}`,
  )
}
