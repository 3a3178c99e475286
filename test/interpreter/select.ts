import { add, along, array, build, get, indices, type NdArray, withAxis } from './array.ts'
import type { Evaluate } from './evaluate.ts'

const gather: Evaluate = ([first, second]) => {
  const [table, chosen] = [first as NdArray, second as NdArray]
  const rank = chosen.shape.length
  return build([...chosen.shape, ...table.shape.slice(1)], (index) =>
    get(table, [get(chosen, index.slice(0, rank)), ...index.slice(rank)]),
  )
}

const gatherElements: Evaluate = ([first, second], { attrs }) => {
  const [x, chosen] = [first as NdArray, second as NdArray]
  const { axis } = attrs as { axis: number }
  return build(chosen.shape, (index) => get(x, withAxis(index, axis, get(chosen, index))))
}

const scatterElements: Evaluate = ([base, chosen, updates], { attrs }) => {
  const { axis } = attrs as { axis: number }
  const result = array((base as NdArray).shape, (base as NdArray).data)
  for (const index of indices((updates as NdArray).shape))
    add(
      result,
      withAxis(index, axis, get(chosen as NdArray, index)),
      get(updates as NdArray, index),
    )
  return result
}

/** Falling; of equal values the first comes first. */
const topK: Evaluate = ([input], { attrs }) => {
  const x = input as NdArray
  const { k } = attrs as { k: number }
  const last = x.shape.length - 1
  const ranked = (index: readonly number[]) => {
    const values = along(x, index, last)
    const order = values.map((_, i) => i).sort((i, j) => (values[j] ?? 0) - (values[i] ?? 0))
    const place = order[index[last] as number] as number
    return { place, value: values[place] as number }
  }
  const shape = [...x.shape.slice(0, -1), k]
  return [
    build(shape, (index) => ranked(index).value),
    build(shape, (index) => ranked(index).place),
  ]
}

const nonZero: Evaluate = ([input], { attrs }, { define }) => {
  const chosen = [...(input as NdArray).data].flatMap((x, i) => (x ? [i] : []))
  define((attrs as { name: string }).name, chosen.length)
  return array([chosen.length], chosen)
}

export const select: Record<string, Evaluate> = {
  gather,
  gatherElements,
  scatterElements,
  topK,
  nonZero,
}
