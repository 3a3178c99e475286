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

export interface OptimizerKind {
  /** The options that it looks at. */
  options: readonly (keyof OptimizerOptions)[]
  create(options: OptimizerOptions): Optimizer
}

const kinds = {
  sgd: { options: [], create: () => sgd() },
  momentum: {
    options: ['beta1'],
    create: ({ beta1 = 0.9 }) => sgd({ momentum: beta1 }),
  },
  nesterov: {
    options: ['beta1'],
    create: ({ beta1 = 0.9 }) => sgd({ momentum: beta1, nesterov: true }),
  },
  adam: { options: ['beta1', 'beta2'], create: adam },
  adamw: { options: ['beta1', 'beta2'], create: adamW },
  lion: { options: ['beta1', 'beta2'], create: lion },
  muon: { options: [], create: () => muon() },
} satisfies Record<string, OptimizerKind>

export type OptimizerName = keyof typeof kinds

/** Optimizers by the name that the command line takes. */
export const OPTIMIZERS: Readonly<Record<OptimizerName, OptimizerKind>> = kinds
