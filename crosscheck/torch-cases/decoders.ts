import {
  gemma2Config,
  gemma3Config,
  mistralConfig,
  mixtralConfig,
  qwen2Config,
  qwen3Config,
  qwen3MoeConfig,
} from '../../src/models/architectures.ts'
import { gpt2Config, llamaConfig } from '../../src/models/decoder-config.ts'
import type { HeadConfig } from '../../src/models/head-config.ts'
import type { RopeScaling } from '../../src/nn/index.ts'
import type { Case } from '../torch-agreement.ts'
import type { Given } from '../torch-tasks/task.ts'
import { experts, grouped, labels, small } from './sizes.ts'

/** Heads of decoders, as Hugging Face has them: the last token stands for a text. */
const plain = { pooling: 'last', denseBias: true, norm: false, normalized: true } as const
const classify: HeadConfig = { ...plain, task: 'classify', labels, outputBias: false }
const regress: HeadConfig = { ...plain, task: 'regress', labels: [], outputBias: false }
const tag: HeadConfig = { ...plain, task: 'tag', labels, pooling: 'first', outputBias: true }
const embed: HeadConfig = { ...plain, task: 'embed', labels: [], outputBias: true }

/** A text that begins in its middle, one that does not, and one with a gap. */
const positions = [
  [4, 5, 6, 7, 8, 9, 10],
  [0, 1, 2, 3, 4, 5, 6],
  [0, 1, 2, 9, 10, 11, 12],
]
const yarn = { kind: 'yarn', factor: 4, original: 4, betaFast: 2, betaSlow: 0.1 } as const
/** Hugging Face adds the balance of experts to the loss only where this is asked for. */
const balanced = { fields: { output_router_logits: true } }
const scaled = (ropeScaling: RopeScaling, given: Given = {}): Case => [
  'llama',
  llamaConfig({ ...small, headDim: 8, ropeTheta: 100, ropeScaling }),
  given,
]
/** Dynamic scaling goes by the length of a text in training, by the whole context in use. */
const dynamic = (original: number) =>
  scaled({ kind: 'dynamic', factor: 4, original }, { fixed: true })

