import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import { expectation, flagOf } from '../options.ts'

/**
 * What `--help` says about each option of a schema: by heading, in the order shown. A first word in
 * backquotes is the name of the value: "`DIR` folder of the result" explains `--out <DIR>`.
 */
export type Help = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The part of a JSON Schema that is needed. */
interface Field {
  type?: string
  enum?: readonly string[]
  default?: unknown
  anyOf?: readonly Field[]
  items?: Field
  properties?: Readonly<Record<string, Field>>
}

export type Fields = Readonly<Record<string, Field>>

/** The options of a schema by name: the flags, their types and defaults all follow from it. */
export const fieldsOf = (schema: z.ZodObject): Fields =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties as Fields

/** `logitBias: {"50": -100, "7": 1}` is typed as `--logit-bias 50=-100 7=1` or `50=-100,7=1`. */
const isRecord = ({ type }: Field): boolean => type === 'object'
const isBoolean = ({ type }: Field): boolean => type === 'boolean'
const takesNumber = ({ type, anyOf = [] }: Field): boolean =>
  type === 'number' || type === 'integer' || anyOf.some(takesNumber)
export const takesList = ({ type, anyOf = [] }: Field): boolean =>
  type === 'array' || type === 'object' || anyOf.some(takesList)

/** Adds a flag for each option of the schema. Throws where options and help do not match. */
export function addFlags(command: Command, fields: Fields, help: Help): void {
  const left = new Set(Object.keys(fields))
  for (const [heading, texts] of Object.entries(help)) {
    for (const [name, text] of Object.entries(texts)) {
      const field = fields[name]
      if (!field || !left.delete(name)) throw new Error(`there is no option ${name} to explain`)
      for (const option of flags(name, field, text))
        command.addOption(option.helpGroup(`${heading}:`))
    }
  }
  if (left.size > 0) throw new Error(`options without an explanation: ${[...left].join(', ')}`)
}

/** The parts of an explanation. */
function readHelp(text: string): { value: string | undefined; sentence: string } {
  const [, value, sentence = ''] = /^(?:`(.*?)` )?(.*)$/s.exec(text) ?? []
  return { value, sentence }
}

/** The flag of an option; one that is on by default is also taken as `--name false`. */
function flags(name: string, field: Field, text: string): Option[] {
  const one = flag(name, field, text)
  if (!one.negate) return [one]
  return [new Option(`${flagOf(name)} <BOOLEAN>`, one.description).hideHelp(), one]
}

function flag(name: string, field: Field, text: string): Option {
  const { value = valueName(field), sentence } = readHelp(text)
  const notes = [
    ...(field.enum ? [`one of ${field.enum.join(', ')}`] : []),
    ...(field.default === undefined || isBoolean(field) || isEmpty(field.default)
      ? []
      : [`default: ${field.default}`]),
  ]
  const flags = isBoolean(field)
    ? flagOf(name).replace(/^--/, field.default === true ? '--no-' : '--')
    : `${flagOf(name)} <${value}${takesList(field) ? '...' : ''}>`
  const option = new Option(
    flags,
    notes.length > 0 ? `${sentence} (${notes.join('; ')})` : sentence,
  )
  // Commander takes --no-worse-than for the opposite of --worse-than.
  option.negate &&= isBoolean(field)
  return option
}

const isEmpty = (value: unknown): boolean =>
  value === '' || (Array.isArray(value) && value.length === 0)

const valueName = (field: Field): string => {
  if (field.enum) return 'NAME'
  if (isRecord(field)) return 'KEY=X'
  if (field.type === 'integer') return 'N'
  return takesNumber(field) ? 'X' : 'TEXT'
}

/** Typed values, converted to the types of their options; what does not fit stays text. */
export function convertFlags(
  fields: Fields,
  typed: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const given = Object.entries(typed).filter(([name]) => name in fields)
  return Object.fromEntries(given.map(([name, value]) => [name, convert(fields[name], value)]))
}

