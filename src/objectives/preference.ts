import {
  add,
  cast,
  concat,
  div,
  exp,
  greaterEqual,
  input,
  linearCrossEntropy,
  maximum,
  mul,
  neg,
  reshape,
  split,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Context } from '../nn/index.ts'
import { bradleyTerry, comparison } from './bradley-terry.ts'
import { commonInputs, type Objective, type ObjectiveSizes, withLayerLosses } from './objective.ts'

/** What is minimized of two answers to a prompt: DPO (Rafailov et al. 2023) and its kin. */
export interface PreferenceLoss {
  /**
   * Of the margin between both rewards. `sigmoid`: DPO; `ipo`: a margin as it should be, squared
   * (Azar et al. 2023); `hinge`: a margin that is wide enough counts for nothing (SLiC, Zhao et al.
   * 2023).
   */
  loss: 'sigmoid' | 'ipo' | 'hinge'
  /** Reward of a nat by which an answer is likelier than under the reference. */
  beta: number
  /** Probability that a preference label is flipped (conservative DPO, Mitchell 2023). */
  labelSmoothing: number
  /** Rewards are of log-probabilities alone, and no reference is needed. */
  referenceFree: boolean
  /** Log-probabilities are means over an answer's tokens; else sums. */
  lengthNormalized: boolean
  /** Margin that the rewards should have at least: SimPO's gamma (Meng et al. 2024). */
  gamma: number
  /** Weight of the mean loss of the preferred answer's tokens (Pang et al. 2024). */
  nllWeight: number
}

export interface PreferenceOptions extends ObjectiveSizes, PreferenceLoss {
  /** Tokens of a conversation. */
  length: number
  /** Leaves out what only training minimizes: the balance of experts. */
  evaluation?: boolean
}

/**
 * The loss of a pair of answers, and what DPO is watched by: rewards, log-probabilities of whole
 * answers, and the KL divergence from the reference to the model, in nats per token, estimated on
 * these answers (Schulman 2020, k3). Inputs: `ids`, `targets` and, unless it is free of one,
 * `reference` (rows, 2, length): the conversation with the preferred answer, then the other;
 * targets are the answers' tokens, -100 elsewhere, where the reference's log-probabilities are 0.
 */
export function preferenceObjective(model: Decoder, options: PreferenceOptions): Objective {
  const { rows, length, referenceFree, lengthNormalized, beta, nllWeight, evaluation } = options
  const { weight, training, inputs } = commonInputs(options)
  const tokens = (name: string) => input(name, 'int32', [rows, 2, length])
  const [ids, targets] = [tokens('ids'), tokens('targets')]
  const layerLosses: Tensor[] = []
  const given = { ...training, losses: layerLosses }
  const logProbabilities = answerLogProbabilities(model, { ids, targets }, given)
  // (rows, 2) each.
  const count = sum(cast(greaterEqual(targets, 0), 'float32'), 2)
  const mean = (values: Tensor) => div(sum(values, 2), maximum(count, 1))
  const total = (values: Tensor) => (lengthNormalized ? mean(values) : sum(values, 2))
  // Pairs that fill up a micro-batch have no targets.
  const counted = cast(greaterEqual(sum(count, 1), 1), 'float32')
  const pairTargets = cast(mul(sub(counted, 1), 100), 'int32')
  const stepMean = (values: Tensor) => mul(sum(mul(reshape(values, [rows]), counted)), weight)

  const reference = referenceFree ? undefined : input('reference', 'float32', [rows, 2, length])
  const ratios = reference ? sub(logProbabilities, reference) : logProbabilities
  const rewards = mul(total(ratios), beta)
  const pairs = pairLosses(rewards, pairTargets, options)
  const [nll] = split(neg(mean(logProbabilities)), [1, 1], 1) as [Tensor, Tensor]
  const combined = nllWeight > 0 ? add(pairs, mul(reshape(nll, [rows]), nllWeight)) : pairs
  const share = evaluation ? 0 : (model.config.experts?.balance ?? 0)
  const balance = { share, weight, targets: pairTargets }

  const [chosen, rejected] = split(sum(logProbabilities, 2), [1, 1], 1) as [Tensor, Tensor]
  const divergence = reference && mean(sub(sub(exp(ratios), 1), ratios))
  return {
    inputs: { ids, targets, ...(reference && { reference }), ...inputs },
    loss: withLayerLosses(stepMean(combined), layerLosses, balance),
    metrics: {
      ...comparison(rewards, stepMean),
      ...(divergence && { kl: stepMean(mul(sum(divergence, 1), 0.5)) }),
      logProbabilityChosen: stepMean(chosen),
      logProbabilityRejected: stepMean(rejected),
    },
  }
}

/** Losses of pairs by their rewards. rewards: (N, 2), targets: (N) -> (N). */
function pairLosses(
  rewards: Tensor,
  targets: Tensor,
  { loss, beta, gamma, labelSmoothing }: PreferenceLoss,
): Tensor {
  const [chosen, rejected] = split(rewards, [1, 1], 1) as [Tensor, Tensor]
  const wanted = gamma > 0 ? sub(chosen, gamma) : chosen
  if (loss === 'sigmoid')
    return bradleyTerry(concat([wanted, rejected], 1), targets, labelSmoothing)
  const margin = reshape(sub(wanted, rejected), targets.shape)
  if (loss === 'hinge') return maximum(sub(1, margin), 0)
  const error = sub(mul(margin, 1 / beta), 1 / (2 * beta))
  return mul(error, error)
}

/**
 * Log-probabilities of the targets, 0 where there is none. ids, targets: (N, 2, T) -> (N, 2, T).
 */
export function answerLogProbabilities(
  model: Decoder,
  { ids, targets }: { ids: Tensor; targets: Tensor },
  context: Pick<Context, 'random' | 'recompute' | 'losses'> = {},
): Tensor {
  const [rows, , length] = ids.shape as [number, number, number]
  const hidden = model.hidden(reshape(ids, [2 * rows, length]), context)
  const flat = reshape(targets, [2 * rows * length])
  const softcap = model.config.logitSoftcap
  const { losses } = linearCrossEntropy(hidden, model.outputWeight, flat, { softcap })
  return reshape(neg(losses), targets.shape)
}
