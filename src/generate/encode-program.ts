import { UserError } from '../errors.ts'
import { HIDDEN, input, type Tensor } from '../graph/index.ts'
import type { EncoderDecoder } from '../models/encoder-decoder.ts'
import {
  type CompiledModel,
  compileModel,
  inputsOf,
  type Weights,
} from '../runtime/compile-model.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { together } from '../runtime/together.ts'
import type { AdapterTensors } from './adapter-slots.ts'
import { SourceCache } from './source-cache.ts'

/** The encoder of an encoder-decoder, compiled once: it reads sources of all sizes. */
export class EncodeProgram {
  readonly engine: Engine
  readonly model: EncoderDecoder
  readonly #read: CompiledModel
  readonly #keys: CompiledModel

  private constructor(
    engine: Engine,
    model: EncoderDecoder,
    programs: { read: CompiledModel; keys: CompiledModel },
  ) {
    this.engine = engine
    this.model = model
    this.#read = programs.read
    this.#keys = programs.keys
  }

  static async create(
    engine: Engine,
    model: EncoderDecoder,
    weights: Weights,
  ): Promise<EncodeProgram> {
    const compile = (outputs: Record<string, Tensor>, label: string) =>
      compileModel(engine, model, outputs, weights, { label })
    const read = await compile(readGraph(model), 'encode')
    try {
      const keys = await compile(keysGraph(model), 'source keys')
      return new EncodeProgram(engine, model, { read, keys })
    } catch (error) {
      read.program.dispose()
      throw error
    }
  }

  /**
   * Reads the sources of each sequence, which are token ids; all have as many. They are read apart
   * and stand one after the other for the decoder (Fusion-in-Decoder).
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
    const run = { signal, adapters }
    try {
      await this.#run(this.#read, sizes, { ids, mask, positions }, { hidden }, run)
      for (const { name, shape } of this.#keys.program.outputs)
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
    { program, live }: CompiledModel,
    sizes: Readonly<Record<string, number>>,
    feeds: Readonly<Record<string, Int32Array | Float32Array>>,
    tensors: Readonly<Record<string, DeviceTensor>>,
    { signal, adapters }: { signal?: AbortSignal; adapters: AdapterTensors },
  ): Promise<void> {
    const fed: DeviceTensor[] = []
    const binding = together((track) => {
      const inputs = program.inputs.flatMap(({ name, dtype, shape }) => {
        const values = feeds[name]
        if (!values) return []
        const tensor = track(this.engine.tensor(dtype, sized(shape, sizes)))
        fed.push(tensor)
        tensor.write(values)
        return [[name, tensor] as const]
      })
      const given = { ...live, ...inputsOf(program, adapters), ...Object.fromEntries(inputs) }
      return program.bind({ ...tensors, ...given })
    })
    try {
      await binding.run({ signal })
    } finally {
      binding.dispose()
      for (const tensor of fed) tensor.dispose()
    }
  }

  dispose(): void {
    this.#read.program.dispose()
    this.#keys.program.dispose()
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
