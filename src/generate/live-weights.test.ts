import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tinyConfigs } from '../../test/tiny-decoder.ts'
import { writeFolder } from '../files/folder.ts'
import { modelFiles } from '../formats/huggingface/model-files.ts'
import { Decoder } from '../models/decoder.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { adamW } from '../train/optimizers/index.ts'
import { Trainer } from '../train/trainer.ts'
import { generate } from './generate.ts'
import { LanguageModel } from './language-model.ts'
import { load } from './load.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
const root = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await engine.dispose()
  await rm(root, { recursive: true })
})

const text = 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567'
const tokenizer = await trainCharTokenizer([text], { specialTokens: [] })

test.each(Object.entries(tinyConfigs))(
  '%s: after each step of training, sampling gives what a fresh load of the saved model gives',
  async (name, config) => {
    const decoder = new Decoder(config)
    const batch = { engine, model: decoder, batch: 2, length: 30, seed: 1 }
    const trainer = await Trainer.create({ ...batch, optimizer: adamW(), weightDecay: 0.1 })
    const weights = { live: trainer.parameters }
    const live = await LanguageModel.create({ engine, model: decoder, weights, tokenizer })
    const ids = Int32Array.from(tokenizer.encode(text))
    const windows = {
      arrays: { ids: ids.subarray(0, 60), targets: ids.subarray(1, 61) },
      count: 60,
      rows: 2,
      length: 30,
    }
    const seen = new Set<string>()
    for (let step = 0; step < 3; step++) {
      const options = { prompt: 'abc', temperature: 0, maxTokens: 20, logprobs: 0 }
      const sampled = await generate(live, options)
      const folder = join(root, `${name} ${step}`)
      await writeFolder(folder, modelFiles({ model: decoder, values: trainer.values, tokenizer }))
      const fresh = await load(folder, { engine })
      const expected = await generate(fresh, options)
      expect(sampled.text).toBe(expected.text)
      for (const [i, { logprob }] of sampled.pieces.entries())
        expect(logprob).toBeCloseTo(expected.pieces[i]?.logprob as number, 4)
      seen.add(JSON.stringify(sampled.pieces.map(({ logprob }) => logprob?.toFixed(4))))
      await fresh.dispose()
      await trainer.next(windows, 1e-2)
    }
    expect(seen.size).toBe(3)
    await live.dispose()
    await trainer.dispose()
  },
)
