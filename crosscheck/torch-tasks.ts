import { input, slice, type Tensor } from '../src/graph/index.ts'
import { Decoder } from '../src/models/decoder.ts'
import type { Encoder } from '../src/models/encoder.ts'
import { EncoderDecoder } from '../src/models/encoder-decoder.ts'
import { fuseSources } from '../src/models/fusion.ts'
import { headOf, pool, vectorsOf } from '../src/models/head.ts'
import type { HeadConfig } from '../src/models/head-config.ts'
import type { Model } from '../src/models/model.ts'
import { classificationObjective, taggingObjective } from '../src/objectives/classification.ts'
import { contrastiveObjective } from '../src/objectives/contrastive.ts'
import { languageModelObjective } from '../src/objectives/language-model.ts'
import { maskedLanguageModelObjective } from '../src/objectives/masked-language-model.ts'
import type { Objective } from '../src/objectives/objective.ts'
import { sequenceToSequenceObjective } from '../src/objectives/sequence-to-sequence.ts'
import type { FamilyTask } from './torch-family.ts'

/** What a case has besides its model. */
export interface Given {
  labelSmoothing?: number
  /** Of a decoder's tokens, where they are not 0, 1, 2 ... */
  positions?: number[][]
  /** Outputs, too, are those of fixed lengths. */
  fixed?: boolean
  /** Sources of each example (Fusion-in-Decoder). */
  sources?: number
  /** Fields that the peer's config.json has besides. */
  fields?: Record<string, unknown>
  /** The whole of it, in place of what is written here. */
  file?: Record<string, unknown>
}

/** One batch, as it is given to both sides. */
export interface Task {
  /** As training has it, its sizes fixed. */
  objective: Objective
  /** Values of all inputs. */
  feeds: Record<string, number[] | number[][]>
  /**
   * Our tensors by the peer's names, and which of their rows mean something (default: all). Their
   * lengths are open, as where a model is used, but for pairs and for encoder-decoders.
   */
  outputs: Record<string, { tensor: Tensor; rows?: number[] }>
  peer: Pick<FamilyTask, 'head' | 'inputs' | 'pooling' | 'normalize' | 'temperature'>
}

/** Rows of tokens; the second and third are padded where there is a mask. */
const IDS = [
  [3, 7, 4, 12, 5, 9, 2],
  [6, 5, 3, 5, 8, 9, 7],
  [9, 3, 2, 13, 8, 4, 6],
]
const MASK = [
  [1, 1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1, 0, 0],
  [1, 1, 1, 0, 0, 0, 0],
]
const TARGETS = [
  [7, 4, 12, 5, 9, 2, 3],
  [5, 3, 5, 8, 9, 7, 16],
  [3, 2, 13, 8, 4, 6, 0],
]
const PLACES = IDS.map((row) => row.map((_, place) => place))
const [ROWS, LENGTH] = [3, 7]
const TEMPERATURE = 0.3

/** The task that a model's head is for. */
export function taskOf(model: Model, given: Given): Task {
  if (model instanceof EncoderDecoder) return sequenceToSequence(model, given)
  const task = model.config.head?.task
  if (model instanceof Decoder && !task) return languageModel(model, given)
  if (!(model instanceof Decoder) && task === 'mlm') return maskedLanguageModel(model)
  if (task === 'tag') return tagging(model, given)
  return task === 'embed' ? contrastive(model) : classification(model, given)
}

function languageModel(model: Decoder, { labelSmoothing, positions, fixed }: Given): Task {
  const packed = positions !== undefined
  const sizes = { rows: ROWS, length: LENGTH }
  const objective = languageModelObjective(model, { ...sizes, labelSmoothing, packed })
  const hidden = fixed
    ? model.hidden(objective.inputs.ids as Tensor)
    : model.hidden(open('ids'), { positions: open('positions') })
  const targets = without(TARGETS, [1, 2])
  return {
    objective,
    feeds: {
      ...{ ids: IDS, targets, weight: [1 / counted(targets)] },
      ...{ positions: positions ?? PLACES, segments: IDS.map((row) => row.map(() => 1)) },
    },
    outputs: { hidden: { tensor: hidden }, logits: { tensor: model.logits(hidden) } },
    peer: { head: 'causal_lm', inputs: { ids: IDS, labels: targets, positions } },
  }
}

