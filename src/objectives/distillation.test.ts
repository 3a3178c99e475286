import { describe, expect, test } from 'vitest'
import { checkGradient } from '../../test/interpreter/check-gradient.ts'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { floats } from '../../test/interpreter/values.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { constant, type Tensor } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { gpt2Config } from '../models/decoder-config.ts'
import { Random } from '../random.ts'
import {
  distillationObjective,
  hiddenDistance,
  meanOverTokens,
  teacherDivergence,
  teacherValues,
} from './distillation.ts'
import { languageModelObjective } from './language-model.ts'

const random = new Random(3)
const numbers = (count: number) => Array.from({ length: count }, () => 4 * random.uniform() - 2)
const rowsOf = (values: ArrayLike<number>, size: number): number[][] =>
  Array.from({ length: values.length / size }, (_, i) =>
    Array.from(values).slice(i * size, (i + 1) * size),
  )
const value = (tensor: Tensor, feeds: Feeds = {}): number[] =>
  Array.from(evaluate([tensor], feeds)[0]?.data ?? [])

/** The slow twin: probabilities, and sums over them as the formulas have them. */
const probabilities = (logits: readonly number[], temperature: number): number[] => {
  const weights = logits.map((x) => Math.exp(x / temperature))
  const total = weights.reduce((a, b) => a + b)
  return weights.map((x) => x / total)
}
const divergence = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, x, i) => sum + (x === 0 ? 0 : x * Math.log(x / (q[i] as number))), 0)
/** A distribution in which all classes but `ids` are one. */
const coarse = (p: readonly number[], ids: readonly number[]): number[] => {
  const known = ids.map((id) => p[id] as number)
  return [...known, 1 - known.reduce((a, b) => a + b)]
}

const [N, V] = [3, 5]
const [studentLogits, teacherLogits, otherLogits] = [numbers(N * V), numbers(N * V), numbers(N * V)]
const T = 2.5
const tensor = (values: readonly number[], shape = [N, V]) => constant(values, shape)
/** The k likeliest classes of each row, in falling order. */
const likeliest = (k: number): number[][] =>
  rowsOf(teacherLogits, V).map((row) =>
    [...row.keys()].sort((a, b) => (row[b] as number) - (row[a] as number)).slice(0, k),
  )
const keptOutputs = (k: number) => {
  const ids = likeliest(k)
  const values = rowsOf(teacherLogits, V).flatMap((row, i) => {
    const p = probabilities(row, T)
    return (ids[i] as number[]).map((id) => Math.log(p[id] as number))
  })
  return { values: tensor(values, [N, k]), ids: constant(ids.flat(), [N, k], 'int32') }
}

describe.each(['forward', 'reverse'] as const)('the %s divergence', (direction) => {
  const options = { temperature: T, divergence: direction }
  const expected = (of: (p: number[], row: number) => number[]) =>
    rowsOf(teacherLogits, V).map((row, i) => {
      const p = of(probabilities(row, T), i)
      const q = of(probabilities(rowsOf(studentLogits, V)[i] as number[], T), i)
      return direction === 'forward' ? divergence(p, q) : divergence(q, p)
    })
  const close = (found: number[], right: number[], digits: number) => {
    expect(found).toHaveLength(N)
    for (const [i, x] of found.entries()) expect(x).toBeCloseTo(right[i] as number, digits)
  }

  test('is that of whole distributions', () => {
    const values = teacherValues([tensor(teacherLogits)], { temperature: T, numbers: false })
    close(
      value(teacherDivergence(tensor(studentLogits), { values }, options)),
      expected((p) => p),
      10,
    )
  })

  test('of k classes counts all others as one; with k = V it is the whole', () => {
    const of = (k: number) =>
      value(teacherDivergence(tensor(studentLogits), keptOutputs(k), options))
    close(
      of(V),
      expected((p) => p),
      10,
    )
    // What keeps logarithms finite is a millionth.
    for (const k of [1, 2, 4]) {
      close(
        of(k),
        expected((p, i) => coarse(p, likeliest(k)[i] as number[])),
        4,
      )
      for (const [i, x] of of(k).entries()) expect(x).toBeLessThan((of(V)[i] as number) + 1e-6)
    }
  })

  test.each([2, V])('differentiates right, of %i classes', (k) => {
    checkGradient(({ logits }) => teacherDivergence(logits as Tensor, keptOutputs(k), options), {
      logits: floats([N, V]),
    })
  })

  test('is finite where a teacher is certain, or a student wrong', () => {
    const certain = { values: tensor([0, 0, 0], [N, 1]), ids: constant([0, 1, 2], [N, 1], 'int32') }
    const wrong = tensor(
      rowsOf(studentLogits, V).flatMap((row, i) => row.map((_, j) => (j === i ? -80 : 0))),
    )
    for (const x of value(teacherDivergence(wrong, certain, { ...options, temperature: 1 })))
      expect(x).toBeGreaterThan(5)
  })
})

