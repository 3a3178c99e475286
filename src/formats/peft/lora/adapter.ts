import { UserError } from '../../../errors.ts'
import type { NamedTensors } from '../../../files/named-tensors.ts'
import type { Model } from '../../../models/model.ts'
import { type Adaptable, adaptablesOf } from './adaptable.ts'
import { PREFIX } from './lora.ts'

/** A trained adapter, in memory. */
export interface Adapter {
  /** What errors call it: its folder. */
  name: string
  /** By the name of the module in the architecture's file. */
  updates: ReadonlyMap<string, LowRankValues>
  /** Tensors that replace those of the model's file, by their names there. */
  replaced: ReadonlyMap<string, ReplacedTensor>
}

export interface LowRankValues {
  rank: number
  /** A, (rank, in). */
  down: Float32Array
  /** B, (out, rank). */
  up: Float32Array
  scale: number
}

export interface ReplacedTensor {
  shape: readonly number[]
  values: Float32Array
}

/** An adapter, and how much of it counts (default 1). */
export interface WeightedAdapter {
  adapter: Adapter
  weight?: number
}

export type AdapterUse = Adapter | WeightedAdapter

export const weighted = (use: AdapterUse): Required<WeightedAdapter> =>
  'adapter' in use ? { weight: 1, ...use } : { adapter: use, weight: 1 }

/**
 * Reads the tensors of an adapter's file; `scale` gives the factor on B A of a module of that rank.
 * Throws UserError with the tensor at fault.
 */
export async function readAdapterTensors(
  name: string,
  weights: NamedTensors,
  scale: (module: string, rank: number) => number,
): Promise<Adapter> {
  const updates = new Map<string, LowRankValues>()
  const replaced = new Map<string, ReplacedTensor>()
  const fail = (tensor: string, problem: string) =>
    new UserError(`${name}: the adapter's tensor ${tensor} ${problem}`)
  for (const [tensor, { shape }] of weights.tensors) {
    if (!tensor.startsWith(PREFIX)) throw fail(tensor, `does not begin with ${PREFIX}`)
    const [, module, kind] = /^(.*)\.lora_([AB])\.weight$/.exec(tensor.slice(PREFIX.length)) ?? []
    if (module === undefined && /\blora_/.test(tensor))
      throw fail(tensor, 'is of a kind that is not known here; lora_A and lora_B of matrices are')
    if (module === undefined) {
      replaced.set(tensor.slice(PREFIX.length), {
        shape,
        values: await weights.readFloat32(tensor),
      })
      continue
    }
    const other = `${PREFIX}${module}.lora_${kind === 'A' ? 'B' : 'A'}.weight`
    const there = weights.tensors.get(other)
    if (!there) throw fail(tensor, `has no counterpart ${other}`)
    if (kind === 'B') continue
    const [rank = 0] = shape
    if (shape.length !== 2 || there.shape.length !== 2 || there.shape[1] !== rank || rank < 1)
      throw fail(tensor, `is (${shape}) and ${other} (${there.shape}); (r, in) and (out, r) fit`)
    updates.set(module, {
      rank,
      scale: scale(module, rank),
      down: await weights.readFloat32(tensor),
      up: await weights.readFloat32(other),
    })
  }
  return { name, updates, replaced }
}

/** True of an encoder-decoder whose output is its embedding. */
export const isTiedPair = ({ config }: Model): boolean =>
  config.kind === 'encoder-decoder' && config.tied

/** What an adapter updates of a model. Throws UserError with what the model does not have. */
export function targetsIn(
  model: Model,
  { name, updates }: Adapter,
): { target: Adaptable; values: LowRankValues }[] {
  const known = adaptablesOf(model)
  return [...updates].map(([module, values]) => {
    const target = known.get(module)
    if (!target && isTiedPair(model) && module === 'lm_head')
      throw new UserError(
        `${name}: the adapter updates lm_head, which is the embedding of both sides in this ` +
          'model; an output is updated of a decoder, or where tie_word_embeddings is false',
      )
    if (!target)
      throw new UserError(
        `${name}: the adapter updates ${module}, which this model does not have; it was made for ` +
          'another',
      )
    const { rank, down, up } = values
    const { inputs, outputs } = target
    if (down.length !== rank * inputs || up.length !== outputs * rank)
      throw new UserError(
        `${name}: the adapter updates ${module} as (${up.length / rank}, ${down.length / rank}), ` +
          `but this model's is (${outputs}, ${inputs}); it was made for another`,
      )
    return { target, values }
  })
}

/**
 * Adapters add up, but the tensors that they replace do not: throws UserError where two adapters
 * replace a model's tensors by different ones.
 */
export function checkAlike(adapters: readonly Adapter[]): void {
  const [first, ...others] = adapters.filter(({ replaced }) => replaced.size > 0)
  if (!first) return
  for (const other of others) {
    const fault = difference(first, other)
    if (fault !== undefined)
      throw new UserError(
        `${first.name} and ${other.name} bring different ${fault} along; they cannot be used ` +
          'together',
      )
  }
}

/** The first tensor that differs, if one does. */
function difference(a: Adapter, b: Adapter): string | undefined {
  for (const name of new Set([...a.replaced.keys(), ...b.replaced.keys()])) {
    const [one, two] = [a.replaced.get(name)?.values, b.replaced.get(name)?.values]
    if (!one || !two || one.length !== two.length) return name
    for (let i = 0; i < one.length; i++) if (!Object.is(one[i], two[i])) return name
  }
  return undefined
}
