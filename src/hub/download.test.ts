import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../test/hub/checksums.ts'
import type { Fault } from '../../test/hub/reply.ts'
import { until } from '../../test/hub/until.ts'
import { isWeights, MODEL, NAME, useHub, weights } from '../../test/hub/use-hub.ts'
import { UserError } from '../errors.ts'
import { pullModel } from './pull.ts'

vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))
const disk = vi.hoisted(() => ({ room: Infinity, lastEnd: 0 }))
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>()
  return {
    ...actual,
    open: async (...args: Parameters<typeof actual.open>) => {
      const handle = await actual.open(...args)
      const write = handle.write.bind(handle) as (...args: unknown[]) => Promise<Written>
      const recorded = async (bytes: Uint8Array, from: number, length: number, to: number) => {
        if (disk.room < length)
          throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
        const written = await write(bytes, from, length, to)
        if (args[0] === partial()) disk.lastEnd = to + written.bytesWritten
        return written
      }
      return Object.assign(handle, { write: recorded })
    },
  }
})
interface Written {
  bytesWritten: number
}

const state = useHub()
const pull = () => pullModel(NAME, state.options)
const blob = () => join(state.root, 'blobs', sha256(weights))
const partial = () => `${blob()}.incomplete`
const ranges = () => state.hub.asked.filter(isWeights).map(({ headers }) => headers.range)

/** Waits until the weights up to here have been written. */
const arrived = (length: number) => until(() => disk.lastEnd === length)

/** What goes wrong with the downloads of the weights, one after the other. */
const failWeights = (...faults: Fault[]) => {
  const next = () => ({ beforeCut: arrived, ...faults.shift() })
  state.hub.fault = (asked) => (isWeights(asked) ? next() : undefined)
}

const expectWhole = async (folder: string) => {
  expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true)
  expect((await readdir(join(state.root, 'blobs'))).filter((name) => name.includes('.'))).toEqual(
    [],
  )
}

/** Nothing of the model can be taken for whole. */
const expectNothing = async () => {
  expect(await readdir(join(state.root, 'snapshots')).catch(() => [])).toEqual([])
  expect(await readdir(join(state.root, 'refs')).catch(() => [])).toEqual([])
  expect(await readFile(blob()).catch(() => undefined)).toBeUndefined()
}

describe('a download', () => {
  it('resumes after a lost connection', async () => {
    failWeights({ cutAfter: 50_000 }, { cutAfter: 70_000 }, { cutAfter: 0 })
    await expectWhole(await pull())
    expect(ranges()).toEqual([undefined, 'bytes=50000-', 'bytes=120000-', 'bytes=120000-'])
  })

  it('resumes an interrupted download of any tool', async () => {
    await mkdir(join(state.root, 'blobs'), { recursive: true })
    await writeFile(partial(), weights.subarray(0, 1234))
    await expectWhole(await pull())
    expect(ranges()).toEqual(['bytes=1234-'])
  })

  it('gives up where it gets no further, keeps what came, and goes on the next time', async () => {
    failWeights({ cutAfter: 99 }, ...Array(5).fill({ cutAfter: 0 }))
    await expect(pull()).rejects.toThrow(/interrupted at byte 99 of 300000.*run again/)
    expect(await readFile(partial())).toEqual(Buffer.from(weights.subarray(0, 99)))
    await expectNothing()
    await expectWhole(await pull())
    expect(ranges().at(-1)).toBe('bytes=99-')
  })

  it('asks again where bytes stop coming', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    failWeights({ stallAfter: 1000 })
    const pulled = pull()
    await arrived(1000)
    vi.advanceTimersByTime(10_000)
    await expectWhole(await pulled)
    expect(ranges()).toEqual([undefined, 'bytes=1000-'])
    vi.useRealTimers()
  })

  it('starts anew where the server does not continue', async () => {
    failWeights({ cutAfter: 50_000 }, { ignoresRange: true, cutAfter: 20_000 }, {})
    await expectWhole(await pull())
    expect(ranges()).toEqual([undefined, 'bytes=50000-', 'bytes=20000-'])
  })

  it('does not go round for ever with a server that never continues', async () => {
    failWeights(...Array(20).fill({ ignoresRange: true, cutAfter: 50_000 }))
    await expect(pull()).rejects.toThrow(/was interrupted/)
    expect(ranges()).toHaveLength(5)
  })

  it('does not take a body that ends early for whole', async () => {
    failWeights({ endAfter: 1000 }, { endAfter: 0 })
    await expectWhole(await pull())
    expect(ranges()).toEqual([undefined, 'bytes=1000-', 'bytes=1000-'])
  })
})

