import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { checkOptions, convertFlags, fieldsOf, nearest } from '../../src/cli/flags.ts'
import { formatBytes } from '../../src/cli/format.ts'
import { Interruption } from '../../src/cli/interrupt.ts'
import { userLanguage } from '../../src/cli/language.ts'
import { quote } from '../../src/cli/quote.ts'
import { explain } from '../../src/cli/run.ts'
import { wrap } from '../../src/cli/start/dashboard.ts'
import { samplingOptions } from '../../src/generate/options.ts'
import { flagOf } from '../../src/options.ts'
import { trainOptions } from '../../src/train/options.ts'

vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  existsSync: (path: string) => path === '2024',
}))

describe('flags', () => {
  const schema = z.strictObject({
    steps: z.number().int().min(1).optional(),
    minLr: z.number().default(0.1),
    val: z.union([z.number(), z.array(z.string())]).default(0.1),
    ids: z.array(z.number()).optional(),
    logitBias: z.record(z.string(), z.number()).optional(),
    resume: z.boolean().default(false),
    shuffle: z.boolean().default(true),
  })
  const generation = samplingOptions.pick({ logitBias: true })
  const convert = (typed: Record<string, unknown>) => convertFlags(fieldsOf(schema), typed)

  it('bear the names of the options', () => {
    expect(['steps', 'minLr', 'bitsPerByte'].map(flagOf)).toEqual([
      '--steps',
      '--min-lr',
      '--bits-per-byte',
    ])
  })

  it('become what the option takes', () => {
    expect(convert({ steps: '3', minLr: '1e-4', resume: true, json: true })).toEqual({
      steps: 3,
      minLr: 1e-4,
      resume: true,
    })
    expect(convert({ shuffle: 'false' })).toEqual({ shuffle: false })
    expect(convert({ shuffle: 'maybe' })).toEqual({ shuffle: 'maybe' })
    expect(convert({ val: ['0.2'] })).toEqual({ val: 0.2 })
    expect(convert({ val: ['a.txt'] })).toEqual({ val: ['a.txt'] })
    expect(convert({ val: ['2024'], minLr: '2024' })).toEqual({ val: ['2024'], minLr: 2024 })
    expect(convert({ val: ['1', '2'] })).toEqual({ val: ['1', '2'] })
    expect(convert({ ids: ['1', '2'] })).toEqual({ ids: [1, 2] })
    expect(convert({ logitBias: ['50=-100', '7=1.5'] })).toEqual({
      logitBias: { 50: -100, 7: 1.5 },
    })
    expect(convert({ logitBias: ['50=-100,7=1.5', '8=2'] })).toEqual({
      logitBias: { 50: -100, 7: 1.5, 8: 2 },
    })
  })

  it('stay text where they do not fit, for the message', () => {
    expect(convert({ steps: '', minLr: 'high' })).toEqual({ steps: '', minLr: 'high' })
    const check = () => checkOptions(schema, { minLr: 'high' }, flagOf, {})
    expect(check).toThrow('--min-lr high: expected number, received string')
    const pairs = (...typed: string[]) =>
      checkOptions(generation, convertFlags(fieldsOf(generation), { logitBias: typed }), flagOf, {})
    expect(() => pairs('7=1', '5')).toThrow(/^--logit-bias 5: expected KEY=X, with a token id/)
    expect(() => pairs('five=1')).toThrow(/^--logit-bias five=1: expected KEY=X/)
    expect(() => pairs('5=much')).toThrow(/^--logit-bias 5=much: expected KEY=X/)
    const augment = (typed: string) =>
      checkOptions(
        trainOptions,
        { ...convertFlags(fieldsOf(trainOptions), { augment: [typed] }), data: ['a'], out: 'b' },
        flagOf,
        {},
      )
    expect(augment('deletion=0.1,noise=0.05').augment).toEqual({ deletion: 0.1, noise: 0.05 })
    expect(() => augment('swaps=0.1')).toThrow(
      '--augment swaps=0.1: expected one of deletion, swap, replacement, insertion, rotation, ' +
        'noise (did you mean swap?)',
    )
    expect(() => augment('swap')).toThrow(
      '--augment swap: expected KEY=X, with an operation and a share, such as swap=0.1',
    )
    expect(() => augment('swap=2')).toThrow(/^--augment swap=2: expected number to be <=1/)
  })
})

it('finds the word that was meant', () => {
  const known = ['adam', 'adamw', 'lion', 'momentum']
  expect(nearest('adm', known)).toBe('adam')
  expect(nearest('Momentun', known)).toBe('momentum')
  expect(nearest('xyz', known)).toBeUndefined()
})

it('quotes what a shell would take apart', () => {
  expect(['a/b-c.txt', "it's", '*.txt', ''].map(quote)).toEqual([
    'a/b-c.txt',
    `'it'\\''s'`,
    "'*.txt'",
    "''",
  ])
})

it('formats bytes with three digits', () => {
  expect([0, 950, 1000, 1230, 2 ** 20, 5.5 * 2 ** 30].map(formatBytes)).toEqual([
    '0 B',
    '950 B',
    '0.977 KiB',
    '1.20 KiB',
    '1.00 MiB',
    '5.50 GiB',
  ])
})

it('takes the language from the locale', () => {
  expect(userLanguage({ LANG: 'zh_CN.UTF-8' })).toBe('zh')
  expect(userLanguage({ LANG: 'zh_CN.UTF-8', LC_ALL: 'en_US.UTF-8' })).toBe('en')
  expect(userLanguage({})).toBe('en')
})

it('breaks text by the columns it takes', () => {
  expect(wrap('abcdef\ngh', 4, 3)).toEqual(['abcd', 'ef', 'gh'])
  expect(wrap('白鲸记', 5, 3)).toEqual(['白鲸', '记', ''])
})

it('exits as the signal says, however it was passed on', async () => {
  const signal = AbortSignal.abort(new Interruption(143))
  const thrown = await delay(1, undefined, { signal }).catch((error: unknown) => error)
  expect([new Interruption(143), thrown, new DOMException('', 'AbortError')].map(explain)).toEqual([
    { message: 'interrupted', exitCode: 143 },
    { message: 'interrupted', exitCode: 143 },
    { message: 'interrupted', exitCode: 130 },
  ])
})
