import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Item } from '../metrics/item.ts'
import type { MeasureName } from '../metrics/measures/index.ts'
import { mcNemar } from '../metrics/paired.ts'
import { summarize } from '../metrics/summarize.ts'
import { type ComparedMetric, compareEvaluations, compareRuns, verdictOf } from './compare.ts'
import { failuresAgainst, failuresUnder } from './gates.ts'
import { openOutcome } from './outcome.ts'
import { reportPage } from './report/report.ts'
import { type EvaluationRun, readRun, writeRun } from './run.ts'

const folder = await mkdtemp(join(tmpdir(), 'chatwright-compare-'))
afterAll(() => rm(folder, { recursive: true }))
const path = (name: string) => join(folder, name)

const runOf = (
  model: string,
  items: readonly Item[],
  measures: readonly MeasureName[] = ['labels'],
): EvaluationRun => ({
  name: 'classify',
  model,
  settings: { data: ['试验.jsonl'] },
  seconds: 1.5,
  ...summarize(items, measures),
  items,
})

/** 100 reviews, of which the model has those right whose number `isRight`. */
const reviews = (isRight: (i: number) => boolean): Item[] =>
  Array.from({ length: 100 }, (_, i) => {
    const expected = i % 2 === 0 ? '好评' : '差评'
    const other = i % 2 === 0 ? '差评' : '好评'
    return {
      id: String(i + 1),
      input: `<b>评论</b> ${i}`,
      expected,
      predicted: isRight(i) ? expected : other,
      scores: { correct: Number(isRight(i)) },
    }
  })

const before = runOf(
  'old',
  reviews((i) => i < 60),
)
/** Right where the old model is, but for five, and on 22 more. */
const after = runOf(
  'new',
  reviews((i) => i >= 5 && i < 82),
)

test('a run is read as it was written', async () => {
  await writeRun(path('old'), before)
  expect(await readRun(path('old'))).toEqual(before)
  // Any name may be a label.
  const probabilities = JSON.parse('{"__proto__": 0.9, "好评": 0.1}')
  const labeled = runOf('labels', [{ id: '1', scores: {}, probabilities }], [])
  await writeRun(path('labels'), labeled)
  expect(Object.entries((await readRun(path('labels'))).items[0]?.probabilities ?? {})).toEqual([
    ['__proto__', 0.9],
    ['好评', 0.1],
  ])
  await writeFile(
    path('labels/items.jsonl'),
    '{"id": "1", "scores": {}, "probabilities": {"a": ""}}',
  )
  await expect(readRun(path('labels'))).rejects.toThrow(/items\.jsonl:1: probabilities/)
  await writeFile(path('old/items.jsonl'), `{"id": "1", "scores": {}}\n{"id": "2"}\n`)
  await expect(readRun(path('old'))).rejects.toThrow(/items\.jsonl:2: scores is missing; expected/)
  await writeFile(path('old/results.json'), '{"name": "x"}')
  await expect(readRun(path('old'))).rejects.toThrow(/results\.json: model is missing; expected/)
  await expect(readRun(path('none'))).rejects.toThrow(/cannot read .*results\.json: there is no/)
})

test('two models on the same items: differences, intervals and McNemar’s p', () => {
  const { items, metrics } = compareRuns(before, after)
  expect(items).toBe(100)
  const { accuracy, f1 } = metrics
  expect(accuracy?.difference).toEqual({
    value: expect.closeTo(0.17, 12),
    low: expect.closeTo(0.07, 1),
    high: expect.closeTo(0.27, 1),
    p: mcNemar(5, 22),
  })
  expect(accuracy?.isMain).toBe(true)
  expect(f1?.difference.p).toBeLessThan(0.01)
  expect(accuracy && verdictOf(accuracy)).toBe('better')
  const back = compareRuns(after, before).metrics.accuracy
  expect(back?.difference.p).toBe(accuracy?.difference.p)
  expect(back && verdictOf(back)).toBe('worse')
})

