import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { old, reviews, topics, useTransfer } from '../../../test/tiny-transfer.ts'
import type { TransferResult } from './transfer.ts'

const { path, measure } = useTransfer()

const cellOf = ({ matrices }: TransferResult, source: string, target: string, matrix = 0) =>
  matrices[matrix]?.cells.find((cell) => cell.source === source && cell.target === target)

test('every task is learned from scratch, the base and each other task, and kept', async () => {
  const first = await measure('matrix', [reviews, topics, old])
  expect([first.trained, first.found]).toEqual([6, 0])
  const pairs = first.matrices[0]?.cells.map(({ source, target }) => `${source} ${target}`)
  expect(pairs).toEqual([
    'scratch reviews',
    'scratch 主题',
    'base reviews',
    'base 主题',
    'reviews 主题',
    '主题 reviews',
  ])
  // Of one seed, a gain is the difference of the scores, with an interval of its own.
  const [scratch, base, other] = ['scratch', 'base', '主题'].map((source) =>
    cellOf(first, source, 'reviews'),
  )
  const value = (cell: typeof base) => cell?.score.value as number
  expect(other?.overScratch?.value).toBeCloseTo(value(other) - value(scratch), 10)
  expect(other?.overBase?.value).toBeCloseTo(value(other) - value(base), 10)
  expect(base?.overScratch?.low).toBeLessThanOrEqual(base?.overScratch?.value as number)
  expect([base?.overBase, scratch?.overScratch]).toEqual([undefined, undefined])
  const { forgetting } = first.matrices[0] as (typeof first.matrices)[number]
  expect(forgetting.map(({ task, after }) => `${task} ${after}`)).toEqual([
    'old reviews',
    'old 主题',
    'reviews 主题',
    '主题 reviews',
  ])
  // Bits per byte grow where text is forgotten; a task is scored under the head that it had.
  for (const { task, before, now, change } of forgetting) {
    const sign = task === 'old' ? -1 : 1
    expect(change.value).toBeCloseTo(sign * (now.value - before.value), 10)
  }
  expect(forgetting[0]?.change.value).toBeLessThan(0)
  expect(forgetting[2]?.before).toEqual(base?.score)
  const { matrices } = JSON.parse(await readFile(path('matrix/transfer.json'), 'utf8'))
  expect(matrices).toEqual(JSON.parse(JSON.stringify(first.matrices)))

  // Again, nothing is trained; another setting of one task trains what depends on it.
  const again = await measure('matrix', [reviews, topics, old])
  expect([again.trained, again.found]).toEqual([0, 6])
  expect(again.matrices).toEqual(first.matrices)
  const changed = await measure('matrix', [reviews, { ...topics, options: { lr: 1e-3 } }, old])
  expect([changed.trained, changed.found]).toEqual([4, 2])

  // With a frozen body nothing is forgotten, and the sources are those of whole tuning.
  const features = await measure('matrix', [reviews, topics, old], {
    strategy: ['feature-extraction'],
    language: 'zh',
  })
  expect([features.trained, features.found]).toEqual([4, 4])
  for (const { change } of features.matrices[0]?.forgetting ?? []) expect(change.value).toBe(0)
  expect(cellOf(features, 'scratch', 'reviews')).toEqual(scratch)
  const page = await readFile(path('matrix/transfer.html'), 'utf8')
  expect(page).toContain('<html lang="zh-CN">')
  expect(page).toContain('基座，再学 reviews')
  expect(page).toContain(`>${scratch?.score.value.toFixed(4)}<`)
  expect(page).not.toMatch(/<script|NaN|undefined/)
})
