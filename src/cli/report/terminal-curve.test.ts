import { expect, it } from 'vitest'
import { displayWidth } from '../../train/report/format.ts'
import type { Point, Series } from '../../train/report/series.ts'
import { terminalCurve } from './terminal-curve.ts'

const falling: Series = {
  name: 'training',
  points: [
    [0, 4],
    [10, 0],
  ],
}

it('draws a straight line from corner to corner, with its axes', () => {
  expect(terminalCurve([falling], { width: 20, height: 8 })).toBe(
    [
      '   ⠶⠶ training 0.000',
      '4 ┤⠢⢄⡀',
      '  │  ⠈⠑⠢⢄⡀',
      '2 ┤      ⠈⠑⠢⢄⡀',
      '  │          ⠈⠑⠢⢄⡀',
      '0 ┤              ⠈⠑⠢',
      '  └─────────────────',
      '   0              10',
    ].join('\n'),
  )
})

it('marks a second series, point by point', () => {
  const line: Series = {
    name: 'training',
    points: Array.from({ length: 300 }, (_, i): Point => [i, 4 - (i * 4) / 299]),
  }
  const marks: Series = {
    name: 'validation',
    points: [
      [0, 4],
      [150, NaN],
      [160, 1e12],
      [299, 2],
    ],
  }
  const rows = terminalCurve([line, marks], { width: 20, height: 8 }).split('\n')
  expect(rows[0]).toBe('   ⠶⠶ training 0.000   o validation 2.000')
  const circles = rows.slice(1).flatMap((row, r) => {
    return [...row.matchAll(/o/g)].map(({ index }) => [r, index - 3])
  })
  // Seventeen columns of five rows; 2 stands in the third.
  expect(circles).toEqual([
    [0, 0],
    [2, 16],
  ])
})

it('fits its width and height, whatever it is given', () => {
  const noisy = Array.from({ length: 3000 }, (_, i): Point => [i, 2 + Math.sin(i) / (1 + i / 100)])
  for (const points of [noisy, noisy.slice(0, 1), [[1, NaN] as const], [[1, 1e300] as const], []]) {
    for (const width of [30, 72, 200]) {
      const picture = terminalCurve([{ name: 'x', points, noisy: true }], { width, height: 12 })
      const rows = picture.split('\n')
      expect(rows.length).toBe(12)
      for (const row of rows) expect(displayWidth(row)).toBeLessThanOrEqual(width)
    }
  }
})

it('a spike runs off the top without drawing forever', () => {
  const points: Point[] = Array.from({ length: 300 }, (_, i) => [
    i,
    i === 150 ? 1e300 : 2 - i / 300,
  ])
  const rows = terminalCurve([{ name: 'a', points }], { width: 60, height: 10 }).split('\n')
  // The spike is a column of dots in the middle, up to the first row.
  const middle = 3 + 28
  expect(rows[1]?.slice(middle - 2, middle + 4)).toMatch(/[⠁-⣿]/)
})

it('colors only when asked to', () => {
  const colored = String.fromCharCode(27)
  expect(terminalCurve([falling])).not.toContain(colored)
  expect(terminalCurve([falling], { color: true })).toContain(`${colored}[36m`)
})
