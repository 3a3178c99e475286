import { flagOf, type OnResume } from '../options.ts'

/** What happens to each option of a kind of training. */
export type ResumeTable = Readonly<Record<string, OnResume | undefined>>

/** Options by name, with their defaults. */
export type OptionValues = Readonly<Record<string, unknown>>

/** The options of one `kind` that differ, as "--seed: 1 before, 9 now". */
export const changedOptions = (
  table: ResumeTable,
  kind: OnResume,
  before: OptionValues,
  now: OptionValues,
): string[] =>
  Object.keys(table)
    .filter((name) => table[name] === kind)
    .flatMap((name) => changes(before[name], now[name], flagOf(name)))

/** What two values that were compared as wholes differ in, by the path of each part. */
export function partsThatDiffer(before: unknown, now: unknown, path = ''): string[] {
  if (!isObject(before) || !isObject(now)) return changes(before, now, path)
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) =>
    partsThatDiffer(before[key], now[key], path === '' ? key : `${path}.${key}`),
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function changes(before: unknown, now: unknown, name: string): string[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return []
  // A hash says no more than that.
  if (isHash(before) && isHash(now)) return [`${name}: changed`]
  return [`${name}: ${shown(before)} before, ${shown(now)} now`]
}

const isHash = (value: unknown): boolean =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

const shown = (value: unknown): string => {
  if (value === undefined) return 'not given'
  if (Array.isArray(value)) return value.map(String).join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
