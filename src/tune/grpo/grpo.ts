import { z } from 'zod'
import { type Prompt, readPrompts } from '../../data/chat/prompts.ts'
import { recordsHash } from '../../data/records-hash.ts'
import type { Corpus } from '../../data/sources/corpus.ts'
import { UserError } from '../../errors.ts'
import type { Decoder } from '../../models/decoder.ts'
import { policyObjective } from '../../objectives/policy.ts'
import { amount, flagOf, positiveNumber, resumedAs } from '../../options.ts'
import { chat } from '../../tasks/chat.ts'
import { readParts } from '../../tasks/records.ts'
import type { Subject, TrainingRows, Values } from '../../tasks/task.ts'
import type { Method } from '../method.ts'
import { CollapseDetector } from './collapse.ts'
import { encodePrompts } from './encode-prompts.ts'
import { judgedPrompts } from './judged-prompts.ts'
import { Policy } from './policy.ts'
import { RewardModel } from './reward-model.ts'
import { rewardOption } from './reward-options.ts'
import { needsAnswer, Rewards } from './rewards.ts'
import { Rollouts } from './rollouts.ts'

const count = z.number().int().min(1)

const learning = {
  ...resumedAs('fixed', {
    /** What completions are judged by; several add up. */
    reward: z.array(rewardOption).min(1).default(['exact']),
    /** Completions of each prompt, which are compared with each other. */
    group: count.min(2).default(8),
    /** Tokens of a completion; default: 256, or half the context where that is less. */
    maxTokens: count.optional(),
    /** By which logits are divided when completions are drawn. */
    temperature: positiveNumber.default(1),
    /** Updates with the same completions. */
    updates: count.default(1),
    /** Neither deviation nor length weigh advantages (Dr. GRPO, Liu et al. 2025). */
    unbiased: z.boolean().default(false),
    /** Factor of the KL divergence from the model that training starts from; 0: none. */
    kl: amount.default(0),
  }),
  ...resumedAs('changeable', {
    clipLow: amount.default(0.2),
    clipHigh: amount.default(0.28),
    /** Nats a token, with `kl`: beyond them training ends. */
    maxKl: positiveNumber.default(10),
  }),
}

type Options = Values<typeof chat.options> & Values<typeof learning>

/** Prompts of a step, where the user sets no batch. */
const PROMPTS = 8

const MOST_TOKENS = 256

/**
 * Group relative policy optimization (Shao et al. 2024): the model writes several completions of
 * each prompt, and those with more reward than the others become likelier.
 */
export const grpo = {
  task: {
    kinds: ['decoder'],
    architecture: 'gpt2',
    data: '{"prompt": "...", "answer": "..."}',
    options: chat.options,
    learning,
    open: async (source, options) => {
      const models: RewardModel[] = []
      const rewards = await Rewards.open(options.reward, async (folder) => {
        const model = await RewardModel.open(folder, source.tell)
        models.push(model)
        return model.judge
      })
      const isAnswered = needsAnswer(options.reward)
      const { learnedFrom, held } = await readParts(source, (corpus) =>
        readRecords(corpus, isAnswered),
      )
      const texts = () =>
        [...learnedFrom.flatMap(({ records }) => records), ...held].flatMap(({ prompt }) =>
          prompt.map(({ content }) => content),
        )
      const running: Running = { models }
      const { seed } = source
      return {
        texts,
        bytes: async () => texts().reduce((total, text) => total + Buffer.byteLength(text), 0),
        close: () => {
          running.policy?.dispose()
          for (const model of models) model.dispose()
        },
        prepare: async (subject, most) =>
          rowsOf({ learnedFrom, held, rewards, running, subject, most, seed, options }),
      }
    },
  },
  check: ({ augment, updates, kl, dropout, adapterDropout }, given) => {
    if (augment)
      throw new UserError(
        '--augment varies training texts, but GRPO trains on completions that the model samples; ' +
          'leave it out',
      )
    for (const [name, rate] of Object.entries({ dropout, adapterDropout }))
      if (rate > 0)
        throw new UserError(
          `${flagOf(name)} ${rate} is not for grpo: completions are sampled without dropout, and ` +
            'ratios and KL divergences compare with their probabilities; leave it out',
        )
    for (const name of ['clipLow', 'clipHigh'] as const)
      if (updates === 1 && given[name] !== undefined)
        throw new UserError(
          `${flagOf(name)} changes nothing: clipping acts from the second update with the same ` +
            'completions on; give --updates 2 or more, or leave it out',
        )
    if (kl === 0 && given.maxKl !== undefined)
      throw new UserError(
        '--max-kl changes nothing: the KL divergence is measured where --kl is above 0; give ' +
          '--kl, or leave out --max-kl',
      )
  },
  continuesText: true,
  learningRate: 3e-5,
  epochs: 1,
} as const satisfies Method<typeof chat.options, typeof learning>

