import { UserError } from '../errors.ts'
import { type Node, newInterpreter, type Value } from './jinja.ts'

/** Characters of the longest text, and members of the largest list, that may come into being. */
export const SIZE = 2 ** 22
/** Levels of expressions and blocks, and of lists within lists. */
const DEPTH = 512
const NESTING = 64
/**
 * Units of work, a few nanoseconds each, and more of them for more input: about a second in all,
 * and half a million steps.
 */
const WORK = 2 ** 24
const WORK_PER_CHARACTER = 64
/** Units for a step, for a member of a new list, for a turn of a loop, for a name without a value. */
const STEP = 32
const MEMBER = 32
const TURN = 64
const UNDEFINED = 1024

/** Filters that look at a list but not into its members. */
const SHALLOW = new Set(['length', 'first', 'last', 'list', 'reverse'])
/** Comparisons per member of a list that is sorted. */
const SORT = 32

/** A node that is being evaluated: what its operation works on, and the largest of its arguments. */
interface Frame {
  readonly node: Node
  operand: number
  argument: number
}

interface Extent {
  /** Characters and members, with those of the members, each as often as it appears. */
  readonly size: number
  readonly depth: number
}

/**
 * Runs a checked template with an account of the work: templates are foreign code, and a few bytes of
 * one can ask for years of time or all of the memory. Every value is charged for as it comes into
 * being, and what multiplies sizes is refused before it is done. Throws UserError where a limit is
 * passed.
 */
export function runLimited(
  program: Node,
  outputs: ReadonlySet<Node>,
  variables: Readonly<Record<string, unknown>>,
  { characters, length }: { characters: number; length: number },
): string {
  const { interpreter, scope } = newInterpreter(variables)
  const evaluate = interpreter.evaluate.bind(interpreter)
  let work = WORK + WORK_PER_CHARACTER * characters
  let depth = 0
  let current: Frame | undefined
  const extents = new WeakMap<object, Extent>()

  const spend = (units: number): void => {
    work -= units
    if (work < 0) throw tooMuch('does not come to an end in reasonable time')
  }

  const extentOf = (value: Value): Extent => {
    if (typeof value.value === 'string') return { size: checkSize(value.value.length), depth: 0 }
    const known = extents.get(value)
    if (known) return known
    let size = 1
    let deepest = 0
    for (const member of membersOf(value)) {
      // A namespace changes: what was measured would not stay true.
      if (member.type === 'NamespaceValue') throw tooMuch('keeps a namespace inside another value')
      const extent = extentOf(member)
      size += 1 + extent.size
      deepest = Math.max(deepest, extent.depth + 1)
    }
    if (deepest > NESTING) throw tooMuch(`nests lists more than ${NESTING} deep`)
    const extent = { size: checkSize(size), depth: deepest }
    if (value.type !== 'NamespaceValue') extents.set(value, extent)
    return extent
  }

  /** Charges `parent` for the value of its child `node`. */
  const charge = (value: Value, node: Node, parent: Frame | undefined): void => {
    const isList = isContainer(value)
    if (isList && !extents.has(value)) spend(MEMBER * membersOf(value).length)
    const { size, depth: levels } = extentOf(value)
    if (typeof value.value === 'string') spend(size)
    // The name was looked for in every scope around.
    if (value.type === 'UndefinedValue' && node.type === 'Identifier') spend(UNDEFINED + 8 * depth)
    if (isList && outputs.has(node)) spend(size)
    if (!parent) return
    const { type, operator, iterable, operand, filter, callee } = parent.node
    if (type === 'MemberExpression' && node === parent.node.object) parent.operand = size
    if (type === 'For' && isList && (node === iterable || node === (iterable as Node).lhs)) {
      spend(TURN * membersOf(value).length)
    }
    if (type === 'BinaryExpression' && isList) {
      const { value: sign } = operator as Value
      spend(sign === '==' || sign === '!=' ? size : membersOf(value).length)
    }
    if (type === 'FilterExpression' || type === 'CallExpression') {
      const name = type === 'FilterExpression' ? filterName(filter as Node) : undefined
      if (node === operand || node === callee) {
        parent.operand = size * (name === 'tojson' ? levels + 1 : 1)
        if (!(isList && name && SHALLOW.has(name)))
          spend(name?.endsWith('sort') ? SORT * size : size)
      } else parent.argument = Math.max(parent.argument, magnitude(value, size))
      // Replacing, joining and indenting make at most so many characters.
      checkSize((parent.operand * parent.argument) / 32)
    }
  }

  interpreter.evaluate = (node, inner) => {
    if (!node) return evaluate(node, inner)
    const parent = current
    const frame: Frame = { node, operand: 0, argument: 0 }
    if (++depth > DEPTH) throw tooMuch(`goes more than ${DEPTH} levels deep`)
    spend(STEP)
    if (node.type === 'Macro') spend(4 * length)
    current = frame
    let value: Value
    try {
      // The first of an empty list is undefined here too.
      value = evaluate(node, inner) ?? (evaluate(undefined, inner) as Value)
    } finally {
      current = parent
      depth--
    }
    if (value.type === 'FunctionValue' && !extents.has(value)) {
      extents.set(value, { size: methodCost(node, frame.operand), depth: 0 })
    }
    charge(value, node, parent)
    return value
  }
  return interpreter.evaluate(program, scope)?.value as string
}

const tooMuch = (what: string): UserError => new UserError(`the chat template ${what}`)

function checkSize(size: number): number {
  if (size <= SIZE) return size
  throw tooMuch(`makes a text or a list of more than ${SIZE} characters or members`)
}

const isContainer = (value: Value): boolean =>
  Array.isArray(value.value) || value.value instanceof Map

/** Members of a list, or keys and values of a mapping. */
function membersOf(value: Value): readonly Value[] {
  if (Array.isArray(value.value)) return value.value
  if (!(value.value instanceof Map)) return []
  const members: Value[] = []
  for (const [key, member] of value.value as Map<string, Value>) {
    members.push({ type: 'StringValue', value: key }, member)
  }
  return members
}

/** A method carries the size of what it belongs to, wherever it is kept until it is called. */
function methodCost({ type, property, computed }: Node, object: number): number {
  if (type !== 'MemberExpression') return 1
  const name = computed ? undefined : (property as Value).value
  if (name === 'get') return 1
  return name === 'dictsort' || name === undefined ? SORT * object : object
}

const filterName = ({ type, value, callee }: Node): string =>
  String(type === 'CallExpression' ? (callee as Node).value : value)

/** How much longer an argument can make something: a width, or the length of a text. */
const magnitude = ({ value }: Value, size: number): number =>
  typeof value === 'number' ? Math.abs(value) : size
