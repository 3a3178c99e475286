import { describe, expect, test } from 'vitest'
import { evaluate } from '../../../test/interpreter/evaluate.ts'
import { floatsOf, integers, joined, type OnnxValue, openOnnx } from '../../../test/run-onnx.ts'
import { tinyWeights } from '../../../test/tiny-decoder.ts'
import { tinyEncoderDecoders } from '../../../test/tiny-models.ts'
import { constant, input, type Tensor } from '../../graph/index.ts'
import { EncoderDecoder } from '../../models/encoder-decoder.ts'
import { sourceGraph, writerGraph } from './encoder-decoder-graphs.ts'
import { onnxFile } from './onnx-file.ts'

const SOURCES = [
  [5, 44, 2, 17, 8, 1],
  [30, 3, 1],
]
const WRITTEN = [0, 12, 50, 7, 7, 23]

describe.each(Object.entries(tinyEncoderDecoders))('%s', async (_, config) => {
  const model = new EncoderDecoder(config)
  const values = tinyWeights(model)
  const weights = Object.fromEntries(
    [...model.parameters()].map(([name, { shape }]) => {
      return [name, { shape, data: values[name] as Float32Array }] as const
    }),
  )
  const open = (outputs: Record<string, Tensor>) => {
    const { files } = onnxFile({ name: 'model.onnx', outputs, weights, limit: 2e9 })
    return openOnnx(joined(files['model.onnx']))
  }
  const mask = integers(SOURCES.map((ids) => [1, 1, 1, 1, 1, 1].map((_, i) => +(i < ids.length))))

  /** Logits (T, V) after what is written for one source, by itself and in float64. */
  const expected = (source: readonly number[]): number[] => {
    const read = input('source', 'int32', [1, source.length])
    const encoded = model.encode(read, { mask: constant(1, [1, source.length]) })
    const ids = input('ids', 'int32', [1, WRITTEN.length])
    const feeds = Object.entries(weights).map(([name, { shape, data }]) => {
      return [name, { shape, values: data }] as const
    })
    const [logits] = evaluate([model.logits(model.hidden(ids, { source: encoded }))], {
      ...Object.fromEntries(feeds),
      source: { shape: [1, source.length], values: source },
      ids: { shape: [1, WRITTEN.length], values: WRITTEN },
    })
    return [...(logits?.data ?? [])]
  }
  const encode = async (): Promise<Record<string, OnnxValue>> => {
    const encoder = await open(sourceGraph(model))
    const ids = integers(SOURCES.map((row) => [...row, 0, 0, 0].slice(0, 6)))
    const { last_hidden_state: hidden } = await encoder.run({
      input_ids: ids,
      attention_mask: mask,
    })
    return { encoder_hidden_states: hidden as OnnxValue, encoder_attention_mask: mask }
  }
  const expectClose = (found: Iterable<number | bigint>, wanted: readonly number[]) => {
    const apart = Array.from(found, (x, i) => Math.abs(Number(x) - (wanted[i] ?? Number.NaN)))
    expect(apart.length).toBe(wanted.length)
    expect(Math.max(...apart)).toBeLessThan(1e-4)
  }

  test('steps with the cache give the logits of the whole text', async () => {
    const source = await encode()
    const decoder = await open(writerGraph(model, { cache: true }))
    const { layers, kvHeads, headDim, vocabSize } = config.decoder
    let past: Record<string, OnnxValue> = {}
    for (let i = 0; i < layers; i++)
      for (const part of ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'])
        past[`past_key_values.${i}.${part}`] = floatsOf([2, kvHeads, 0, headDim])
    const found: (number | bigint)[][] = [[], []]
    for (const step of [WRITTEN.slice(0, 2), [50], [7], [7], [23]]) {
      const { logits, ...present } = await decoder.run({
        ...source,
        ...past,
        input_ids: integers([step, step]),
      })
      const each = step.length * vocabSize
      for (const [i, row] of found.entries())
        row.push(...(logits?.data.slice(i * each, (i + 1) * each) ?? []))
      const next = Object.entries(present).map(([name, value]) => {
        return [name.replace('present', 'past_key_values'), value] as const
      })
      past = Object.fromEntries(next)
      expect(past['past_key_values.0.encoder.key']?.shape).toEqual([2, kvHeads, 6, headDim])
    }
    for (const [i, source] of SOURCES.entries()) expectClose(found[i] ?? [], expected(source))
  })

  test('without a cache it writes on from the whole text', async () => {
    const source = await encode()
    const decoder = await open(writerGraph(model, { cache: false }))
    const { logits } = await decoder.run({ ...source, input_ids: integers([WRITTEN, WRITTEN]) })
    expectClose(logits?.data ?? [], SOURCES.flatMap(expected))
  })
})
