import { rename } from '../tensor-map.ts'
import { llamaLike } from './llama.ts'

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

const MOE = 'model.layers.{i}.block_sparse_moe'
const OURS = 'model.layers.{i}.mlp'

/** Mixtral (Jiang et al. 2024): Mistral with a mixture of experts in every layer. */
export const mixtral = llamaLike({
  modelType: 'mixtral',
  name: 'Mixtral',
  defaults: {
    context: 131_072,
    ropeTheta: 1_000_000,
    tied: false,
    kvHeads: 8,
    normEpsilon: 1e-5,
  },
  aliases: { num_experts: 'num_local_experts' },
  read: (field, { hiddenDim }) => {
    field.ignore('output_router_logits')
    field.only('router_jitter_noise', 0)
    const window = field.optionalCount('sliding_window')
    return {
      ...(window !== undefined && { window }),
      experts: {
        count: field.count('num_local_experts', 8),
        perToken: field.count('num_experts_per_tok', 2),
        hiddenDim,
        normalized: true,
        balance: field.number('router_aux_loss_coef', 0.001),
      },
    }
  },
  write: ({ window, experts }) => ({
    sliding_window: window ?? null,
    num_local_experts: experts?.count,
    num_experts_per_tok: experts?.perToken,
    router_aux_loss_coef: experts?.balance,
  }),
  renames: [
    rename(`${MOE}.gate.weight`, `${OURS}.gate.weight`),
    ...Object.entries({ w1: 'gate_proj', w2: 'down_proj', w3: 'up_proj' }).map(([file, ours]) =>
      rename(`${MOE}.experts.{e}.${file}.weight`, `${OURS}.experts.{e}.${ours}.weight`),
    ),
  ],
})
