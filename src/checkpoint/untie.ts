import type { Adapter } from '../formats/peft/lora/adapter.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import type { ModelFolder } from './model-folder.ts'

const [OUTPUT, EMBEDDING] = ['lm_head.weight', 'model.embed_tokens.weight']

/**
 * Whether adapters make the output another matrix than the embedding: they bring it along, or,
 * where they are merged, update it. In PEFT's class an update of the output leaves the embedding as
 * it is.
 */
export function changesOutput(adapters: readonly Adapter[], merge: boolean): boolean {
  const brings = ({ replaced }: Adapter) => replaced.has(OUTPUT)
  return adapters.some((one) => brings(one) || (merge && one.updates.has('lm_head')))
}

/** A folder's decoder whose output is a matrix of its own, so far a copy of the embedding. */
export const untied = <F extends ModelFolder<DecoderConfig>>(folder: F): F => ({
  ...folder,
  config: { ...folder.config, tied: false },
  fill: async (memory) => {
    const unused = await folder.fill(memory)
    memory(OUTPUT).set(memory(EMBEDDING))
    return unused
  },
})
