import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { AdapterSlots } from '../generate/adapter-slots.ts'
import { encodePrompt } from '../generate/prompt.ts'
import { grad, isFixed, slice, sum, type Tensor } from '../graph/index.ts'
import { type Model, stacksOf } from '../models/model.ts'
import { type Bits, quantizeWeights } from '../models/quantize.ts'
import { parseOptions } from '../options.ts'
import { compile, packedInputs, type UseWeights, type Weights } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { matcher, type Traced, trace } from './trace.ts'

/** What `forward` needs of a model; a `LanguageModel` and a `TextModel` have it. */
export interface ReadableModel {
  engine: Engine
  model: Model
  useWeights: UseWeights
  tokenizer: Tokenizer
  addBos?: boolean
  bits?: Bits
  program?: { adapters: Pick<AdapterSlots, 'acquire'> | undefined }
}

/** A text, its tokens, or the tokens of several texts of one length. */
export type ForwardInput = string | readonly number[] | Int32Array | readonly (readonly number[])[]

export interface Activation {
  data: Float32Array
  shape: readonly number[]
}

export interface ForwardOptions {
  /** Paths of activations, see `nn.Activations`; `*` stands for any part between two dots. */
  read?: readonly string[]
  /** Values in place of activations, by path, row by row. */
  replace?: Readonly<Record<string, ArrayLike<number> | Activation>>
  gradients?: {
    /** Path of the activation that is differentiated, such as `logits`. */
    of: string
    /** Its element, an index for each axis, negative ones from the end; default: the sum of all. */
    at?: readonly number[]
    /** Paths of those it is differentiated with respect to, as for `read`. */
    to: readonly string[]
  }
  /** What an encoder-decoder has written of its text so far; default: its start token alone. */
  written?: ForwardInput
  signal?: AbortSignal
}

const names = z.array(z.string().min(1))
const forwardOptions = z.strictObject({
  read: names.optional(),
  replace: z.record(z.string(), z.any()).optional(),
  gradients: z
    .strictObject({ of: z.string().min(1), at: z.array(z.number().int()).optional(), to: names })
    .optional(),
  written: z.any().optional(),
  signal: z.any().optional(),
})

export interface ForwardResult {
  /** Tokens of each text. */
  ids: number[][]
  activations: Record<string, Activation>
  /** By the path of what they are with respect to. */
  gradients: Record<string, Activation>
}

/**
 * One forward pass, without a cache: what the layers make of a text, by their paths. Activations
 * are those of the model as it runs: with its adapters, and of quantized weights. Throws UserError
 * where a path is that of no activation, or values do not fit it.
 *
 * @example
 * const model = await load('my-model')
 * const path = 'model.layers.3.self_attn.weights'
 * const { activations } = await forward(model, 'Call me Ishmael', { read: [path] })
 * const { data, shape } = activations[path] // (1, heads, tokens, tokens): rows add up to 1
 */
export async function forward(
  readable: ReadableModel,
  given: ForwardInput,
  options: ForwardOptions,
): Promise<ForwardResult> {
  parseOptions(forwardOptions, options)
  const { engine, model, useWeights, program, bits } = readable
  const ids = encoded(readable, given)
  const written = writtenFor(readable, ids.length, options.written)
  const { read = [], replace = {}, gradients, signal } = options
  if (read.length === 0 && !gradients)
    throw new UserError("nothing is asked for; name activations to read: { read: ['logits'] }")
  const traced = trace(model, { ids, written, replace, through: gradients?.to ?? [] })
  const adapters = program?.adapters?.acquire()
  try {
    return await useWeights(async (weights) => {
      const graph = outputsOf(traced, inScope(model, weights), bits, options)
      const compiled = await compile(engine, graph.outputs, { ...graph, label: 'forward' })
      try {
        const feeds = { ids: ids.flat(), written: written?.flat() ?? [], ...traced.values }
        const values = await compiled({ ...adapters?.tensors, ...feeds }, { signal })
        const named = (kind: string) =>
          Object.fromEntries(
            compiled.outputs.flatMap(({ name, shape }) => {
              if (!name.startsWith(kind)) return []
              const data = values[name] as Float32Array
              return [[name.slice(kind.length), { data, shape: shape as number[] }]]
            }),
          )
        return { ids, activations: named(READ), gradients: named(GRADIENT) }
      } finally {
        compiled.dispose()
      }
    })
  } finally {
    adapters?.release()
  }
}

const [READ, GRADIENT] = ['activation ', 'gradient ']

