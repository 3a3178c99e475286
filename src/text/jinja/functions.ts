import { UserError } from '../../errors.ts'
import { MEMBER } from './budget.ts'
import { fail, unsupported } from './fail.ts'
import { iterate } from './operators.ts'
import { str } from './show.ts'
import { strftime } from './strftime.ts'
import { isText, plain } from './text.ts'
import {
  bind,
  Callable,
  Dict,
  integerOf,
  List,
  Namespace,
  Range,
  type Run,
  Tuple,
  textOf,
  type Value,
} from './values.ts'

/** Numbers in a range, as Jinja2's sandbox has it. */
const RANGE = 100_000

/** The functions that every template sees: Jinja2's, and what transformers adds. */
export const functions = (now: Date): Readonly<Record<string, Value>> => ({
  range: new Callable('range', (_, args) => {
    const [first, second, third] = bind('range', 'start* stop step', args)
    const given = (value: Value | undefined) => integerOf(value, 0, 'range()')
    const [start, stop] = second === undefined ? [0, given(first)] : [given(first), given(second)]
    const step = third === undefined ? 1 : given(third)
    if (step === 0) throw fail('the step of range() is 0')
    const length = Math.max(0, Math.ceil((stop - start) / step))
    if (!(length <= RANGE)) throw fail(`range() of ${length} numbers; at most ${RANGE} are made`)
    const items = Array.from({ length }, (_, i) => start + i * step)
    return new Range(start, stop, step, items)
  }),
  dict: new Callable('dict', ({ budget }, { positional, named }) => {
    const [first, ...rest] = positional
    if (rest.length > 0)
      throw fail(`dict() takes at most 1 argument; ${positional.length} are given`)
    return new Dict([...(first === undefined ? [] : pairs(budget, first)), ...named])
  }),
  namespace: new Callable('namespace', ({ budget }, { positional, named }) => {
    const [first, ...rest] = positional
    if (rest.length > 0) throw fail('namespace() takes at most 1 positional argument')
    const space = new Namespace()
    const given = first === undefined ? [] : pairs(budget, first)
    for (const [key, value] of given) space.values.set(plain(textOf(key, 'namespace()')), value)
    for (const [key, value] of named) space.values.set(key, value)
    return space
  }),
  cycler: new Callable('cycler', (_, { positional: items }) => {
    if (items.length === 0) throw fail('cycler() expects at least one item')
    let at = 0
    const current = () => items[at] as Value
    const next = () => {
      const item = current()
      at = (at + 1) % items.length
      return item
    }
    const reset = () => {
      at = 0
      return null
    }
    return new Callable(
      'Cycler',
      () => {
        throw fail("'Cycler' object is not callable")
      },
      new Map<string, () => Value>([
        ['current', current],
        ['next', () => new Callable('next', next)],
        ['reset', () => new Callable('reset', reset)],
      ]),
    )
  }),
  joiner: new Callable('joiner', (_, args) => {
    const [separator = ', '] = bind('joiner', 'sep', args)
    let isUsed = false
    return new Callable('joiner', () => {
      if (isUsed) return separator
      isUsed = true
      return ''
    })
  }),
  lipsum: new Callable('lipsum', () => {
    throw unsupported('lipsum()')
  }),
  raise_exception: new Callable('raise_exception', ({ budget }: Run, args) => {
    const [reason] = bind('raise_exception', 'message*', args)
    throw new UserError(
      `the chat template refuses this conversation: ${plain(str(budget, reason as Value))}`,
    )
  }),
  strftime_now: new Callable('strftime_now', (_, args) => {
    const [format] = bind('strftime_now', 'format*', args)
    return strftime(plain(textOf(format, 'strftime_now()')), now)
  }),
})

function pairs(budget: Run['budget'], value: Value): (readonly [Value, Value])[] {
  if (value instanceof Dict) {
    budget.make(value.entries.size, MEMBER)
    return [...value.entries.values()]
  }
  return iterate(budget, value).map((pair) => {
    const items =
      pair instanceof Tuple || pair instanceof List || isText(pair) ? iterate(budget, pair) : []
    if (items.length !== 2) throw fail('expected pairs of keys and values')
    return items as [Value, Value]
  })
}
