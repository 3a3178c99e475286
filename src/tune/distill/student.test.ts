import { expect, test } from 'vitest'
import { DECODER_ARCHITECTURES } from '../../models/architectures.ts'
import { gpt2Config, llamaConfig } from '../../models/decoder-config.ts'
import { modernBertConfig } from '../../models/encoder-config.ts'
import { t5Config } from '../../models/encoder-decoder-config.ts'
import { createModel } from '../../models/model.ts'
import { pairLayers } from './hidden-states.ts'
import { evenLayers, studentConfig } from './student.ts'

const sizes = { vocabSize: 61, context: 16, layers: 4, dim: 64, heads: 4 }

test('a student begins with evenly spaced layers, as DistilBERT', () => {
  // The layers that huggingface/transformers' distillation project took of BERT's and GPT-2's 12.
  expect(evenLayers(6, 12)).toEqual([0, 2, 4, 7, 9, 11])
  expect(evenLayers(12, 12)).toEqual(Array.from({ length: 12 }, (_, i) => i))
  expect(evenLayers(2, 4)).toEqual([0, 3])
  expect(evenLayers(1, 4)).toEqual([0])
})

test('hidden states resemble evenly spaced layers, the last the last, as in TinyBERT', () => {
  const [student, teacher] = [
    gpt2Config({ ...sizes, layers: 4, dim: 32 }),
    gpt2Config({ ...sizes, layers: 12 }),
  ]
  const layers = (map?: string[]) =>
    pairLayers(student, teacher, map).map(({ student, teacher }) =>
      [student, teacher].map((path) => Number(/layers\.(\d+)/.exec(path)?.[1]) + 1),
    )
  expect(layers()).toEqual([
    [1, 3],
    [2, 6],
    [3, 9],
    [4, 12],
  ])
  expect(layers(['1:1', '4:12'])).toEqual([
    [1, 1],
    [4, 12],
  ])
  expect(() => layers(['5:12'])).toThrow('--layer-map has 5:12, and the student has 4 layers')
})

test('both stacks of an encoder-decoder are compared', () => {
  const [student, teacher] = [t5Config({ ...sizes, layers: 1 }), t5Config({ ...sizes, layers: 2 })]
  expect(pairLayers(student, teacher, undefined).map(({ teacher }) => teacher)).toEqual([
    'model.encoder.layers.1.residual_post',
    'model.decoder.layers.1.residual_post',
  ])
})

test('what follows from a size follows from it in the student', () => {
  expect(studentConfig(gpt2Config(sizes), { layers: 2, dim: 32 })).toEqual(
    gpt2Config({ ...sizes, layers: 2, dim: 32, heads: 2 }),
  )
  const llama = llamaConfig({ ...sizes, kvHeads: 2, hiddenDim: 192 })
  expect(studentConfig(llama, { dim: 32, dropout: 0.1 })).toMatchObject({
    heads: 2,
    kvHeads: 1,
    headDim: 16,
    hiddenDim: 96,
    residualDropout: 0.1,
  })
  expect(
    studentConfig(t5Config({ ...sizes, tied: true, outputScale: 1 / 8 }), { dim: 16 }),
  ).toMatchObject({
    outputScale: 1 / 4,
    encoder: { dim: 16, heads: 1 },
  })
  expect(studentConfig(modernBertConfig(sizes), { layers: 2 })).toMatchObject({
    windowed: [false, false],
  })
  for (const make of Object.values(DECODER_ARCHITECTURES)) {
    const config = make(sizes)
    expect(studentConfig(config, {})).toEqual(config)
    createModel(studentConfig(config, { layers: 2, dim: 32 }))
  }
  expect(() => studentConfig(gpt2Config(sizes), { dim: 40 })).toThrow('give --heads')
})
