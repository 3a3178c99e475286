import { llamaLike } from './llama-like.ts'

/** Mistral (Jiang et al. 2023): Llama with a sliding window in every layer. */
export const mistral = llamaLike({
  modelType: 'mistral',
  name: 'Mistral',
  defaults: { context: 131_072, ropeTheta: 10_000, tied: false, kvHeads: 8 },
  read: (field) => {
    const window = field.optionalCount('sliding_window', 4096)
    return window === undefined ? {} : { window }
  },
  write: ({ window }) => ({ sliding_window: window ?? null }),
})
