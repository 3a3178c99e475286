import { UserError } from '../../errors.ts'
import { Held } from './held.ts'

/** A value of a JSONL or JSON file or a row of a table, and its position: `stories.jsonl:12`. */
export interface SourceRecord {
  readonly value: unknown
  readonly where: string
}

/** How deep lists and objects may nest. */
const DEEPEST = 100

/**
 * The values of a JSONL file, one a line; blank lines are allowed. Throws UserError with the line,
 * also where a record is too long or too deeply nested.
 */
export async function* jsonLines(
  parts: AsyncIterable<string> | Iterable<string>,
  name: string,
): AsyncGenerator<SourceRecord> {
  const held = new Held()
  let line = 1
  for await (const part of parts) {
    let begin = 0
    for (let end = part.indexOf('\n'); end !== -1; end = part.indexOf('\n', begin)) {
      const text = held.take(part.slice(begin, end))
      if (text.trim() !== '') yield parse(text, `${name}:${line}`)
      begin = end + 1
      line++
    }
    held.add(part.slice(begin), `${name}:${line}`)
  }
  const text = held.take('')
  if (text.trim() !== '') yield parse(text, `${name}:${line}`)
}

/**
 * The items of a JSON array one by one, so that the file is never held whole. Throws UserError with
 * the line on which the faulty item begins.
 */
export async function* jsonArray(
  parts: AsyncIterable<string> | Iterable<string>,
  name: string,
): AsyncGenerator<SourceRecord> {
  const held = new Held()
  let line = 1
  let depth = 0
  let inString = false
  let escaped = false
  let state = 'before' as 'before' | 'inside' | 'after'
  let items = 0
  for await (const part of parts) {
    let begin = 0
    for (let next = 0; next < part.length; next++) {
      const character = part[next] as string
      if (state !== 'inside') {
        if (character === '[' && state === 'before') {
          state = 'inside'
          depth = 1
          begin = next + 1
        } else if (character === '\n') line++
        else if (character.trim() !== '') {
          throw new UserError(
            `${name}:${line}: found '${character}' ${state} the list; expected a JSON list, [ ` +
              '... ]',
          )
        }
      } else if (inString) {
        if (escaped) escaped = false
        else if (character === '\\') escaped = true
        else if (character === '"') inString = false
      } else if (character === '"') inString = true
      else if (character === '[' || character === '{') depth++
      else if (character === ']' || character === '}' || character === ',') {
        if (character !== ',') depth--
        if (depth > (character === ',' ? 1 : 0)) continue
        const item = held.take(part.slice(begin, next))
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
    if (state === 'inside') held.add(part.slice(begin), `${name}, item ${items + 1}`)
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
 * strings, its lines; null is no text, ''. Throws UserError that says which fields there are.
 */
export function textOf({ value, where }: SourceRecord, field: string): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where}: expected a text, or an object with a field '${field}'`)
  }
  const found = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined
  if (typeof found === 'string') return found
  if (found === null) return ''
  if (Array.isArray(found) && found.every((line) => typeof line === 'string')) {
    return found.join('\n')
  }
  const trouble = found === undefined ? 'there is none' : 'it is no text'
  const fields = Object.keys(value)
  throw new UserError(
    `${where}: expected the text in field '${field}', but ${trouble}; the fields ` +
      `are: ${fields.join(', ')}. Name one with #, as ` +
      `in ${where.replace(/:\d+$/, '')}#${fields[0] ?? 'body'}`,
  )
}

function parse(text: string, where: string): SourceRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const reason = isOpen(text)
      ? 'holds only the beginning of a JSON value; expected a whole record on each line, or one ' +
        'list of records, [ ... ]'
      : `is not valid JSON: ${(error as Error).message}`
    throw new UserError(`${where}: ${reason}`, { cause: error })
  }
  if (isDeeper(value, DEEPEST))
    throw new UserError(
      `${where}: lists and objects are nested more than ${DEEPEST} deep; expected a ` +
        'record of texts',
    )
  return { value, where }
}

/** Whether a line is the beginning of an indented object or list. */
const isOpen = (line: string): boolean => /^[[{]$|^[{].*[[{,]$/.test(line.trim())

const isDeeper = (value: unknown, most: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (most === 0 || Object.values(value).some((inner) => isDeeper(inner, most - 1)))

const newlines = (text: string): number => text.split('\n').length - 1
