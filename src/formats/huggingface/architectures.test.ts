import { describe, expect, test } from 'vitest'
import { tinyConfigs } from '../../../test/tiny-decoder.ts'
import { tinyEncoderDecoders, tinyEncoders } from '../../../test/tiny-models.ts'
import { UserError } from '../../errors.ts'
import { bytesSource } from '../../files/byte-source.ts'
import { sizeOf } from '../../graph/index.ts'
import { decoderSchema } from '../../models/decoder-config.ts'
import { createModel, type ModelConfig, stacksOf } from '../../models/model.ts'
import { Random } from '../../random.ts'
import { encodeSafetensors, openSafetensors } from '../safetensors/safetensors.ts'
import { architectureOf, readConfig, writeConfig } from './config.ts'
import { gpt2 } from './gpt2.ts'
import { exportTensors, importParameters, importTensors, unusedIn } from './weights.ts'

const all: Record<string, ModelConfig> = { ...tinyConfigs, ...tinyEncoders, ...tinyEncoderDecoders }

const ARCHITECTURES: Record<string, string> = {
  'GPT-2': 'gpt2',
  'GPT-2 with heads of 5': 'chatwright',
  Llama: 'llama',
  'Llama with grouped heads of 8': 'llama',
  'Llama with one key head, tied': 'llama',
  'Llama 3, scaled positions': 'llama',
  Mistral: 'mistral',
  'Qwen 2': 'qwen2',
  'Qwen 3': 'qwen3',
  'Gemma 2': 'gemma2',
  'Gemma 3': 'gemma3_text',
  Mixtral: 'mixtral',
  'Qwen 3 with experts': 'qwen3_moe',
  BERT: 'bert',
  'BERT that classifies': 'bert',
  'BERT that tags': 'bert',
  'BERT that estimates': 'bert',
  'BERT that gives rewards': 'bert',
  'BERT that embeds': 'bert',
  RoBERTa: 'roberta',
  'RoBERTa that classifies': 'roberta',
  DistilBERT: 'distilbert',
  'DistilBERT that classifies': 'distilbert',
  ModernBERT: 'modernbert',
  'ModernBERT that classifies': 'modernbert',
  'T5 1.1': 't5',
  'T5, the first': 't5',
}

const file = async (pieces: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece.slice())
  const source = { ...bytesSource(Buffer.concat(parts)), location: { folder: '/', file: 'memory' } }
  return openSafetensors(source, 'model.safetensors')
}

function randomValues(config: ModelConfig): Map<string, Float32Array> {
  const random = new Random(3)
  const fill = (size: number) => Float32Array.from({ length: size }, () => random.normal())
  const parameters = [...createModel(config).parameters()]
  return new Map(parameters.map(([name, { shape }]) => [name, fill(sizeOf(shape))]))
}

describe.each(Object.entries(all))('%s', (name, config) => {
  test('is saved in its architecture’s own words, and read again', () => {
    const written = JSON.parse(JSON.stringify(writeConfig(config, { bosId: 1, eosId: 2 })))
    expect(written.model_type).toBe(ARCHITECTURES[name] ?? 'chatwright')
    const { config: read, unknown, endIds } = readConfig(written)
    expect(unknown).toEqual([])
    expect(written).toMatchObject({ bos_token_id: 1, eos_token_id: 2 })
    expect(endIds).toEqual([2])
    expect(architectureOf(read).modelType).toBe(written.model_type)
    // An architecture's file has no place for some choices that only training makes.
    expect(JSON.parse(JSON.stringify(read))).toMatchObject(
      JSON.parse(JSON.stringify({ ...config, experts: undefined, outputScale: undefined })),
    )
  })

  test('weights come back as they were', async () => {
    const values = randomValues(config)
    const [architecture, model] = [architectureOf(config), createModel(config)]
    const weights = await file(
      encodeSafetensors(exportTensors(architecture, model, (n) => values.get(n) as Float32Array)),
    )
    const found = new Map<string, Float32Array>()
    const memory = (n: string) => {
      const array = found.get(n) ?? new Float32Array((values.get(n) as Float32Array).length)
      found.set(n, array)
      return array
    }
    expect(importParameters(architecture, createModel(config), weights).unused).toEqual([])
    await importTensors(architecture, createModel(config), weights, memory)
    for (const [n, expected] of values) {
      const greatest = Math.max(...expected.map((x, i) => Math.abs(x - (found.get(n)?.[i] ?? 9))))
      // Gemma's norms are stored less 1.
      expect(greatest).toBeLessThanOrEqual(/gemma/.test(architecture.modelType) ? 3e-7 : 0)
    }
  })
})

