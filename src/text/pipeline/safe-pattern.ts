import { UserError } from '../../errors.ts'

/** Repetitions without an end that may follow each other: each multiplies the time by a text's length. */
const MOST_UNBOUNDED = 3
/** Places at which the matcher may have to choose anew: each doubles the time. */
const MOST_CHOICES = 12
/** Groups within groups. */
const DEEPEST = 64
/** From so many on a repetition counts as one without an end. */
const MANY = 32

/** How often an expression may have to be tried again where it does not match. */
interface Cost {
  readonly unbounded: number
  readonly choices: number
}
const NOTHING: Cost = { unbounded: 0, choices: 0 }

const sum = (a: Cost, b: Cost): Cost => ({
  unbounded: a.unbounded + b.unbounded,
  choices: a.choices + b.choices,
})
const most = (a: Cost, b: Cost): Cost => ({
  unbounded: Math.max(a.unbounded, b.unbounded),
  choices: Math.max(a.choices, b.choices),
})

/**
 * Refuses a regular expression that may take time without end on a short text: patterns of a
 * tokenizer.json are foreign, and JavaScript's matcher tries all ways there are. That is the case for a
 * repetition of what matches in several ways, such as `(a+)+` and `(a|a)*`, and for many choices in a row.
 * The patterns of tokenizers that are in use have none. `name` is how messages call it. Throws UserError.
 */
export function checkPattern({ source }: RegExp, name: string): void {
  let at = 0
  let depth = 0

  const fail = (what: string): UserError =>
    new UserError(
      `${name} ${what}, and may take time without end on some texts; write it without that`,
    )

  /** Alternatives, up to the end of a group. */
  const alternatives = (): Cost => {
    let all = NOTHING
    let count = 0
    for (;;) {
      all = most(all, sequence())
      count++
      if (source[at] !== '|') return count > 1 ? sum(all, { unbounded: 0, choices: 1 }) : all
      at++
    }
  }

  const sequence = (): Cost => {
    let total = NOTHING
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      total = sum(total, repeated(atom()))
    }
    return total
  }

  /** One character, class, assertion or group. */
  const atom = (): Cost => {
    const start = source[at]
    if (start === '[') return skipClass()
    if (start === '\\') return skipEscape()
    at++
    if (start !== '(') return NOTHING
    // What a group is: (?: (?= (?! (?<= (?<! (?<name> (?i:
    const opening = /\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]*:)/y
    opening.lastIndex = at
    at += opening.exec(source)?.[0].length ?? 0
    if (++depth > DEEPEST) throw fail(`has more than ${DEEPEST} groups in each other`)
    const inner = alternatives()
    depth--
    at++
    return inner
  }

  const skipEscape = (): Cost => {
    const escaped = /\\(?:[pPu]\{[^}]*\}|k<[^>]*>|[\s\S])/y
    escaped.lastIndex = at
    at += escaped.exec(source)?.[0].length ?? 1
    return NOTHING
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
    return NOTHING
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
    if (greatest > 1 && inner.choices + inner.unbounded > 0)
      throw fail('repeats what matches in several ways')
    if (least === greatest) return inner
    return sum(
      inner,
      greatest >= MANY ? { unbounded: 1, choices: 0 } : { unbounded: 0, choices: 1 },
    )
  }

  const { unbounded, choices } = alternatives()
  if (unbounded > MOST_UNBOUNDED) throw fail(`has ${unbounded} repetitions in a row`)
  if (choices > MOST_CHOICES) throw fail(`has ${choices} choices in a row`)
}
