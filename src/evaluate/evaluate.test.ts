import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { train } from '../train/train.ts'
import { evaluate } from './evaluate.ts'

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(() => rm(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

test('a short text is one window, however long the context is', async () => {
  await writeFile(at('text.txt'), 'the whale swims on and on. '.repeat(40))
  await writeFile(at('short.txt'), 'the whale swims on.')
  const model = { architecture: 'llama', layers: 1, heads: 2, dim: 32, context: 32 } as const
  const training = { steps: 4, batch: 4, threads: 1, tokenizer: 'char', val: 0 } as const
  await train({ data: [at('text.txt')], out: at('model'), ...model, ...training })
  const options = { model: at('model'), data: [at('short.txt')], threads: 1 }
  const { loss, tokens, bitsPerByte } = await evaluate(options)
  const config = JSON.parse(await readFile(at('model/config.json'), 'utf8'))
  const long = JSON.stringify({ ...config, max_position_embeddings: 10_000_000 })
  await writeFile(at('model/config.json'), long)
  const again = await evaluate(options)
  expect(again.tokens).toBe(tokens)
  expect(again.loss).toBeCloseTo(loss, 6)
  expect(again.bitsPerByte).toBeCloseTo(bitsPerByte as number, 6)
})
