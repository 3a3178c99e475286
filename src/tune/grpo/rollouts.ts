import { z } from 'zod'
import { type Examples, IGNORE } from '../../data/batch.ts'
import { packedConversations } from '../../data/chat/packed-conversations.ts'
import { MixedIndices } from '../../data/readers/mixture.ts'
import { type BatchSource, parseState, position } from '../../data/readers/reader.ts'
import { ShuffledIndices } from '../../data/readers/shuffled-indices.ts'
import { UserError } from '../../errors.ts'
import type { Generated } from '../../generate/from-tokens.ts'
import { Random } from '../../random.ts'
import { RunEnd } from '../../train/run.ts'
import { groupAdvantages, momentsOf } from './advantages.ts'
import type { EncodedPrompt } from './encode-prompts.ts'
import type { Policy } from './policy.ts'
import type { Rewards } from './rewards.ts'
import { restoredExamples, savedExamples, savedSchema } from './saved-examples.ts'

export interface RolloutsOptions {
  /** Prompts to draw from, each once in a round; several lists are mixed by weight. */
  parts: readonly { prompts: readonly EncodedPrompt[]; weight: number }[]
  rewards: Rewards
  policy(): Policy
  /** Completions of a rollout, and of each of its prompts. */
  completions: number
  group: number
  /** Tokens of a row. */
  length: number
  temperature: number
  /** Advantages without the group's deviation. */
  unbiased: boolean
  /** Updates with each rollout. */
  updates: number
  /** Learns from groups without signal, too: a reference pulls at them. */
  hasReference: boolean
  seed: number
}

/** Rollouts in a row in which no group has a signal, after which none is expected any more. */
const SILENT = 20

const schema = z.object({
  order: z.unknown(),
  rollouts: position,
  silent: position,
  lowest: z.number().optional(),
  best: z.number().optional(),
  used: position,
  batch: savedSchema.optional(),
})

/** Completions of the prompts drawn, group after group. */
interface Rollout {
  drawn: readonly EncodedPrompt[]
  written: readonly Generated[]
  advantages: readonly number[]
  /** Indices of completions whose group has a signal. */
  withSignal: readonly number[]
  lowest: number
  highest: number
  figures: Record<'reward', number> & Record<string, number>
}

/**
 * Batches that the model in training writes itself: a group of completions for each of some
 * prompts, with their advantages (Shao et al. 2024). A group whose rewards are all equal has no
 * gradient, and is left out, unless a reference pulls at it; where that leaves nothing, the next
 * prompts are taken.
 *
 * A rollout depends on the weights, the seed and its number alone, so that a resumed run repeats
 * it. One that is not used up is part of the state, since the weights that wrote it are gone.
 */
export class Rollouts implements BatchSource {
  readonly #options: RolloutsOptions
  readonly #prompts: readonly EncodedPrompt[]
  readonly #order: ShuffledIndices | MixedIndices
  #rollouts = 0
  /** Rollouts without any signal, in a row. */
  #silent = 0
  /** Their lowest reward, and the highest one of those with a signal. */
  #lowest: number | undefined
  #best: number | undefined
  /** To be used again, and updates with it so far. */
  #batch: Examples | undefined
  #used = 0

  /** Throws UserError where the completions are no whole groups. */
  constructor(options: RolloutsOptions) {
    const { completions, group } = options
    if (completions % group !== 0)
      throw new UserError(
        `a step has ${completions} completions, which are no whole groups of ${group}; give a ` +
          '--batch that is a multiple of --group',
      )
    this.#options = options
    const [only, ...others] = options.parts
    const sizes = options.parts.map(({ prompts, weight }) => ({ count: prompts.length, weight }))
    this.#prompts = options.parts.flatMap(({ prompts }) => prompts)
    this.#order =
      only && others.length === 0
        ? new ShuffledIndices(only.prompts.length, options.seed)
        : new MixedIndices(sizes, options.seed)
  }

  /** Throws RunEnd where no group has had a signal for long. */
  async next({ signal }: { signal?: AbortSignal | undefined }): Promise<Examples> {
    const used = this.#batch ? this.#used + 1 : 1
    const batch = this.#batch ?? (await this.#nextWithSignal(signal))
    this.#used = used
    this.#batch = used < this.#options.updates ? batch : undefined
    return batch
  }

  state(): z.input<typeof schema> {
    return {
      order: this.#order.state(),
      rollouts: this.#rollouts,
      silent: this.#silent,
      lowest: this.#lowest,
      best: this.#best,
      used: this.#used,
      batch: this.#batch && savedExamples(this.#batch),
    }
  }

