import { gather, input, productOf, reshape, type Tensor } from '../graph/index.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import { type WritingModel, writingStack } from '../models/model.ts'
import type { Bits } from '../models/quantize.ts'
import type { StackConfig } from '../models/stack-config.ts'
import { InPlaceCache } from '../nn/index.ts'
import { type Compiled, compile, type Weights } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { nonFiniteOf } from '../runtime/non-finite.ts'
import type { AdapterSlots, AdapterTensors } from './adapter-slots.ts'
import { DecodeBinding } from './decode-binding.ts'
import type { KeyValueCache } from './key-value-cache.ts'
import { RotaryMemory } from './rotary-memory.ts'
import type { SourceCache } from './source-cache.ts'

export interface DecodeProgramOptions {
  /** Quantizes packed matrices to so many bits, in blocks. */
  bits?: Bits
  /** Adapters, which may differ from run to run. */
  adapters?: AdapterSlots
}

/** What a step computes: `length` tokens of each of `batch` sequences of a cache. */
export interface DecodeBindingOptions {
  cache: KeyValueCache
  /** Their sources, as read by an encoder. */
  source?: SourceCache
  /** Set if the program has inputs for adapters. */
  adapters?: AdapterTensors
  /** The first sequence. */
  first: number
  batch: number
  /** Tokens of each; more than 1 only for a batch of 1. */
  length: number
  /** Whether to compute the logits after each token. */
  logits: boolean
  /** Length of the longest of them after this step, see `RotaryMemory`. */
  longest: number
}

/** A model that writes, with a cache: one compiled program reads prompts and decodes. */
export class DecodeProgram {
  readonly engine: Engine
  readonly model: WritingModel
  /** The stack that writes: an encoder-decoder's decoder. */
  readonly stack: StackConfig
  readonly adapters: AdapterSlots | undefined
  /** Tables of rotary positions, if the model has these. */
  readonly rotary: RotaryMemory
  readonly #compiled: Compiled

  private constructor(
    engine: Engine,
    model: WritingModel,
    compiled: Compiled,
    adapters: AdapterSlots | undefined,
  ) {
    this.engine = engine
    this.model = model
    this.adapters = adapters
    this.stack = writingStack(model)
    this.rotary = new RotaryMemory(engine, this.stack)
    this.#compiled = compiled
  }

  static async create(
    engine: Engine,
    model: WritingModel,
    weights: Weights,
    { bits, adapters }: DecodeProgramOptions = {},
  ): Promise<DecodeProgram> {
    const compiled = await compile(engine, decodeGraph(model), { weights, bits, label: 'decode' })
    return new DecodeProgram(engine, model, compiled, adapters)
  }

  bind(options: DecodeBindingOptions): DecodeBinding {
    const { cache, source, adapters, first, batch, length, logits, longest } = options
    const past = cache.rows(first, batch)
    const read = source?.rows(first, batch) ?? {}
    const present = Object.entries(past).map(([name, tensor]) => [`next.${name}`, tensor])
    const bound = this.#compiled.bind(
      // An encoder-decoder's adapters may be the encoder's, which this program does not have.
      {
        ...adapters,
        ...this.rotary.tables(longest),
        ...past,
        ...read,
        ...Object.fromEntries(present),
      },
      { batch, length, rows: logits ? batch * length : 0 },
    )
    const views = batch === cache.batch ? [] : [...Object.values(past), ...Object.values(read)]
    return new DecodeBinding(bound, views)
  }

  /** Throws UserError that names the weight at fault, unless all logits are finite. */
  async check(logits: readonly Float32Array[]): Promise<void> {
    if (logits.some((row) => nonFiniteOf(row) !== undefined))
      throw await this.#compiled.fault('logits')
  }

  dispose(): void {
    this.rotary.dispose()
    this.#compiled.dispose()
  }
}

/** Rotary positions are computed from the cache's lengths. */
const needsPositions = ({ positions }: StackConfig): boolean =>
  positions !== 'rotary' && positions !== 'none'

/** logits: (rows, V), of the tokens at `logitRows`; and the cache with this step's tokens. */
function decodeGraph(model: WritingModel): Record<string, Tensor> {
  const stack = writingStack(model)
  const ids = input('ids', 'int32', ['batch', 'length'])
  const cache = new InPlaceCache(
    {
      lastPosition: input('lastPosition', 'int32', ['batch']),
      total: input('total', 'int32', []),
    },
    model instanceof EncoderDecoder ? stack : undefined,
  )
  const hidden = model.hidden(ids, {
    cache,
    ...(needsPositions(stack) && { positions: input('positions', 'int32', ids.shape) }),
  })
  const tokens = reshape(hidden, [productOf(ids.shape), stack.dim])
  const last = gather(tokens, input('logitRows', 'int32', ['rows']))
  const outputs: Record<string, Tensor> = { logits: model.logits(last) }
  for (const [i, { keys, values }] of cache.layers.entries()) {
    outputs[`next.cache.${i}.keys`] = keys
    outputs[`next.cache.${i}.values`] = values
  }
  return outputs
}