function maskedLanguageModel(model: Encoder): Task {
  const objective = maskedLanguageModelObjective(model, { rows: ROWS, length: LENGTH, hidden: 2 })
  const labels = [
    [-100, 14, -100, -100, 3, -100, -100],
    [6, -100, -100, 11, -100, -100, -100],
    [-100, -100, 5, -100, -100, -100, -100],
  ]
  // Where those that count stand; the third text has one only.
  const places = [1, 4, 0, 3, 2, 0]
  const targets = [14, 3, 6, 11, 5, -100]
  const { ids } = textsFor(model, IDS)
  const hidden = model.hidden(open('ids'), { mask: openMask(), positions: open('positions') })
  const { head, embedding } = model
  return {
    objective,
    feeds: {
      ...{ ids, mask: MASK, positions: PLACES },
      ...{ places, targets, weight: [1 / counted(labels)] },
    },
    outputs: {
      hidden: { tensor: hidden, rows: MASK.flat() },
      logits: { tensor: head.forward(hidden, { embedding }), rows: MASK.flat() },
    },
    peer: { head: 'masked_lm', inputs: { ids, mask: MASK, labels } },
  }
}

function classification(model: Encoder | Decoder, { labelSmoothing }: Given): Task {
  const sizes = { rows: ROWS, length: LENGTH }
  const objective = classificationObjective(model, { ...sizes, labelSmoothing })
  const { head, task, pooling } = headOf(model)
  const texts = textsFor(model, IDS)
  const { hidden, mask } = openHidden(model)
  const targets = task === 'regress' ? [0.5, -1.5, 2] : [2, 0, 1]
  return {
    objective,
    feeds: { ...texts, positions: PLACES, targets, counted: [1, 1, 1], weight: [1 / ROWS] },
    outputs: {
      hidden: { tensor: hidden, rows: MASK.flat() },
      logits: { tensor: head.forward(pool(hidden, mask, pooling)) },
    },
    peer: { head: 'sequence_classification', inputs: { ...namedForPeer(texts), labels: targets } },
  }
}

function tagging(model: Encoder | Decoder, { labelSmoothing }: Given): Task {
  const sizes = { rows: ROWS, length: LENGTH }
  const objective = taggingObjective(model, { ...sizes, labelSmoothing })
  const texts = textsFor(model, IDS)
  const { hidden } = openHidden(model)
  const targets = TARGETS.map((row, i) => row.map((x, j) => (MASK[i]?.[j] ? x % 3 : -100)))
  const rows = MASK.flat()
  return {
    objective,
    feeds: { ...texts, positions: PLACES, targets, weight: [1 / counted(targets)] },
    outputs: {
      hidden: { tensor: hidden, rows },
      logits: { tensor: headOf(model).head.forward(hidden), rows },
    },
    peer: { head: 'token_classification', inputs: { ...namedForPeer(texts), labels: targets } },
  }
}

/** Texts and their pairs. */
function contrastive(model: Encoder | Decoder): Task {
  const objective = contrastiveObjective(model, {
    ...{ rows: ROWS, length: LENGTH, temperature: TEMPERATURE },
  })
  const texts = textsFor(model, IDS)
  const pairs = textsFor(model, TARGETS)
  const { ids, mask, types } = objective.inputs as Record<'ids' | 'mask' | 'types', Tensor>
  const hidden = model.hidden(ids, { mask, types })
  const { pooling, normalized } = headOf(model)
  const vectors = vectorsOf(model, hidden, mask)
  return {
    objective,
    feeds: {
      ids: [...texts.ids, ...pairs.ids],
      mask: [...texts.mask, ...pairs.mask],
      ...(texts.types && { types: [...texts.types, ...texts.types] }),
      weight: [1 / ROWS],
    },
    outputs: {
      hidden: { tensor: slice(hidden, 0, 0, ROWS * LENGTH), rows: MASK.flat() },
      embedding: { tensor: slice(vectors, 0, 0, ROWS) },
    },
    peer: {
      head: 'base',
      inputs: { ...namedForPeer(texts), ...namedForPeer(pairs, 'pair_') },
      ...{ pooling: POOLINGS[pooling], normalize: normalized, temperature: TEMPERATURE },
    },
  }
}

