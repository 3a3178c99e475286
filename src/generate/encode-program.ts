import { UserError } from '../errors.ts'
import { HIDDEN, input, type Tensor, toOnnx } from '../graph/index.ts'
import type { OnnxModel } from '../graph/onnx/model.ts'
import type { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { DeviceTensor, Engine, Program } from '../runtime/engine.ts'
import type { AdapterTensors } from './adapter-slots.ts'
import type { Weights } from './decode-program.ts'
import { SourceCache } from './source-cache.ts'

/** The encoder of an encoder-decoder, compiled once: it reads sources of all sizes. */
export class EncodeProgram {
  readonly engine: Engine
  readonly model: EncoderDecoder
  readonly #read: Program
  readonly #keys: Program
  readonly #live: Readonly<Record<string, DeviceTensor>>

  private constructor(
    engine: Engine,
    model: EncoderDecoder,
    programs: { read: Program; keys: Program },
    live: Readonly<Record<string, DeviceTensor>>,
  ) {
    this.engine = engine
    this.model = model
    this.#read = programs.read
    this.#keys = programs.keys
    this.#live = live
  }

  static async create(
    engine: Engine,
    model: EncoderDecoder,
    weights: Weights,
  ): Promise<EncodeProgram> {
    const parameters = model.parameters()
    const packed = Object.entries('packed' in weights ? weights.packed : {}).map(([name, data]) => {
      return [name, { dtype: 'float32', shape: parameters.get(name)?.shape ?? [], data }] as const
    })
    const own: OnnxModel['weights'] = Object.fromEntries(packed)
    const compile = (outputs: Record<string, Tensor>, label: string) =>
      engine.compile(toOnnx(outputs, { target: engine.name, weights: own }), { label })
    const read = await compile(readGraph(model), 'encode')
    const keys = await compile(keysGraph(model), 'source keys')
    return new EncodeProgram(engine, model, { read, keys }, 'live' in weights ? weights.live : {})
  }

  /**
   * Reads the sources of each sequence, which are token ids; all have as many. They are read apart and
   * stand one after the other for the decoder (Fusion-in-Decoder).
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
        'texts that are written together have as many sources each; write others apart',
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
    const hidden = engine.tensor('float32', [texts.length, length, dim])
    const joined = hidden.slice(0, [batch, each * length, dim])
    const sizes = { batch, texts: texts.length, length, source: each * length }
    const made: Record<string, DeviceTensor> = {}
    const run = { signal, kept: { ...this.#live, ...adapters } }
    try {
      await this.#run(this.#read, sizes, { ids, mask, positions }, { hidden }, run)
      for (const { name, shape } of this.#keys.outputs)
        made[name] = engine.tensor('float32', sized(shape, sizes))
      await this.#run(this.#keys, sizes, {}, { ...made, hidden: joined }, run)
      const bias = engine.tensor('float32', [batch, 1, 1, each * length])
      bias.write(mask.map((there) => (there ? 0 : HIDDEN)))
      return new SourceCache({ ...made, 'source.bias': bias }, batch)
    } catch (error) {
      for (const tensor of Object.values(made)) tensor.dispose()
      throw error
    } finally {
      joined.dispose()
      hidden.dispose()
    }
  }

  async #run(
    program: Program,
    sizes: Readonly<Record<string, number>>,
    feeds: Readonly<Record<string, Int32Array | Float32Array>>,
    tensors: Readonly<Record<string, DeviceTensor>>,
    { signal, kept }: { signal?: AbortSignal; kept: Readonly<Record<string, DeviceTensor>> },
  ): Promise<void> {
    const given = program.inputs.filter(({ name }) => feeds[name])
    const fed = given.map(({ name, dtype, shape }) => {
      const tensor = this.engine.tensor(dtype, sized(shape, sizes))
      tensor.write(feeds[name] as Int32Array | Float32Array)
      return [name, tensor] as const
    })
    const live = program.inputs.flatMap(({ name }) => {
      const tensor = kept[name]
      return tensor ? [[name, tensor] as const] : []
    })
    const binding = program.bind({ ...tensors, ...Object.fromEntries([...live, ...fed]) })
    try {
      await binding.run({ signal })
    } finally {
      binding.dispose()
      for (const [, tensor] of fed) tensor.dispose()
    }
  }

  dispose(): void {
    this.#read.dispose()
    this.#keys.dispose()
  }
}

const sized = (shape: readonly (number | string)[], sizes: Readonly<Record<string, number>>) =>
  shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 0)))

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
