import { afterAll, expect, test } from 'vitest'
import { failing } from '../../test/failing-engine.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders } from '../../test/tiny-models.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { EncoderDecoderConfig } from '../models/encoder-decoder-config.ts'
import { openEngine } from '../runtime/open.ts'
import { generate, generateAll } from './generate.ts'
import { generateBeams } from './generate-beams.ts'
import { LanguageModel } from './language-model.ts'

const memory = failing(await openEngine({ engine: 'cpu', threads: 1 }))
const { engine } = memory
afterAll(() => engine.dispose())

const config = tinyEncoderDecoders['T5 1.1'] as EncoderDecoderConfig
const model = new EncoderDecoder(config)
const packed = tinyWeights(model)
const open = (draft?: 8) =>
  LanguageModel.create({ engine, model, tokenizer: tinyTokenizer(), weights: { packed }, draft })

const options = { maxTokens: 4, temperature: 0 }
const ways: [string, (loaded: LanguageModel) => Promise<unknown>, 8?][] = [
  ['one text', (loaded) => generate(loaded, { prompt: 'abc', ...options })],
  ['texts together', (loaded) => generateAll(loaded, ['abc', 'd', 'ef'], options)],
  ['beams', (loaded) => generateBeams(loaded, { prompt: 'abc', beams: 3, maxTokens: 4 })],
  ['with a draft', (loaded) => generate(loaded, { prompt: 'abc', ...options }), 8],
]

test.each(ways)(
  '%s: whichever tensor has no memory, the others are freed',
  async (_, write, draft) => {
    const loaded = await open(draft)
    const before = memory.inUse.size
    let failures = 0
    for (let tensors = 0; ; tensors++) {
      memory.failAfter(tensors)
      const failed = await write(loaded).then(
        () => false,
        (error) => error.message === 'no memory is left',
      )
      expect(memory.inUse.size).toBe(before)
      if (!failed) break
      failures++
    }
    expect(memory.isArmed()).toBe(true)
    memory.failAfter(Number.POSITIVE_INFINITY)
    expect(failures).toBeGreaterThan(10)
    await loaded.dispose()
  },
)
