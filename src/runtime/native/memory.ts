import { MessageChannel } from 'node:worker_threads'
import { koffi, type Pointer } from '../../files/koffi.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import { Shared } from '../shared.ts'

/** A cache line, and an AVX-512 register. */
const ALIGNMENT = 64

/**
 * Zero-filled memory that does not move, seen by JavaScript as an ArrayBuffer. Once freed, its
 * views have length 0: late use cannot reach memory that has another owner by now.
 */
export class Memory extends Shared {
  readonly buffer: ArrayBuffer
  /** Where the aligned part starts in `buffer`. */
  readonly offset: number
  readonly address: Pointer

  constructor(bytes: number) {
    const buffer = allocate(bytes + ALIGNMENT)
    super(() => drop(buffer))
    const address = koffi.address(buffer)
    this.buffer = buffer
    memories.set(buffer, this)
    this.offset = (ALIGNMENT - Number(address % BigInt(ALIGNMENT))) % ALIGNMENT
    this.address = address + BigInt(this.offset)
  }

  /** False after the caller transferred the buffer to a worker. */
  get isIntact(): boolean {
    return this.buffer.byteLength > 0
  }
}

const memories = new WeakMap<ArrayBufferLike, Memory>()

/** The memory of a tensor's `array`; undefined for other arrays. */
export const memoryOf = (array: TypedArray): Memory | undefined => memories.get(array.buffer)

function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes)
  } catch {
    throw new RangeError(`a tensor of ${bytes} bytes does not fit in memory`)
  }
}

const { port1: closedPort } = new MessageChannel()
closedPort.close()

/** Frees a buffer at once: transferring it to a closed port drops it. */
function drop(buffer: ArrayBuffer): void {
  if (buffer.byteLength > 0) closedPort.postMessage(undefined, [buffer])
}
