import { expect, test } from 'vitest'
import { findTorch } from '../bench/torch.ts'
import { bytesSource } from '../src/files/byte-source.ts'
import { architectureOf, writeConfig } from '../src/formats/huggingface/config.ts'
import { exportTensors } from '../src/formats/huggingface/weights.ts'
import { readAdapterTensors } from '../src/formats/peft/lora/adapter.ts'
import { Lora, type LoraConfig } from '../src/formats/peft/lora/lora.ts'
import { mergeAdapters } from '../src/formats/peft/lora/merge.ts'
import { peftScale, readPeftConfig, writePeftConfig } from '../src/formats/peft/peft.ts'
import {
  encodeSafetensors,
  openSafetensors,
  type TensorToWrite,
} from '../src/formats/safetensors/safetensors.ts'
import { grad, input, sizeOf, type Tensor } from '../src/graph/index.ts'
import { Decoder } from '../src/models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../src/models/decoder-config.ts'
import { Encoder } from '../src/models/encoder.ts'
import {
  bertConfig,
  bertHead,
  type EncoderConfig,
  modernBertConfig,
  modernBertHead,
} from '../src/models/encoder-config.ts'
import type { Parameter } from '../src/nn/index.ts'
import { classificationObjective } from '../src/objectives/classification.ts'
import { languageModelObjective } from '../src/objectives/language-model.ts'
import type { Objective } from '../src/objectives/objective.ts'
import { Random } from '../src/random.ts'
import { evaluate, type Feeds } from '../test/interpreter/evaluate.ts'
import { type ArchitectureTensor, runArchitecture } from './torch-architecture.ts'

const torch = await findTorch()
if (!torch) console.warn('PyTorch was not found, so no adapter is compared with it')
const check = test.skipIf(!torch && !process.env.CI)

type Values = Record<string, Float32Array>

function drawn(parameters: ReadonlyMap<string, Parameter>, seed: number): Values {
  const random = new Random(seed)
  const entries = [...parameters].map(([name, { shape }]) => {
    const center = /norm\.weight$/.test(name) ? 1 : 0
    const values = Float32Array.from(
      { length: sizeOf(shape) },
      () => center + 0.3 * random.normal(),
    )
    return [name, values] as const
  })
  return Object.fromEntries(entries)
}

const sizes = { vocabSize: 17, context: 12, layers: 3, dim: 16, heads: 4 }
const labels = ['bad', 'good', 'neither']
const plain: LoraConfig = { rank: 3, alpha: 5, dropout: 0, layers: 'all-linear', rslora: false }

interface Case {
  config: DecoderConfig | EncoderConfig
  lora?: Partial<LoraConfig>
  /** Of adapter_config.json, besides what we write. */
  peft?: Record<string, unknown>
}

const CASES: Record<string, Case> = {
  'gpt2, three matrices as one and all transposed': { config: gpt2Config(sizes) },
  'llama, rsLoRA': { config: llamaConfig({ ...sizes, kvHeads: 2 }), lora: { rslora: true } },
  'llama, some matrices, each with its own alpha': {
    config: llamaConfig({ ...sizes, kvHeads: 2 }),
    lora: { layers: ['q_proj', 'down_proj'] },
    peft: { alpha_pattern: { 'layers\\.1\\..*q_proj': 11, down_proj: 2 } },
  },
  'bert that classifies': {
    config: bertConfig({ ...sizes, head: bertHead('classify', labels) }),
    lora: { layers: '.*\\.(query|value|dense)' },
  },
  'modernbert, gate and input as one': {
    config: modernBertConfig({
      ...sizes,
      window: 4,
      head: modernBertHead('classify', labels),
    }),
  },
}

const IDS = [
  [3, 1, 4, 1, 5, 9],
  [2, 6, 5, 3, 5, 8],
]
const NEXT = [
  [1, 4, 1, 5, 9, 2],
  [6, 5, 3, -100, 8, 16],
]

interface Task {
  model: Decoder | Encoder
  head: string
  inputs: Record<string, unknown>
  objective(): Objective
  logits?(): Tensor
  feeds: Feeds
}

