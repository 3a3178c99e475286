import { z } from 'zod'
import { UserError } from '../errors.ts'

/** Names of the fields of records, or columns of tables, in which texts are. */
export interface TextFields {
  /** Default: `text`. */
  textField?: string | undefined
  /** Of a second text, which every record then has; default: `pair`, if there is one. */
  pairField?: string | undefined
}

type Texts = { text: string; pair?: string }

/**
 * How a text and, at times, a second one are read from records; `others` are fields that hold
 * something else. Throws UserError where two of the names are the same.
 */
export function textFields(
  { textField = 'text', pairField }: TextFields,
  others: readonly string[] = [],
): { shape: Record<string, z.ZodType<string | undefined>>; read(record: object): Texts } {
  const names = [textField, pairField ?? [], others].flat()
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw new UserError(
      `--text-field, --pair-field and --label-field name the field ${twice} twice; give each ` +
        'another field',
    )
  // A field that is named as the text or the label is no second text.
  const pair = pairField ?? (names.includes('pair') ? undefined : 'pair')
  return {
    shape: {
      [textField]: z.string(),
      ...(pair && { [pair]: pairField === undefined ? z.string().optional() : z.string() }),
    },
    read: (record) => {
      const texts = record as Readonly<Record<string, string>>
      const second = pair && texts[pair]
      return { text: texts[textField] as string, ...(second !== undefined && { pair: second }) }
    },
  }
}
