import type { Model } from '../../../models/model.ts'
import { Linear } from '../../../nn/index.ts'
import { architectureOf } from '../../huggingface/config.ts'
import { tensorsOf } from '../../huggingface/weights.ts'

/**
 * A matrix of the architecture's file that an adapter may update. Where the file has several layers
 * as one, such as the queries, keys and values of GPT-2, they share the adapter's A, and its B is
 * theirs one after the other.
 */
export interface Adaptable {
  /** The module in the architecture's own class: `transformer.h.0.attn.c_attn`. */
  name: string
  layers: readonly AdaptableLayer[]
  /** Columns of A, and rows of B. */
  inputs: number
  outputs: number
  /** The file has (in, out), as PEFT's `fan_in_fan_out` says. */
  transposed: boolean
  /** What comes out of the model: tokens or labels. `all-linear` leaves it out. */
  isOutput: boolean
}

export interface AdaptableLayer {
  path: string
  layer: Linear
  outputs: number
}

/** Every matrix that an adapter may update, by the name of its module in the file. */
export function adaptablesOf(model: Model): Map<string, Adaptable> {
  const modules = model.modules()
  const found = new Map<string, Adaptable>()
  for (const tensor of tensorsOf(architectureOf(model.config), model)) {
    const layers = tensor.parameters.flatMap((parameter) => {
      const path = parameter.replace(/\.weight$/, '')
      const layer = modules.get(path)
      if (path === parameter || !(layer instanceof Linear)) return []
      return [{ path, layer, outputs: layer.weight.shape[0] ?? 0 }]
    })
    const [first] = layers
    if (!first) continue
    const name = tensor.name.replace(/\.weight$/, '')
    found.set(name, {
      name,
      layers,
      transposed: tensor.transposed ?? false,
      inputs: first.layer.weight.shape[1] ?? 0,
      outputs: layers.reduce((total, { outputs }) => total + outputs, 0),
      isOutput: first.path === 'lm_head' || first.path === 'head.output',
    })
  }
  return found
}