/** The loss to compare, and what it reads. */
function task(config: Case['config']): Task {
  const ids = { shape: [2, 6], values: IDS.flat() }
  if (config.kind === 'decoder') {
    const model = new Decoder(config)
    return {
      model,
      head: 'causal_lm',
      inputs: { ids: IDS, labels: NEXT },
      objective: () => languageModelObjective(model, { rows: 2, length: 6 }),
      logits: () => model.logits(model.hidden(input('ids', 'int32', [2, 6]))),
      feeds: {
        ids,
        targets: { shape: [2, 6], values: NEXT.flat() },
        weight: { shape: [], values: [1 / 11] },
      },
    }
  }
  const model = new Encoder(config)
  return {
    model,
    head: 'sequence_classification',
    inputs: { ids: IDS, labels: [2, 0] },
    objective: () => classificationObjective(model, { rows: 2, length: 6 }),
    feeds: {
      ids,
      mask: { shape: [2, 6], values: new Array(12).fill(1) },
      types: { shape: [2, 6], values: new Array(12).fill(0) },
      targets: { shape: [2], values: [2, 0] },
      weight: { shape: [], values: [1 / 2] },
    },
  }
}

const feedsOf = (parameters: ReadonlyMap<string, Parameter>, values: Values) =>
  Object.fromEntries(
    [...parameters].map(([name, { shape }]) => [
      name,
      { shape, values: values[name] as Float32Array },
    ]),
  )

check.each(Object.entries(CASES))(
  'forward, and gradients of A and B, are PyTorch’s: %s',
  async (_, { config, lora: options, peft }) => {
    if (!torch) throw new Error('install PyTorch (Debian: python3-torch) to compare with it')
    const { model, head, inputs, objective, logits, feeds } = task(config)
    const architecture = architectureOf(config)
    const weights = drawn(model.parameters(), 1)
    const lora = new Lora(model, { ...plain, ...options })
    const values = drawn(lora.parameters(), 2)
    const adapterConfig = { ...writePeftConfig(lora, 'base'), ...peft }
    const tensors = [...lora.parameters()].map(
      ([name, { shape }]): TensorToWrite => ({
        name,
        dtype: 'F32',
        shape,
        data: values[name] as Float32Array,
      }),
    )
    const peer = await runArchitecture(torch, {
      architecture: architecture.modelType,
      head,
      config: writeConfig(config, {}),
      inputs,
      weights: exportTensors(architecture, model, (name) => weights[name] as Float32Array),
      adapter: { weights: tensors, config: adapterConfig },
      want: ['logits', 'loss'],
      gradients: true,
      dtype: 'float64',
    })

    if (!peft) {
      const { loss } = objective()
      const parameters = [...lora.parameters()]
      const outputs: Tensor[] = [
        loss,
        ...grad(
          loss,
          parameters.map(([, { tensor }]) => tensor),
        ),
      ]
      const [ourLoss, ...gradients] = evaluate(logits ? [...outputs, logits()] : outputs, {
        ...feeds,
        ...feedsOf(model.parameters(), weights),
        ...feedsOf(lora.parameters(), values),
      })
      same(ourLoss?.data, peer.get('loss'), 'loss')
      for (const [i, [name]] of parameters.entries())
        same(gradients[i]?.data, peer.get(`grad.${name}`), name)
      if (logits) same(gradients.at(-1)?.data, peer.get('logits'), 'logits')
      expect([...peer.keys()].filter((name) => name.startsWith('grad.'))).toHaveLength(
        parameters.length,
      )
    }

    // As its files are read, merged.
    lora.detach()
    const bytes: Uint8Array[] = []
    for await (const piece of encodeSafetensors(tensors)) bytes.push(piece.slice())
    const file = await openSafetensors(bytesSource(new Uint8Array(Buffer.concat(bytes))))
    const read = readPeftConfig(adapterConfig, 'adapter_config.json')
    const adapter = await readAdapterTensors('adapter', file, peftScale(read))
    const merged = Object.fromEntries(Object.entries(weights).map(([n, x]) => [n, x.slice()]))
    mergeAdapters(model, [adapter], (name) => merged[name] as Float32Array)
    const [mergedLoss] = evaluate([objective().loss], {
      ...feeds,
      ...feedsOf(model.parameters(), merged),
    })
    same(mergedLoss?.data, peer.get('loss'), 'loss, merged')
    const [baseLoss] = evaluate([objective().loss], {
      ...feeds,
      ...feedsOf(model.parameters(), weights),
    })
    expect(
      Math.abs((baseLoss?.data[0] as number) - (mergedLoss?.data[0] as number)),
    ).toBeGreaterThan(0.01)
  },
)

/** Tables of rotary positions and the merged matrices are float32 here. */
function same(
  ours: ArrayLike<number> | undefined,
  theirs: ArchitectureTensor | undefined,
  what: string,
) {
  expect(ours?.length, what).toBe(theirs?.data.length)
  for (const [i, x] of (theirs?.data ?? []).entries()) expect(ours?.[i], what).toBeCloseTo(x, 5)
}
