import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { crc32c, metricsEvent, openEvents, restartEvent, versionEvent } from './tensorboard.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** CRC-32C bit by bit, by its definition as a division of polynomials. */
const slowCrc = (bytes: Uint8Array): number => {
  let crc = 0xffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n
  }
  return Number(crc ^ 0xffffffffn)
}

const unmask = (masked: number): number => {
  const turned = (masked - 0xa282ead8) >>> 0
  return ((turned >>> 17) | (turned << 15)) >>> 0
}

/** Takes an event file apart into the data of its records, checking lengths and checksums. */
const readRecords = (file: Uint8Array): Uint8Array[] => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const records: Uint8Array[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true))
    expect(unmask(view.getUint32(at + 8, true))).toBe(slowCrc(file.subarray(at, at + 8)))
    const data = file.subarray(at + 12, at + 12 + length)
    expect(data.length).toBe(length)
    expect(unmask(view.getUint32(at + 12 + length, true))).toBe(slowCrc(data))
    records.push(data)
    at += 16 + length
  }
  return records
}

type Field = number | bigint | Uint8Array

/** Any protobuf message as [field number, value] pairs, by the wire format alone. */
const readFields = (data: Uint8Array): [number, Field][] => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const fields: [number, Field][] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < data.length) {
    const key = Number(varint())
    const wire = key & 7
    if (wire === 0) fields.push([key >> 3, varint()])
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint())
      const value =
        wire === 1
          ? view.getFloat64(at, true)
          : wire === 5
            ? view.getFloat32(at, true)
            : data.subarray(at, at + length)
      fields.push([key >> 3, value])
      at += length
    }
  }
  return fields
}

const text = (field: Field | undefined) => new TextDecoder().decode(field as Uint8Array)

/** An Event in words. */
const readEvent = (data: Uint8Array) => {
  const fields = new Map(readFields(data))
  const scalars = fields.has(5)
    ? readFields(fields.get(5) as Uint8Array).map(([number, value]) => {
        expect(number).toBe(1)
        const scalar = new Map(readFields(value as Uint8Array))
        return [text(scalar.get(1)), scalar.get(2)]
      })
    : undefined
  return {
    wallTime: fields.get(1),
    step: fields.get(2),
    ...(fields.has(3) && { version: text(fields.get(3)) }),
    ...(fields.has(7) && { session: readFields(fields.get(7) as Uint8Array) }),
    ...(scalars && { scalars: Object.fromEntries(scalars) }),
  }
}

describe('crc32c', () => {
  it.each([
    // RFC 3720, B.4
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    // The check value in the catalogue of parametrised CRC algorithms
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('%s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
    expect(slowCrc(bytes)).toBe(crc)
  })
})

describe('events, byte by byte', () => {
  it('the version', () => {
    const [data] = readRecords(versionEvent(1.5))
    const version = `1a0d${hex(new TextEncoder().encode('brain.Event:2'))}`
    expect(hex(data as Uint8Array)).toBe(`09000000000000f83f1000${version}`)
  })

  it('the start of a session at step 300', () => {
    const [data] = readRecords(restartEvent(1.5, 300))
    expect(hex(data as Uint8Array)).toBe('09000000000000f83f10ac02' + '3a020801')
  })

  it('a scalar', () => {
    const [data] = readRecords(metricsEvent(1.5, { step: 1, loss: 0.5 }))
    const tag = `0a0a${hex(new TextEncoder().encode('loss/train'))}`
    const value = '15' + '0000003f'
    expect(hex(data as Uint8Array)).toBe(`09000000000000f83f10012a130a11${tag}${value}`)
  })
})

it('writes a file that an independent reader takes apart', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'chatwright-')), 'tensorboard')
  try {
    const events = openEvents(folder, { resumeAt: 20 })
    events.write({ step: 21, loss: 3.5, learningRate: 0.25, validationLoss: undefined })
    events.write({ step: 5_000_000_000, validationLoss: -Infinity, note: 2 ** 20 })
    events.close()
    const [name = '', ...others] = await readdir(folder)
    expect(others).toEqual([])
    expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\.chatwright\.\d+\.\d+$/)
    const records = readRecords(await readFile(join(folder, name))).map(readEvent)
    expect(records).toEqual([
      { wallTime: expect.any(Number), step: 0n, version: 'brain.Event:2' },
      { wallTime: expect.any(Number), step: 21n, session: [[1, 1n]] },
      {
        wallTime: expect.any(Number),
        step: 21n,
        scalars: { 'loss/train': 3.5, learningRate: 0.25 },
      },
      {
        wallTime: expect.any(Number),
        step: 5_000_000_000n,
        scalars: { 'loss/validation': -Infinity, note: 2 ** 20 },
      },
    ])
    const age = Date.now() / 1000 - (records[2]?.wallTime as number)
    expect(Math.abs(age)).toBeLessThan(600)
  } finally {
    await rm(join(folder, '..'), { recursive: true })
  }
})