/** What published files say, as far as it matters. */
const PUBLISHED: [string, Record<string, unknown>, Record<string, unknown>][] = [
  [
    'Llama 3.2 1B',
    {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      vocab_size: 128256,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 16,
      head_dim: 64,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      max_position_embeddings: 131072,
      rms_norm_eps: 1e-5,
      rope_theta: 500000,
      tie_word_embeddings: true,
      hidden_act: 'silu',
      rope_scaling: {
        factor: 32,
        high_freq_factor: 4,
        low_freq_factor: 1,
        original_max_position_embeddings: 8192,
        rope_type: 'llama3',
      },
    },
    {
      dim: 2048,
      kvHeads: 8,
      headDim: 64,
      tied: true,
      attentionBias: 'none',
      ropeScaling: { kind: 'llama3', factor: 32, original: 8192, low: 1, high: 4 },
    },
  ],
  [
    'Qwen2.5 0.5B',
    {
      model_type: 'qwen2',
      vocab_size: 151936,
      hidden_size: 896,
      intermediate_size: 4864,
      num_hidden_layers: 24,
      num_attention_heads: 14,
      num_key_value_heads: 2,
      max_position_embeddings: 32768,
      max_window_layers: 24,
      sliding_window: 32768,
      use_sliding_window: false,
      rope_theta: 1e6,
      tie_word_embeddings: true,
    },
    { attentionBias: 'qkv', headDim: 64, ropeTheta: 1e6 },
  ],
  [
    'Gemma 2 2B',
    {
      model_type: 'gemma2',
      vocab_size: 256000,
      hidden_size: 2304,
      intermediate_size: 9216,
      num_hidden_layers: 26,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      head_dim: 256,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
      query_pre_attn_scalar: 256,
      sliding_window: 4096,
      hidden_act: 'gelu_pytorch_tanh',
    },
    {
      attentionSoftcap: 50,
      logitSoftcap: 30,
      embeddingScale: 48,
      window: 4096,
      normPosition: 'both',
      tied: true,
      activation: 'gelu_tanh',
      windowed: Array.from({ length: 26 }, (_, i) => i % 2 === 0),
    },
  ],
  [
    'Gemma 3 1B, as newer files have it',
    {
      model_type: 'gemma3_text',
      vocab_size: 262144,
      hidden_size: 1152,
      head_dim: 256,
      intermediate_size: 6912,
      num_hidden_layers: 12,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      sliding_window: 512,
      rope_parameters: {
        full_attention: { rope_type: 'linear', factor: 8, rope_theta: 1e6 },
        sliding_attention: { rope_type: 'default', rope_theta: 10_000 },
      },
    },
    {
      ropeTheta: 1e6,
      windowRopeTheta: 10_000,
      ropeScaling: { kind: 'linear', factor: 8 },
      windowed: Array.from({ length: 12 }, (_, i) => i % 6 !== 5),
    },
  ],
  [
    'BERT base',
    {
      model_type: 'bert',
      architectures: ['BertForMaskedLM'],
      vocab_size: 30522,
      hidden_size: 768,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      intermediate_size: 3072,
      max_position_embeddings: 512,
      type_vocab_size: 2,
    },
    { kind: 'encoder', normPosition: 'post', normEpsilon: 1e-12, context: 512, tokenTypes: 2 },
  ],
  [
    'RoBERTa that was taught sentiment',
    {
      model_type: 'roberta',
      architectures: ['RobertaForSequenceClassification'],
      vocab_size: 50265,
      max_position_embeddings: 514,
      pad_token_id: 1,
      type_vocab_size: 1,
      hidden_size: 768,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      id2label: { 0: 'negative', 1: 'neutral', 2: 'positive' },
    },
    {
      context: 512,
      positionOffset: 2,
      head: expect.objectContaining({
        task: 'classify',
        labels: ['negative', 'neutral', 'positive'],
        dense: 'tanh',
      }),
    },
  ],
  [
    'ModernBERT base',
    {
      model_type: 'modernbert',
      architectures: ['ModernBertForMaskedLM'],
      vocab_size: 50368,
      global_attn_every_n_layers: 3,
      local_attention: 128,
      global_rope_theta: 160_000,
      local_rope_theta: 10_000,
      num_hidden_layers: 22,
      tie_word_embeddings: true,
    },
    { window: 65, firstNorm: false, gated: true, hiddenDim: 1152, windowRopeTheta: 10_000 },
  ],
]

