import { UserError } from '../../errors.ts'
import { escapeRegExp } from '../cut.ts'
import { regExpOf } from '../peer.ts'
import { isObject } from '../tokenizer-json.ts'

/**
 * The expression of a step's `pattern`, `{ String }` or `{ Regex }` in Oniguruma's notation;
 * global. Throws UserError for any other, and for a regular expression that JavaScript cannot do,
 * or not in bounded time.
 */
export function readPattern(pattern: unknown, where: string): RegExp {
  const { String: text, Regex: source } = isObject(pattern) ? pattern : {}
  if (typeof text === 'string' && text !== '') return new RegExp(escapeRegExp(text), 'gu')
  if (typeof source !== 'string')
    throw new UserError(`${where}.pattern has neither String nor Regex`)
  let expression: RegExp
  try {
    expression = regExpOf(withoutRepeatedRepetitions(source))
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message}`)
  }
  checkPattern(
    expression,
    `${where}: the regular expression ${JSON.stringify(source.slice(0, 80))}`,
  )
  return expression
}

/**
 * `\p{N}{1,3}+` repeats `{1,3}` in Oniguruma (elsewhere the `+` would keep it from giving back),
 * which is as much as `\p{N}+`, without several ways to match.
 */
const withoutRepeatedRepetitions = (source: string): string =>
  source.replace(/(\\.|\[(?:\\.|[^\]\\])*\])|\{1,\d*\}\+/gs, (_, kept = '+') => kept)

/** Unbounded repetitions before something that may fail; each multiplies the time by n. */
const MOST_UNBOUNDED = 1
/** Choices before something that may fail: each doubles the time. */
const MOST_CHOICES = 6
/** Groups within groups. */
const DEEPEST = 64
/** From so many on a repetition counts as one without an end. */
const MANY = 32

/** Ways to match a text; the matcher tries all of them where what follows does not match. */
interface Ways {
  readonly unbounded: number
  readonly choices: number
}
const ONE: Ways = { unbounded: 0, choices: 0 }
const A_CHOICE: Ways = { unbounded: 0, choices: 1 }

const times = (a: Ways, b: Ways): Ways => ({
  unbounded: a.unbounded + b.unbounded,
  choices: a.choices + b.choices,
})
const most = (a: Ways, b: Ways): Ways => ({
  unbounded: Math.max(a.unbounded, b.unbounded),
  choices: Math.max(a.choices, b.choices),
})

/** What an expression costs. One that cannot fail takes no other way of what precedes it. */
interface Cost {
  readonly fails: boolean
  /** Ways that what follows may take back. */
  readonly open: Ways
  /** The most ways that are tried within it. */
  readonly tried: Ways
}
const CHARACTER: Cost = { fails: true, open: ONE, tried: ONE }

const sequenceOf = (first: Cost, then: Cost): Cost => ({
  fails: first.fails || then.fails,
  open: times(first.open, most(then.open, then.tried)),
  tried: most(first.tried, then.fails ? times(first.open, then.tried) : then.tried),
})

/**
 * Refuses a regular expression that may take time without end on a short text: patterns of a
 * tokenizer.json are foreign, and JavaScript's matcher tries all ways there are. That is the case
 * for a repetition of what matches in several ways, such as `(a+)+` and `(a|a)*`, and for several
 * repetitions or many choices before something that may fail, such as `a*a*b`. The patterns of
 * tokenizers that are in use have none. `name` is how messages call it. Throws UserError.
 */
function checkPattern({ source }: RegExp, name: string): void {
  let at = 0
  let depth = 0

  const fail = (what: string): UserError =>
    new UserError(
      `${name} ${what}, and may take time without end on some texts; write it without that`,
    )

  /** Alternatives, up to the end of a group. */
  const alternatives = (): Cost => {
    let all = sequence()
    if (source[at] !== '|') return all
    while (source[at] === '|') {
      at++
      const other = sequence()
      all = {
        fails: all.fails && other.fails,
        open: most(all.open, other.open),
        tried: most(all.tried, other.tried),
      }
    }
    return { ...all, open: times(all.open, A_CHOICE) }
  }

  const sequence = (): Cost => {
    let total: Cost = { fails: false, open: ONE, tried: ONE }
    while (at < source.length && source[at] !== '|' && source[at] !== ')')
      total = sequenceOf(total, repeated(atom()))
    return total
  }

  /** One character, class, assertion or group. */
  const atom = (): Cost => {
    const start = source[at]
    if (start === '[') return skipClass()
    if (start === '\\') return skipEscape()
    at++
    if (start !== '(') return CHARACTER
    // What a group is: (?: (?= (?! (?<= (?<! (?<name> (?i:
    const opening = /\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]*:)/y
    opening.lastIndex = at
    const opened = opening.exec(source)?.[0] ?? ''
    at += opened.length
    if (++depth > DEEPEST) throw fail(`has more than ${DEEPEST} groups in each other`)
    const inner = alternatives()
    depth--
    at++
    // What must not match fails where it does.
    return opened.endsWith('!') ? { ...inner, fails: true } : inner
  }

  const skipEscape = (): Cost => {
    const escaped = /\\(?:[pPu]\{[^}]*\}|k<[^>]*>|[\s\S])/y
    escaped.lastIndex = at
    at += escaped.exec(source)?.[0].length ?? 1
    return CHARACTER
  }

  /** Classes may lie in classes. */
  const skipClass = (): Cost => {
    let open = 0
    do {
      if (source[at] === '\\') at++
      else if (source[at] === '[') open++
      else if (source[at] === ']') open--
      at++
    } while (open > 0 && at < source.length)
    return CHARACTER
  }

  /** The cost of what is repeated as the quantifier behind it says. */
  const repeated = (inner: Cost): Cost => {
    const quantifier = /(?:([*+?])|\{(\d+)(,?)(\d*)\})[?+]?/y
    quantifier.lastIndex = at
    const found = quantifier.exec(source)
    if (!found) return inner
    at += found[0].length
    const [, sign, low, comma, high] = found
    const least = sign ? (sign === '+' ? 1 : 0) : Number(low)
    const greatest = sign
      ? sign === '?'
        ? 1
        : Infinity
      : comma
        ? high
          ? Number(high)
          : Infinity
        : least
    const { unbounded, choices } = most(inner.open, inner.tried)
    if (greatest > 1 && unbounded + choices > 0) throw fail('repeats what matches in several ways')
    if (least === greatest) return inner
    return {
      fails: inner.fails && least > 0,
      open: times(inner.open, greatest >= MANY ? { unbounded: 1, choices: 0 } : A_CHOICE),
      tried: inner.tried,
    }
  }

  const { unbounded, choices } = alternatives().tried
  if (unbounded > MOST_UNBOUNDED) throw fail(`has ${unbounded} repetitions in a row`)
  if (choices > MOST_CHOICES) throw fail(`has ${choices} choices in a row`)
}
