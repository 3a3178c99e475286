import {
  abs,
  add,
  cast,
  constant,
  gather,
  greater,
  greaterEqual,
  HIDDEN,
  mul,
  reshape,
  type Shape,
  sub,
  type Tensor,
} from '../graph/index.ts'
import {
  alibiBias,
  type Context,
  type RelativeBias,
  type RotaryName,
  type RotaryTables,
  rotaryTables,
} from '../nn/index.ts'
import type { StackConfig, StackUse } from './stack-config.ts'

/** Where the tokens of a forward pass stand. */
export interface Places {
  /** (B, T) */
  shape: Shape
  /** (B, T) int32, where they are not 0 .. T - 1; must be given where lengths are open. */
  positions?: Tensor
  /** Places that they are below; default: the context. */
  reach?: number
  /** (B or 1, S) int32 places of the keys; default: those of the queries. */
  keyPositions?: Tensor
  /** Added to the scores: hides padding (B, 1, 1, S) and more. */
  attentionBias?: Tensor
  /** A cache that turns queries and keys itself, and knows what comes before what. */
  cache?: Context['cache']
}

type Positional = Pick<
  Context,
  'rotary' | 'windowRotary' | 'positionBias' | 'attentionBias' | 'windowBias'
>

/** How fast each of a stack's kinds of rotary positions turns; none where it has others. */
export function rotarySettings({
  positions,
  ropeTheta,
  ropeScaling,
  windowRopeTheta,
}: StackConfig): Partial<Record<RotaryName, RotarySettings>> {
  if (positions !== 'rotary') return {}
  return {
    rotary: { theta: ropeTheta, scaling: ropeScaling },
    ...(windowRopeTheta !== undefined && { windowRotary: { theta: windowRopeTheta } }),
  }
}

type RotarySettings = Pick<Parameters<typeof rotaryTables>[0], 'theta' | 'scaling'>

/** What attention layers must know of positions. */
export function positionContext(
  config: StackConfig,
  places: Places,
  { causal }: StackUse,
  relative?: RelativeBias,
): Positional {
  const { positions: kind, heads } = config
  const { attentionBias, cache } = places
  const rotations = Object.entries(rotarySettings(config)).map(([name, settings]) => [
    name,
    tables(config, places, name as RotaryName, settings),
  ])
  return {
    ...Object.fromEntries(rotations),
    positionBias:
      kind === 'alibi'
        ? alibiBias(byHead(cast(distances(config, places), 'float32')), heads)
        : relative?.forward(distances(config, places)),
    ...(isOpen(places.shape) && !cache ? openMasks(config, places, causal) : { attentionBias }),
  }
}

const isOpen = (shape: Shape): boolean => typeof shape[1] === 'string'

const range = (length: number): Tensor =>
  constant(
    Array.from({ length }, (_, i) => i),
    [1, length],
    'int32',
  )

/** (B, T, S) -> (B, 1, T, S) */
const byHead = (x: Tensor): Tensor => reshape(x, [x.shape[0] as number, 1, ...x.shape.slice(1)], x)

/** Keys' places less queries', (B or 1, T, S) int32. */
function distances({ context }: { context: number }, places: Places): Tensor {
  const queries = places.positions ?? range(places.shape[1] as number)
  const keys = places.keyPositions ?? (places.cache ? range(context) : queries)
  const [batch, length] = queries.shape as [number, number]
  const [keyBatch, count] = keys.shape as [number, number]
  return sub(
    reshape(keys, [keyBatch, 1, count], keys),
    reshape(queries, [batch, length, 1], queries),
  )
}

/** Cosines and sines for the places; a cache has its own, or takes those of all places. */
function tables(
  { context, headDim }: { context: number; headDim: number },
  { shape, positions, reach = context, cache }: Places,
  name: RotaryName,
  options: RotarySettings,
): RotaryTables {
  const half = headDim / 2
  const cached = cache?.rotary?.(name, half)
  if (cached) return cached
  const ofTokens = !cache && positions
  const count = cache || ofTokens ? context : (shape[1] as number)
  const rows = Math.min(count, ofTokens ? reach : count)
  const [cos, sin] = rotaryTables({ ...options, context: count, headDim, rows }).map((table) => {
    const whole = constant(table, [rows, half])
    if (!ofTokens) return whole
    const [batch, length] = positions.shape as [number, number]
    return reshape(gather(whole, positions), [batch, 1, length, half], positions)
  }) as [Tensor, Tensor]
  return { cos, sin }
}

/** Where lengths are open, masks follow from the places. */
function openMasks({ window, context }: StackConfig, places: Places, causal: boolean): Positional {
  const { attentionBias } = places
  if (!causal && window === undefined) return { attentionBias }
  const apart = byHead(distances({ context }, places))
  const hide = (where: Tensor) => mul(cast(where, 'float32'), HIDDEN)
  const sum = (a: Tensor | undefined, b: Tensor) => (a ? add(a, b) : b)
  const later = causal ? sum(attentionBias, hide(greater(apart, 0))) : attentionBias
  const windowBias =
    window === undefined ? undefined : sum(later, hide(greaterEqual(abs(apart), window)))
  return { attentionBias: later, windowBias }
}
