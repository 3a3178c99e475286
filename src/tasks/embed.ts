import { parseTextPair, type TextPair, textPairSet } from '../data/tasks/text-pairs.ts'
import { UserError } from '../errors.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { contrastiveObjective } from '../objectives/contrastive.ts'
import { embed as askForVectors, cosineSimilarity } from '../predict/embed.ts'
import { promptFor } from '../predict/prompts.ts'
import { asking, readerOf } from './reader-of.ts'
import type { RecordTask } from './task.ts'

/**
 * A vector for each text, near to those of texts that mean the same: `{"anchor": "...", "positive":
 * "..."}`.
 */
export const embed: RecordTask<TextPair> = {
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  parse: parseTextPair,
  texts: ({ anchor, positive }) => [anchor, positive],
  head: () => ({ task: 'embed', labels: [] }),
  examples: (records, { tokenizer }, model, { length }) =>
    textPairSet(withPrompt(readerOf(model).config.head, records), { tokenizer, length }),
  objective:
    (model, { length, temperature }) =>
    (sizes) =>
      contrastiveObjective(readerOf(model), { ...sizes, length, temperature }),
  measure: (trained, records) =>
    asking(trained, async (model, options) => {
      const anchors = await askForVectors(
        model,
        records.map(({ anchor }) => anchor),
        options,
      )
      const positives = await askForVectors(
        model,
        records.map(({ positive }) => positive),
        options,
      )
      const texts = records.map(({ positive }) => positive)
      return { recallAt1: recallAt1(anchors, positives, texts) }
    }),
  wholeBatch: true,
}

/** Texts as the model reads them: behind its default prompt. Throws UserError. */
function withPrompt(head: HeadConfig | undefined, records: readonly TextPair[]): TextPair[] {
  const prompt = head ? promptFor(head) : ''
  if (prompt && head?.prompts?.pooled === false)
    throw new UserError(
      'the model leaves its prompt out of the mean of tokens (include_prompt of ' +
        '1_Pooling/config.json is false), and training would not; set it to true, or take out ' +
        'the default prompt',
    )
  return records.map(({ anchor, positive, where }) => ({
    anchor: prompt + anchor,
    positive: prompt + positive,
    where,
  }))
}

/** Share of the anchors to which their own text is nearer than every other. */
function recallAt1(
  anchors: readonly Float32Array[],
  positives: readonly Float32Array[],
  texts: readonly string[],
): number {
  const found = anchors.filter((anchor, own) => {
    const near = cosineSimilarity(anchor, positives[own] as Float32Array)
    return positives.every(
      (other, i) => texts[i] === texts[own] || cosineSimilarity(anchor, other) < near,
    )
  })
  return found.length / anchors.length
}
