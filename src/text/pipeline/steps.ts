import { UserError } from '../../errors.ts'
import { isObject } from '../tokenizer-json.ts'

export type Fields = Readonly<Record<string, unknown>>

/** One step of a part of tokenizer.json. */
export interface Step {
  readonly type: string
  readonly fields: Fields
  /** For messages: `tokenizer.json: normalizer[1]`. */
  readonly place: string
}

/**
 * The steps of a part (`normalizer`, `pre_tokenizer`, `decoder`): none where it is null, several where
 * it is a Sequence, whose list is called `list`. Throws UserError for what has no type.
 */
export function readSteps(json: unknown, part: string, list: string): Step[] {
  const read = (value: unknown, place: string): Step[] => {
    if (value === null || value === undefined) return []
    if (!isObject(value) || typeof value.type !== 'string') {
      throw new UserError(`${place} has no type`)
    }
    const { type, [list]: members } = value
    if (type !== 'Sequence') return [{ type, fields: value, place }]
    if (!Array.isArray(members)) throw new UserError(`${place}.${list} is not a list`)
    return members.flatMap((member, i) => read(member, `${place}[${i}]`))
  }
  return read(json, `tokenizer.json: ${part}`)
}
