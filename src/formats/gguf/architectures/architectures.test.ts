import { describe, expect, it } from 'vitest'
import { collect } from '../../../../test/gguf.ts'
import { tinyConfigs } from '../../../../test/tiny-decoder.ts'
import { tinyEncoderDecoders, tinyEncoders } from '../../../../test/tiny-models.ts'
import { bytesSource } from '../../../files/byte-source.ts'
import { sizeOf } from '../../../graph/index.ts'
import { gpt2Config, llamaConfig } from '../../../models/decoder-config.ts'
import type { EncoderConfig } from '../../../models/encoder-config.ts'
import { t5Config } from '../../../models/encoder-decoder-config.ts'
import { createModel, type ModelConfig } from '../../../models/model.ts'
import { Random } from '../../../random.ts'
import { encodeGguf, type GgufToWrite } from '../encode.ts'
import { type Gguf, openGguf } from '../gguf.ts'
import { readGgufModel } from '../open.ts'
import type { GgufDtype } from '../types/index.ts'
import { ggufOf } from '../write.ts'

const ARCHITECTURES: Record<string, string> = {
  'GPT-2': 'gpt2',
  Llama: 'llama',
  'Llama with grouped heads of 8': 'llama',
  'Llama with one key head, tied': 'llama',
  'Llama 3, scaled positions': 'llama',
  'Qwen 3': 'qwen3',
  Mixtral: 'llama',
  'Qwen 2 with wide heads': 'llama',
}

const {
  'Gemma 2': gemma2,
  'Gemma 3': gemma3,
  Llama: llama,
} = tinyConfigs as Record<'Gemma 2' | 'Gemma 3' | 'Llama', ReturnType<typeof llamaConfig>>
/** Those of `tinyConfigs` that llama.cpp has, and what it has besides. */
const decoders: Record<string, ReturnType<typeof llamaConfig>> = {
  ...Object.fromEntries(Object.entries(tinyConfigs).filter(([name]) => name in ARCHITECTURES)),
  'Qwen 2': { ...llama, attentionBias: 'qkv' },
  'Qwen 3 with experts': {
    ...llama,
    qkNorm: true,
    experts: { count: 5, perToken: 3, hiddenDim: 16, normalized: true, balance: 0.001 },
  },
  'Gemma 2': { ...gemma2, attentionScale: undefined },
  'Gemma 2 with another pattern': {
    ...gemma2,
    attentionScale: undefined,
    windowed: [false, true],
  },
  'Gemma 3': { ...gemma3, windowed: undefined },
  'Llama with biases': { ...llama, attentionBias: 'all', feedForwardBias: true, tied: true },
  'Qwen 2 with wide heads': { ...llama, attentionBias: 'qkv', headDim: 32 },
  'Llama, positions stretched': { ...llama, ropeScaling: { kind: 'linear', factor: 4 } },
  'Llama with YaRN': {
    ...llama,
    ropeScaling: {
      kind: 'yarn',
      factor: 4,
      original: 12,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
      attentionFactor: 1.25,
    },
  },
}

const others: Record<string, ModelConfig> = {
  ...Object.fromEntries(
    [
      'BERT that embeds',
      'BERT that classifies',
      'BERT that estimates',
      'BERT that gives rewards',
    ].map((name) => [name, tinyEncoders[name] as ModelConfig]),
  ),
  'DistilBERT that embeds': {
    ...(tinyEncoders['BERT that embeds'] as EncoderConfig),
    tokenTypes: 0,
  },
  ...Object.fromEntries(
    Object.entries(tinyEncoderDecoders)
      .filter(([name]) => name.startsWith('T5'))
      .map(([name, { encoder, decoder, ...config }]) => {
        // llama.cpp knows no others.
        const buckets = { count: 8, maxDistance: 128 }
        const stacks = { encoder: { ...encoder, buckets }, decoder: { ...decoder, buckets } }
        return [name, { ...config, ...stacks, padId: 3 }]
      }),
  ),
}

function randomValues(config: ModelConfig): Map<string, Float32Array> {
  const random = new Random(5)
  const fill = (size: number) => Float32Array.from({ length: size }, () => random.normal())
  const parameters = [...createModel(config).parameters()]
  return new Map(parameters.map(([name, { shape }]) => [name, fill(sizeOf(shape))]))
}

