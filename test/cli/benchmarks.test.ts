import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { saveModel } from '../../src/checkpoint/save.ts'
import { Decoder } from '../../src/models/decoder.ts'
import { gpt2Config } from '../../src/models/decoder-config.ts'
import { trainCharTokenizer } from '../../src/text/char.ts'
import { writeBenchmarks } from '../tiny-benchmarks.ts'
import { tinyWeights } from '../tiny-decoder.ts'
import { call } from './call.ts'
import { lastJson } from './run.ts'

let folder: string
const evaluate = (...args: string[]) =>
  call(['eval', '--model', 'model', '--threads', '1', ...args], { cwd: folder })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-benchmarks-'))
  await writeBenchmarks(join(folder, 'tasks'))
  const tokenizer = await trainCharTokenizer(['It is seen. fell Who sees it?', '正面负面'])
  const { vocabSize } = tokenizer
  const model = new Decoder(gpt2Config({ vocabSize, context: 32, layers: 1, dim: 8, heads: 1 }))
  const weights = tinyWeights(model)
  const tensor = (name: string) => ({ read: async () => weights[name] as Float32Array })
  await saveModel(join(folder, 'model'), { model, tokenizer, values: { tensor } })
})
afterAll(() => rm(folder, { recursive: true }))

it('measures a model on a benchmark, says so, and keeps the results', async () => {
  const asked = ['--benchmark', 'blimp', '--benchmark-dir', 'tasks', '--out', 'runs']
  const shown = await evaluate(...asked, '--language', 'zh')
  expect(shown.code, shown.stderr).toBe(0)
  expect(shown.stdout).toMatch(/^blimp，2 题\n.*95 % 置信区间\n准确率 +[01]\.\d{4} /)
  expect((await readdir(join(folder, 'runs/blimp'))).sort()).toEqual([
    'items.jsonl',
    'report.html',
    'results.json',
    'settings.json',
  ])
  const again = await evaluate(...asked, '--fail-under', 'accuracy=1.5', '--json')
  expect(again.code).toBe(3)
  const [{ name, questions, failures }] = lastJson(again).benchmarks
  expect([name, questions, failures[0].metric]).toEqual(['blimp', 2, 'accuracy'])
})

it.each([
  [['--limit', '2'], 'give --data SOURCE or --benchmark NAMES, one of the two'],
  [['--benchmark', 'blimp', '--data', 'x.txt'], 'one of the two'],
  [['--benchmark', 'blimp', '--task', 'lm'], '--task applies to --data, not to --benchmark'],
  [['--data', 'x.txt', '--few-shot', '1'], '--few-shot applies to --benchmark, not to --data'],
  [['--benchmark', 'blimp'], 'give the folder of its files with --benchmark-dir DIR'],
  [['--benchmark', 'blimp', '--benchmark-dir', 'tasks', '--few-shot', '1'], 'has no prompts'],
])('refuses %j', async (args, message) => {
  const { code, stderr } = await evaluate(...args)
  expect(code).toBe(1)
  expect(stderr).toContain(message)
})
