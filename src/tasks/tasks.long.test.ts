import { expect, test } from 'vitest'
import { checkClassifier, many, pick, random, useTraining } from '../../test/tiny-training.ts'
import { generate } from '../generate/generate.ts'
import { generateBeams } from '../generate/generate-beams.ts'
import { load } from '../generate/load.ts'

const training = useTraining()
const { path, learn } = training

test.each(['t5', 'transformer'] as const)('a text from another: %s', async (architecture) => {
  const reversal = () => {
    const source = many(() => pick([...'abc雪']), 1 + random.integer(4)).join('')
    return { source, target: [...source].reverse().join('') }
  }
  const name = `reverse-${architecture}`
  const options = { architecture, steps: 1500, lr: 2e-3, context: 8 }
  const { metrics } = await learn(name, many(reversal, 600), { task: 'seq2seq', ...options })
  expect(metrics?.exactMatch).toBeGreaterThan(0.8)
  const model = await load(path(name), { threads: 1 })
  try {
    const { text } = await generate(model, { prompt: 'ab雪', temperature: 0 })
    expect(text).toBe('雪ba')
    const beams = await generateBeams(model, { prompt: 'ca', beams: 3, nBest: 2 })
    expect(beams[0]?.text).toBe('ac')
    expect(beams[0]?.score).toBeGreaterThan(beams[1]?.score ?? 0)
  } finally {
    await model.dispose()
  }
})

test('a text from two sources that are read apart', async () => {
  const choice = () => {
    const [first, second] = [pick([...'abcd']), pick([...'1234'])]
    return { sources: [`x${first}`, `y${second}`], target: `${first}${second}` }
  }
  await learn('sources', many(choice, 400), { task: 'seq2seq', steps: 400, context: 8 })
  const model = await load(path('sources'), { threads: 1 })
  try {
    const { text } = await generate(model, { sources: ['xb', 'y3'], temperature: 0 })
    expect(text).toBe('b3')
    await expect(generate(model, { prompt: 'x', sources: ['y'] })).rejects.toThrow('not both')
  } finally {
    await model.dispose()
  }
})

test.each(['bert', 'roberta', 'distilbert', 'modernbert'] as const)(
  'a label for each text: %s',
  (architecture) => checkClassifier(training, architecture),
)
