import { describe, expect, it } from 'vitest'
import { displayWidth, formatCount, formatDuration, formatLoss } from '../../train/report/format.ts'
import { progressLine, showProgress } from './progress.ts'

const metrics = {
  step: 1200,
  loss: 1.70213,
  validationLoss: 1.8842,
  tokensPerSecond: 61_312,
  peakShare: 0.742,
}

describe('progressLine', () => {
  const line = (width: number, language: 'en' | 'zh' = 'en') =>
    progressLine(metrics, { total: 2000, secondsLeft: 35, width, language })

  it('says everything where there is room', () => {
    expect(line(120)).toBe(
      '██████████████████░░░░░░░░░░░░  1200/2000  loss 1.702  validation 1.884  61.3k tok/s  74% ' +
        'of peak  0:35 left',
    )
    expect(line(105, 'zh')).toBe(
      '██████████████████░░░░░░░░░░░░  1200/2000  损失 1.702  验证 1.884  61.3k 词元/秒  峰值的 74%  剩余 0:35',
    )
  })

  it('gives up the least important first', () => {
    expect(line(79)).toBe(
      '████████░░░░░░  1200/2000  loss 1.702  validation 1.884  61.3k tok/s  0:35 left',
    )
    expect(line(52)).toBe('1200/2000  loss 1.702  validation 1.884  0:35 left')
    expect(line(33)).toBe('1200/2000  loss 1.702  0:35 left')
    expect(line(12)).toBe('1200/2000')
  })

  it.each(['en', 'zh'] as const)('never is wider than allowed (%s)', (language) => {
    for (let width = 9; width < 130; width++) {
      expect(displayWidth(line(width, language))).toBeLessThanOrEqual(width)
    }
  })

  it('is as wide with colors', () => {
    const options = { total: 2000, width: 70 }
    const plain = progressLine(metrics, options)
    const colored = progressLine(metrics, { ...options, color: true })
    expect(colored).not.toBe(plain)
    expect(displayWidth(colored)).toBe(displayWidth(plain))
  })

  it('leaves out what is not known', () => {
    expect(progressLine({ step: 7 }, { total: 2000 })).toBe('   7/2000')
  })
})

describe('showProgress', () => {
  /** An output and a clock to be set by hand. */
  const setUp = (terminal?: { columns: number }) => {
    const written: string[] = []
    const clock = { seconds: 0 }
    const progress = showProgress({
      total: 100,
      output: {
        ...(terminal && { isTTY: true, ...terminal }),
        write: (text) => written.push(text),
      },
      now: () => clock.seconds * 1000,
    })
    return { written, clock, progress }
  }

  it('redraws one line on a terminal, not too often', () => {
    const { written, clock, progress } = setUp({ columns: 50 })
    for (let step = 1; step <= 50; step++) {
      clock.seconds = step * 0.06
      progress.update({ step, loss: 3 })
    }
    // Every second step is 120 ms after the last one that was drawn.
    expect(written.length).toBe(25)
    for (const text of written) {
      expect(text.startsWith('\r\u001b[K')).toBe(true)
      expect(text).not.toContain('\n')
      expect(displayWidth(text.slice(4))).toBeLessThanOrEqual(49)
    }
    progress.end()
    expect(written.slice(25).join('')).toMatch(/ 50\/100 {2}loss 3.000 {2}0:03 left\n$/)
  })

  it('prints plain lines elsewhere: now and then, at validations, at the end', () => {
    const { written, clock, progress } = setUp()
    for (let step = 1; step <= 100; step++) {
      clock.seconds = step
      progress.update({ step, loss: 5, ...(step === 33 && { validationLoss: 4 }) })
    }
    progress.end()
    expect(written.map((text) => Number.parseInt(text, 10))).toEqual([
      1, 11, 21, 31, 33, 43, 53, 63, 73, 83, 93, 100,
    ])
    expect(written[3]).toBe(' 31/100  loss 5.000  1:09 left\n')
    expect(written[4]).toBe(' 33/100  loss 5.000  validation 4.000  1:07 left\n')
    expect(written.at(-1)).toBe('100/100  loss 5.000  validation 4.000  0:00 left\n')
  })

  it('prints the last line once, with the validation that follows it', () => {
    const { written, clock, progress } = setUp()
    progress.update({ step: 99, loss: 5, validationLoss: 4 })
    clock.seconds = 60
    progress.update({ step: 100, loss: 5 })
    progress.update({ step: 100, validationLoss: 3 })
    progress.end()
    expect(written.slice(1)).toEqual(['100/100  loss 5.000  validation 3.000  0:00 left\n'])
  })

  it('tells the time left by the pace since it began, also in a resumed run', () => {
    const { written, clock, progress } = setUp()
    progress.update({ step: 60 })
    clock.seconds = 20
    progress.update({ step: 70 })
    expect(written).toEqual([' 60/100\n', ' 70/100  1:00 left\n'])
  })

  it('prints above the line', () => {
    const { written, progress } = setUp({ columns: 80 })
    progress.print('starting')
    progress.update({ step: 1, loss: 2 })
    progress.print('a sample')
    expect(written[0]).toBe('\r\u001b[Kstarting\n')
    expect(written[2]).toBe('\r\u001b[Ka sample\n')
    expect(written[3]).toBe(written[1])
    progress.end()
    progress.print('the result')
    expect(written.slice(4)).toEqual(['\n', 'the result\n'])
    const plain = setUp()
    plain.progress.print('a sample')
    plain.progress.end()
    expect(plain.written).toEqual(['a sample\n'])
  })
})

it('formats numbers for a glance', () => {
  expect([1.88412, 10.8249, -0.5, 1e7, NaN, -Infinity].map(formatLoss)).toEqual([
    '1.884',
    '10.82',
    '-0.500',
    '1.00e+7',
    'NaN',
    '-Infinity',
  ])
  expect([0, 950.4, 999.9, 1000, 61_312, 999_700, 1.25e6, 3e12].map(formatCount)).toEqual([
    '0',
    '950',
    '1.00k',
    '1.00k',
    '61.3k',
    '1.00M',
    '1.25M',
    '3.00e+12',
  ])
  expect([0, 7.4, 59.7, 754, 3599.6, 3723, 400_000].map(formatDuration)).toEqual([
    '0:00',
    '0:07',
    '1:00',
    '12:34',
    '1:00:00',
    '1:02:03',
    '111:06:40',
  ])
})
