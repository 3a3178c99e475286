import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../../test/tiny-decoder.ts'
import { Decoder } from '../../models/decoder.ts'
import type { DeviceTensor, Engine } from '../../runtime/engine.ts'
import { openEngine } from '../../runtime/open.ts'
import { type Likelihood, LikelihoodProgram } from './likelihood-program.ts'
import { packRow, type Row, rowsOf, type Sequence } from './pack-row.ts'
import { type ScoreOptions, scoreGroups } from './score-groups.ts'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine({ engine: 'cpu', threads: 2 })
})
afterAll(() => engine.dispose())

/** A model's program, and its weights for the slow twin. */
async function withProgram<T>(
  name: string,
  use: (program: LikelihoodProgram, weights: Readonly<Record<string, Float32Array>>) => Promise<T>,
): Promise<T> {
  const model = new Decoder(tinyConfigs[name] as (typeof tinyConfigs)[string])
  const weights = tinyWeights(model)
  const live: Record<string, DeviceTensor> = {}
  for (const [name, { shape }] of model.parameters()) {
    live[name] = engine.tensor('float32', shape)
    live[name].write(weights[name] as Float32Array)
  }
  const program = await LikelihoodProgram.create(engine, model, { live })
  try {
    return await use(program, weights)
  } finally {
    program.dispose()
    for (const tensor of Object.values(live)) tensor.dispose()
  }
}

async function score(
  program: LikelihoodProgram,
  groups: readonly (readonly Sequence[])[],
  options: ScoreOptions = {},
): Promise<Likelihood[][]> {
  const results: Likelihood[][] = []
  const asked = groups.map((group) => () => group)
  for await (const { index, likelihoods } of scoreGroups(program, asked, options)) {
    expect(results[index]).toBeUndefined()
    results[index] = likelihoods
  }
  return results
}

/** A token at a time, from all logits. */
async function slowly(
  program: LikelihoodProgram,
  weights: Readonly<Record<string, Float32Array>>,
  { ids, from }: Sequence,
): Promise<Likelihood> {
  const all = await uncachedLogits(engine, program.model, weights, ids)
  let [logProbability, isGreedy] = [0, true]
  for (let i = from; i < ids.length; i++) {
    const logits = [...(all[i - 1] as Float32Array)]
    const target = logits[ids[i] as number] as number
    const top = Math.max(...logits)
    logProbability += target - top - Math.log(logits.reduce((a, x) => a + Math.exp(x - top), 0))
    isGreedy &&= target === top
  }
  return { logProbability, isGreedy, tokens: ids.length - from }
}

const beginning = [5, 9, 2, 40, 11, 3, 17, 8]
/** A group whose sequences share `beginning`, others that share less, or nothing. */
const groups: Sequence[][] = [
  [[7], [7, 1, 30], [12, 4], [7, 1]].map((end) => ({ ids: [...beginning, ...end], from: 8 })),
  [
    { ids: [1, 2, 3], from: 1 },
    { ids: [1, 2, 4, 6], from: 1 },
  ],
  [
    { ids: [4, 5, 6], from: 2 },
    { ids: [9, 5, 6], from: 2 },
  ],
  [{ ids: [...beginning, ...beginning, 1, 1, 1, 1, 1], from: 10 }],
]

describe('choices in one row have the likelihoods of passes of their own', () => {
  /** Positions of every kind, windows, experts, and keys that heads share. */
  const names = ['GPT-2', 'Llama', 'Gemma 3', 'Mixtral', 'ALiBi and sinks', 'position buckets']
  test.each(names)('%s', (name) =>
    withProgram(name, async (program, weights) => {
      const packed = await score(program, groups)
      const separate = await score(program, groups, { packed: false })
      expect(packed.map((group) => group.length)).toEqual([4, 2, 2, 1])
      for (const [i, group] of groups.entries())
        for (const [j, sequence] of group.entries()) {
          const [a, b] = [packed, separate].map((one) => one[i]?.[j]) as [Likelihood, Likelihood]
          expect(a.logProbability).toBeCloseTo(b.logProbability, 4)
          expect(a.isGreedy).toBe(b.isGreedy)
          if (i > 0 && i < 3) continue
          const right = await slowly(program, weights, sequence)
          expect(a.logProbability).toBeCloseTo(right.logProbability, 3)
          expect(a.isGreedy).toBe(right.isGreedy)
        }
    }),
  )
})

test('a row holds what is shared once, and the last tokens not at all', () => {
  const [first = []] = groups
  const row = packRow(first)
  expect(row.ids).toEqual([...beginning, 7, 1, 12, 7])
  expect(row.positions).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 8])
  expect(row.branches).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 3, 4])
  expect(row.counts).toEqual([1, 3, 2, 2])
  expect(row.targets.map(({ after }) => after)).toEqual([7, 7, 8, 9, 7, 10, 7, 11])
  expect(rowsOf(first)).toHaveLength(1)
  expect(rowsOf(first, { packed: false })).toHaveLength(4)
  // Too little is shared.
  expect(rowsOf(groups[2] as Sequence[])).toHaveLength(2)
})

test('a token is greedy only if no other is as likely', () =>
  withProgram('GPT-2', async (program, weights) => {
    const logits = (await uncachedLogits(engine, program.model, weights, [3, 1]))[1] as Float32Array
    const best = logits.indexOf(Math.max(...logits))
    const [[greedy], [other]] = (await score(program, [
      [{ ids: [3, 1, best], from: 2 }],
      [{ ids: [3, 1, (best + 1) % 61], from: 2 }],
    ])) as [Likelihood[], Likelihood[]]
    expect(greedy?.isGreedy).toBe(true)
    expect(other?.isGreedy).toBe(false)
  }))

test('a choice of no tokens is never likely, nor is a row asked twice run twice', () =>
  withProgram('GPT-2', async (program) => {
    let rows = 0
    const counting = Object.create(program, {
      run: {
        value: (some: readonly Row[], options: object) => {
          rows += some.length
          return program.run(some, options)
        },
      },
    }) as LikelihoodProgram
    const known = new Map<string, Likelihood[]>()
    const once = await score(counting, groups, { known })
    expect(rows).toBe(1 + 1 + 2 + 1)
    const twice = await score(counting, [...groups, ...groups], { known })
    expect(rows).toBe(5)
    expect(twice).toEqual([...once, ...once])
    const empty = await score(counting, [[{ ids: [3, 1], from: 2 }]])
    expect(empty).toEqual([
      [{ logProbability: Number.NEGATIVE_INFINITY, isGreedy: false, tokens: 0 }],
    ])
  }))

test('an abort ends it', () =>
  withProgram('GPT-2', async (program) => {
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(score(program, groups, { signal })).rejects.toThrow('stop')
  }))
