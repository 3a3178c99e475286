import { UserError } from '../../errors.ts'
import { type Budget, MEMBER } from './budget.ts'
import { type Args, integerOf, type Operation, operations, textOf } from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { iterate } from './operators.ts'
import { str } from './show.ts'
import { strftime } from './strftime.ts'
import { isText, plain } from './text.ts'
import { Callable, Dict, List, Namespace, Range, Tuple, type Value } from './values.ts'

/** Numbers in a range, as Jinja2's sandbox has it. */
const RANGE = 100_000

/** Functions of Jinja2 that are missing here. */
const REFUSED = ['cycler', 'joiner', 'lipsum']

/** The functions that every template sees: Jinja2's, and what transformers adds. */
export function functions(now: Date): Readonly<Record<string, Value>> {
  const all: Record<string, Operation<null>> = {
    ...operations<null>({
      'range start* stop step': (_, __, first, second, third) => range(first, second, third),
      'raise_exception message*': ({ budget }, _, reason) => {
        throw new UserError(
          `the chat template refuses this conversation: ${plain(str(budget, reason as Value))}`,
        )
      },
      'strftime_now format*': (_, __, format) =>
        strftime(plain(textOf(format, 'strftime_now()')), now),
    }),
    dict: ({ budget }, _, args) => new Dict(pairs(budget, 'dict', args)),
    namespace: ({ budget }, _, args) => {
      const space = new Namespace()
      for (const [key, value] of pairs(budget, 'namespace', args))
        space.values.set(plain(textOf(key, 'namespace()')), value)
      return space
    },
  }
  for (const name of REFUSED)
    all[name] = () => {
      throw unsupported(`${name}()`)
    }
  return Object.fromEntries(
    Object.entries(all).map(([name, call]) => [
      name,
      new Callable(name, (run, args) => call(run, null, args)),
    ]),
  )
}

function range(first: Value | undefined, second: Value | undefined, third: Value = 1): Range {
  const given = (value: Value | undefined) => integerOf(value, 0, 'range()')
  const [start, stop] = second === undefined ? [0, given(first)] : [given(first), given(second)]
  const step = given(third)
  if (step === 0) throw fail('the step of range() is 0')
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (!(length <= RANGE)) throw fail(`range() of ${length} numbers; at most ${RANGE} are made`)
  const items = Array.from({ length }, (_, i) => start + i * step)
  return new Range(start, stop, step, items)
}

/** Keys and values of the named arguments, and of one that is a mapping or pairs. */
function pairs(
  budget: Budget,
  name: string,
  { positional, named }: Args,
): (readonly [Value, Value])[] {
  if (positional.length > 1) throw fail(`${name}() takes at most 1 positional argument`)
  const [first] = positional
  return [...(first === undefined ? [] : pairsOf(budget, first)), ...named]
}

function pairsOf(budget: Budget, value: Value): (readonly [Value, Value])[] {
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
