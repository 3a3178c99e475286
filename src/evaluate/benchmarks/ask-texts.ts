import { encodeRecord } from '../../data/parse-record.ts'
import type { Item } from '../../metrics/item.ts'
import type { LikelihoodProgram } from '../likelihood/likelihood-program.ts'
import { type ScoreOptions, scoreGroups } from '../likelihood/score-groups.ts'
import type { TextQuestion } from './benchmark.ts'
import type { PromptEncoder } from './encode-prompts.ts'
import type { Asked } from './prompts.ts'

/** Characters of a text that are kept with its item. */
const SHOWN = 200

/** Measures the probability of texts, each token once (rolling log-likelihood). */
export async function* askTexts(
  program: LikelihoodProgram,
  asked: readonly Asked<TextQuestion>[],
  { encoder, ...options }: ScoreOptions & { encoder: PromptEncoder },
): AsyncGenerator<Item> {
  const windows = asked.map(({ question }) => () => {
    const { id, text } = question
    return encodeRecord(`question ${id}`, () => encoder.windows(text))
  })
  // Windows of a text follow each other: they have no common beginning to share.
  const separate = { ...options, packed: false }
  for await (const { index, likelihoods } of scoreGroups(program, windows, separate)) {
    const { id, text, words, bytes } = (asked[index] as (typeof asked)[number]).question
    const loss = likelihoods.reduce((total, { logProbability }) => total - logProbability, 0)
    const tokens = likelihoods.reduce((total, one) => total + one.tokens, 0)
    yield { id, input: text.slice(0, SHOWN), scores: { loss, tokens, words, bytes } }
  }
}
