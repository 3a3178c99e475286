import { adam, adamW } from './adam.ts'
import { lion } from './lion.ts'
import { muon } from './muon.ts'
import type { Optimizer } from './optimizer.ts'
import { sgd } from './sgd.ts'

export type { Optimizer } from './optimizer.ts'
export { adam, adamW, lion, muon, sgd }

export interface OptimizerOptions {
  /** Decay of the first moment, or momentum. */
  beta1?: number
  /** Decay of the second moment. */
  beta2?: number
}

/** Optimizers by the name that the command line takes. */
export const OPTIMIZERS = {
  sgd: (_: OptimizerOptions) => sgd(),
  momentum: ({ beta1 = 0.9 }: OptimizerOptions) => sgd({ momentum: beta1 }),
  nesterov: ({ beta1 = 0.9 }: OptimizerOptions) => sgd({ momentum: beta1, nesterov: true }),
  adam: (options: OptimizerOptions) => adam(options),
  adamw: (options: OptimizerOptions) => adamW(options),
  lion: (options: OptimizerOptions) => lion(options),
  muon: (_: OptimizerOptions) => muon(),
} satisfies Record<string, (options: OptimizerOptions) => Optimizer>

export type OptimizerName = keyof typeof OPTIMIZERS

/** The options that each optimizer looks at. */
export const OPTIMIZER_OPTIONS: Readonly<
  Record<OptimizerName, readonly (keyof OptimizerOptions)[]>
> = {
  sgd: [],
  momentum: ['beta1'],
  nesterov: ['beta1'],
  adam: ['beta1', 'beta2'],
  adamw: ['beta1', 'beta2'],
  lion: ['beta1', 'beta2'],
  muon: [],
}
