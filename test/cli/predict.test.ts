import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { call } from './call.ts'
import { lastJson } from './run.ts'

let folder: string
const path = (name: string) => join(folder, name)

const chatwright = (args: readonly string[], input?: string) => call(args, { cwd: folder, input })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-predict-'))
  const lines = Array.from({ length: 80 }, (_, i) => {
    const [text, label] = i % 2 ? ['a good 好 day', 'goodDay'] : ['a bad 坏 day', 'badDay']
    return JSON.stringify({ text, label })
  })
  await writeFile(path('days.jsonl'), lines.join('\n'))
})
afterAll(() => rm(folder, { recursive: true }))

it('trains a classifier, says how good it is, describes it and asks it', async () => {
  const sizes = '--layers 1 --dim 32 --heads 2 --context 24 --steps 60 --batch 8 --lr 0.005'
  const trained = await chatwright([
    ...['train', '--task', 'classify', '--data', path('days.jsonl'), '--out', path('model')],
    ...['--tokenizer', 'char', '--json', ...sizes.split(' ')],
  ])
  expect(trained.code, trained.stderr).toBe(0)
  expect(lastJson(trained).metrics).toEqual({ accuracy: 1, f1: 1 })

  const measure = (...options: string[]) =>
    chatwright(['eval', '--model', path('model'), '--data', path('days.jsonl'), ...options])
  const limits = ['--fail-under', 'accuracy=0.9', 'f1=1']
  const evaluated = await measure('--out', path('run'), ...limits, '--language', 'en')
  expect(evaluated.code, evaluated.stderr).toBe(0)
  expect(evaluated.stdout).toMatch(/^accuracy +1\.0000 {2}0\.9542 – 1\.0000$/m)
  expect(evaluated.stdout).toMatch(/^80 targets, .* a second\n$/m)
  expect(await readFile(path('run/report.html'), 'utf8')).toContain('Confusion matrix')
  const failed = await measure('--fail-under', 'logLoss=0', '--no-worse-than', path('run'))
  expect(failed.code).toBe(3)
  expect(failed.stdout).toMatch(/^failed: log loss is \d\.\d+, and the limit is 0\.0000\n$/m)
  // Metrics have one name, in JSON and in options.
  const printed = lastJson(await measure('--json', '--fail-under', 'balancedAccuracy=0.9'))
  expect(Object.keys(printed.metrics)).toContain('balancedAccuracy')
  const refused = await measure('--fail-under', 'accuracy=high')
  expect([refused.code, refused.stderr]).toEqual([
    1,
    'chatwright: --fail-under accuracy=high: expected KEY=X, with a metric and a number, such as ' +
      'accuracy=0.8\n',
  ])
  const runs = ['eval', 'compare', path('run'), path('run')]
  const compared = await chatwright([...runs, '--language', 'zh'])
  expect(compared.stdout).toMatch(/^准确率 .* 1\.0000 +无显著差异$/m)
  const json = lastJson(await chatwright([...runs, '--json']))
  expect(json.metrics.accuracy.difference).toEqual({ value: 0, low: 0, high: 0, p: 1 })

  const inspected = await chatwright(['inspect', path('model')])
  expect(inspected.code, inspected.stderr).toBe(0)
  expect(inspected.stdout).toMatch(/head +classify: badDay, goodDay/)

  const texts = ['a good day', 'bad 坏']
  const asked = await chatwright([
    'predict',
    '--model',
    path('model'),
    '--text',
    ...texts,
    '--json',
  ])
  expect(asked.code, asked.stderr).toBe(0)
  const { predictions } = lastJson(asked)
  expect(
    predictions.map(({ text, label }: { text: string; label: string }) => [text, label]),
  ).toEqual([
    ['a good day', 'goodDay'],
    ['bad 坏', 'badDay'],
  ])
  expect(predictions[0].labels).toHaveLength(2)

  await writeFile(path('lines.txt'), 'a good day\nbad 坏\n')
  const read = await chatwright(['predict', '--model', path('model'), '--data', path('lines.txt')])
  expect(read.stdout).toMatch(/bad 坏\n +badDay +\d+\.\d %/)
}, 60_000)

it('tells where a text was too long', async () => {
  const texts = ['a good day', 'a good day '.repeat(9)]
  const asked = await chatwright([
    'predict',
    '--model',
    path('model'),
    '--text',
    ...texts,
    '--json',
  ])
  const { predictions } = lastJson(asked)
  expect(predictions.map((one: { truncated?: true }) => one.truncated)).toEqual([undefined, true])
})

it('refuses what it cannot read', async () => {
  const none = await chatwright(['predict', '--model', path('model')])
  expect(none.code).not.toBe(0)
  expect(none.stderr).toContain('there is no text; give --text or --data')
  const writes = await chatwright(['generate', '--model', path('model'), '--prompt', 'a'])
  expect(writes.stderr).toContain('this needs a model that')
  const beams = await chatwright(['generate', '--model', path('model'), '--n-best', '2'])
  expect(beams.stderr).toMatch(/this needs a model|need --beams/)
})

it('trains an encoder-decoder and follows several texts', async () => {
  const lines = Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ source: `say ${i % 4}`, target: `${i % 4}!` }),
  )
  await writeFile(path('say.jsonl'), lines.join('\n'))
  const sizes =
    '--layers 1 --dim 32 --heads 2 --context 8 --target-context 12 --steps 150 --lr 0.003'
  const trained = await chatwright([
    ...['train', '--task', 'seq2seq', '--data', path('say.jsonl'), '--out', path('say')],
    ...['--tokenizer', 'char', '--batch', '8', ...sizes.split(' ')],
  ])
  expect(trained.code, trained.stderr).toBe(0)
  const generate = ['generate', '--model', path('say'), '--prompt', 'say 3']
  const asked = await chatwright([...generate, '--beams', '3', '--n-best', '2', '--json'])
  expect(asked.code, asked.stderr).toBe(0)
  const { texts } = lastJson(asked)
  expect(texts).toHaveLength(2)
  expect(texts[0].score).toBeGreaterThanOrEqual(texts[1].score)
  const wrong = await chatwright([...generate, '--beams', '3', '--top-k', '5'])
  expect(wrong).toMatchObject({ code: 1 })
  expect(wrong.stderr).toContain('--top-k does not go with --beams')
  const chat = await chatwright(['chat', '--model', path('say')], 'say 3\n/exit\n')
  expect(chat.code, chat.stderr).toBe(0)
  expect(chat.stderr).toMatch(/rewrites each text that you enter/)
  expect(chat.stdout).not.toContain('say')
  expect(chat.stdout.trim()).not.toBe('')
}, 60_000)
