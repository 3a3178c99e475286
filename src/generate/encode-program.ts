import { UserError } from '../errors.ts'
import { input, type Tensor, withSizes } from '../graph/index.ts'
import type { EncoderDecoder } from '../models/encoder-decoder.ts'
import { HIDDEN } from '../nn/index.ts'
import type { Feeds, Tensors } from '../runtime/bound.ts'
import { type Compiled, compile, type Weights } from '../runtime/compile.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import type { AdapterTensors } from './adapter-slots.ts'
import { SourceCache } from './source-cache.ts'

/** The encoder of an encoder-decoder, compiled once for sources of all sizes. */
export class EncodeProgram {
  readonly engine: Engine
  readonly model: EncoderDecoder
  readonly #read: Compiled
  readonly #keys: Compiled

  private constructor(engine: Engine, model: EncoderDecoder, read: Compiled, keys: Compiled) {
    this.engine = engine
    this.model = model
    this.#read = read
    this.#keys = keys
  }

  static async create(
    engine: Engine,
    model: EncoderDecoder,
    weights: Weights,
  ): Promise<EncodeProgram> {
    const read = await compile(engine, readGraph(model), { weights, label: 'encode' })
    try {
      const keys = await compile(engine, keysGraph(model), { weights, label: 'source keys' })
      return new EncodeProgram(engine, model, read, keys)
    } catch (error) {
      read.dispose()
      throw error
    }
  }

  /**
   * Reads the sources of each sequence, which are token ids; every sequence has equally many. They
   * are encoded separately and concatenated for the decoder (Fusion-in-Decoder, Izacard & Grave
   * 2021).
   */
  async run(
    sequences: readonly (readonly (readonly number[])[])[],
    { signal, adapters = {} }: { signal?: AbortSignal; adapters?: AdapterTensors } = {},
  ): Promise<SourceCache> {
    const { engine, model } = this
    const batch = sequences.length
    const texts = sequences.flat()
    const each = sequences[0]?.length ?? 0
    if (sequences.some(({ length }) => length !== each))
      throw new UserError(
        'texts that are written together need equally many sources; write the others separately',
      )
    const length = Math.max(1, ...texts.map((ids) => ids.length))
    const ids = new Int32Array(texts.length * length).fill(model.config.padId)
    const mask = new Float32Array(texts.length * length)
    const positions = ids.map((_, i) => i % length)
    for (const [row, text] of texts.entries()) {
      ids.set(text, row * length)
      mask.fill(1, row * length, row * length + text.length)
    }
    const { dim } = model.config.encoder
    const sizes = { batch, source: each * length }
    const hidden = engine.tensor('float32', [texts.length, length, dim])
    const joined = hidden.slice(0, [batch, each * length, dim])
    const made: Record<string, DeviceTensor> = {}
    try {
      await runOnce(this.#read, { ...adapters, hidden }, { ids, mask, positions }, signal)
      for (const { name, dtype, shape } of this.#keys.outputs)
        made[name] = engine.tensor(dtype, withSizes(shape, sizes))
      await runOnce(this.#keys, { ...adapters, ...made, hidden: joined }, {}, signal)
      made['source.bias'] = engine.tensor('float32', [batch, 1, 1, each * length])
      made['source.bias'].write(mask.map((isText) => (isText ? 0 : HIDDEN)))
      return new SourceCache(made, batch)
    } catch (error) {
      for (const tensor of Object.values(made)) tensor.dispose()
      throw error
    } finally {
      joined.dispose()
      hidden.dispose()
    }
  }

  dispose(): void {
    this.#read.dispose()
    this.#keys.dispose()
  }
}

async function runOnce(
  compiled: Compiled,
  tensors: Tensors,
  feeds: Feeds,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bound = compiled.bind(tensors)
  try {
    await bound.run(feeds, { signal })
  } finally {
    bound.dispose()
  }
}

/** ids, mask, positions: (texts, length) -> hidden (texts, length, C). */
function readGraph(model: EncoderDecoder): Record<string, Tensor> {
  const shape = ['texts', 'length']
  const { hidden } = model.encode(input('ids', 'int32', shape), {
    mask: input('mask', 'float32', shape),
    positions: input('positions', 'int32', shape),
  })
  return { hidden }
}

/** hidden (batch, source, C) -> keys and values of every layer's cross-attention. */
function keysGraph(model: EncoderDecoder): Record<string, Tensor> {
  const { dim } = model.config.encoder
  const shape = ['batch', 'source']
  const hidden = input('hidden', 'float32', [...shape, dim])
  const keys = model.sourceKeys({ hidden, shape })
  return Object.fromEntries(
    keys.flatMap(({ keys, values }, i) => [
      [`source.${i}.keys`, keys],
      [`source.${i}.values`, values],
    ]),
  )
}