test('several teachers are the mean of what they say', () => {
  const all = [tensor(teacherLogits), tensor(otherLogits)]
  const found = value(teacherValues(all, { temperature: T, numbers: false }))
  const right = rowsOf(teacherLogits, V).flatMap((row, i) => {
    const other = probabilities(rowsOf(otherLogits, V)[i] as number[], T)
    return probabilities(row, T).map((p, j) => Math.log((p + (other[j] as number)) / 2))
  })
  for (const [i, x] of found.entries()) expect(x).toBeCloseTo(right[i] as number, 10)
  const means = value(
    teacherValues([tensor([1, 2, 3], [3, 1]), tensor([3, 2, 5], [3, 1])], {
      temperature: T,
      numbers: true,
    }),
  )
  expect(means).toEqual([2, 2, 4])
})

describe('distillation of a language model', () => {
  const config = gpt2Config({ vocabSize: 11, context: 4, layers: 1, dim: 8, heads: 2 })
  const model = new Decoder(config)
  const targets = [1, 4, 1, -100, 2, 6, 5, -100]
  const teacher = numbers(8 * 11)
  const feeds: Feeds = {
    ...Object.fromEntries(
      Object.entries(tinyWeights(model)).map(([name, values]) => [
        name,
        { shape: model.parameters().get(name)?.shape ?? [], values },
      ]),
    ),
    ids: { shape: [2, 4], values: [3, 1, 4, 1, 5, 9, 2, 6] },
    targets: { shape: [2, 4], values: targets },
    weight: { shape: [], values: [1 / 6] },
  }
  const student = languageModelObjective(model, { rows: 2, length: 4 })
  const values = teacherValues([constant(teacher, [8, 11])], { temperature: T, numbers: false })

  test('mixes labels and teacher, times T^2, over the targets that count', () => {
    const logits = rowsOf(value((student.outputs as () => Tensor)(), feeds), 11)
    const counted = targets.flatMap((target, i) => (target < 0 ? [] : [{ target, i }]))
    const mean = (of: (one: { target: number; i: number }) => number) =>
      counted.reduce((sum, one) => sum + of(one), 0) / counted.length
    const labels = mean(
      ({ target, i }) => -Math.log(probabilities(logits[i] as number[], 1)[target] as number),
    )
    const taught = mean(({ i }) =>
      divergence(
        probabilities(rowsOf(teacher, 11)[i] as number[], T),
        probabilities(logits[i] as number[], T),
      ),
    )
    for (const labelWeight of [0, 0.3, 1]) {
      const { loss, metrics } = distillationObjective(
        student,
        { values },
        { labelWeight, temperature: T, divergence: 'forward' },
      )
      expect(value(loss, feeds)[0]).toBeCloseTo(
        labelWeight * labels + (1 - labelWeight) * T * T * taught,
        10,
      )
      expect(value(metrics.labelLoss as Tensor, feeds)[0]).toBeCloseTo(labels, 10)
      if (labelWeight < 1)
        expect(value(metrics.teacherLoss as Tensor, feeds)[0]).toBeCloseTo(T * T * taught, 10)
    }
  })

  test('means over tokens weigh each row as its targets do', () => {
    const distances = [1, 2, 3, 40, 5, 6, 7, 80]
    const mask = [1, 1, 1, 0, 1, 0, 0, 0]
    const found = meanOverTokens(constant(distances, [8]), constant(mask, [2, 4]), {
      student,
      rows: 2,
    })
    // Three of the six targets are each row's.
    expect(value(found, feeds)[0]).toBeCloseTo((3 * 2 + 3 * 5) / 6, 12)
  })
})

test('hidden states differ by their directions, or by the mean of squares', () => {
  const [a, b] = [numbers(2 * 4), numbers(2 * 4)]
  const [cosines, squares] = (['cosine', 'mse'] as const).map((kind) =>
    value(hiddenDistance(constant(a, [2, 4]), constant(b, [2, 4]), kind)),
  ) as [number[], number[]]
  for (const [i, x] of rowsOf(a, 4).entries()) {
    const y = rowsOf(b, 4)[i] as number[]
    const dot = (u: number[], v: number[]) => u.reduce((sum, x, j) => sum + x * (v[j] as number), 0)
    expect(cosines[i]).toBeCloseTo(1 - dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)), 10)
    expect(squares[i]).toBeCloseTo(dot(x, x) / 4 + dot(y, y) / 4 - dot(x, y) / 2, 10)
  }
  for (const kind of ['cosine', 'mse'] as const)
    checkGradient(({ x }) => hiddenDistance(x as Tensor, constant(b, [2, 4]), kind), {
      x: floats([2, 4]),
    })
})
