import { describe, expect, test } from 'vitest'
import { evaluate } from '../../../test/interpreter/evaluate.ts'
import { integers, joined, openOnnx } from '../../../test/run-onnx.ts'
import { tinyWeights } from '../../../test/tiny-decoder.ts'
import { tinyEncoders } from '../../../test/tiny-models.ts'
import { constant, input, type Tensor } from '../../graph/index.ts'
import { Encoder } from '../../models/encoder.ts'
import { headOf, pool } from '../../models/head.ts'
import { encoderGraph } from './encoder-graph.ts'
import { onnxFile } from './onnx-file.ts'

const TEXTS = [
  [2, 7, 60, 5, 5, 31, 3],
  [2, 9, 3],
]
const LENGTH = 7
const PAD = 9

describe.each(Object.entries(tinyEncoders))('%s', async (_, config) => {
  const encoder = new Encoder(config)
  const values = tinyWeights(encoder)
  const weights = Object.fromEntries(
    [...encoder.parameters()].map(([name, { shape }]) => {
      return [name, { shape, data: values[name] as Float32Array }] as const
    }),
  )
  const typed = config.tokenTypes > 1
  const typesOf = (ids: readonly number[]) => ids.map((_, i) => Number(typed && i > 1))

  /** What the head says of one text, by itself and in float64. */
  const expected = (ids: readonly number[]): ArrayLike<number> => {
    const shape = [1, ids.length]
    const types = typed ? constant(typesOf(ids), shape, 'int32') : undefined
    const hidden = encoder.hidden(input('ids', 'int32', shape), { types })
    const feeds = Object.entries(weights).map(([name, { shape, data }]) => {
      return [name, { shape, values: data }] as const
    })
    const given = { ...Object.fromEntries(feeds), ids: { shape, values: ids } }
    return evaluate([outputOf(hidden, ids.length)], given)[0]?.data ?? []
  }
  const outputOf = (hidden: Tensor, length: number): Tensor => {
    const { head, task, pooling } = headOf(encoder)
    if (task === 'embed') return hidden
    if (task === 'mlm') return head.forward(hidden, { embedding: encoder.embedding })
    if (task === 'tag') return head.forward(hidden)
    return head.forward(pool(hidden, constant(1, [1, length]), pooling))
  }

  test('texts of a batch, one of them padded, give what each gives alone', async () => {
    const { files } = onnxFile({
      name: 'model.onnx',
      outputs: encoderGraph(encoder),
      weights,
      limit: 2e9,
    })
    const model = await openOnnx(joined(files['model.onnx']))
    const padded = (row: readonly number[], by: number) => [
      ...row,
      ...Array.from({ length: LENGTH - row.length }, () => by),
    ]
    const results = await model.run({
      input_ids: integers(TEXTS.map((ids) => padded(ids, PAD))),
      attention_mask: integers(
        TEXTS.map((ids) =>
          padded(
            ids.map(() => 1),
            0,
          ),
        ),
      ),
      ...(typed && { token_type_ids: integers(TEXTS.map((ids) => padded(typesOf(ids), 0))) }),
    })
    expect(Object.keys(results)).toEqual([
      config.head.task === 'embed' ? 'last_hidden_state' : 'logits',
    ])
    const [result] = Object.values(results)
    const each = (result?.data.length ?? 0) / TEXTS.length
    for (const [i, ids] of TEXTS.entries()) {
      const want = expected(ids)
      expect(result?.data.length).toBeGreaterThanOrEqual(want.length)
      const found = Array.from(result?.data.slice(i * each, i * each + want.length) ?? [], Number)
      const apart = found.map((x, k) => Math.abs(x - (want[k] ?? Number.NaN)))
      expect(Math.max(...apart)).toBeLessThan(1e-4)
    }
  })

  test('it asks for kinds of tokens only where there are several', async () => {
    const { files } = onnxFile({
      name: 'model.onnx',
      outputs: encoderGraph(encoder),
      weights,
      limit: 2e9,
    })
    const { inputs } = await openOnnx(joined(files['model.onnx']))
    const names = ['input_ids', 'attention_mask', ...(typed ? ['token_type_ids'] : [])]
    expect([...inputs].sort()).toEqual(names.sort())
  })
})