function convert(field: Field | undefined, typed: unknown): unknown {
  if (!field) return typed
  if (isRecord(field) && Array.isArray(typed)) return toRecord(typed)
  const { items } = field
  if (items && Array.isArray(typed)) {
    // --weights 3,1 is --weights 3 1.
    const all = takesNumber(items) ? typed.flatMap((item) => String(item).split(',')) : typed
    return all.map((item) => convert(items, item))
  }
  if (isBoolean(field) && (typed === 'true' || typed === 'false')) return typed === 'true'
  if (!takesNumber(field)) return typed
  // Of an option that takes a number or a list, one number is a number.
  const [text, ...others] = Array.isArray(typed) ? typed : [typed]
  if (others.length > 0 || typeof text !== 'string' || text.trim() === '') return typed
  // In a list of files, an existing file wins over a number: --val 2024.
  if (takesList(field) && existsSync(text)) return typed
  const number = Number(text)
  return Number.isNaN(number) ? typed : number
}

const toRecord = (typed: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    typed
      .flatMap((text) => text.split(','))
      .map((pair) => {
        const [key = '', value = ''] = pair.split(/=(.*)/s)
        return [key, convert({ type: 'number' }, value)]
      }),
  )

/** Where options were given: names an option as the user wrote it. */
export type Origin = (name: string) => string

/**
 * Checks options against their schema before anything starts. Throws UserError that names the flag,
 * or the key of the configuration file, at fault.
 */
export function checkOptions<S extends z.ZodObject>(
  schema: S,
  given: Record<string, unknown>,
  origin: Origin,
  help: Help,
): z.input<S> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return given as z.input<S>
  const texts = Object.assign({}, ...Object.values(help)) as Record<string, string>
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0])
    if (issue.code === 'unrecognized_keys' || given[name] !== undefined) {
      return problem(issue, given, schema, origin)
    }
    return `${flagOf(name)} is missing: ${readHelp(texts[name] ?? '').sentence}`
  })
  throw new UserError([...new Set(problems)].join('\n'))
}

function problem(
  issue: z.core.$ZodIssue,
  given: Record<string, unknown>,
  schema: z.ZodObject,
  origin: Origin,
): string {
  const [key = ''] = issue.code === 'unrecognized_keys' ? issue.keys : []
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return `${origin(key)}: there is no such option${suggest(key, Object.keys(schema.shape))}`
  }
  const name = String(issue.path[0])
  const value = given[name]
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(fieldsOf(schema)[name]?.properties ?? {})
    const shown = asTyped(value, key)
    return `${origin(name)} ${shown}: expected one of ${known.join(', ')}${suggest(key, known)}`
  }
  const isPair = issue.path.length > 1 && !Array.isArray(value)
  const expected =
    isPair && (issue.code === 'invalid_type' || issue.code === 'invalid_key')
      ? `expected KEY=X, with ${(schema.shape[name] as z.ZodType).meta()?.pairs}`
      : expectation(issue.message)
  const shown = asTyped(value, issue.path[1])
  const near = issue.code === 'invalid_value' ? suggest(shown, issue.values.map(String)) : ''
  return `${origin(name)} ${shown}: ${expected.replaceAll('"', '').replaceAll('|', ', ')}${near}`
}

/** A value as a user types it; `key`: the one at fault of several. */
function asTyped(value: unknown, key: PropertyKey | undefined): string {
  if (Array.isArray(value)) return value.join(' ')
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).filter(([name]) => key === undefined || name === key)
  return entries.map(([name, one]) => (one === '' ? name : `${name}=${one}`)).join(' ')
}

const suggest = (word: string, known: readonly string[]): string => {
  const found = nearest(word, known)
  return found === undefined ? '' : ` (did you mean ${found}?)`
}

/** The word that `word` was probably meant to be, by few edits; undefined if none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  const [best] = known
    .map((name) => ({ name, edits: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  return best && best.edits <= limit ? best.name : undefined
}

/** Insertions, deletions and substitutions that turn `a` into `b` (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
