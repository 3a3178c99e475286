import { cast, constant, gather, reshape, type Shape, sub, type Tensor } from '../graph/index.ts'
import {
  alibiBias,
  type Context,
  InPlaceCache,
  type RelativeBias,
  type RotaryName,
  type RotaryTables,
  rotaryTables,
} from '../nn/index.ts'
import type { StackConfig } from './stack-config.ts'

/** Where the tokens of a forward pass stand. */
export interface Positions {
  /** (B, T) */
  shape: Shape
  /** (B, T) int32, where they are not 0 .. T - 1; dynamic lengths need them. */
  positions?: Tensor
  /** What they are below; default: the context. */
  reach?: number
  /** (B or 1, S) int32 positions of the keys; default: those of the queries. */
  keyPositions?: Tensor
  cache?: Context['cache']
}

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
  given: Positions,
  relative?: RelativeBias,
): Pick<Context, 'rotary' | 'windowRotary' | 'positionBias' | 'distances'> {
  const { heads, context } = config
  const rotations = Object.entries(rotarySettings(config)).map(([name, settings]) => [
    name,
    tables(config, given, name as RotaryName, settings),
  ])
  const isDynamic = typeof given.shape[1] === 'string'
  const apart = () => distances(given, context)
  return {
    ...Object.fromEntries(rotations),
    positionBias:
      config.positions === 'alibi'
        ? alibiBias(byHead(cast(apart(), 'float32')), heads)
        : relative?.forward(apart()),
    distances: isDynamic && given.positions ? byHead(apart()) : undefined,
  }
}

const range = (length: number): Tensor =>
  constant(
    Array.from({ length }, (_, i) => i),
    [1, length],
    'int32',
  )

/** (B, T, S) -> (B, 1, T, S) */
const byHead = (x: Tensor): Tensor => reshape(x, [x.shape[0] as number, 1, ...x.shape.slice(1)], x)

/** Positions of keys less those of queries, (B or 1, T, S) int32. */
function distances({ positions, keyPositions, shape, cache }: Positions, context: number): Tensor {
  const queries = positions ?? range(shape[1] as number)
  const keys = keyPositions ?? (cache instanceof InPlaceCache ? range(context) : queries)
  const [batch, length] = queries.shape as [number, number]
  const [keyBatch, count] = keys.shape as [number, number]
  return sub(
    reshape(keys, [keyBatch, 1, count], keys),
    reshape(queries, [batch, length, 1], queries),
  )
}

/** Cosines and sines for the positions; a cache in place has its own. */
function tables(
  { context, headDim }: { context: number; headDim: number },
  { shape, positions, reach = context, cache }: Positions,
  name: RotaryName,
  options: RotarySettings,
): RotaryTables {
  const half = headDim / 2
  if (cache instanceof InPlaceCache) return cache.rotary(name, half)
  const count = positions ? context : (shape[1] as number)
  const rows = positions ? Math.min(count, reach) : count
  const [cos, sin] = rotaryTables({ ...options, context: count, headDim, rows }).map((table) => {
    const whole = constant(table, [rows, half])
    if (!positions) return whole
    const [batch, length] = positions.shape as [number, number]
    return reshape(gather(whole, positions), [batch, 1, length, half], positions)
  }) as [Tensor, Tensor]
  return { cos, sin }
}