  restore(state: unknown): void {
    const restored = parseState(schema, state, 'rollouts')
    this.#order.restore(restored.order)
    this.#rollouts = restored.rollouts
    this.#silent = restored.silent
    this.#lowest = restored.lowest
    this.#best = restored.best
    this.#used = restored.used
    this.#batch = restored.batch && restoredExamples(restored.batch)
  }

  async #nextWithSignal(signal: AbortSignal | undefined): Promise<Examples> {
    for (;;) {
      const rollout = await this.#rollOut(signal)
      const { withSignal, drawn } = rollout
      this.#watch(rollout)
      const kept = this.#options.hasReference ? [...drawn.keys()] : withSignal
      if (kept.length > 0) return this.#batchOf(rollout, kept, signal)
    }
  }

  #watch({ withSignal, lowest, highest, figures }: Rollout): void {
    if (withSignal.length > 0) {
      this.#silent = 0
      this.#lowest = undefined
      this.#best = Math.max(this.#best ?? highest, highest)
      return
    }
    this.#lowest = Math.min(this.#lowest ?? lowest, lowest)
    if (++this.#silent < SILENT) return
    const silent = `in ${SILENT} rollouts in a row all completions`
    const mean = figures.reward.toFixed(3)
    if (this.#lowest >= Math.min(this.#best ?? Infinity, this.#options.rewards.most))
      throw new RunEnd(
        'early',
        `${silent} have the same, best reward (${mean}): there is nothing left to learn`,
      )
    throw new RunEnd(
      'collapsed',
      `${silent} of each prompt had the same reward (${mean} on average): there is no learning ` +
        'signal',
    )
  }

  async #rollOut(signal: AbortSignal | undefined): Promise<Rollout> {
    const { rewards, policy, group, completions, seed, temperature } = this.#options
    const drawn = Array.from({ length: completions / group }, () => {
      const prompt = this.#prompts[this.#order.next()] as EncodedPrompt
      return Array.from({ length: group }, () => prompt)
    }).flat()
    const seedOfRollout = Random.of(seed, ++this.#rollouts).bits()
    const ids = drawn.map((prompt) => prompt.ids)
    const written = await policy().write(ids, { temperature, seed: seedOfRollout, signal })
    const completed = drawn.map(({ prompt }, i) => ({ prompt, text: written[i]?.text ?? '' }))
    const { totals, parts } = await rewards.judge(completed, signal)
    const advantages = drawn.flatMap((_, i) =>
      i % group === 0 ? groupAdvantages(totals.slice(i, i + group), this.#options) : [],
    )
    const withSignal = [...drawn.keys()].filter((i) => {
      const first = i - (i % group)
      return advantages.slice(first, first + group).some((advantage) => advantage !== 0)
    })
    const { mean: reward, deviation: rewardDeviation } = momentsOf(totals)
    const atLimit = written.filter(({ finishReason }) => finishReason === 'length').length
    const figures = {
      reward,
      rewardDeviation,
      ...Object.fromEntries(parts.map(({ name, values }) => [name, momentsOf(values).mean])),
      silentGroups: 1 - withSignal.length / completions,
      completionLength: momentsOf(written.map(({ tokens }) => tokens.length)).mean,
      truncated: atLimit / completions,
    }
    const [lowest, highest] = [Math.min(...totals), Math.max(...totals)]
    return { drawn, written, advantages, withSignal, lowest, highest, figures }
  }

  /** What the objective reads of the completions that are `kept`; short ones share a row. */
  async #batchOf(
    { drawn, written, advantages, figures }: Rollout,
    kept: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<Examples> {
    const { length, policy } = this.#options
    const encoded = kept.map((i) => {
      const ids = [...(drawn[i]?.ids ?? []), ...(written[i]?.tokens ?? [])]
      return { ids, mask: new Uint8Array(ids.length).fill(1, drawn[i]?.ids.length) }
    })
    const { packing, count: rows, collate } = packedConversations(encoded, length)
    const packed = collate([...packing.rows.keys()])
    const { targets, segments } = packed.arrays as Record<'targets' | 'segments', Int32Array>
    const perToken = () => new Float32Array(rows * length)
    const arrays = { ...packed.arrays, advantages: perToken(), shares: perToken() }
    // The mean is over those that are kept, and all others count as 0 in the loss.
    const scale = kept.length / drawn.length
    for (const [at, target] of targets.entries()) {
      if (target === IGNORE) continue
      const inRow = packing.rows[Math.floor(at / length)] ?? []
      const i = kept[inRow[(segments[at] as number) - 1] as number] as number
      arrays.advantages[at] = scale * (advantages[i] as number)
      arrays.shares[at] = 1 / (written[i]?.tokens.length ?? 1)
    }
    const examples = { ...packed, arrays, count: kept.length, figures }
    const known = await policy().logProbabilities(examples, signal)
    return { ...examples, arrays: { ...arrays, ...known } }
  }
}
