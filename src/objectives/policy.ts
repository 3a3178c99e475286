import {
  add,
  cast,
  exp,
  greaterEqual,
  input,
  less,
  linearCrossEntropy,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import { segmentBias } from '../nn/index.ts'
import { commonInputs, type Objective, type ObjectiveSizes } from './objective.ts'

export interface SampledTokensOptions extends ObjectiveSizes {
  /** Tokens of a row. */
  length: number
  /** Sampling temperature. */
  temperature: number
}

export interface PolicyOptions extends SampledTokensOptions {
  /** The ratio counts between 1 - `clipLow` and 1 + `clipHigh`. */
  clipLow: number
  clipHigh: number
  /** Factor of the KL divergence from the reference; 0: there is none. */
  kl: number
  /** Log-probabilities from sampling time are inputs; otherwise the current ones are used. */
  reused: boolean
  /** Each token has this share, instead of those given (Dr. GRPO: 1 / the most tokens). */
  tokenShare?: number | undefined
}

/** Log-probabilities of sampled tokens, and all that they depend on. */
export interface SampledTokens {
  /** (rows length): of the target after each position; 0 where none is. */
  logProbabilities: Tensor
  /** `ids`, `targets`, `segments` and `positions`, (rows, length) each. */
  inputs: Record<string, Tensor>
}

/**
 * Log-probabilities of the tokens of completions, several of which may share a row (`segments`,
 * `positions`), under softmax(logits / temperature).
 */
export function sampledTokens(
  model: Decoder,
  { rows, length, temperature }: SampledTokensOptions,
  training: ReturnType<typeof commonInputs>['training'] = {},
): SampledTokens {
  const tokens = (name: string) => input(name, 'int32', [rows, length])
  const ids = tokens('ids')
  const targets = tokens('targets')
  const segments = tokens('segments')
  const positions = tokens('positions')
  const hidden = model.hidden(ids, {
    positions,
    reach: length,
    attentionBias: segmentBias(segments),
    ...training,
  })
  const { logitSoftcap } = model.config
  // (h / T) W = logits / T; a soft cap c of the logits is then one of c / T.
  const { losses } = linearCrossEntropy(
    temperature === 1 ? hidden : mul(hidden, 1 / temperature),
    model.outputWeight,
    reshape(targets, [rows * length]),
    { softcap: logitSoftcap && logitSoftcap / temperature },
  )
  return { logProbabilities: neg(losses), inputs: { ids, targets, segments, positions } }
}

/**
 * Group relative policy optimization (Shao et al. 2024): raises the probability of tokens with an
 * advantage above 0, and lowers it below. With r = π / π_old of a token, A its advantage, and d =
 * log π_ref - log π:
 *
 * loss = -min(r A, clip(r, 1 - clipLow, 1 + clipHigh) A) + kl (e^d - d - 1)
 *
 * times the token's share, added up, and averaged over completions. The last term estimates the KL
 * divergence without bias, and is never negative (k3, Schulman 2020). A higher `clipHigh` lets
 * unlikely tokens rise (DAPO, Yu et al. 2025).
 *
 * Inputs besides those of `sampledTokens` and the common ones, (rows, length) each: `advantages`;
 * `shares`, 1 / the tokens of the completion, 0 where none is; `reused`: `old`, and with `kl`:
 * `reference`, log-probabilities. Metrics are means over completions: `entropy`, estimated by -log
 * π of what was drawn; `clipShare`, of tokens whose ratio is clipped; `kl`. The balance of experts
 * is left as it is.
 */
export function policyObjective(model: Decoder, options: PolicyOptions): Objective {
  const { rows, length, clipLow, clipHigh, kl, reused, tokenShare } = options
  const { weight, training, inputs } = commonInputs(options)
  const sampled = sampledTokens(model, options, training)
  const { logProbabilities } = sampled
  const given: Record<string, Tensor> = {}
  const perToken = (name: string) => {
    given[name] = input(name, 'float32', [rows, length])
    return reshape(given[name], [rows * length])
  }
  const advantages = perToken('advantages')
  const shares = perToken('shares')
  const old = reused ? perToken('old') : stopGradient(logProbabilities)
  const ratio = exp(sub(logProbabilities, old))
  const clipped = mul(minimum(maximum(ratio, 1 - clipLow), 1 + clipHigh), advantages)
  const plain = mul(ratio, advantages)
  const gain = minimum(plain, clipped)
  const isClipped = cast(less(clipped, plain), 'float32')
  const meanOf = (values: Tensor, share = shares) => mul(sum(mul(values, share)), weight)
  const metrics: Record<string, Tensor> = {
    entropy: meanOf(neg(logProbabilities)),
    clipShare: meanOf(isClipped),
  }
  let losses = neg(gain)
  if (kl > 0) {
    const difference = sub(perToken('reference'), logProbabilities)
    const divergence = sub(sub(exp(difference), difference), 1)
    metrics.kl = meanOf(divergence)
    losses = add(losses, mul(divergence, kl))
  }
  const counted = cast(
    greaterEqual(reshape(sampled.inputs.targets as Tensor, [rows * length]), 0),
    'float32',
  )
  const share = tokenShare === undefined ? shares : mul(counted, tokenShare)
  return {
    inputs: { ...sampled.inputs, ...given, ...inputs },
    loss: meanOf(losses, share),
    metrics,
  }
}
