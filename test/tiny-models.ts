import {
  bertConfig,
  bertHead,
  type EncoderConfig,
  modernBertConfig,
  modernBertHead,
} from '../src/models/encoder-config.ts'
import {
  type EncoderDecoderConfig,
  t5Config,
  transformerConfig,
} from '../src/models/encoder-decoder-config.ts'
import { REWARD } from '../src/models/head-config.ts'

const sizes = { vocabSize: 61, context: 24, layers: 2, dim: 32, heads: 4 }
const labels = ['bad', 'good', '不知道']

/** Encoders, each with another head. */
export const tinyEncoders: Record<string, EncoderConfig> = {
  BERT: bertConfig(sizes),
  'BERT that classifies': bertConfig({ ...sizes, head: bertHead('classify', labels) }),
  'BERT that tags': bertConfig({ ...sizes, head: bertHead('tag', labels) }),
  'BERT that estimates': bertConfig({ ...sizes, head: bertHead('regress') }),
  'BERT that gives rewards': bertConfig({ ...sizes, head: bertHead('regress', [REWARD]) }),
  'BERT that embeds': bertConfig({ ...sizes, head: bertHead('embed') }),
  RoBERTa: bertConfig({ ...sizes, positionOffset: 2, tokenTypes: 1 }),
  'RoBERTa that classifies': bertConfig({
    ...sizes,
    positionOffset: 2,
    tokenTypes: 1,
    head: bertHead('classify', labels),
  }),
  DistilBERT: bertConfig({ ...sizes, tokenTypes: 0 }),
  'DistilBERT that classifies': bertConfig({
    ...sizes,
    tokenTypes: 0,
    head: { ...bertHead('classify', labels), dense: 'relu' },
  }),
  ModernBERT: modernBertConfig({ ...sizes, layers: 4, window: 4 }),
  'ModernBERT that classifies': modernBertConfig({
    ...sizes,
    layers: 4,
    window: 4,
    head: { ...modernBertHead('classify', labels), pooling: 'mean' },
  }),
  'ALiBi both ways': bertConfig({ ...sizes, tokenTypes: 0, positions: 'alibi' }),
  'buckets both ways': bertConfig({
    ...sizes,
    positions: 'buckets',
    buckets: { count: 8, maxDistance: 12 },
  }),
}

export const tinyEncoderDecoders: Record<string, EncoderDecoderConfig> = {
  'the Transformer of 2017': transformerConfig({ ...sizes, startId: 1 }),
  'T5 1.1': t5Config({ ...sizes, headDim: 16, buckets: { count: 8, maxDistance: 12 } }),
  'T5, the first': t5Config({
    ...sizes,
    decoderLayers: 1,
    headDim: 16,
    buckets: { count: 8, maxDistance: 12 },
    activation: 'relu',
    gated: false,
    hiddenDim: 48,
    tied: true,
    outputScale: 32 ** -0.5,
  }),
}