describe('published configurations', () => {
  test.each(PUBLISHED)('%s', (_, fields, expected) => {
    const { config, unknown } = readConfig(fields)
    expect(unknown).toEqual([])
    expect(config).toMatchObject(expected)
    if (fields.model_type === 'qwen2') expect(config).not.toHaveProperty('window')
  })

  test('Flan-T5 base', () => {
    const { config } = readConfig({
      model_type: 't5',
      d_model: 768,
      d_ff: 2048,
      d_kv: 64,
      num_heads: 12,
      num_layers: 12,
      vocab_size: 32128,
      feed_forward_proj: 'gated-gelu',
      tie_word_embeddings: false,
      decoder_start_token_id: 0,
      pad_token_id: 0,
      is_gated_act: true,
      dense_act_fn: 'gelu_new',
    })
    expect(config).toMatchObject({ kind: 'encoder-decoder', tied: false, outputScale: 1 })
    expect(stacksOf(config)).toMatchObject([
      { gated: true, activation: 'gelu_tanh', attentionScale: 1, positions: 'buckets' },
      { layers: 12 },
    ])
  })
})

const llama = {
  model_type: 'llama',
  vocab_size: 61,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
}

/** Fields that a file leaves out, or gives as null, and what they stand for. */
const LEFT_OUT: [string, Record<string, unknown>, Record<string, unknown>][] = [
  ['mistral', { num_attention_heads: 8 }, { window: 4096, kvHeads: 8, normEpsilon: 1e-6 }],
  ['mistral', { sliding_window: null, num_key_value_heads: null }, { kvHeads: 4 }],
  ['mixtral', { num_attention_heads: 8 }, { normEpsilon: 1e-5, ropeTheta: 1e6, kvHeads: 8 }],
  ['qwen2', { hidden_size: 64, num_attention_heads: 32 }, { kvHeads: 32, headDim: 2 }],
  ['qwen3', { num_attention_heads: 32 }, { kvHeads: 32, headDim: 128 }],
  ['gemma2', {}, { attentionSoftcap: 50, logitSoftcap: 30, headDim: 256 }],
  ['roberta', {}, { tokenTypes: 2, positionOffset: 2 }],
  ['modernbert', {}, { ropeTheta: 160_000, windowRopeTheta: 10_000 }],
  ['modernbert', { local_rope_theta: null }, { windowRopeTheta: 160_000 }],
]

describe('what files leave out', () => {
  test.each(LEFT_OUT)('%s %o', (modelType, fields, expected) => {
    const { config } = readConfig({ ...llama, model_type: modelType, ...fields })
    expect(config).toMatchObject(expected)
  })

  test.each([
    ['gemma2', 'attn_logit_softcapping', 'attentionSoftcap'],
    ['gemma2', 'final_logit_softcapping', 'logitSoftcap'],
    ['mistral', 'sliding_window', 'window'],
  ])('%s: null for %s is none', (modelType, name, option) => {
    const fields = { ...llama, model_type: modelType, num_key_value_heads: 4, [name]: null }
    expect(readConfig(fields).config).not.toHaveProperty(option)
  })
})

describe('heads for hidden words', () => {
  test.each([
    ['bert', { hidden_act: 'relu' }, 'relu'],
    ['roberta', { hidden_act: 'relu' }, 'gelu'],
    ['distilbert', { activation: 'relu', dim: 32, n_heads: 4 }, 'relu'],
  ])('of %s have the activation that they have there', (modelType, fields, dense) => {
    const { config } = readConfig({ ...llama, model_type: modelType, ...fields })
    expect(config).toMatchObject({ activation: 'relu', head: { task: 'mlm', dense } })
  })
})

test('a set of rotary positions for each kind of layer', () => {
  const rope_parameters = {
    full_attention: { rope_type: 'default', rope_theta: 1000 },
    sliding_attention: { rope_type: 'default', rope_theta: 50 },
  }
  const fields = { ...llama, model_type: 'modernbert', rope_parameters }
  const { config, unknown } = readConfig(fields)
  expect(unknown).not.toContain('rope_parameters')
  expect(config).toMatchObject({ ropeTheta: 1000, windowRopeTheta: 50 })
  const scaled = { rope_type: 'linear', rope_theta: 50, factor: 2 }
  expect(() =>
    readConfig({ ...fields, rope_parameters: { ...rope_parameters, sliding_attention: scaled } }),
  ).toThrow('those of layers with a window cannot be scaled')
})

