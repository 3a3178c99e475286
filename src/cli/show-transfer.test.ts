import { describe, expect, it } from 'vitest'
import { showTransfer, transferLine } from './show-transfer.ts'

const MIB = 2 ** 20
const progress = { file: 'model.safetensors', done: 100 * MIB, total: 400 * MIB }

describe('transferLine', () => {
  it('says everything where there is room', () => {
    expect(transferLine(progress, 10 * MIB, 100)).toBe(
      'model.safetensors  100 MiB of 400 MiB  25%  10.0 MiB/s  0:30 left',
    )
    expect(transferLine(progress, Number.NaN, 100)).toBe(
      'model.safetensors  100 MiB of 400 MiB  25%',
    )
    expect(transferLine({ ...progress, done: 0, total: 0 }, 0, 100)).toBe(
      'model.safetensors  0 B of 0 B  100%',
    )
  })

  it('never is wider than allowed, and gives up the least important first', () => {
    expect(transferLine(progress, 10 * MIB, 60)).toBe(
      '…safetensors  100 MiB of 400 MiB  25%  10.0 MiB/s  0:30 left',
    )
    expect(transferLine(progress, 10 * MIB, 40)).toBe('100 MiB of 400 MiB  25%  10.0 MiB/s')
    for (let width = 18; width < 100; width++) {
      expect(transferLine(progress, 10 * MIB, width).length).toBeLessThanOrEqual(width)
    }
  })
})

describe('showTransfer', () => {
  const setUp = (isTTY: boolean) => {
    const written: string[] = []
    const clock = { time: 0 }
    const output = { isTTY, columns: 70, write: (text: string) => written.push(text) }
    return { written, clock, ...showTransfer({ output, now: () => clock.time }) }
  }

  it('redraws one line on a terminal, not too often, and leaves none', () => {
    const { written, clock, events, end } = setUp(true)
    for (let i = 0; i <= 30; i++) {
      clock.time = i * 40
      events.onProgress?.({ ...progress, done: i * MIB })
    }
    expect(written).toHaveLength(11)
    expect(written.at(-1)).toBe(
      '\r\u001b[Kmodel.safetensors  30.0 MiB of 400 MiB  7%  25.0 MiB/s  0:15 left',
    )
    end()
    expect(written.at(-1)).toBe('\r\u001b[K')
  })

  it('prints a line now and then elsewhere', () => {
    const { written, clock, events, end } = setUp(false)
    for (let i = 0; i <= 25; i++) {
      clock.time = i * 1000
      events.onProgress?.({ ...progress, done: i * MIB })
    }
    events.onMessage?.('waiting')
    end()
    expect(written).toEqual([
      'model.safetensors  10.0 MiB of 400 MiB  2%  1.00 MiB/s  6:30 left\n',
      'model.safetensors  20.0 MiB of 400 MiB  5%  1.00 MiB/s  6:20 left\n',
      'waiting\n',
    ])
  })
})
