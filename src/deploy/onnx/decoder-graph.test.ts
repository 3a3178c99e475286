import { afterAll, describe, expect, test } from 'vitest'
import { floatsOf, integers, joined, type OnnxValue, openOnnx } from '../../../test/run-onnx.ts'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../../test/tiny-decoder.ts'
import { Decoder } from '../../models/decoder.ts'
import { openEngine } from '../../runtime/open.ts'
import { decoderGraph } from './decoder-graph.ts'
import { onnxFile } from './onnx-file.ts'

const engine = await openEngine({ engine: 'cpu', threads: 1 })
afterAll(() => engine.dispose())

const LIMIT = 2e9
const TEXT = [7, 3, 60, 0, 12, 12, 5, 33, 41, 2, 19]

describe.each(Object.entries(tinyConfigs))('%s', async (_, config) => {
  const decoder = new Decoder(config)
  const values = tinyWeights(decoder)
  const weights = Object.fromEntries(
    [...decoder.parameters()].map(([name, { shape }]) => {
      return [name, { shape, data: values[name] as Float32Array }] as const
    }),
  )
  const open = async (cache: boolean, keepLogits = false) => {
    const outputs = decoderGraph(decoder, { cache, keepLogits })
    const { files } = onnxFile({ name: 'model.onnx', outputs, weights, limit: LIMIT })
    return openOnnx(joined(files['model.onnx']))
  }
  const expected = (ids: readonly number[]) => uncachedLogits(engine, decoder, values, ids)

  /** Runs `steps` of a batch, each after those before. `ones`: the mask of all tokens. */
  async function inSteps(steps: readonly number[][][], ones: readonly (readonly number[])[]) {
    const model = await open(true)
    const { kvHeads, headDim, layers } = config
    let past: Record<string, OnnxValue> = {}
    for (let i = 0; i < layers; i++)
      for (const part of ['key', 'value'])
        past[`past_key_values.${i}.${part}`] = floatsOf([ones.length, kvHeads, 0, headDim])
    const logits: OnnxValue[] = []
    let seen = 0
    for (const step of steps) {
      seen += step[0]?.length ?? 0
      const mask = integers(ones.map((row) => row.slice(0, seen)))
      const { logits: made, ...present } = await model.run({
        ...past,
        input_ids: integers(step),
        attention_mask: mask,
      })
      logits.push(made as OnnxValue)
      past = Object.fromEntries(
        Object.entries(present).map(([name, t]) => [name.replace('present', 'past_key_values'), t]),
      )
    }
    return logits
  }

  test('steps with the cache give the logits of the whole text', async () => {
    const [first, ...rest] = await inSteps(
      [[TEXT.slice(0, 6)], ...TEXT.slice(6).map((id) => [[id]])],
      [TEXT.map(() => 1)],
    )
    const found = [...(first?.data ?? []), ...rest.flatMap(({ data }) => [...data])]
    expectClose(
      found,
      (await expected(TEXT)).flatMap((row) => [...row]),
    )
  })

  test('padding before a text changes nothing', async () => {
    const short = TEXT.slice(4)
    const rows = [TEXT, [9, 9, 9, 9, ...short]]
    const mask = [TEXT.map(() => 1), TEXT.map((_, i) => Number(i >= 4))]
    const steps = [rows.map((row) => row.slice(0, 8)), rows.map((row) => row.slice(8))]
    const [first, last] = await inSteps(steps, mask)
    const size = config.vocabSize
    const [long, padded] = [await expected(TEXT), await expected(short)]
    const row = (value: OnnxValue | undefined, place: number) =>
      [...(value?.data ?? [])].slice(place * size, (place + 1) * size)
    expectClose(row(first, 7), long[7])
    expectClose(row(first, 8 + 7), padded[3])
    expectClose(row(last, 2), long[10])
    expectClose(row(last, 3 + 2), padded[6])
  })

  test('without a cache it reads the whole text', async () => {
    const model = await open(false)
    expect(model.inputs).toEqual(['input_ids', 'attention_mask'])
    const whole = { input_ids: integers([TEXT]), attention_mask: integers([TEXT.map(() => 1)]) }
    const { logits } = await model.run(whole)
    expect(logits?.shape).toEqual([1, TEXT.length, config.vocabSize])
    expectClose(
      [...(logits?.data ?? [])],
      (await expected(TEXT)).flatMap((row) => [...row]),
    )
  })

  test('only the last logits are computed where so many are asked for', async () => {
    const model = await open(false, true)
    const whole = { input_ids: integers([TEXT]), attention_mask: integers([TEXT.map(() => 1)]) }
    const wanted = await expected(TEXT)
    for (const count of [0, 1, 3]) {
      const num_logits_to_keep = { shape: [], data: BigInt64Array.of(BigInt(count)) }
      const { logits } = await model.run({ ...whole, num_logits_to_keep })
      const kept = wanted.slice(count === 0 ? 0 : -count)
      expectClose(
        logits?.data ?? [],
        kept.flatMap((row) => [...row]),
      )
    }
  })
})

function expectClose(found: ArrayLike<number | bigint>, expected: ArrayLike<number> | undefined) {
  expect(found.length).toBe(expected?.length)
  const apart = Array.from(found, (x, i) => Math.abs(Number(x) - (expected?.[i] ?? Number.NaN)))
  expect(Math.max(...apart)).toBeLessThan(1e-4)
}