describe('what is not understood is refused by name', () => {
  test.each([
    [{ ...llama, hidden_act: 'xielu' }, 'hidden_act is "xielu"'],
    [
      { ...llama, model_type: 'bert', tie_word_embeddings: false },
      'tie_word_embeddings is false; supported is true',
    ],
    [{ ...llama, num_attention_heads: 5, num_key_value_heads: 5 }, 'dim is 32, which 5 heads'],
    [{ ...llama, num_key_value_heads: 3 }, 'kvHeads is 3; it must divide heads (4)'],
    [{ ...llama, rope_scaling: { rope_type: 'longrope' } }, 'rope_type is "longrope"'],
    [{ ...llama, rope_scaling: { rope_type: 'linear' } }, 'factor is missing'],
    [{ ...llama, rope_scaling: { type: 'linear', factor: 2, beta: 1 } }, 'beta is 1'],
    [
      { ...llama, num_hidden_layers: 1e9 },
      'num_hidden_layers is 1000000000; it must be a whole number from 1 to 1024',
    ],
    [{ ...llama, model_type: 'gpt3' }, 'model_type is "gpt3"; supported are gpt2, llama'],
    [
      { ...llama, model_type: 'bert', position_embedding_type: 'relative_key' },
      'position_embedding',
    ],
    [
      { ...llama, model_type: 'gemma2', layer_types: ['full_attention'] },
      'layer_types is ["full_attention"]; there are 2 layers',
    ],
  ])('%#', (fields, message) => {
    expect(() => readConfig(fields)).toThrow(UserError)
    expect(() => readConfig(fields)).toThrow(message)
  })

  test('fields that are not known are listed', () => {
    expect(readConfig({ ...llama, attention_sparsity: 2 }).unknown).toEqual(['attention_sparsity'])
  })
})

test('GPT-2 calls the output of its tagger by another name than Llama does', () => {
  const head = { task: 'tag', labels: ['a', 'b'], pooling: 'first' } as const
  const config = decoderSchema.parse({ ...tinyConfigs['GPT-2'], head })
  const names = exportTensors(gpt2, createModel(config), () => new Float32Array()).map(
    ({ name }) => name,
  )
  expect(names.slice(-2)).toEqual(['classifier.weight', 'classifier.bias'])
})

test('the oldest files of BERT call the parts of a norm gamma and beta', async () => {
  const config = tinyEncoders.BERT as ModelConfig
  const values = randomValues(config)
  const [architecture, model] = [architectureOf(config), createModel(config)]
  const tensors = exportTensors(architecture, model, (n) => values.get(n) as Float32Array)
  const old = tensors.map(({ name, ...tensor }) => {
    const parts = name.replace('LayerNorm.weight', 'LayerNorm.gamma')
    return { ...tensor, name: parts.replace('LayerNorm.bias', 'LayerNorm.beta') }
  })
  expect(old.map(({ name }) => name)).toContain('bert.embeddings.LayerNorm.gamma')
  const found = new Map([...values].map(([n, { length }]) => [n, new Float32Array(length)]))
  const weights = await file(encodeSafetensors(old))
  expect(importParameters(architecture, model, weights).unused).toEqual([])
  await importTensors(architecture, model, weights, (n) => found.get(n) as Float32Array)
  expect(found).toEqual(values)
})

test('an output that differs from the embedding, although they are one, is refused', async () => {
  const config = tinyConfigs['Llama with one key head, tied'] as ModelConfig
  const values = randomValues(config)
  const [architecture, model] = [architectureOf(config), createModel(config)]
  const tensors = exportTensors(architecture, model, (n) => values.get(n) as Float32Array)
  const embedding = values.get('model.embed_tokens.weight') as Float32Array
  const shape = [61, 32]
  const load = async (output: Float32Array) => {
    const copy = { name: 'lm_head.weight', dtype: 'F32' as const, shape, data: output }
    const weights = await file(encodeSafetensors([...tensors, copy]))
    const memory = new Map([...values].map(([n, { length }]) => [n, new Float32Array(length)]))
    await importTensors(architecture, model, weights, (n) => memory.get(n) as Float32Array)
    return importParameters(architecture, model, weights).unused
  }
  expect(await load(embedding)).toEqual([])
  const other = embedding.map((x) => x + 1)
  await expect(load(other)).rejects.toThrow('lm_head.weight differs from the')
  const copy = { name: 'lm_head.weight', dtype: 'F32' as const, shape, data: other }
  const weights = await file(encodeSafetensors([...tensors, copy]))
  const { read, locate } = importParameters(architecture, model, weights)
  await expect(read('model.embed_tokens.weight')).rejects.toThrow('lm_head.weight differs')
  await expect(locate('model.embed_tokens.weight')).rejects.toThrow('lm_head.weight differs')
  // A model that classifies has no output for tokens: that of its base is left over.
  const head = { task: 'classify', labels: ['a', 'b'], pooling: 'last', outputBias: false } as const
  const classifier = createModel(decoderSchema.parse({ ...config, head }))
  expect(unusedIn(architecture, classifier, weights).unused).toEqual(['lm_head.weight'])
})