export const decoders: Record<string, Case> = {
  'GPT-2': ['gpt2', gpt2Config(small)],
  'GPT-2, untied, ReLU': ['gpt2', gpt2Config({ ...small, tied: false, activation: 'relu' })],
  'GPT-2, smoothed labels': ['gpt2', gpt2Config(small), { labelSmoothing: 0.1 }],
  'GPT-2, given positions': ['gpt2', gpt2Config(small), { positions }],
  'GPT-2 that classifies': ['gpt2', gpt2Config({ ...small, head: classify })],
  'GPT-2 that estimates': ['gpt2', gpt2Config({ ...small, head: regress })],
  'GPT-2 that tags': ['gpt2', gpt2Config({ ...small, head: tag })],

  Llama: ['llama', llamaConfig(small)],
  'Llama, grouped queries': ['llama', llamaConfig(grouped)],
  'Llama, one key head, tied': ['llama', llamaConfig({ ...small, kvHeads: 1, tied: true })],
  'Llama with biases': [
    'llama',
    llamaConfig({ ...grouped, attentionBias: 'all', feedForwardBias: true }),
  ],
  'Llama, given positions': ['llama', llamaConfig(grouped), { positions }],
  'Llama, linear scaling': scaled({ kind: 'linear', factor: 4 }),
  'Llama, dynamic scaling within its context': dynamic(8),
  'Llama, dynamic scaling beyond it': dynamic(3),
  'Llama, YaRN': scaled({ ...yarn, truncate: true }),
  'Llama, YaRN to the letter': scaled({ ...yarn, truncate: false, attentionFactor: 1.3 }),
  'Llama 3': scaled({ kind: 'llama3', factor: 8, original: 16, low: 1, high: 4 }),
  'Llama that classifies': ['llama', llamaConfig({ ...grouped, head: classify })],
  'Llama that estimates': ['llama', llamaConfig({ ...grouped, head: regress })],
  'Llama that tags': ['llama', llamaConfig({ ...grouped, head: tag })],

  Mistral: ['mistral', mistralConfig({ ...grouped, window: 3 })],
  'Qwen 2': ['qwen2', qwen2Config({ ...small, kvHeads: 2 })],
  'Qwen 2, untied, windows above': [
    'qwen2',
    qwen2Config({ ...grouped, tied: false, window: 3, windowed: [false, true] }),
  ],
  'Qwen 3': ['qwen3', qwen3Config(grouped)],
  'Qwen 3, untied, biases, windows': [
    'qwen3',
    qwen3Config({ ...grouped, tied: false, attentionBias: 'all', window: 3 }),
  ],
  'Gemma 2': ['gemma2', gemma2Config({ ...grouped, window: 3 })],
  'Gemma 2, tight bounds, another scale': [
    'gemma2',
    gemma2Config({
      ...grouped,
      window: 3,
      attentionScale: 0.5,
      attentionBias: 'all',
      attentionSoftcap: 2,
      logitSoftcap: 1.5,
    }),
  ],
  'Gemma 2 that classifies': ['gemma2', gemma2Config({ ...grouped, window: 3, head: classify })],
  'Gemma 3': ['gemma3_text', gemma3Config({ ...grouped, layers: 6, window: 3 })],
  'Gemma 3, scaled, other windows': [
    'gemma3_text',
    gemma3Config({
      ...grouped,
      window: 3,
      windowed: [false, true],
      windowRopeTheta: 50,
      ropeScaling: { kind: 'linear', factor: 8 },
    }),
  ],
  Mixtral: ['mixtral', mixtralConfig({ ...grouped, hiddenDim: 12, window: 4, experts }), balanced],
  'Mixtral, no balance': [
    'mixtral',
    mixtralConfig({ ...grouped, hiddenDim: 12, experts: { ...experts, balance: 0 } }),
  ],
  'Mixtral that tags': [
    'mixtral',
    mixtralConfig({ ...grouped, hiddenDim: 12, window: 4, experts, head: tag }),
    balanced,
  ],
  'Qwen 3, experts': ['qwen3_moe', qwen3MoeConfig({ ...grouped, experts }), balanced],
  'Qwen 3, experts in one layer': [
    'qwen3_moe',
    qwen3MoeConfig({
      ...grouped,
      attentionBias: 'all',
      tied: true,
      experts: { ...experts, perToken: 3, normalized: false, layers: [false, true] },
    }),
    balanced,
  ],

  'ours: gated GPT-2 with rotary positions': [
    'chatwright',
    gpt2Config({ ...grouped, positions: 'rotary', gated: true, tied: false }),
  ],
  'ours: ALiBi, six heads': [
    'chatwright',
    gpt2Config({ ...small, heads: 6, kvHeads: 3, headDim: 4, positions: 'alibi' }),
  ],
  'ours: ALiBi, sinks, given positions': [
    'chatwright',
    llamaConfig({ ...grouped, positions: 'alibi', sinks: true }),
    { positions },
  ],
  'ours: sinks, rotary positions, windows': [
    'chatwright',
    llamaConfig({ ...grouped, sinks: true, window: 4 }),
  ],
  'ours: buckets, bounded scores, norms behind': [
    'chatwright',
    llamaConfig({
      ...grouped,
      positions: 'buckets',
      buckets: { count: 8, maxDistance: 5 },
      normPosition: 'post',
      attentionSoftcap: 2,
      attentionScale: 0.7,
    }),
  ],
  'ours: sinusoids, experts of tanh': [
    'chatwright',
    gpt2Config({ ...grouped, positions: 'sinusoidal', activation: 'tanh', experts }),
  ],
  'ours: no positions, normalized embeddings': [
    'chatwright',
    llamaConfig({ ...grouped, positions: 'none', embeddingNorm: true, embeddingScale: 3 }),
  ],
  'ours: Llama that embeds by its last token': [
    'chatwright',
    llamaConfig({ ...grouped, head: embed }),
  ],
}
