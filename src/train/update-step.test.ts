import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Reference, type ReferenceName, references } from '../../test/optimizers.ts'
import { Parameter, zeros } from '../nn/index.ts'
import { Random } from '../random.ts'
import type { Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { OPTIMIZERS } from './optimizers/index.ts'
import { type GroupOptions, groupParameters } from './parameter-groups.ts'
import { ParameterLayout } from './parameter-store.ts'
import { UpdateStep, type UpdateStepOptions } from './update-step.ts'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine({ engine: 'cpu', threads: 1 })
})
afterAll(() => engine.dispose())

const RATE = 0.01
const STEPS = 3
const MATRIX = 'model.layers.0.up_proj.weight'
const VECTOR = 'model.norm.weight'
const shapes = { [MATRIX]: [3, 4], [VECTOR]: [4] }

const random = new Random(4)
const numbers = (count: number) => Array.from({ length: count }, () => random.normal())
const start: Record<string, number[]> = { [MATRIX]: numbers(12), [VECTOR]: numbers(4) }
const gradients = Array.from({ length: STEPS }, () => ({
  [MATRIX]: numbers(12),
  [VECTOR]: numbers(4),
})) as Record<string, number[]>[]

type Options = GroupOptions & Pick<UpdateStepOptions, 'l1' | 'l2' | 'clip' | 'average'>

/** Each parameter's values, and the average's, after three updates. */
async function updated(options: Options) {
  const parameters = new Map(
    Object.entries(shapes).map(([name, shape]) => [name, new Parameter(shape, zeros)]),
  )
  const layout = new ParameterLayout(parameters, groupParameters(parameters, options), engine)
  const [values, gradient] = [layout.vector(engine), layout.vector(engine)]
  const step = await UpdateStep.create({
    engine,
    layout,
    values,
    gradients: [gradient],
    ...options,
  })
  for (const [name, list] of Object.entries(start)) values.tensor(name).write(list)
  await step.resetAverage()
  for (const [i, lists] of gradients.entries()) {
    for (const [name, list] of Object.entries(lists)) gradient.tensor(name).write(list)
    await step.apply(i + 1, RATE, await step.gradientNorm())
  }
  const read = async (vector: typeof values | undefined) => {
    const all: Record<string, number[]> = {}
    for (const name of Object.keys(shapes))
      all[name] = Array.from((await vector?.tensor(name).read()) ?? [], Number)
    return all
  }
  const result = { values: await read(values), average: await read(step.state.get('average')) }
  await step.dispose()
  for (const vector of [values, gradient]) vector.dispose()
  return result
}

/** The same by hand in float64. `reached`: decay and penalties apply to this parameter. */
function byHand(
  reference: (decay: number) => Reference,
  name: string,
  { weightDecay, l1 = 0, l2 = 0 }: Pick<Options, 'weightDecay' | 'l1' | 'l2'>,
  reached: boolean,
): number[] {
  const update = reference(reached ? weightDecay : 0)
  return (start[name] as number[]).map((first, i) => {
    const memory = { m: 0, v: 0 }
    let p = first
    for (let t = 1; t <= STEPS; t++) {
      const penalty = reached ? l1 * Math.sign(p) + l2 * p : 0
      p = update(p, (gradients[t - 1]?.[name]?.[i] as number) + penalty, memory, t)
    }
    return p
  })
}

const expectClose = (found: number[] | undefined, expected: number[]) => {
  expect(found?.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) expect(found?.[i]).toBeCloseTo(value, 5)
}

describe.each(Object.keys(references) as ReferenceName[])('%s', (name) => {
  const reference = (decay: number) => references[name]({ rate: RATE, decay })
  const penalties = { l1: 0.3, l2: 0.2 }

  test.each([
    ['weight decay alone', { weightDecay: 0.1 }],
    ['l1 without weight decay', { weightDecay: 0, l1: 0.3 }],
    ['l2 without weight decay', { weightDecay: 0, l2: 0.2 }],
    ['both without weight decay', { weightDecay: 0, ...penalties }],
    ['both with weight decay', { weightDecay: 0.1, ...penalties }],
  ])('%s, by hand', async (_, regularization) => {
    for (const decay of ['matrices', 'all'] as const) {
      const optimizer = OPTIMIZERS[name].create({})
      const { values } = await updated({ optimizer, decay, ...regularization })
      expectClose(values[MATRIX], byHand(reference, MATRIX, regularization, true))
      const reached = decay === 'all'
      expectClose(values[VECTOR], byHand(reference, VECTOR, regularization, reached))
    }
  })
})

test('muon: l1 and l2 are part of its gradient, and reach its companion’s parameters', async () => {
  const muon = OPTIMIZERS.muon.create({})
  const plain = await updated({ optimizer: muon, weightDecay: 0 })
  const penalized = await updated({ optimizer: muon, weightDecay: 0, decay: 'all', l1: 0.3 })
  expect(penalized.values[MATRIX]).not.toEqual(plain.values[MATRIX])
  const adamw = (decay: number) => references.adamw({ rate: RATE, decay })
  expectClose(penalized.values[VECTOR], byHand(adamw, VECTOR, { weightDecay: 0, l1: 0.3 }, true))
  // A penalty that dwarfs the gradient: the direction is that of the signs.
  const l1 = 1e6
  const { values } = await updated({ optimizer: muon, weightDecay: 0, l1 })
  const signs = (start[MATRIX] as number[]).map(Math.sign)
  const moved = (values[MATRIX] as number[]).map((p, i) => (start[MATRIX]?.[i] as number) - p)
  expect(moved.reduce((sum, x, i) => sum + x * (signs[i] as number), 0)).toBeGreaterThan(0)
})

describe('at the ends of their ranges', () => {
  const plain = { optimizer: OPTIMIZERS.sgd.create({}), weightDecay: 0 }
  const sgd = () => references.sgd({ rate: RATE, decay: 0 })

  test('an average that decays at once is the parameters themselves', async () => {
    const { values, average } = await updated({ ...plain, average: 0 })
    expectClose(average[MATRIX], values[MATRIX] as number[])
  })

  test.each(['norm', 'value', 'adaptive'] as const)(
    'a limit of %s too high to bind changes nothing',
    async (by) => {
      const { values } = await updated({ ...plain, clip: { by, limit: 3e38 } })
      expectClose(values[MATRIX], byHand(sgd, MATRIX, plain, true))
    },
  )

  test.each(['norm', 'value', 'adaptive'] as const)(
    'the lowest limit of %s all but stops the parameters',
    async (by) => {
      const { values } = await updated({ ...plain, clip: { by, limit: 1.2e-38 } })
      expectClose(values[MATRIX], start[MATRIX] as number[])
    },
  )
})
