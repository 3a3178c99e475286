import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import type { Prompt } from '../../data/chat/prompts.ts'
import { UserError } from '../../errors.ts'
import {
  patternOf,
  type RewardFunction,
  type RewardOption,
  type RewardSpec,
  specOf,
} from './reward-options.ts'

/** A completion to be judged. */
export interface Completion {
  prompt: Prompt
  text: string
}

/** Gives a number for each completion, which `Rewards` checks. */
export type Judge = (
  completions: readonly Completion[],
  signal: AbortSignal | undefined,
) => Promise<readonly unknown[]>

/** One of the rewards that add up. */
export interface Reward {
  /** `exact`, `regex2`, ... */
  name: string
  weight: number
  /** Highest value, where one is known; else infinite. */
  most: number
  judge: Judge
}

export interface Judged {
  /** Weighted sums, one for each completion. */
  totals: number[]
  /** Of each of several rewards, without its weight: `rewardExact`, `rewardRegex2`, ... */
  parts: { name: string; values: number[] }[]
}

/** Rewards of completions: the weighted sum of several. */
export class Rewards {
  readonly #all: readonly Reward[]
  /** The highest sum, where each has a highest value. */
  readonly most: number

  constructor(all: readonly Reward[]) {
    this.#all = all
    this.most = all.reduce((sum, { weight, most }) => sum + Math.max(0, weight * most), 0)
  }

  /**
   * `openModel` opens a reward model. Throws UserError for a module that cannot be imported or
   * exports no function.
   */
  static async open(
    options: readonly RewardOption[],
    openModel: (folder: string) => Judge | Promise<Judge>,
  ): Promise<Rewards> {
    const counts = new Map<string, number>()
    const rewards: Reward[] = []
    for (const spec of options.map(specOf)) {
      const { kind, value, weight } = spec
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      const name = count === 1 ? kind : `${kind}${count}`
      const judge = kind === 'model' ? await openModel(value) : oneByOne(name, await judgeOf(spec))
      const most = kind === 'exact' || kind === 'regex' ? 1 : Infinity
      rewards.push({ name, weight, most, judge })
    }
    return new Rewards(rewards)
  }

  /**
   * Throws UserError with the record's line where a reward fails or is no finite number, and the
   * signal's reason if aborted.
   */
  async judge(
    completions: readonly Completion[],
    signal: AbortSignal | undefined,
  ): Promise<Judged> {
    const totals = completions.map(() => 0)
    const parts: Judged['parts'] = []
    for (const { name, weight, judge } of this.#all) {
      const values = (await judge(completions, signal)).map((value, i) => {
        if (typeof value === 'number' && Number.isFinite(value)) return value
        throw new UserError(
          `${nameOf(name, completions[i])} is ${inspect(value)}; expected a finite number`,
        )
      })
      signal?.throwIfAborted()
      for (const [i, value] of values.entries()) totals[i] = (totals[i] as number) + weight * value
      parts.push({ name: `reward${name[0]?.toUpperCase()}${name.slice(1)}`, values })
    }
    return { totals, parts: parts.length > 1 ? parts : [] }
  }
}

/** Whether a reward compares with the answer of the record. */
export const needsAnswer = (options: readonly RewardOption[]): boolean =>
  options.some((option) => specOf(option).kind === 'exact')

const nameOf = (name: string, completion: Completion | undefined): string =>
  `${completion?.prompt.where}: the reward ${name} of ${JSON.stringify(completion?.text)}`

type JudgeOne = (completion: Completion) => number | Promise<number>

/** All are asked at once, since a function may wait for something. */
const oneByOne =
  (name: string, judge: JudgeOne): Judge =>
  (completions, signal) => {
    const open = new Set(completions)
    const judged = completions.map(async (completion) => {
      try {
        return await judge(completion)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new UserError(`${nameOf(name, completion)} failed: ${reason}`, { cause: error })
      } finally {
        open.delete(completion)
      }
    })
    return timely(Promise.all(judged), signal, () => {
      const [first] = open
      return new UserError(`${nameOf(name, first)} was not given within ${MINUTES} minutes`)
    })
  }

/** Within which a function judges all completions of a rollout. */
const MINUTES = 10

/**
 * A user's function may take its time, though not for ever, and an abort does not wait for it. The
 * timer also keeps the process alive, which else ends where nothing but a promise is left.
 */
async function timely<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  lateness: () => UserError,
): Promise<T> {
  let stop = () => {}
  let timer: NodeJS.Timeout | undefined
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason)
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop)
    timer = setTimeout(() => reject(lateness()), MINUTES * 60_000)
  })
  return Promise.race([work, ended]).finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  })
}

async function judgeOf({ kind, value, function: given }: RewardSpec): Promise<JudgeOne> {
  if (kind === 'regex') {
    const pattern = patternOf(value)
    return ({ text }) => (pattern.test(text) ? 1 : 0)
  }
  if (kind === 'exact') {
    const pattern = value === '' ? undefined : patternOf(value)
    const found = (text: string) => (pattern ? pattern.exec(text)?.[1] : text)
    return ({ prompt, text }) => (found(text)?.trim() === prompt.answer?.trim() ? 1 : 0)
  }
  const reward = given ?? (await importReward(value))
  return ({ prompt, text }) => reward(prompt.prompt.at(-1)?.content ?? '', text, prompt.fields)
}

async function importReward(path: string): Promise<RewardFunction> {
  let loaded: { default?: unknown }
  try {
    loaded = await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    throw new UserError(`--reward ${path} cannot be imported: ${(error as Error).message}`, {
      cause: error,
    })
  }
  if (typeof loaded.default === 'function') return loaded.default as RewardFunction
  throw new UserError(
    `--reward ${path} has no function as its default export; expected ` +
      'export default (prompt, completion, record) => NUMBER',
  )
}