test('less is better of a loss, and windows are compared together', () => {
  const windows = (scale: number): Item[] =>
    Array.from({ length: 30 }, (_, i) => ({
      id: String(i + 1),
      scores: { loss: scale * (100 + i), tokens: 64, words: 40, bytes: 200 },
    }))
  const [high, low] = [1, 0.9].map((scale) => runOf(String(scale), windows(scale), ['perplexity']))
  const { loss, perplexity } = compareRuns(high as EvaluationRun, low as EvaluationRun).metrics
  expect(loss && verdictOf(loss)).toBe('better')
  expect(perplexity?.difference.high).toBeLessThan(0)
  // Every window is better: as rare as a sign test says.
  expect(loss?.difference.p).toBeLessThan(0.001)
})

test('other items are refused, and it is said how they differ', () => {
  const items = reviews(() => true)
  const refused = (other: readonly Item[], why: RegExp) =>
    expect(() => compareRuns(before, runOf('x', other))).toThrow(why)
  refused(items.slice(3), /3 items of the first, such as 1, are not in the other; evaluate both/)
  refused([...items, { ...(items[0] as Item), id: '101' }], /1 items of the second, such as 101/)
  const relabeled = items.map((item, i) => (i === 7 ? { ...item, expected: '好评' } : item))
  refused(relabeled, /item 8 is "<b>评论<\/b> 7", "差评" in the first, and .*"好评" in the second/)
  expect(() => compareRuns(before, { ...after, name: 'tag' })).toThrow(
    'one is of classify, the other of tag',
  )
})

test('other options are refused, unless they say which model or data it is', () => {
  const run = (settings: object, name = 'mlm') => ({
    ...before,
    name,
    settings: { ...before.settings, ...settings },
  })
  const compared = (a: object, b: object, name?: string) => () =>
    compareRuns(run(a, name), run(b, name))
  expect(compared({ maskProbability: 0.15 }, { maskProbability: 0.5 })).toThrow(
    'the evaluations cannot be compared: --mask-probability is 0.15 in the first, and 0.5 in the ' +
      'second; evaluate both models on the same data, with the same options',
  )
  expect(compared({ fewShot: 0 }, { fewShot: 2 })).toThrow('--few-shot is 0 in the first, and 2')
  expect(compared({}, { asChat: true })).toThrow('--as-chat is not given in the first, and true')
  expect(compared({ reference: 'a' }, { reference: 'b' })).toThrow('--reference is "a"')
  const others = { weights: 'x', context: 64, data: ['又.jsonl'], reference: 'a' }
  expect(compared({ context: 32 }, others)).not.toThrow()
})

test('items that differ since the contexts do are explained', () => {
  const windows = (context: number, settings = {}): EvaluationRun => ({
    ...runOf(
      'x',
      [{ id: '1', input: '鲸'.repeat(context), scores: { loss: 1, tokens: 9 } }],
      ['loss'],
    ),
    name: 'lm',
    settings: { documents: 'packed', context, ...settings },
  })
  expect(() => compareRuns(windows(64), windows(32))).toThrow(
    'the contexts differ, 64 tokens of the first model and 32 of the second, and so do the ' +
      'windows of a text: evaluate both with --documents whole',
  )
  const whole = { documents: 'whole' }
  expect(() => compareRuns(windows(64, whole), windows(32, whole))).toThrow(
    'what is longer is cut or left out: evaluate both on data that fit into 32 tokens',
  )
})

test('a long input is known by its hash', () => {
  const [a, b] = ['ab', 'cd'].map((hash) => {
    return runOf('x', [{ id: '1', input: '鲸', hash, scores: { loss: 1, tokens: 9 } }], ['loss'])
  })
  expect(() => compareRuns(a as EvaluationRun, b as EvaluationRun)).toThrow('item 1 is "鲸", ab in')
})

