import { llamaLike } from './llama-like.ts'

/** Llama 2 and 3 (Touvron et al. 2023; Grattafiori et al. 2024). */
export const llama = llamaLike({
  modelType: 'llama',
  name: 'Llama',
  defaults: { context: 2048, ropeTheta: 10_000, tied: false },
  read: (field) => ({
    attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
    feedForwardBias: field.boolean('mlp_bias', false),
  }),
  write: ({ attentionBias, feedForwardBias }) => ({
    attention_bias: attentionBias === 'all',
    mlp_bias: feedForwardBias,
  }),
})
