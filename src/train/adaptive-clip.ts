import { div, input, maximum, minimum, mul, sqrt, sum, type Tensor } from '../graph/index.ts'
import type { Bound } from '../runtime/bound.ts'
import { type Compiled, compile } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import type { ParameterVector } from './parameter-store.ts'

/**
 * Adaptive gradient clipping (Brock et al. 2021): the norm of each row of a gradient is at most
 * `limit` times that of the row's weights (a vector is one row).
 */
export class AdaptiveClip {
  readonly #compiled = new Map<string, Compiled>()
  readonly #bound: Bound[] = []

  static async create(
    engine: Engine,
    values: ParameterVector,
    gradients: ParameterVector,
    limit: number,
  ): Promise<AdaptiveClip> {
    const clip = new AdaptiveClip()
    for (const [name, shape] of values.layout.shapes) {
      const key = shape.join()
      const compiled =
        clip.#compiled.get(key) ??
        (await compile(engine, clippedRows(shape, limit), { label: `adaptive clip ${key}` }))
      clip.#compiled.set(key, compiled)
      const gradient = gradients.tensor(name)
      clip.#bound.push(
        compiled.bind({ parameter: values.tensor(name), gradient, clipped: gradient }),
      )
    }
    return clip
  }

  async run(): Promise<void> {
    for (const bound of this.#bound) await bound.run()
  }

  dispose(): void {
    for (const bound of this.#bound) bound.dispose()
    for (const compiled of this.#compiled.values()) compiled.dispose()
  }
}

function clippedRows(shape: readonly number[], limit: number): Record<string, Tensor> {
  const parameter = input('parameter', 'float32', shape)
  const gradient = input('gradient', 'float32', shape)
  const norm = (x: Tensor) => sqrt(sum(mul(x, x), -1, true))
  // Rows that start at zero may still learn: their norm counts as 1e-3 at least (section 4).
  const allowed = mul(maximum(norm(parameter), 1e-3), limit)
  const factor = minimum(div(allowed, maximum(norm(gradient), 1e-6)), 1)
  return { clipped: mul(gradient, factor) }
}
