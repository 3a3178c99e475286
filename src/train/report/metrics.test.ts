import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openMetrics, readMetrics } from './metrics.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('appends a line for each record, on the disk at once', async () => {
  const path = join(folder, 'run', 'metrics.jsonl')
  const metrics = await openMetrics(path)
  metrics.write({ step: 1, loss: 4.25, learningRate: 1e-5 })
  expect(await readFile(path, 'utf8')).toBe('{"step":1,"loss":4.25,"learningRate":0.00001}\n')
  metrics.write({ step: 2, loss: NaN, gradientNorm: Infinity, validationLoss: undefined })
  metrics.sync()
  metrics.close()
  expect((await readFile(path, 'utf8')).split('\n')[1]).toBe(
    '{"step":2,"loss":"NaN","gradientNorm":"Infinity"}',
  )
  expect(await readMetrics(path)).toEqual([
    { step: 1, loss: 4.25, learningRate: 1e-5 },
    { step: 2, loss: NaN, gradientNorm: Infinity },
  ])
})

it('on resume drops later steps and what a kill cut short', async () => {
  const path = join(folder, 'metrics.jsonl')
  const first = await openMetrics(path)
  for (let step = 1; step <= 5; step++) first.write({ step, loss: step })
  first.write({ step: 3, validationLoss: 9 })
  first.close()
  await appendFile(path, '{"step": 3, "lo')

  const second = await openMetrics(path, { resumeAt: 3 })
  const kept = [1, 2, 3].map((step) => ({ step, loss: step }))
  expect(second.history).toEqual([...kept, { step: 3, validationLoss: 9 }])
  second.write({ step: 4, loss: 0.5 })
  second.close()
  expect(await readMetrics(path)).toEqual([...second.history, { step: 4, loss: 0.5 }])
  expect(await readdir(folder)).toEqual(['metrics.jsonl'])
})

it('starts anew where nothing is resumed', async () => {
  const path = join(folder, 'metrics.jsonl')
  await writeFile(path, '{"step":1,"loss":2}\n')
  const metrics = await openMetrics(path)
  metrics.close()
  expect(metrics.history).toEqual([])
  expect(await readFile(path, 'utf8')).toBe('')
  expect(await readMetrics(join(folder, 'none'))).toEqual([])
})

it('passes over lines that are no records', async () => {
  const path = join(folder, 'metrics.jsonl')
  await writeFile(path, 'null\n[1]\n{"loss":1}\n{"step":"x"}\n\0\0\n{"step":7}\n')
  expect(await readMetrics(path)).toEqual([{ step: 7 }])
})

it('says why it cannot write', async () => {
  await writeFile(join(folder, 'file'), '')
  const path = join(folder, 'file', 'metrics.jsonl')
  await expect(openMetrics(path)).rejects.toThrow(`${path}: a part of the path is a file`)
})
