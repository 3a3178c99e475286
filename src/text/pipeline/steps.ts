import { UserError } from '../../errors.ts'
import { own } from '../../own.ts'
import { isObject } from '../tokenizer-json.ts'

export type Fields = Readonly<Record<string, unknown>>

/** One step of a part of tokenizer.json. */
export interface Step {
  readonly type: string
  readonly fields: Fields
  /** For messages: `tokenizer.json: normalizer[1]`. */
  readonly where: string
}

/**
 * The steps of a part (`normalizer`, `pre_tokenizer`, `decoder`): none where it is null, several
 * where it is a Sequence, whose list is called `list`. Throws UserError for what has no type.
 */
export function readSteps(json: unknown, part: string, list: string): Step[] {
  const read = (value: unknown, where: string): Step[] => {
    if (value === null || value === undefined) return []
    if (!isObject(value) || typeof value.type !== 'string') {
      throw new UserError(`${where} has no type`)
    }
    const { type, [list]: members } = value
    if (type !== 'Sequence') return [{ type, fields: value, where }]
    if (!Array.isArray(members)) throw new UserError(`${where}.${list} is not a list`)
    return members.flatMap((member, i) => read(member, `${where}[${i}]`))
  }
  return read(json, `tokenizer.json: ${part}`)
}

/** What makes a step of its fields, by its type. */
export type Kinds<T> = Readonly<Record<string, (fields: Fields, where: string) => T>>

/** Makes a step. Throws UserError for a type that is not supported. */
export function makeStep<T>(kinds: Kinds<T>, { type, fields, where }: Step): T {
  const kind = own(kinds, type)
  if (kind) return kind(fields, where)
  throw new UserError(`${where} is ${JSON.stringify(type)}, which is not supported`)
}

/** Characters that a step may write for one: Unicode's longest normalization makes 18 of one. */
const LONGEST = 128

/** The text that a step writes for a match. Throws UserError where it is absurdly long. */
export function replacementOf(value: unknown, where: string): string {
  const text = String(value ?? '')
  if (text.length <= LONGEST) return text
  throw new UserError(
    `${where} writes ${text.length} characters at once; no tokenizer has more than ${LONGEST}`,
  )
}

/**
 * Ends steps that each make a text longer: a few bytes of a foreign file could ask for all of the
 * memory. Throws UserError.
 */
export function checkGrowth(part: string, before: number, after: number): void {
  if (after <= LONGEST * before + 2 ** 16) return
  throw new UserError(
    `tokenizer.json: ${part} makes ${after} characters of ${before}; no tokenizer makes more ` +
      `than ${LONGEST} of one`,
  )
}