describe('wrong bytes', () => {
  const wrong = Uint8Array.from(weights)
  wrong[200_000] = 1 + (wrong[200_000] ?? 0)

  it('are fetched once more', async () => {
    failWeights({ body: wrong })
    await expectWhole(await pull())
    expect(ranges()).toEqual([undefined, undefined])
  })

  it('are refused the second time', async () => {
    failWeights({ body: wrong }, { body: wrong })
    await expect(pull()).rejects.toThrow(
      /model\.safetensors arrived twice with a checksum or length/,
    )
    await expectNothing()
    expect(ranges()).toHaveLength(2)
  })

  it('that were kept by an earlier download are replaced', async () => {
    await mkdir(join(state.root, 'blobs'), { recursive: true })
    await writeFile(partial(), wrong.subarray(0, 250_000))
    await expectWhole(await pull())
    expect(ranges()).toEqual(['bytes=250000-', undefined])
  })

  it.each([
    ['longer', Buffer.concat([weights, weights])],
    ['shorter', weights.subarray(0, 999)],
    ['other', wrong],
    ['none', ''],
  ])('of a server that lies about their length or content (%s) are refused', async (_, body) => {
    failWeights(...Array(12).fill({ body }))
    await expect(pull()).rejects.toThrow(UserError)
    await expectNothing()
  })

  it('of small files are refused too', async () => {
    state.hub.fault = ({ url }) =>
      url.endsWith('/config.json') ? { body: '{"model_type":"gpt-2"}' } : undefined
    await expect(pull()).rejects.toThrow(/config\.json arrived twice with a checksum/)
    await expectNothing()
  })

  it('are not hidden by a leftover that is longer than the file', async () => {
    await mkdir(join(state.root, 'blobs'), { recursive: true })
    await writeFile(partial(), Buffer.concat([weights, weights]))
    await expectWhole(await pull())
    expect(ranges()).toEqual([undefined])
  })
})

it('says that the disk is full', async () => {
  disk.room = 0
  try {
    await expect(pull()).rejects.toThrow(/disk is full; free some space and run again/)
    await expectNothing()
  } finally {
    disk.room = Infinity
  }
  await expectWhole(await pull())
})

const CASES = process.env.CHECK_LONG ? 10_000 : 100

const someFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ cutAfter: fc.nat(1200), ignoresRange: fc.boolean() }),
  fc.record({ endAfter: fc.nat(1200), ignoresRange: fc.boolean() }),
  fc.record({ body: fc.uint8Array({ maxLength: 1200 }) }),
  fc.record({ status: fc.constantFrom(403, 404, 416, 429, 500, 503) }),
  fc.constant({}),
)

it(`survives ${CASES} series of faults: right bytes, or a refusal and no whole file`, async () => {
  const content = weights.slice(0, 1100)
  let [whole, refused] = [0, 0]
  const series = fc.record({
    faults: fc.array(someFault, { maxLength: 8 }),
    left: fc.option(fc.record({ length: fc.nat(1200), isRight: fc.boolean() })),
  })
  state.hub.put(NAME, { ...MODEL, 'model.safetensors': content })
  const place = join(state.root, 'blobs', sha256(content))
  await fc.assert(
    fc.asyncProperty(series, async ({ faults, left }) => {
      await rm(state.root, { recursive: true, force: true })
      const queue = [...faults]
      state.hub.fault = ({ isStorage }) => (isStorage ? queue.shift() : undefined)
      if (left) {
        const bytes = left.isRight ? content.subarray(0, left.length) : Buffer.alloc(left.length)
        await mkdir(dirname(place), { recursive: true })
        await writeFile(`${place}.incomplete`, bytes)
      }
      try {
        const pulled = await pull()
        expect((await readFile(join(pulled, 'model.safetensors'))).equals(content)).toBe(true)
        whole++
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        expect(await readFile(place).catch(() => undefined)).toBeUndefined()
        expect(await readdir(join(state.root, 'snapshots')).catch(() => [])).toEqual([])
        refused++
      }
    }),
    { numRuns: CASES },
  )
  expect(whole).toBeGreaterThan(CASES / 10)
  expect(refused).toBeGreaterThan(CASES / 20)
}, 1_800_000)
