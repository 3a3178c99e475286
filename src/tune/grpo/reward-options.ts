import { z } from 'zod'

/**
 * Judges a completion: the higher, the better. `prompt`: the last message of the user; `record`:
 * all fields of the line that the prompt is from.
 */
export type RewardFunction = (
  prompt: string,
  completion: string,
  record: Readonly<Record<string, unknown>>,
) => number | Promise<number>

const KINDS = ['exact', 'regex', 'model', 'module'] as const

/** A weight in front of a reward. */
const WEIGHTED = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?):/i

/** `.` also stands for the end of a line, and characters are code points. */
export const patternOf = (text: string): RegExp => new RegExp(text, 'su')

/** One of several rewards, which add up, each times its weight. */
export interface RewardSpec {
  /**
   * `exact`: 1 if the completion, or what the group of the pattern `value` captures in it, is the
   * record's answer, without spaces around both. `regex`: 1 if the pattern `value` matches.
   * `model`: the reward model in folder `value`. `module`: the default export of the JavaScript
   * module at `value`. `function`: a function.
   */
  kind: (typeof KINDS)[number] | 'function'
  value: string
  weight: number
  function?: RewardFunction
}

const weight = z.number().refine((value) => value !== 0, 'expected a weight other than 0')

const text = z
  .string()
  .min(1)
  .superRefine((given, context) => {
    const problem = faultOf(given)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })

const own = z.custom<RewardFunction>((given) => typeof given === 'function', 'expected a function')

const object = z
  .strictObject({ reward: z.union([text, own]), weight: weight.optional() })
  .refine(
    ({ reward, weight }) =>
      weight === undefined || typeof reward === 'function' || !WEIGHTED.test(reward),
    'there are two weights, one of them in front of the reward; leave out one',
  )

/**
 * A reward: `[WEIGHT:]exact[:PATTERN]`, `[WEIGHT:]regex:PATTERN`, `[WEIGHT:]model:DIR` or
 * `[WEIGHT:]FILE.mjs`; a function; or either with its weight. The weight stands in front, where
 * neither a pattern nor a path of Windows can be taken for one.
 */
export const rewardOption = z.union([text, object, own])

export type RewardOption = z.output<typeof rewardOption>

/** What an option asks for. */
export function specOf(option: RewardOption): RewardSpec {
  if (typeof option === 'function')
    return { kind: 'function', value: '', weight: 1, function: option }
  if (typeof option === 'string') return parse(option)
  const spec = specOf(option.reward)
  return { ...spec, weight: option.weight ?? spec.weight }
}

function parse(given: string): RewardSpec {
  const [front = '', number = '1'] = WEIGHTED.exec(given) ?? []
  const rest = given.slice(front.length)
  const [, kind, value = ''] = new RegExp(`^(${KINDS.join('|')})(?::(.*))?$`, 's').exec(rest) ?? []
  const weight = Number(number)
  if (kind === undefined) return { kind: 'module', value: rest, weight }
  return { kind: kind as RewardSpec['kind'], value, weight }
}

/** Why a text is no reward; undefined where it is one. */
function faultOf(given: string): string | undefined {
  const { kind, value, weight } = parse(given)
  if (weight === 0) return 'a reward of weight 0 changes nothing; leave it out'
  if (kind === 'module' && !/\.[cm]?[jt]s$/.test(value))
    return (
      'expected exact, exact:PATTERN, regex:PATTERN, model:DIR, or a JavaScript file such as ' +
      './my-reward.mjs, each with a weight in front if it has one, as in 0.5:model:my-reward'
    )
  if (value === '' && kind !== 'exact')
    return `expected ${kind}:${kind === 'model' ? 'DIR' : 'PATTERN'}`
  if (kind !== 'exact' && kind !== 'regex') return undefined
  try {
    const groups = new RegExp(`${value}|`, 'su').exec('')?.length ?? 1
    patternOf(value)
    if (kind === 'exact' && value !== '' && groups < 2)
      return 'the pattern captures nothing; put the part that is the answer into parentheses'
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
