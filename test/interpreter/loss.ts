import { along, build, get, getBroadcast, indices, type NdArray, sumOf } from './array.ts'
import type { Evaluate } from './evaluate.ts'

/** Result[i, j]: the sum of `term` over k. */
const contract = (
  [rows, columns, inner]: [number, number, number],
  term: (i: number, j: number, k: number) => number,
): NdArray =>
  build([rows, columns], (index) => {
    const [i, j] = index as [number, number]
    return sumOf(Array.from({ length: inner }, (_, k) => term(i, j, k)))
  })

/** Weighted sum, losses of rows, gradients of x and of the output's weight. */
const linearCrossEntropy: Evaluate = (inputs, { attrs }) => {
  const [x, weight, targets, weights] = inputs as [NdArray, NdArray, NdArray, NdArray]
  const bias = inputs[4]
  const { labelSmoothing, softcap } = attrs as { labelSmoothing: number; softcap: number }
  const [rows, width] = x.shape as [number, number]
  const classes = weight.shape[0] as number
  const products = contract(
    [rows, classes, width],
    (n, v, c) => get(x, [n, c]) * get(weight, [v, c]),
  )
  const biased = build([rows, classes], (index) => {
    return get(products, index) + (bias ? get(bias, index.slice(1)) : 0)
  })
  const bounded = (z: number) => (softcap > 0 ? softcap * Math.tanh(z / softcap) : z)
  const logits = build([rows, classes], (index) => bounded(get(biased, index)))
  const total = (n: number) => sumOf(along(logits, [n, 0], 1).map(Math.exp))
  const counted = (n: number) => Number(get(targets, [n]) >= 0)
  const share = (n: number, v: number) =>
    labelSmoothing / classes + (v === get(targets, [n]) ? 1 - labelSmoothing : 0)
  const losses = build([rows], (index) => {
    const n = index[0] as number
    const terms = along(logits, [n, 0], 1).map((z, v) => share(n, v) * (Math.log(total(n)) - z))
    return counted(n) * sumOf(terms)
  })
  const loss = build([], () =>
    sumOf([...indices([rows])].map((n) => get(losses, n) * getBroadcast(weights, n))),
  )
  const slopes = build([rows, classes], (index) => {
    const [n, v] = index as [number, number]
    const probability = Math.exp(get(logits, index)) / total(n)
    const slope = softcap > 0 ? 1 - Math.tanh(get(biased, index) / softcap) ** 2 : 1
    return counted(n) * getBroadcast(weights, [n]) * (probability - share(n, v)) * slope
  })
  const dx = contract(
    [rows, width, classes],
    (n, c, v) => get(slopes, [n, v]) * get(weight, [v, c]),
  )
  const dWeight = contract(
    [classes, width, rows],
    (v, c, n) => get(slopes, [n, v]) * get(x, [n, c]),
  )
  if (!bias) return [loss, losses, dx, dWeight]
  const dBias = build([classes], ([v]) =>
    sumOf(Array.from({ length: rows }, (_, n) => get(slopes, [n, v as number]))),
  )
  return [loss, losses, dx, dWeight, dBias]
}

export const loss: Record<string, Evaluate> = { linearCrossEntropy }