/** What is on the engine. */
interface Running {
  /** Loaded when training begins. */
  models: readonly RewardModel[]
  policy?: Policy
}

interface Parts {
  learnedFrom: readonly { name: string; weight: number; records: readonly Prompt[] }[]
  held: readonly Prompt[]
  rewards: Rewards
  running: Running
  subject: Subject
  /** Tokens of the longest row. */
  most: number
  seed: number
  options: Options
}

function rowsOf({
  learnedFrom,
  held,
  rewards,
  running,
  subject,
  most,
  seed,
  options,
}: Parts): TrainingRows {
  const { group, updates, unbiased, temperature, kl, clipLow, clipHigh, maxKl } = options
  const { maxTokens = Math.min(MOST_TOKENS, Math.floor(most / 2)) } = options
  // The last token is drawn, and not read.
  const room = most + 1 - maxTokens
  const encode = (records: readonly Prompt[]) => {
    const all = encodePrompts(records, subject)
    return { prompts: all.filter(({ ids }) => ids.length <= room), all: all.length }
  }
  const noRoom = (which: string) =>
    new UserError(
      `no prompt ${which}leaves room for ${maxTokens} tokens in a context of ${most}; give a ` +
        'smaller --max-tokens, or a larger --context',
    )
  const parts = learnedFrom.map(({ name, weight, records }) => {
    const { prompts, all } = encode(records)
    if (prompts.length > 0) return { weight, prompts, left: all - prompts.length }
    throw noRoom(learnedFrom.length > 1 ? `of ${name} ` : '')
  })
  const prompts = parts.flatMap((part) => part.prompts)
  const validation = encode(held)
  const validated = validation.prompts
  if (held.length > 0 && validated.length === 0) throw noRoom('for validation ')
  const longest = Math.max(...prompts.map(({ ids }) => ids.length))
  const length = longest + maxTokens - 1
  for (const one of running.models)
    one.expectRoom([...prompts, ...validated], { maxTokens, tokenizer: subject.tokenizer })
  const policy = () => running.policy as Policy
  const detector = new CollapseDetector({ maxKl })
  const objectiveOf: TrainingRows['objectiveOf'] = (model) => (sizes) =>
    policyObjective(model as Decoder, {
      ...sizes,
      length,
      temperature,
      clipLow,
      clipHigh,
      kl,
      reused: updates > 1,
      tokenShare: unbiased ? 1 / maxTokens : undefined,
    })
  return {
    length,
    objective: objectiveOf(subject.model),
    evaluationObjective: objectiveOf(subject.model),
    objectiveOf,
    batch: PROMPTS * group,
    trainingTokens: prompts.length * group * updates * length,
    begin: async (start) => {
      for (const one of running.models) await one.load(start.engine)
      running.policy = await Policy.create(start, { length, maxTokens, temperature, updates, kl })
    },
    reader: (rows) =>
      new Rollouts({
        parts,
        rewards,
        policy,
        completions: rows,
        group,
        length,
        temperature,
        unbiased,
        updates,
        hasReference: kl > 0,
        seed,
      }),
    collapsed: (figures) => detector.see(figures),
    validation: validated.length > 0 ? () => judgedPrompts(validated, rewards, policy) : undefined,
    identity: {
      length,
      prompts: recordsHash([...learnedFrom.map(({ records }) => records), held]),
    },
    notices: [
      ...leftOut(
        parts.reduce((total, { left }) => total + left, 0),
        room,
      ),
      ...leftOut(validation.all - validated.length, room, 'for validation: '),
    ],
  }
}

const leftOut = (count: number, room: number, which = ''): string[] =>
  count === 0
    ? []
    : [
        `${which}${count} prompts are left out: they have more than ${room} tokens, which ` +
          'leaves too little room for a completion; give a smaller --max-tokens, or a larger ' +
          '--context',
      ]

async function readRecords(corpus: Corpus, withAnswer: boolean): Promise<Prompt[]> {
  const records: Prompt[] = []
  for await (const record of readPrompts(corpus)) {
    if (withAnswer && record.answer === undefined)
      throw new UserError(
        `${record.where}: the record has no "answer", which --reward exact needs; add it, or ` +
          'give another --reward',
      )
    records.push(record)
  }
  return records
}
