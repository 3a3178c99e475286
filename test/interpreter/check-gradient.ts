import { grad } from '../../src/graph/grad.ts'
import { sum } from '../../src/graph/ops/broadcast.ts'
import { add, mul } from '../../src/graph/ops/elementwise.ts'
import { constant, input } from '../../src/graph/ops/leaf.ts'
import { at, type Tensor } from '../../src/graph/tensor.ts'
import { evaluate, type Feeds } from './evaluate.ts'
import { inputsOf, randomNumbers, type Value } from './values.ts'

export type Build = (inputs: Record<string, Tensor>) => Tensor | readonly Tensor[]

export interface GradientGraph {
  outputs: Tensor[]
  /** A weighted sum of all float outputs. */
  loss: Tensor
  /** Derivatives of `loss` with respect to the float inputs, by name. */
  gradients: Record<string, Tensor>
  /** Values of all inputs: those of the case, and the weights of the sum. */
  feeds: Feeds
}

const STEP = 1e-5
const TOLERANCE = 1e-6

/** The graph of a case: its outputs, their weighted sum, and its derivatives. */
export function gradientGraph(
  build: Build,
  values: Readonly<Record<string, Value>>,
  by?: readonly string[],
): GradientGraph & { inputs: Record<string, Tensor> } {
  const inputs = inputsOf(values)
  const outputs = [build(inputs)].flat()
  const weighted = weightedSum(outputs, values, 'seed')
  const gradients = gradientsOf(weighted.loss, inputs, by)
  return { outputs, gradients, inputs, ...weighted }
}

function gradientsOf(
  loss: Tensor,
  inputs: Record<string, Tensor>,
  by: readonly string[] = Object.keys(inputs),
): Record<string, Tensor> {
  const names = by.filter((name) => inputs[name]?.dtype === 'float32')
  const found = grad(
    loss,
    names.map((name) => inputs[name] as Tensor),
  )
  return Object.fromEntries(names.map((name, i) => [name, at(found, i)]))
}

/** The sum of all elements, each times a number of its own, so that no error cancels another. */
function weightedSum(
  outputs: readonly Tensor[],
  feeds: Feeds,
  name: string,
): { loss: Tensor; feeds: Feeds } {
  const next = randomNumbers(7)
  const floats = outputs.filter((t) => t.dtype === 'float32')
  const seeds = evaluate(floats, feeds).map(({ shape, data }, i) => {
    const values = Array.from(data, () => Math.fround(next() + 0.5))
    return [`${name}${i}`, { shape, values }] as const
  })
  const terms = floats.map((t, i) => sum(mul(t, input(`${name}${i}`, 'float32', t.shape))))
  return {
    loss: terms.reduce((a, b) => add(a, b), constant(0)),
    feeds: { ...feeds, ...Object.fromEntries(seeds) },
  }
}

/**
 * Compares the derivatives that `grad` states with central differences of the same graph in
 * float64, to 1e-6; with `order` 2 also the derivatives of the derivatives.
 */
export function checkGradient(
  build: Build,
  values: Readonly<Record<string, Value>>,
  { order = 1, by }: { order?: 1 | 2; by?: readonly string[] | undefined } = {},
): void {
  const first = gradientGraph(build, values, by)
  compare(first.loss, first.gradients, first.feeds, 'derivative')
  if (order === 1) return
  const second = weightedSum(Object.values(first.gradients), first.feeds, 'second')
  const gradients = gradientsOf(second.loss, first.inputs, by)
  compare(second.loss, gradients, second.feeds, 'second derivative')
}

function compare(
  loss: Tensor,
  gradients: Readonly<Record<string, Tensor>>,
  feeds: Feeds,
  what: string,
): void {
  const stated = evaluate(Object.values(gradients), feeds)
  for (const [k, name] of Object.keys(gradients).entries()) {
    const { shape, values } = feeds[name] as Feeds[string]
    for (let i = 0; i < values.length; i++) {
      const lossAt = (x: number) => {
        const moved = Float64Array.from(values)
        moved[i] = x
        return at(evaluate([loss], { ...feeds, [name]: { shape, values: moved } }), 0).data[0] ?? 0
      }
      const x = values[i] as number
      const step = STEP * Math.max(1, Math.abs(x))
      const measured = (lossAt(x + step) - lossAt(x - step)) / (2 * step)
      const derived = at(stated, k).data[i] as number
      if (!(Math.abs(derived - measured) <= TOLERANCE * Math.max(1, Math.abs(measured))))
        throw new Error(`${what} by ${name}[${i}]: derived ${derived}, measured ${measured}`)
    }
  }
}