const valuesOf = (values: ReadonlyMap<string, Float32Array>) => async (name: string) =>
  values.get(name) as Float32Array

const written = (config: ModelConfig, dtype: GgufDtype = 'f32'): GgufToWrite =>
  ggufOf(createModel(config), valuesOf(randomValues(config)), dtype)

const reopened = async (file: GgufToWrite): Promise<Gguf> =>
  openGguf(bytesSource(await collect(encodeGguf(file))), 'model.gguf')

describe.each<[string, ModelConfig]>(Object.entries({ ...decoders, ...others }))(
  '%s',
  (name, config) => {
    it('says all of itself in GGUF, and is read again', async () => {
      const gguf = await reopened(written(config))
      const { architecture, config: read, unknown } = await readGgufModel(gguf)
      const expected = ARCHITECTURES[name] ?? gguf.metadata.string('general.architecture')
      expect(architecture).toBe(expected)
      expect(unknown).toEqual([])
      const plain = (config: ModelConfig) => JSON.parse(JSON.stringify(config))
      const { experts, embeddingScale, ...rest } = plain(config)
      expect(plain(read)).toMatchObject(rest)
      if (experts) expect(plain(read).experts).toMatchObject({ ...experts, balance: 0.001 })
      if (embeddingScale) expect(plain(read).embeddingScale).toBeCloseTo(embeddingScale, 12)
    })

    it('has the same parameters afterwards', async () => {
      const values = randomValues(config)
      const { read } = await readGgufModel(await reopened(written(config)))
      for (const [parameter, expected] of values)
        expect(await read(parameter), parameter).toEqual(expected)
    })
  },
)

describe('the layout that llama.cpp expects', () => {
  const valueAt = async (gguf: Gguf, name: string) => gguf.readFloat32(name)

  it('Llama: rows of queries stand in pairs, those of Qwen in halves', async () => {
    for (const [config, first, second] of [
      [llama, 0, 8],
      [decoders['Qwen 3'] as typeof llama, 0, 1],
    ] as const) {
      const ours = randomValues(config).get('model.layers.0.self_attn.q_proj.weight')
      const theirs = await valueAt(await reopened(written(config)), 'blk.0.attn_q.weight')
      const row = (values: Float32Array | undefined, i: number) =>
        values?.slice(64 * i, 64 * i + 64)
      expect(row(theirs, 0)).toEqual(row(ours, first))
      expect(row(theirs, 1)).toEqual(row(ours, second))
    }
  })

  it('GPT-2: queries, keys and values are one matrix', async () => {
    const config = decoders['GPT-2'] as typeof llama
    const gguf = await reopened(written(config))
    expect(gguf.tensors.get('blk.1.attn_qkv.weight')?.shape).toEqual([96, 32])
    const key = randomValues(config).get('model.layers.1.self_attn.k_proj.bias')
    expect((await valueAt(gguf, 'blk.1.attn_qkv.bias')).slice(32, 64)).toEqual(key)
  })

  it('experts: the matrices of all are one tensor', async () => {
    const config = decoders.Mixtral as typeof llama
    const gguf = await reopened(written(config))
    expect(gguf.tensors.get('blk.0.ffn_down_exps.weight')?.shape).toEqual([4, 64, 24])
    const third = randomValues(config).get('model.layers.0.mlp.experts.2.down_proj.weight')
    const all = await valueAt(gguf, 'blk.0.ffn_down_exps.weight')
    expect(all.slice(2 * 64 * 24, 3 * 64 * 24)).toEqual(third)
  })

  it('Llama 3.1: a tensor says by what each frequency is divided', async () => {
    const config = decoders['Llama 3, scaled positions'] as typeof llama
    const factors = await valueAt(await reopened(written(config)), 'rope_freqs.weight')
    // The first pair turns 16 / (2 pi) times within the original context, between 1 and 4 times.
    const fast = (16 / (2 * Math.PI) - 1) / (4 - 1)
    expect(factors[0]).toBeCloseTo(1 / ((1 - fast) / 8 + fast), 6)
    expect([factors.length, factors[7]]).toEqual([8, 8])
  })
})