test('a single label is a number to estimate, as rerankers and reward models have it', () => {
  const one = { id2label: { 0: 'LABEL_0' } }
  const headOf = (architecture: string, fields: object) => {
    const { config } = readConfig({ ...llama, architectures: [architecture], ...fields })
    return 'head' in config ? [config.head?.task, config.head?.labels] : undefined
  }
  const name = 'LlamaForSequenceClassification'
  expect(headOf(name, one)).toEqual(['regress', []])
  expect(headOf(name, { num_labels: 1 })).toEqual(['regress', []])
  expect(headOf(name, {})).toEqual(['classify', ['LABEL_0', 'LABEL_1']])
  expect(headOf('LlamaForCausalLM', one)).toEqual([undefined, undefined])
  const classes = { ...one, problem_type: 'single_label_classification' }
  expect(() => headOf(name, classes)).toThrow('needs two or more')
})

describe('settings that files say in two generations of fields', () => {
  const read = (fields: Record<string, unknown>) => readConfig({ ...llama, ...fields }).config
  const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 512 }

  test.each<[Record<string, unknown>, Record<string, unknown>]>([
    // transformers 5: rope_parameters.setdefault("rope_theta", the one beside it).
    [{ rope_theta: 500_000, rope_parameters: { rope_type: 'default' } }, { ropeTheta: 500_000 }],
    [{ rope_parameters: { rope_theta: 500_000 } }, { ropeTheta: 500_000 }],
    [{ rope_scaling: { rope_theta: 7, type: 'linear', factor: 2 } }, { ropeTheta: 7 }],
    [{ rope_theta: null, rope_scaling: null, rope_parameters: null }, { ropeTheta: 10_000 }],
    [
      { rope_scaling: { type: 'linear', factor: 2 }, rope_parameters: { rope_theta: 9 } },
      { ropeTheta: 9, ropeScaling: { kind: 'linear', factor: 2 } },
    ],
    [
      { rope_scaling: yarn, rope_parameters: { ...yarn, type: 'yarn', rope_theta: 9 } },
      { ropeTheta: 9, ropeScaling: expect.objectContaining({ kind: 'yarn', original: 512 }) },
    ],
    [
      { rope_scaling: { ...yarn, finetuned: true } },
      { ropeScaling: expect.objectContaining({ kind: 'yarn', factor: 4 }) },
    ],
    [
      {
        original_max_position_embeddings: 256,
        rope_scaling: { rope_type: 'dynamic', factor: 2 },
      },
      { ropeScaling: { kind: 'dynamic', factor: 2, original: 256 } },
    ],
    [
      { model_type: 'gpt2', hidden_size: 32, n_head: 4, n_layer: 2 },
      { dim: 32, layers: 2 },
    ],
    [{ model_type: 'mixtral', num_experts: 5, num_key_value_heads: 2 }, { experts: { count: 5 } }],
  ])('%j', (fields, expected) => {
    expect(read(fields)).toMatchObject(expected)
  })

  const gemma = { model_type: 'gemma3_text', num_key_value_heads: 2 }
  test.each<[Record<string, unknown>, number, number]>([
    [{ rope_theta: 5, rope_local_base_freq: 7 }, 5, 7],
    [{ rope_theta: 5, rope_parameters: { full_attention: { rope_type: 'default' } } }, 5, 10_000],
    [
      {
        rope_local_base_freq: 7,
        rope_parameters: { full_attention: { rope_theta: 5 }, sliding_attention: {} },
      },
      ...([5, 7] as const),
    ],
    [{ rope_parameters: { rope_theta: 5 } }, 5, 10_000],
  ])('Gemma 3: %j', (fields, ropeTheta, windowRopeTheta) => {
    expect(read({ ...gemma, ...fields })).toMatchObject({ ropeTheta, windowRopeTheta })
  })

  test.each<[Record<string, unknown>, string]>([
    [
      { rope_theta: 500_000, rope_parameters: { rope_theta: 10_000 } },
      'rope_theta is 500000, but rope_parameters.rope_theta is 10000; correct one of them',
    ],
    [
      { rope_scaling: { type: 'linear', factor: 2 }, rope_parameters: yarn },
      'rope_parameters is {"rope_type":"yarn"',
    ],
    [
      { rope_scaling: { type: 'linear', rope_type: 'dynamic', factor: 2 } },
      'rope_scaling.rope_type is "dynamic", but rope_scaling.type is "linear"',
    ],
    [
      { original_max_position_embeddings: 64, rope_scaling: yarn },
      'original_max_position_embeddings is 64, but rope_scaling.original_max_position',
    ],
    [{ rope_parameters: { rope_theta: 5, factor: 2 } }, 'rope_parameters.factor is 2'],
    [{ rope_parameters: { rope_theta: 5, mrope_section: [1] } }, 'rope_parameters.mrope_section'],
    [{ rope_parameters: { full_attention: { rope_theta: 5 } } }, 'all layers have one set'],
    [
      {
        ...gemma,
        rope_local_base_freq: 7,
        rope_parameters: { sliding_attention: { rope_theta: 5 } },
      },
      'rope_local_base_freq is 7, but rope_parameters.sliding_attention.rope_theta is 5',
    ],
    [
      { ...gemma, sliding_window_pattern: 6, _sliding_window_pattern: 2 },
      'sliding_window_pattern is 6, but _sliding_window_pattern is 2',
    ],
    [
      { model_type: 'gpt2', n_embd: 64, hidden_size: 32, n_head: 4, n_layer: 2 },
      'n_embd is 64, but hidden_size is 32',
    ],
    [
      { model_type: 'qwen2', layer_types: ['full_attention', 'sliding_attention'] },
      'but use_sliding_window is false',
    ],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'here all layers of such a model'],
  ])('contradictions are refused with both: %j', (fields, message) => {
    expect(() => read(fields)).toThrow(UserError)
    expect(() => read(fields)).toThrow(message)
  })

  test.each<[Record<string, unknown>, string]>([
    [{ rope_theta: 0 }, 'rope_theta is 0; it must be a number above 0'],
    [{ rope_theta: -1e4 }, 'rope_theta is -10000; it must be a number above 0'],
    [{ rope_parameters: { rope_theta: -2 } }, 'rope_parameters.rope_theta is -2'],
    [{ rope_scaling: { type: 'linear', factor: 0 } }, 'rope_scaling.factor is 0'],
    [{ num_hidden_layers: 1.5 }, 'num_hidden_layers is 1.5; it must be a whole number from 1'],
    [{ rms_norm_eps: -1 }, 'rms_norm_eps is -1'],
    [{ attention_dropout: 1 }, 'attention_dropout is 1; it must be a number from 0 to below 1'],
    [{ num_key_value_heads: 0 }, 'num_key_value_heads is 0'],
    [{ model_type: 'mistral', sliding_window: -1 }, 'sliding_window is -1'],
    [{ model_type: 'mixtral', router_aux_loss_coef: -1 }, 'experts.balance'],
  ])('out of range: %j', (fields, message) => {
    expect(() => read({ num_key_value_heads: 4, ...fields })).toThrow(UserError)
    expect(() => read({ num_key_value_heads: 4, ...fields })).toThrow(message)
  })
})

test('unknown tensors are reported, buffers are not, and no layer in use is left out', () => {
  const config = tinyConfigs.Llama as ModelConfig
  const [architecture, model] = [architectureOf(config), createModel(config)]
  const own = exportTensors(architecture, model, () => new Float32Array()).map(({ name }) => name)
  const unused = (...names: string[]) =>
    unusedIn(architecture, model, {
      tensors: new Map([...own, ...names].map((name) => [name, { shape: [] }])),
    }).unused
  const buffers = ['model.layers.0.self_attn.rotary_emb.inv_freq', 'embeddings.position_ids']
  expect(unused(...buffers)).toEqual([])
  const others = ['model.layers.9.self_attn.q_proj.weight', 'visual.patch_embed.weight']
  expect(unused(...others)).toEqual(others)
  for (const part of ['bias', 'weight_scale_inv'])
    expect(() => unused(`model.layers.1.mlp.up_proj.${part}`)).toThrow(`up_proj.${part}, which`)
})
