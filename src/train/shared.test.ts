import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { useTraining } from '../../test/tiny-training.ts'
import { withLock } from '../files/lock.ts'
import { openEngine } from '../runtime/open.ts'
import type { TrainOptions } from './options.ts'
import { train } from './train.ts'

const { path } = useTraining()

const options = (out: string): TrainOptions => ({
  data: [path('text.txt')],
  out: path(out),
  dataFolder: path('shared'),
  tokenizer: 'char',
  layers: 1,
  dim: 16,
  heads: 2,
  context: 8,
  steps: 4,
})

/** The folders of tokenized data, each with what tells whether it was written again. */
async function datasets(): Promise<Record<string, string>> {
  const names = (await readdir(path('shared'))).filter((name) => !name.startsWith('.'))
  const entries = names.sort().map(async (name) => {
    const { ino, mtimeMs } = await stat(join(path('shared'), name, 'train.tokens.bin'))
    return [name, `${ino} ${mtimeMs}`] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

test('trainings share an engine and tokenized text, which is tokenized once', async () => {
  await writeFile(path('text.txt'), '雪 is white, 12. '.repeat(40))
  const engine = await openEngine({ threads: 1 })
  const compile = vi.spyOn(engine, 'compile')
  try {
    const first = await train(options('first'), { engine })
    const made = await datasets()
    expect(Object.keys(made)).toHaveLength(1)
    // The engine is still open: it trains again, with the same seed to the same loss.
    const before = compile.mock.calls.length
    expect(before).toBeGreaterThan(0)
    const again = await train(options('again'), { engine })
    expect(compile).toHaveBeenCalledTimes(2 * before)
    expect(again.loss).toBe(first.loss)
    expect(await datasets()).toEqual(made)
    expect(await readdir(path('first'))).not.toContain('data')
    // Other data has a folder of its own, beside the first.
    await train({ ...options('other'), val: 0.2 }, { engine })
    const both = await datasets()
    expect(Object.keys(both)).toHaveLength(2)
    expect(both).toMatchObject(made)
  } finally {
    await engine.dispose()
  }
  // An engine of its own gives the same.
  const own = await train({ ...options('own'), dataFolder: undefined, threads: 1 })
  expect(own.loss).toBe((await train({ ...options('shared again'), threads: 1 })).loss)
})

test('trainings that begin together tokenize once; none resumes on other text', async () => {
  await writeFile(path('text.txt'), 'other 雪 text, 34. '.repeat(40))
  const all = await Promise.all([train(options('one')), train(options('two'))])
  expect(all[0]?.loss).toBe(all[1]?.loss)
  const before = await datasets()
  await writeFile(path('text.txt'), 'other 雪 text, 43. '.repeat(40))
  const resumed = train({ ...options('one'), steps: 8, resume: true })
  await expect(resumed).rejects.toThrow(/cannot resume the training in .*: data: changed/)
  expect(Object.keys(await datasets()).length).toBe(Object.keys(before).length + 1)
})

test('a training tells that it waits for another to tokenize, and can be stopped', async () => {
  await writeFile(path('text.txt'), 'third 雪 text, 56. '.repeat(40))
  const before = await datasets()
  await train(options('done'))
  const [name] = Object.keys(await datasets()).filter((name) => !(name in before))
  const stop = new AbortController()
  const told: string[] = []
  const onMessage = (text: string) => {
    told.push(text)
    if (text.endsWith('waiting')) stop.abort(new Error('stopped'))
  }
  await withLock(path(`shared/.${name}.lock`), async () => {
    const waiting = train(options('waits'), { signal: stop.signal, onMessage })
    await expect(waiting).rejects.toThrow(/^stopped$/)
  })
  expect(told).toContain(`another run is tokenizing this data into ${path('shared')}: waiting`)
})