describe('files of others', () => {
  it("Llama 3.1's scaling is known by its factors alone", async () => {
    const ropeScaling = { kind: 'llama3', factor: 32, original: 8192, low: 1, high: 4 } as const
    const config = { ...llama, headDim: 64, context: 65_536, ropeTheta: 500_000, ropeScaling }
    const { metadata, tensors } = written(config)
    for (const key of metadata.keys())
      if (key.includes('.rope.scaling.')) (metadata as Map<string, unknown>).delete(key)
    const { config: read } = await readGgufModel(await reopened({ metadata, tensors }))
    expect(read).toMatchObject({ ropeScaling })
  })

  it('T5: an output that is not there is the embedding, scaled as Hugging Face does', async () => {
    const config = others['T5, the first'] as ModelConfig
    const { metadata, tensors } = written(config)
    expect(tensors.map(({ name }) => name)).toContain('output.weight')
    ;(metadata as Map<string, unknown>).delete('t5.chatwright.tied_output')
    const without = tensors.filter(({ name }) => name !== 'output.weight')
    const found = await readGgufModel(await reopened({ metadata, tensors: without }))
    expect(found.config).toMatchObject({ tied: true, outputScale: 32 ** -0.5 })
    const shared = randomValues(config).get('model.shared.weight')
    expect(await found.read('model.shared.weight')).toEqual(shared)
  })

  it('Gemma 2 and 3: what older files leave out is as the models had it', async () => {
    for (const [name, expected] of [
      ['Gemma 2', { attentionSoftcap: 50, logitSoftcap: 30, windowed: [true, false] }],
      ['Gemma 3', { windowRopeTheta: 10_000 }],
    ] as const) {
      const { metadata, tensors } = written(decoders[name] as ModelConfig)
      for (const key of metadata.keys())
        if (/softcapping|freq_base_swa|pattern/.test(key))
          (metadata as Map<string, unknown>).delete(key)
      const { config } = await readGgufModel(await reopened({ metadata, tensors }))
      expect(config).toMatchObject(expected)
    }
  })
})

describe('types', () => {
  const config = llamaConfig({
    vocabSize: 40,
    context: 8,
    layers: 1,
    dim: 64,
    heads: 4,
    hiddenDim: 48,
  })
  const typesOf = (dtype: GgufDtype) =>
    Object.fromEntries(written(config, dtype).tensors.map(({ name, type }) => [name, type]))

  it('are those asked for, but for vectors, the output and rows that are no blocks', () => {
    expect(typesOf('bf16')).toMatchObject({ 'output.weight': 'BF16', 'output_norm.weight': 'F32' })
    expect(typesOf('q4_0')).toMatchObject({
      'token_embd.weight': 'Q4_0',
      'blk.0.attn_q.weight': 'Q4_0',
      'blk.0.ffn_down.weight': 'F16',
      'output.weight': 'Q8_0',
    })
    const file = written(config, 'q8_0')
    expect(file.metadata.get('general.file_type')).toEqual({ type: 'uint32', value: 7 })
  })

  it('experts are read from quantized tensors one at a time', async () => {
    const experts = { count: 3, perToken: 2, hiddenDim: 64, normalized: true, balance: 0.001 }
    const mixture = { ...config, hiddenDim: 64, experts }
    const values = randomValues(mixture)
    const { read } = await readGgufModel(await reopened(written(mixture, 'q8_0')))
    for (const e of [0, 2]) {
      const name = `model.layers.0.mlp.experts.${e}.up_proj.weight`
      const [expected, found] = [values.get(name) as Float32Array, await read(name)]
      const largest = found.reduce(
        (most, x, i) => Math.max(most, Math.abs(x - (expected[i] ?? 0))),
        0,
      )
      expect(largest).toBeGreaterThan(0)
      expect(largest).toBeLessThan(0.02)
    }
  })
})

