import { UserError } from '../errors.ts'
import { add, asInput, constant, input, sizeOf, type Tensor } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import { headOutput } from '../models/head.ts'
import type { Model } from '../models/model.ts'
import { Module, type Tap } from '../nn/index.ts'

type Rows = readonly (readonly number[])[]

/** Elements, row by row, perhaps with their shape. */
export type Values = ArrayLike<number> | { data: ArrayLike<number>; shape: readonly number[] }

export interface TraceOptions {
  /** Tokens of each text, all of one length: the inputs `ids` and `written`. */
  ids: Rows
  /** What an encoder-decoder has written, its start token first. */
  written?: Rows
  replace?: Readonly<Record<string, Values>>
  /** Patterns of activations that all that follows them must depend on, to be differentiated. */
  through?: readonly string[]
}

/** The graph of one forward pass. */
export interface Traced {
  /** By path, in the order in which they are computed. */
  activations: ReadonlyMap<string, Tensor>
  /** Values of the inputs that stand in place of activations. */
  values: Record<string, ArrayLike<number>>
}

/** Throws UserError where values are to replace what is not there, or is of another size. */
export function trace(model: Model, options: TraceOptions): Traced {
  const { replace = {}, through = [] } = options
  const activations = new Map<string, Tensor>()
  const values: Traced['values'] = {}
  const isThrough = matcher(through)
  const tap: Tap = (path, value) => {
    const given = replace[path]
    if (given) {
      const name = `replaced ${path}`
      values[name] = elements(path, value, given)
      activations.set(path, input(name, value.dtype, value.shape))
      return activations.get(path) as Tensor
    }
    activations.set(path, value)
    // What is multiplied in blocks depends on a matrix only where that is another node.
    return isThrough(path) && !asInput(value.node) ? add(value, 0) : value
  }
  run(model, options, tap)
  const strange = Object.keys(replace).find((path) => !activations.has(path))
  if (strange === undefined) return { activations, values }
  throw new UserError(
    `replace: no activation is named ${strange}; activationPaths(model) lists all`,
  )
}

/** Paths of all activations of a model, in the order in which they are computed. */
export const activationPaths = (model: Model | { model: Model }): string[] => {
  const graph = model instanceof Module ? model : model.model
  return [...trace(graph, { ids: [[0]], written: [[0]] }).activations.keys()]
}

/** True of paths that one of the patterns is; `*` stands for any part between two dots. */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${parts.join('[^.]+')}$`)
  })
  return (path) => expressions.some((expression) => expression.test(path))
}

function run(model: Model, { ids, written = [] }: TraceOptions, tap: Tap): void {
  const shape = (rows: Rows) => [rows.length, rows[0]?.length ?? 0]
  const tokens = input('ids', 'int32', shape(ids))
  const mask = constant(1, shape(ids))
  if (model instanceof EncoderDecoder) {
    const source = model.encode(tokens, { mask, tap })
    const hidden = model.hidden(input('written', 'int32', shape(written)), { source, tap })
    model.logits(hidden, { tap })
  } else if (model instanceof Decoder && !model.head)
    model.logits(model.hidden(tokens, { tap }), { tap })
  else headOutput(model, model.hidden(tokens, { mask, tap }), { mask, tap })
}

function elements(path: string, { shape }: Tensor, given: Values): ArrayLike<number> {
  const data = 'data' in given ? given.data : given
  const own = 'data' in given ? given.shape : [given.length]
  const size = sizeOf(shape as number[])
  if (data.length === size && ('data' in given ? String(own) === String(shape) : true)) return data
  throw new UserError(
    `replace: ${path} is (${shape.join(', ')}), and values of (${own.join(', ')}) are given`,
  )
}
