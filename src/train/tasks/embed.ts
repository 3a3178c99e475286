import { parseTextPair, type TextPair, textPairSet } from '../../data/tasks/text-pairs.ts'
import { embed as askForVectors, cosineSimilarity } from '../../encode/embed.ts'
import { contrastiveObjective } from '../../objectives/contrastive.ts'
import { asking, readerOf } from './reader-of.ts'
import type { RecordTask } from './task.ts'

/** A vector for each text, near to those of texts that mean the same: `{"anchor": "...", "positive": "..."}`. */
export const embed: RecordTask<TextPair> = {
  kinds: ['encoder', 'decoder'],
  style: 'bert',
  parse: parseTextPair,
  texts: ({ anchor, positive }) => [anchor, positive],
  head: () => ({ task: 'embed', labels: [] }),
  examples: (records, tokenizer, _, { length }) => textPairSet(records, { tokenizer, length }),
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
  undivided: true,
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
