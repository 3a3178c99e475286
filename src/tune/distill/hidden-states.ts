import { UserError } from '../../errors.ts'
import { add, mul, type Tensor } from '../../graph/index.ts'
import { type Model, type ModelConfig, stacksOf } from '../../models/model.ts'
import { Linear, Module, nameParameters, type Parameter, type Tap } from '../../nn/index.ts'
import { countedTargets, hiddenDistance, meanOverTokens } from '../../objectives/distillation.ts'
import type { Objective } from '../../objectives/objective.ts'

/** A layer of the student that is to resemble one of the teacher. */
interface Pair {
  /** Paths of their activations. */
  student: string
  teacher: string
  /** Widths of both. */
  widths: readonly [number, number]
  /** The stack is that of an encoder-decoder's encoder, which reads other tokens. */
  isEncoder: boolean
}

/**
 * Which of the teacher's layers each of the student's resembles: as `map` says, numbers from 1;
 * else evenly, the last layer the last, as TinyBERT's m -> m M / N (Jiao et al. 2020). In an
 * encoder-decoder it holds for both stacks. Throws UserError where there is no such layer.
 */
export function pairLayers(
  student: ModelConfig,
  teacher: ModelConfig,
  map: readonly string[] | undefined,
): Pair[] {
  const isPair = student.kind === 'encoder-decoder'
  return stacksOf(student).flatMap((own, i) => {
    const other = stacksOf(teacher)[i]
    if (!other) throw new UserError('the layers of the teacher and the student cannot be compared')
    const even = () =>
      Array.from({ length: own.layers }, (_, layer): [number, number] => [
        layer + 1,
        Math.max(1, Math.round(((layer + 1) * other.layers) / own.layers)),
      ])
    const pairs = map?.map((pair) => pair.split(':').map(Number) as [number, number]) ?? even()
    const prefix = isPair ? `model.${i === 0 ? 'encoder' : 'decoder'}` : 'model'
    const path = (layer: number) => `${prefix}.layers.${layer - 1}.residual_post`
    return pairs.map(([from, to]): Pair => {
      if (from > own.layers || to > other.layers)
        throw new UserError(
          `--layer-map has ${from}:${to}, and the student has ${own.layers} layers, the teacher ` +
            `${other.layers}`,
        )
      return {
        student: path(from),
        teacher: path(to),
        widths: [own.dim, other.dim],
        isEncoder: isPair && i === 0,
      }
    })
  })
}

/** Matrices from the student's width to the teacher's, one for each pair (FitNets' regressors). */
export class Projections extends Module {
  readonly layers: Linear[]

  constructor(pairs: readonly Pair[]) {
    super()
    this.layers = pairs.map(({ widths }) => new Linear(...widths))
    nameParameters(this, { scope: 'projections' })
  }
}

/** A student, and projections that are learned beside it. */
export class WithProjections extends Module {
  readonly #student: Model
  readonly #projections: Projections

  constructor(student: Model, projections: Projections) {
    super()
    this.#student = student
    this.#projections = projections
  }

  override parameters(): Map<string, Parameter> {
    const besides = [...this.#projections.parameters().values()]
    return new Map([
      ...this.#student.parameters(),
      ...besides.map((parameter) => [parameter.name, parameter] as const),
    ])
  }
}

/** What `build` gives, and the activations of a model at `paths` that it used. */
export function recording<T>(
  model: Model,
  paths: readonly string[],
  build: () => T,
): { result: T; activations: Tensor[] } {
  const seen = new Map<string, Tensor>()
  const tap: Tap = (path, activation) => {
    if (paths.includes(path)) seen.set(path, activation)
    return activation
  }
  const modules = [...model.modules().values()]
  for (const { taps } of modules) taps.add(tap)
  try {
    const result = build()
    return { result, activations: paths.map((path) => seen.get(path) as Tensor) }
  } finally {
    for (const { taps } of modules) taps.delete(tap)
  }
}

/**
 * The mean distance of the hidden states of all pairs, which are (N, C) each, in the order of
 * `pairs`.
 */
export function hiddenLoss(
  pairs: readonly Pair[],
  { own, teacher }: { own: readonly Tensor[]; teacher: readonly Tensor[] },
  options: {
    student: Objective
    rows: number
    projections: Projections | undefined
    kind: 'cosine' | 'mse'
  },
): Tensor {
  const { student, rows, projections, kind } = options
  const { mask } = student.inputs
  return mul(
    pairs
      .map(({ isEncoder }, i) => {
        const hidden = own[i] as Tensor
        const projected = projections?.layers[i]?.forward(hidden) ?? hidden
        const distances = hiddenDistance(projected, teacher[i] as Tensor, kind)
        const isMasked = mask && (isEncoder || !student.inputs.source)
        const tokens = isMasked ? mask : countedTargets(student)
        return meanOverTokens(distances, tokens, { student, rows })
      })
      .reduce(add),
    1 / pairs.length,
  )
}