const POOLINGS: Record<HeadConfig['pooling'], FamilyTask['pooling']> = {
  ...{ first: 'cls', last: 'last', mean: 'mean' },
}

function sequenceToSequence(model: EncoderDecoder, { labelSmoothing, sources = 1 }: Given): Task {
  const { startId, padId } = model.config
  const sizes = { rows: 2, sourceLength: LENGTH, length: 5 }
  const objective = sequenceToSequenceObjective(model, { ...sizes, sources, labelSmoothing })
  const repeated = Array.from({ length: 2 * sources }, (_, i) => i % ROWS)
  const mask = repeated.map((i) => MASK[i] as number[])
  const source = repeated.map((i, n) =>
    (IDS[i] as number[]).map((x, j) => (mask[n]?.[j] ? x : padId)),
  )
  const targets = without(
    TARGETS.slice(0, 2).map((row) => row.slice(0, 5)),
    [1, 4],
  )
  const ids = TARGETS.slice(0, 2).map((row) => [startId, ...row.slice(0, 4)])
  const tensors = objective.inputs as Record<'source' | 'mask' | 'ids', Tensor>
  const encoded = fuseSources(model.encode(tensors.source, { mask: tensors.mask }), sources)
  const hidden = model.hidden(tensors.ids, { source: encoded })
  const bySource = (rows: number[][]) =>
    sources === 1 ? rows : [rows.slice(0, sources), rows.slice(sources)]
  return {
    objective,
    feeds: { source, mask, ids, targets, weight: [1 / counted(targets)] },
    outputs: {
      source_hidden: { tensor: encoded.hidden, rows: mask.flat() },
      hidden: { tensor: hidden },
      logits: { tensor: model.logits(hidden) },
    },
    peer: {
      head: 'seq2seq_lm',
      inputs: {
        ...{ ids, labels: targets },
        ...{ source_ids: bySource(source), source_mask: bySource(mask) },
      },
    },
  }
}

interface Texts {
  ids: number[][]
  mask: number[][]
  types?: number[][]
}

/** Padding of these rows is the model's own, and so are the kinds of tokens. */
function textsFor({ config }: Encoder | Decoder, rows: number[][]): Texts {
  const { positionOffset, tokenTypes } = config
  const padId = Math.max(0, positionOffset - 1)
  return {
    ids: rows.map((row, i) => row.map((x, j) => (MASK[i]?.[j] ? x : padId))),
    mask: MASK,
    ...(tokenTypes > 0 && { types: rows.map((row) => row.map((_, j) => j % tokenTypes)) }),
  }
}

const namedForPeer = ({ ids, mask, types }: Texts, start = '') => ({
  ...{ [`${start}ids`]: ids, [`${start}mask`]: mask },
  ...(types && { [`${start}token_types`]: types }),
})

/** Lengths are open, so positions must be given too. */
const open = (name: string): Tensor => input(name, 'int32', ['batch', 'length'])
const openMask = (): Tensor => input('mask', 'float32', ['batch', 'length'])

function openHidden(model: Encoder | Decoder) {
  const mask = openMask()
  const types = model.config.tokenTypes > 0 ? open('types') : undefined
  return { hidden: model.hidden(open('ids'), { mask, types, positions: open('positions') }), mask }
}

/** The first row's targets at these places do not count. */
const without = (targets: number[][], places: number[]): number[][] =>
  targets.map((row, i) => row.map((x, j) => (i === 0 && places.includes(j) ? -100 : x)))

const counted = (targets: number[][]): number => targets.flat().filter((x) => x >= 0).length
