import type { Case } from './case.ts'
import { elementwiseCases } from './cases/elementwise.ts'
import { matrixCases } from './cases/matrix.ts'
import { modelCases } from './cases/model.ts'
import { reduceCases } from './cases/reduce.ts'
import { selectCases } from './cases/select.ts'
import { shapeCases } from './cases/shape.ts'

/** Every op, as every engine must compute it. No Node built-ins: a page imports this too. */
export const cases: readonly Case[] = [
  ...elementwiseCases,
  ...reduceCases,
  ...matrixCases,
  ...shapeCases,
  ...selectCases,
  ...modelCases,
]