/** Outputs of the pass and, of the graph that they are of, the weights. */
function outputsOf(
  traced: Traced,
  weights: Weights,
  bits: Bits | undefined,
  { read = [], gradients }: ForwardOptions,
): { outputs: Record<string, Tensor>; weights: Weights } {
  const { activations } = traced
  const outputs: Record<string, Tensor> = {}
  for (const path of matching(activations, 'read', read))
    outputs[READ + path] = activations.get(path) as Tensor
  if (!gradients) return asRun(outputs, weights, bits)
  const { of, at, to } = gradients
  const paths = matching(activations, 'gradients.to', to)
  const frozen = bits && paths.find((path) => path.endsWith('.weight'))
  if (frozen)
    throw new UserError(
      `gradients.to: ${frozen} has ${bits} bits, and no gradient; load the model without bits`,
    )
  const [source, another] = matching(activations, 'gradients.of', [of])
  if (another !== undefined)
    throw new UserError(`gradients.of: ${of} matches ${source} and ${another}; give one path`)
  const sources = Object.fromEntries(
    paths.map((path) => [GRADIENT + path, activations.get(path) as Tensor]),
  )
  const loss = element(of, activations.get(source as string) as Tensor, at)
  // Differentiated as it runs, quantized products and all.
  const run = asRun({ ...outputs, ...sources, loss }, weights, bits)
  const { loss: whole, ...rest } = run.outputs as Record<string, Tensor> & { loss: Tensor }
  const tensors = Object.keys(sources).map((name) => rest[name] as Tensor)
  for (const [i, gradient] of grad(whole, tensors).entries())
    rest[Object.keys(sources)[i] as string] = gradient
  return { outputs: rest, weights: run.weights }
}

/** The graph with weights of so many bits, where they are packed so. */
function asRun(outputs: Record<string, Tensor>, weights: Weights, bits: Bits | undefined) {
  if (!bits || 'live' in weights) return { outputs, weights }
  const graph = quantizeWeights(outputs, packedInputs(outputs, weights.packed, bits), bits)
  const packed = Object.entries(graph.weights).map(([name, { data }]) => [name, data] as const)
  return { outputs: graph.outputs, weights: { packed: Object.fromEntries(packed) } }
}

const inScope = (model: Model, weights: Weights): Weights =>
  'live' in weights
    ? { live: model.inputs(weights.live) }
    : { packed: model.inputs(weights.packed) }

/** Paths that patterns match. Throws UserError where one matches none, or none of a known size. */
function matching(
  activations: ReadonlyMap<string, Tensor>,
  option: string,
  patterns: readonly string[],
): string[] {
  const found = patterns.flatMap((pattern) => {
    const matches = [...activations.keys()].filter(matcher([pattern]))
    if (matches.length > 0) return matches
    throw new UserError(
      `${option}: no activation is named ${pattern}; activationPaths(model) lists all, ` +
        `such as ${[...activations.keys()].slice(-3).join(', ')}`,
    )
  })
  const open = found.find((path) => !isFixed(activations.get(path)?.shape ?? []))
  if (open === undefined) return [...new Set(found)]
  throw new UserError(
    `${option}: ${open} has a row for each token that passes through its expert, which is not ` +
      'known beforehand; give one of the layer, such as mlp.out',
  )
}

/** One element, or the sum of all. Throws UserError where there is none at this index. */
function element(path: string, activation: Tensor, at: readonly number[] | undefined): Tensor {
  if (!at) return sum(activation)
  const shape = activation.shape as number[]
  const index = at.map((i, axis) => (i < 0 ? i + (shape[axis] ?? 0) : i))
  if (at.length !== shape.length || index.some((i, axis) => !(i >= 0 && i < (shape[axis] ?? 0))))
    throw new UserError(
      `gradients.at: (${at.join(', ')}) is no element of ${path}, ` +
        `whose shape is (${shape.join(', ')})`,
    )
  return sum(index.reduce((part, i, axis) => slice(part, axis, i, i + 1), activation))
}

/** The tokens of each text. Throws UserError where they are none that the model can read. */
function encoded({ model, tokenizer, addBos = false }: ReadableModel, given: ForwardInput) {
  const { config } = model
  const prompt = config.kind === 'decoder' && !config.head
  const encode = (text: string) =>
    prompt ? encodePrompt({ tokenizer, addBos }, text) : encodeInput(tokenizer, text).ids
  return checked(model, typeof given === 'string' ? [encode(given)] : given)
}

/** What an encoder-decoder has written, its start token first. */
function writtenFor(
  { model, tokenizer }: ReadableModel,
  count: number,
  given: ForwardInput | undefined,
): number[][] | undefined {
  const { config } = model
  if (config.kind !== 'encoder-decoder') return undefined
  const start = [config.startId]
  const text = typeof given === 'string' ? [[...start, ...tokenizer.encode(given)]] : given
  const rows = checked(model, text ?? Array.from({ length: count }, () => start))
  if (rows.length === count) return rows
  throw new UserError(`written: ${rows.length} texts are given for ${count} that are read`)
}

function checked({ config }: Model, given: Exclude<ForwardInput, string>): number[][] {
  const rows = (typeof given[0] === 'number' ? [[...given]] : given) as number[][]
  const { vocabSize, context } = stacksOf(config)[0] as ReturnType<typeof stacksOf>[number]
  const lengths = new Set(rows.map(({ length }) => length))
  const [length = 0] = lengths
  if (lengths.size > 1)
    throw new UserError(`texts have ${[...lengths].join(', ')} tokens; give texts of one length`)
  if (length < 1 || length > context)
    throw new UserError(`the text has ${length} tokens; the model reads 1 to ${context}`)
  const strange = rows.flat().find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
  if (strange === undefined) return rows
  throw new UserError(`${strange} is no token; the vocabulary has those from 0 to ${vocabSize - 1}`)
}
