import { UserError } from '../../errors.ts'

/** One value of a JSONL or JSON file, and where it stands: `stories.jsonl:12`. */
export interface JsonRecord {
  readonly value: unknown
  readonly where: string
}

/** The values of a JSONL file, one a line; blank lines are allowed. Throws UserError with the line. */
export async function* jsonLines(
  parts: AsyncIterable<string> | Iterable<string>,
  name: string,
): AsyncGenerator<JsonRecord> {
  let rest = ''
  let line = 0
  for await (const part of parts) {
    const lines = (rest + part).split('\n')
    rest = lines.pop() as string
    for (const text of lines) {
      line++
      if (text.trim() !== '') yield parse(text, `${name}:${line}`)
    }
  }
  if (rest.trim() !== '') yield parse(rest, `${name}:${line + 1}`)
}

/**
 * The items of a JSON array one by one, so that the file is never held whole. Throws UserError with
 * the line on which the faulty item begins.
 */
export async function* jsonArray(
  parts: AsyncIterable<string> | Iterable<string>,
  name: string,
): AsyncGenerator<JsonRecord> {
  let text = ''
  let next = 0
  let line = 1
  let depth = 0
  let inString = false
  let state: 'before' | 'inside' | 'after' = 'before'
  let items = 0
  for await (const part of parts) {
    text += part
    let begin = 0
    for (; next < text.length; next++) {
      const character = text[next] as string
      if (state !== 'inside') {
        if (character === '[' && state === 'before') {
          state = 'inside'
          depth = 1
          line += newlines(text.slice(0, next))
          begin = next + 1
        } else if (character.trim() !== '') {
          throw new UserError(
            `${name}:${line + newlines(text.slice(begin, next))}: found '${character}' ${state} the list; expected a JSON list, [ ... ]`,
          )
        }
      } else if (inString) {
        if (character === '\\') next++
        else if (character === '"') inString = false
      } else if (character === '"') inString = true
      else if (character === '[' || character === '{') depth++
      else if (character === ']' || character === '}' || character === ',') {
        if (character !== ',') depth--
        if (depth > (character === ',' ? 1 : 0)) continue
        const item = text.slice(begin, next)
        if (depth === 0) state = 'after'
        if (depth === 0 && character === '}') {
          throw new UserError(`${name}:${line + newlines(item)}: found '}' inside the list`)
        }
        const start = line + newlines(item.slice(0, item.length - item.trimStart().length))
        if (depth > 0 || items > 0 || item.trim() !== '') yield parse(item, `${name}:${start}`)
        items++
        line += newlines(item)
        begin = next + 1
      }
    }
    text = text.slice(begin)
    next -= begin
  }
  if (state === 'after') return
  throw new UserError(
    state === 'before'
      ? `${name}: is empty; expected a JSON list, [ ... ]`
      : `${name}: ends inside its list, at item ${items + 1}; is the file cut short?`,
  )
}

/**
 * The text of a record: a string is one; an object holds it in `field`, as a string or as a list of
 * strings, its lines. Throws UserError that says which fields there are.
 */
export function textOf({ value, where }: JsonRecord, field: string): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where}: expected a text, or an object with a field '${field}'`)
  }
  const found = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined
  if (typeof found === 'string') return found
  if (Array.isArray(found) && found.every((line) => typeof line === 'string')) {
    return found.join('\n')
  }
  const trouble = found === undefined ? 'there is none' : 'it is no text'
  throw new UserError(
    `${where}: expected the text in field '${field}', but ${trouble}; the fields are: ${Object.keys(value).join(', ')}. Name one with #, as in ${where.replace(/:\d+$/, '')}#body`,
  )
}

function parse(text: string, where: string): JsonRecord {
  try {
    return { value: JSON.parse(text), where }
  } catch (error) {
    throw new UserError(`${where}: is not valid JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

const newlines = (text: string): number => text.split('\n').length - 1
