import { UserError } from '../../errors.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { differences } from '../../models/differences.ts'
import { createModel, type ModelConfig, stacksOf } from '../../models/model.ts'
import type { StackConfig } from '../../models/stack-config.ts'
import { refuseNonFinite } from '../../runtime/non-finite.ts'
import type { Trainer } from '../../train/trainer.ts'
import type { ParsedDistillOptions, sizeOptions } from './options.ts'

type Sizes = Pick<ParsedDistillOptions, keyof typeof sizeOptions | 'dropout' | 'feedForwardDropout'>

/**
 * The teacher's layers that a student begins with, from 0: evenly spaced, the first and the last
 * among them. For 6 of 12 they are DistilBERT's: 0, 2, 4, 7, 9, 11 (Sanh et al. 2019).
 */
export const evenLayers = (student: number, teacher: number): number[] =>
  Array.from({ length: student }, (_, i) =>
    student === 1 ? 0 : Math.round((i * (teacher - 1)) / (student - 1)),
  )

/**
 * A teacher's architecture in other sizes. What follows from a size in the teacher follows from it
 * in the student: heads from the width, the feed-forward width, and factors of the embedding.
 */
export function studentConfig(teacher: ModelConfig, sizes: Sizes): ModelConfig {
  if (teacher.kind !== 'encoder-decoder') return { ...teacher, ...smaller(teacher, sizes) }
  const { outputScale } = teacher
  const { dim } = teacher.decoder
  const [encoder, decoder] = [smaller(teacher.encoder, sizes), smaller(teacher.decoder, sizes)]
  const scale = isNear(outputScale, dim ** -0.5) ? decoder.dim ** -0.5 : outputScale
  return { ...teacher, encoder, decoder, outputScale: scale }
}

function smaller(stack: StackConfig, sizes: Sizes): StackConfig {
  const { dropout = 0, feedForwardDropout = 0 } = sizes
  const { layers = stack.layers, dim = stack.dim } = sizes
  const share = dim / stack.dim
  const heads = sizes.heads ?? Math.max(1, Math.round(stack.heads * share))
  const kvHeads = sizes.kvHeads ?? Math.max(1, Math.round((stack.kvHeads * heads) / stack.heads))
  const isSame = dim === stack.dim && heads === stack.heads
  const headDim = isSame ? stack.headDim : (stack.headDim * stack.heads * share) / heads
  const { embeddingScale, attentionScale, experts, windowed } = stack
  const wide = (width: number) => sizes.hiddenDim ?? Math.max(1, Math.round(width * share))
  const kept = evenLayers(layers, stack.layers)
  const ofLayers = (values: readonly boolean[]) => kept.map((layer) => values[layer] as boolean)
  if (sizes.heads === undefined && dim % heads !== 0)
    throw new UserError(
      `the teacher has ${stack.heads} heads for a width of ${stack.dim}, which gives ${heads} ` +
        `for ${dim}, which is not a multiple of that; give --heads`,
    )
  return {
    ...stack,
    layers,
    dim,
    heads,
    kvHeads,
    headDim,
    hiddenDim: wide(stack.hiddenDim),
    embeddingScale: isNear(embeddingScale, Math.sqrt(stack.dim)) ? Math.sqrt(dim) : embeddingScale,
    ...(attentionScale && {
      attentionScale: isNear(attentionScale, stack.headDim ** -0.5)
        ? headDim ** -0.5
        : attentionScale,
    }),
    ...(windowed && { windowed: ofLayers(windowed) }),
    ...(experts && {
      experts: {
        ...experts,
        hiddenDim: wide(experts.hiddenDim),
        ...(experts.layers && { layers: ofLayers(experts.layers) }),
      },
    }),
    embeddingDropout: dropout,
    attentionDropout: dropout,
    residualDropout: dropout,
    feedForwardDropout,
  }
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * b

/** What a student may have otherwise than the teacher whose layers it begins with. */
const FREE = new Set([
  'layers',
  'windowed',
  'experts',
  'embeddingDropout',
  'attentionDropout',
  'residualDropout',
  'feedForwardDropout',
])

/** Throws UserError where a student cannot begin with the layers of a teacher. */
export function expectSameWidth(student: ModelConfig, { config, path }: OpenModel): void {
  const different = differences(student, config, { ignore: FREE })
  if (different.length > 0)
    throw new UserError(
      `--init-from-teacher takes layers as they are, and the student differs from ${path} in ` +
        `${different.join(', ')}; give no size but --layers`,
    )
  const stacks = stacksOf(config)
  for (const [i, { layers }] of stacksOf(student).entries()) {
    const most = stacks[i]?.layers ?? 0
    if (layers > most)
      throw new UserError(
        `the student has ${layers} layers, and the teacher has only ${most} to copy; give fewer ` +
          '--layers, or leave out --init-from-teacher',
      )
  }
}

/** Fills a student of the teacher's width with its embeddings, head and evenly spaced layers. */
export async function copyFromTeacher(
  teacher: OpenModel,
  student: ModelConfig,
  { parameters }: Trainer,
): Promise<void> {
  const isPair = student.kind === 'encoder-decoder'
  const stacks = stacksOf(student).map(({ layers }, i) => ({
    prefix: isPair ? `model.${['encoder', 'decoder'][i]}.layers.` : 'model.layers.',
    from: evenLayers(layers, stacksOf(teacher.config)[i]?.layers ?? 0),
  }))
  for (const name of createModel(student).parameters().keys()) {
    const stack = stacks.find(({ prefix }) => name.startsWith(prefix))
    const [layer = '', ...rest] = name.slice(stack?.prefix.length).split('.')
    const source = stack ? [`${stack.prefix}${stack.from[Number(layer)]}`, ...rest].join('.') : name
    parameters[name]?.write(
      refuseNonFinite(`${source} of ${teacher.path}`, await teacher.read(source)),
    )
  }
}