test('a difference that is no number has no verdict, and decides nothing', () => {
  const numbers = (loss: number): Item[] =>
    Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, scores: { loss, tokens: 1 } }))
  const compared = compareRuns(
    runOf('finite', numbers(1), ['loss']),
    runOf('broken', numbers(Number.NaN), ['loss']),
  )
  expect(compared.metrics.loss?.difference).toEqual({ value: Number.NaN, p: Number.NaN })
  expect(verdictOf(compared.metrics.loss as ComparedMetric)).toBe('undefined')
  expect(() => failuresAgainst(compared)).toThrow('the difference of loss is undefined')
  expect(() => failuresUnder({ loss: 2 }, ['loss'], { loss: { value: Number.NaN } })).toThrow(
    'loss is undefined for this data',
  )
})

test('limits: below fails, or above where less is better', () => {
  const { measures, metrics } = before
  expect(failuresUnder({ accuracy: 0.6, f1: 0.1 }, measures, metrics)).toEqual([])
  expect(failuresUnder({ accuracy: 0.61 }, measures, metrics)).toEqual([
    { metric: 'accuracy', value: 0.6, limit: 0.61 },
  ])
  const loss = { loss: { value: 2 } }
  expect(failuresUnder({ loss: 2 }, ['loss'], loss)).toEqual([])
  expect(failuresUnder({ loss: 1.9 }, ['loss'], loss)).toHaveLength(1)
  expect(() => failuresUnder({ rocAuc: 0.5 }, ['probabilities'], {})).toThrow(
    'rocAuc is undefined for this data',
  )
})

test('among several metrics each must be worse by more, as Holm corrects', () => {
  const gated = (...ps: number[]) => {
    const metrics = ps.map((p, i): [string, ComparedMetric] => [
      `m${i}`,
      {
        first: { value: 1 },
        second: { value: 0.9 },
        difference: { value: -0.1, p },
        better: 'higher',
        isMain: true,
      },
    ])
    const compared = { ...compareRuns(before, after), metrics: Object.fromEntries(metrics) }
    return failuresAgainst(compared).map(({ metric }) => metric)
  }
  expect(gated(0.04)).toEqual(['m0'])
  expect(gated(0.04, 0.9)).toEqual([])
  expect(gated(0.04, 0.02)).toEqual(['m1', 'm0'])
  expect(gated(0.02, 0.03, 0.04)).toEqual([])
})

test('an outcome writes the run, its report and a comparison, and tells what failed', async () => {
  await writeRun(path('new'), after)
  const outcome = await openOutcome({
    out: path('again'),
    noWorseThan: path('new'),
    failUnder: { accuracy: 0.7 },
  })
  expect(() => outcome.check(['loss'])).toThrow(
    'failUnder names accuracy, which is not measured here; choose among loss',
  )
  outcome.check(before.measures)
  const { failures } = await outcome.finish(before)
  expect(failures).toEqual([
    { metric: 'accuracy', value: 0.6, limit: 0.7 },
    { metric: 'accuracy', value: 0.6, before: 0.77, p: mcNemar(5, 22) },
  ])
  const compared = await compareEvaluations({ first: path('new'), second: path('again') })
  expect(failuresAgainst(compared)).toEqual(failures.slice(1))
  const json = JSON.parse(await readFile(path('again/comparison.json'), 'utf8'))
  expect(json.metrics.accuracy.difference.value).toBeCloseTo(-0.17, 12)
  await expect(openOutcome({ out: path('again') })).rejects.toThrow('holds an evaluation')
  await expect(openOutcome({ baseline: path('new') })).rejects.toThrow('baseline is for the')
})

test.each(['en', 'zh'] as const)('a report holds all of it, and runs nothing: %s', (language) => {
  const comparison = compareRuns(before, after)
  const page = reportPage({ run: after, before, comparison, language })
  const texts = {
    en: ['<html lang="en">', 'Worst errors', 'significantly better', '77', '好评'],
    zh: ['<html lang="zh-CN">', '最严重的错误', '显著更好', '混淆矩阵', '0.7700'],
  }
  for (const text of texts[language]) expect(page).toContain(text)
  // A text of the data is never markup, and nothing is loaded from elsewhere.
  expect(page).toContain('&#60;b&#62;评论&#60;/b&#62; 90')
  expect(page).not.toMatch(/<script|https?:|<b>评论/)
})
