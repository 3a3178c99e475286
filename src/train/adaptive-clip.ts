import {
  div,
  input,
  maximum,
  minimum,
  mul,
  sqrt,
  sum,
  type Tensor,
  toOnnx,
} from '../graph/index.ts'
import type { Binding, Engine, Program } from '../runtime/engine.ts'
import type { ParameterVector } from './parameter-store.ts'

/**
 * Adaptive gradient clipping (Brock et al. 2021): the norm of each row of a gradient is at most
 * `limit` times that of the row's weights (a vector is one row).
 */
export class AdaptiveClip {
  readonly #programs = new Map<string, Program>()
  readonly #bindings: Binding[] = []

  static async create(
    engine: Engine,
    values: ParameterVector,
    gradients: ParameterVector,
    limit: number,
  ): Promise<AdaptiveClip> {
    const clip = new AdaptiveClip()
    for (const [name, shape] of values.layout.shapes) {
      const key = shape.join()
      const program =
        clip.#programs.get(key) ??
        (await engine.compile(toOnnx(clippedRows(shape, limit), { target: engine.name }), {
          label: `adaptive clip ${key}`,
        }))
      clip.#programs.set(key, program)
      const gradient = gradients.tensor(name)
      clip.#bindings.push(
        program.bind({ parameter: values.tensor(name), gradient, clipped: gradient }),
      )
    }
    return clip
  }

  async run(): Promise<void> {
    for (const binding of this.#bindings) await binding.run()
  }

  dispose(): void {
    for (const binding of this.#bindings) binding.dispose()
    for (const program of this.#programs.values()) program.dispose()
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