describe('what llama.cpp does not have is refused by name', () => {
  it.each([
    ['window', tinyConfigs.Mistral],
    ['window, windowed', { ...llama, attentionBias: 'qkv', window: 4, windowed: [false, true] }],
    ['sinks', { ...gpt2Config({ ...llama, headDim: 16 }), sinks: true }],
    ['qkNorm', { ...llama, qkNorm: true, feedForwardBias: true }],
    [
      'experts.normalized',
      {
        ...decoders['Qwen 3 with experts'],
        experts: { ...decoders['Qwen 3 with experts']?.experts, normalized: false },
      },
    ],
    ['attentionScale', { ...decoders['Gemma 2'], attentionScale: 0.125 }],
    ['normPosition', { ...llama, normPosition: 'both' }],
    ['head.task', tinyEncoders.BERT],
    ['buckets.maxDistance', tinyEncoderDecoders['T5 1.1']],
    [
      'decoder.layers is 3',
      t5Config({ vocabSize: 9, context: 8, layers: 2, dim: 32, heads: 4, decoderLayers: 3 }),
    ],
    [
      'ropeScaling.kind is dynamic',
      { ...llama, ropeScaling: { kind: 'dynamic', factor: 2, original: 16 } },
    ],
  ])('%s', (option, config) => {
    expect(() => written(config as ModelConfig)).toThrow(option)
  })

  it('where a text is cut for its vector is not said, and no reason to refuse', async () => {
    const plain = others['BERT that embeds'] as EncoderConfig
    const cutting = { ...plain, head: { ...plain.head, maxTokens: 8 } }
    const { config } = await readGgufModel(await reopened(written(cutting)))
    expect(config).toEqual((await readGgufModel(await reopened(written(plain)))).config)
  })

  it("RoBERTa's unused positions are left out", async () => {
    const roberta = { ...(others['BERT that embeds'] as EncoderConfig), positionOffset: 2 }
    const { config, read } = await readGgufModel(await reopened(written(roberta)))
    expect(config).toMatchObject({ kind: 'encoder', positionOffset: 0, context: 24 })
    const table = randomValues(roberta).get('model.embed_positions.weight')
    expect(await read('model.embed_positions.weight')).toEqual(table?.slice(2 * 32))
  })

  it('a window as long as the context, which hides nothing, is left out', async () => {
    const gguf = await reopened(written({ ...llama, window: llama.context }))
    expect((await readGgufModel(gguf)).config).not.toHaveProperty('window')
  })
})

describe('files that do not say what they hold are refused', () => {
  const changed = async (change: (file: GgufToWrite) => GgufToWrite) =>
    readGgufModel(await reopened(change(written(llama))))

  it.each<[string, (file: GgufToWrite) => GgufToWrite]>([
    [
      'no tensor "blk.1.attn_k.weight"',
      (file) => ({
        ...file,
        tensors: file.tensors.filter(({ name }) => name !== 'blk.1.attn_k.weight'),
      }),
    ],
    [
      '"blk.7.attn_k.weight": this model has no place',
      (file) => ({
        ...file,
        tensors: file.tensors
          .map((t) => ({ ...t, name: t.name.replace('blk.1.attn_k.', 'blk.7.attn_k.') }))
          .concat(file.tensors.filter(({ name }) => name === 'blk.1.attn_k.weight')),
      }),
    ],
    [
      '(16384,64); the metadata asks for',
      (file) => ({
        ...file,
        tensors: file.tensors.map((t) =>
          t.name === 'output.weight'
            ? { ...t, shape: [16384, 64], data: new Float32Array(16384 * 64) }
            : t,
        ),
      }),
    ],
    [
      '"general.architecture" is "mamba"',
      ({ metadata, ...file }) => ({
        ...file,
        metadata: new Map([
          ...metadata,
          ['general.architecture', { type: 'string', value: 'mamba' }],
        ]),
      }),
    ],
    [
      'asks for 5000 layers; there are 21 tensors',
      ({ metadata, ...file }) => ({
        ...file,
        metadata: new Map([...metadata, ['llama.block_count', { type: 'uint32', value: 5000 }]]),
      }),
    ],
    [
      '"llama.attention.head_count" is an array; layers that differ',
      ({ metadata, ...file }) => ({
        ...file,
        metadata: new Map([
          ...metadata,
          ['llama.attention.head_count', { type: 'array', items: 'uint32', value: [4, 2] }],
        ]),
      }),
    ],
    [
      '"llama.rope.dimension_count" is 8; supported is 16',
      ({ metadata, ...file }) => ({
        ...file,
        metadata: new Map([
          ...metadata,
          ['llama.rope.dimension_count', { type: 'uint32', value: 8 }],
        ]),
      }),
    ],
    [
      'rope_freqs.weight: the frequencies are scaled otherwise',
      (file) => ({
        ...file,
        tensors: [
          ...file.tensors,
          {
            name: 'rope_freqs.weight',
            type: 'F32',
            shape: [8],
            data: Float32Array.of(1, 2, 1, 3, 1, 4, 1, 5),
          },
        ],
      }),
    ],
  ])('%s', async (message, change) => {
    await expect(changed(change)).rejects.toThrow(message)
  })
})
