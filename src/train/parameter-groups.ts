import type { Parameter } from '../nn/index.ts'
import { adamW, type Optimizer } from './optimizers/index.ts'

/** Parameters that are updated alike. */
export interface ParameterGroup {
  names: string[]
  optimizer: Optimizer
  weightDecay: number
}

export interface GroupOptions {
  optimizer: Optimizer
  /** Takes what the optimizer is not for, such as embeddings and vectors with Muon. */
  companion?: Optimizer
  weightDecay: number
}

/**
 * The usual groups: matrices decay, norms and biases (vectors) do not. An optimizer of whole
 * matrices gets the matrices inside the layers; its companion the rest.
 */
export function groupParameters(
  parameters: ReadonlyMap<string, Parameter>,
  { optimizer, companion = adamW(), weightDecay }: GroupOptions,
): ParameterGroup[] {
  const names = [...parameters.keys()]
  const isMatrix = (name: string) => (parameters.get(name)?.shape.length ?? 0) >= 2
  const inner = (name: string) => isMatrix(name) && name.includes('.layers.')
  const outer = optimizer.wholeMatrix ? companion : optimizer
  const whole = optimizer.wholeMatrix ? names.filter(inner) : []
  const rest = names.filter((name) => !whole.includes(name))
  return [
    { names: whole, optimizer, weightDecay },
    { names: rest.filter(isMatrix), optimizer: outer, weightDecay },
    { names: rest.filter((name) => !isMatrix(name)), optimizer: outer, weightDecay: 0 },
  ].filter((group) => group.names.length > 0)
}
