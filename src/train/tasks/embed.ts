import { parseTextPair, type TextPair, textPairSet } from '../../data/tasks/text-pairs.ts'
import { contrastiveObjective } from '../../objectives/contrastive.ts'
import { readerOf } from './reader-of.ts'
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
  undivided: true,
}
