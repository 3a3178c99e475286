import { unsupported } from './fail.ts'

const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
const MONTHS =
  'January February March April May June July August September October November December'.split(' ')

const two = (value: number): string => String(value).padStart(2, '0')
const name = (names: readonly string[], index: number): string => names[index] as string
const hours12 = (date: Date): number => date.getHours() % 12 || 12

/** Python's directives in its own locale, which has English names. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  B: (date) => name(MONTHS, date.getMonth()),
  b: (date) => name(MONTHS, date.getMonth()).slice(0, 3),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, ' '),
  A: (date) => name(DAYS, date.getDay()),
  a: (date) => name(DAYS, date.getDay()).slice(0, 3),
  w: (date) => String(date.getDay()),
  H: (date) => two(date.getHours()),
  I: (date) => two(hours12(date)),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  '%': () => '%',
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1)
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000 + 1
}

const COMPOSED: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', D: '%m/%d/%y' }

/**
 * A date as `datetime.strftime` writes it; `%-d` is without the zero. Throws UserError for the
 * directives that depend on a locale or a time zone.
 */
export function strftime(format: string, date: Date): string {
  return format
    .replace(/%([FTD])/g, (_, directive: string) => COMPOSED[directive] as string)
    .replace(/%(-?)(.?)/gsu, (all, isBare: string, directive: string) => {
      const write = Object.hasOwn(DIRECTIVES, directive) ? DIRECTIVES[directive] : undefined
      if (!write) throw unsupported(`${all} of strftime_now()`)
      const text = write(date)
      return isBare ? text.replace(/^[0 ]+(?=\d)/, '') : text
    })
}
