import { distilbertConfig, robertaConfig } from '../../src/models/architectures.ts'
import {
  bertConfig,
  bertHead,
  type EncoderConfig,
  modernBertConfig,
  modernBertHead,
} from '../../src/models/encoder-config.ts'
import type { HeadConfig } from '../../src/models/head-config.ts'
import type { Case } from '../torch-agreement.ts'
import { experts, grouped, labels, small } from './sizes.ts'

/** DistilBERT's layer before the output rectifies. */
const distilbertHead: typeof bertHead = (task, labels) => {
  const head = bertHead(task, labels)
  return head.dense === 'tanh' ? { ...head, dense: 'relu' } : head
}

type Body = (more: { head: HeadConfig }) => EncoderConfig

/** BERT and its kin by `model_type`, each with its own heads. */
const BODIES: Record<string, [body: Body, head: typeof bertHead]> = {
  bert: [(more) => bertConfig({ ...small, ...more }), bertHead],
  roberta: [(more) => robertaConfig({ ...small, ...more }), bertHead],
  distilbert: [(more) => distilbertConfig({ ...small, ...more }), distilbertHead],
  modernbert: [
    (more) => modernBertConfig({ ...small, layers: 4, window: 3, ...more }),
    modernBertHead,
  ],
}

/** Every task of every architecture. */
const everyTask = Object.entries(BODIES).flatMap(
  ([architecture, [body, head]]): [string, Case][] => {
    const of = (more: HeadConfig): Case => [architecture, body({ head: more })]
    return Object.entries({
      [`${architecture}, hidden words`]: of(head('mlm')),
      [`${architecture} that classifies`]: of(head('classify', labels)),
      [`${architecture} that estimates`]: of(head('regress')),
      [`${architecture} that tags`]: of(head('tag', labels)),
      [`${architecture} that embeds by the mean`]: of(head('embed')),
      [`${architecture} that embeds by the first token`]: of({
        ...head('embed'),
        pooling: 'first',
      }),
      [`${architecture} that embeds by the last, of any length`]: of({
        ...head('embed'),
        pooling: 'last',
        normalized: false,
      }),
    })
  },
)

export const encoders: Record<string, Case> = {
  ...Object.fromEntries(everyTask),
  'BERT, smoothed labels': [
    'bert',
    bertConfig({ ...small, head: bertHead('classify', labels) }),
    { labelSmoothing: 0.1 },
  ],
  'ModernBERT that classifies by the mean': [
    'modernbert',
    modernBertConfig({
      ...small,
      window: 3,
      head: { ...modernBertHead('classify', labels), pooling: 'mean' },
    }),
  ],
  'ours: ALiBi both ways, windows': [
    'chatwright',
    bertConfig({ ...small, positions: 'alibi', window: 3, windowed: [true, false] }),
  ],
  'ours: buckets both ways, norms on both sides': [
    'chatwright',
    bertConfig({
      ...grouped,
      positions: 'buckets',
      buckets: { count: 8, maxDistance: 5 },
      normPosition: 'both',
    }),
  ],
  'ours: experts, classified by the last token': [
    'chatwright',
    modernBertConfig({
      ...grouped,
      tokenTypes: 3,
      experts,
      head: { ...modernBertHead('classify', labels), pooling: 'last', outputBias: false },
    }),
  ],
}
