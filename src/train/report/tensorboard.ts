import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs/minimal.js'
import { fileError } from '../../files/file-error.ts'
import type { Metrics } from './metrics.ts'

/** The two losses form one group in TensorBoard. Other values keep their names. */
const TAGS: Readonly<Record<string, string>> = {
  loss: 'loss/train',
  validationLoss: 'loss/validation',
}

/** Field numbers of TensorFlow's event.proto and summary.proto, as `number * 8 + wire type`. */
const EVENT = {
  wallTime: 1 * 8 + 1,
  step: 2 * 8,
  version: 3 * 8 + 2,
  summary: 5 * 8 + 2,
  session: 7 * 8 + 2,
}
const SUMMARY = { value: 1 * 8 + 2 }
const VALUE = { tag: 1 * 8 + 2, simpleValue: 2 * 8 + 5 }
const SESSION = { status: 1 * 8 }
const SESSION_START = 1

/** The first record of every event file. `wallTime` is in seconds since 1970. */
export const versionEvent = (wallTime: number): Uint8Array =>
  record(event(wallTime, 0).uint32(EVENT.version).string('brain.Event:2').finish())

/** Makes TensorBoard drop what earlier files hold of `step` and later: it is computed again. */
export const restartEvent = (wallTime: number, step: number): Uint8Array => {
  const session = event(wallTime, step).uint32(EVENT.session).fork()
  return record(session.uint32(SESSION.status).int32(SESSION_START).ldelim().finish())
}

/** The values of one step as scalars. */
export const metricsEvent = (wallTime: number, { step, ...values }: Metrics): Uint8Array => {
  const summary = event(wallTime, step).uint32(EVENT.summary).fork()
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    const scalar = summary.uint32(SUMMARY.value).fork()
    scalar.uint32(VALUE.tag).string(TAGS[name] ?? name)
    scalar.uint32(VALUE.simpleValue).float(value).ldelim()
  }
  return record(summary.ldelim().finish())
}

const event = (wallTime: number, step: number) =>
  protobuf.Writer.create().uint32(EVENT.wallTime).double(wallTime).uint32(EVENT.step).int64(step)

/** TFRecord framing: length, its checksum, the data, its checksum; all little-endian. */
const record = (data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(8 + 4 + data.length + 4)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, mask(crc32c(bytes.subarray(0, 8))), true)
  bytes.set(data, 12)
  view.setUint32(12 + data.length, mask(crc32c(data)), true)
  return bytes
}

/** TFRecord rotates and shifts checksums: those of data with checksums would be weak. */
const mask = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0

/** Remainders of the 256 bytes by the Castagnoli polynomial, bits reversed. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0)
  }
  return remainder
})

/** CRC-32C (Castagnoli), as in RFC 3720, appendix B.4. */
export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number)
  return ~crc >>> 0
}

export interface EventFile {
  write(metrics: Metrics): void
  close(): void
}

/**
 * A new TensorBoard event file in `folder` (`tensorboard --logdir FOLDER` shows it). With
 * `resumeAt`, TensorBoard drops what the files before it say of later steps. Throws UserError.
 */
export const openEvents = (
  folder: string,
  { resumeAt = 0 }: { resumeAt?: number } = {},
): EventFile => {
  const started = Date.now()
  const [seconds, rest] = [Math.floor(started / 1000), started % 1000]
  const path = join(folder, `events.out.tfevents.${seconds}.chatwright.${process.pid}.${rest}`)
  const attempt = <T>(operation: () => T): T => {
    try {
      return operation()
    } catch (error) {
      throw fileError(error, `cannot write ${path}`)
    }
  }
  const file = attempt(() => {
    mkdirSync(folder, { recursive: true })
    return openSync(path, 'a')
  })
  const append = (bytes: Uint8Array) => attempt(() => writeSync(file, bytes))
  append(versionEvent(started / 1000))
  append(restartEvent(started / 1000, resumeAt + 1))
  return {
    write: (metrics) => append(metricsEvent(Date.now() / 1000, metrics)),
    close: () => closeSync(file),
  }
}
