import { expect, it } from 'vitest'
import { lossSeries, type Point, rangesOf, smooth } from './series.ts'

it('takes the losses of a run out of its records', () => {
  const records = [{ step: 1, loss: 4 }, { step: 2, loss: 3, validationLoss: 3.5 }, { step: 3 }]
  expect(lossSeries(records)).toEqual([
    {
      name: 'training',
      points: [
        [1, 4],
        [2, 3],
      ],
      noisy: true,
    },
    { name: 'validation', points: [[2, 3.5]] },
  ])
  expect(lossSeries(records, 'zh').map(({ name }) => name)).toEqual(['训练', '验证'])
  expect(lossSeries(records.slice(0, 1)).map(({ name }) => name)).toEqual(['training'])
})

it('ranges hold all steps and all values but rare spikes and what is not finite', () => {
  const points = Array.from({ length: 1000 }, (_, i): Point => [i + 1, 3 - i / 1000])
  points[0] = [1, 4]
  points[500] = [501, 1e9]
  points[501] = [502, NaN]
  const { steps, values } = rangesOf([{ name: 'a', points }])
  expect(steps).toEqual([0, 1000])
  const low = 3 - 999 / 1000
  const margin = 0.04 * (4 - low)
  expect(values[0]).toBeCloseTo(low - margin, 10)
  expect(values[1]).toBeCloseTo(4 + margin, 10)
})

it('ranges never are empty', () => {
  expect(rangesOf([])).toEqual({ steps: [0, 1], values: [-0.04, 1.04] })
  const one = rangesOf([{ name: 'a', points: [[70, 2]] }])
  expect(one).toEqual({ steps: [70, 71], values: [1.92, 2.08] })
})

it('smooth keeps the course without its noise, spikes or a delay', () => {
  const course = (step: number) => 2 + 3 * Math.exp(-step / 300)
  const points = Array.from({ length: 5000 }, (_, i): Point => {
    return [i, course(i) + 0.2 * Math.sin(i * 1.7)]
  })
  points[2500] = [2500, 1e6]
  const smoothed = smooth(points)
  expect(smoothed.length).toBe(200)
  expect(smoothed[0]).toEqual(points[0])
  expect(smoothed.at(-1)?.[0]).toBe(4999)
  for (const [step, value] of smoothed) {
    const tolerance = step < 50 ? 0.4 : 0.1
    expect(Math.abs(value - course(step))).toBeLessThan(tolerance)
  }
})

it('smooth leaves gaps and short series', () => {
  const points: Point[] = [
    [1, 3],
    [2, NaN],
    [3, 1],
  ]
  expect(smooth(points)).toEqual(points)
  expect(smooth([])).toEqual([])
  expect(smooth([[5, 2]])).toEqual([[5, 2]])
})
