import { MessageChannel } from 'node:worker_threads'
import { koffi, type Pointer } from '../../files/koffi.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import { Shared } from '../shared.ts'

/** A cache line, and an AVX-512 register. */
const ALIGNMENT = 64

/**
 * Zero-filled memory that does not move and that JavaScript sees as an ArrayBuffer. Freed, its
 * views are left with length 0: late use of one cannot reach memory that others own by now.
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

  /** False after someone else took the memory away, by transferring the buffer to a worker. */
  get isIntact(): boolean {
    return this.buffer.byteLength > 0
  }
}

const memories = new WeakMap<ArrayBufferLike, Memory>()

/** The memory that `array` is a view of, if it is a tensor's. */
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

/** Frees a buffer now, not when garbage is collected: what is moved to a closed port is dropped. */
function drop(buffer: ArrayBuffer): void {
  if (buffer.byteLength > 0) closedPort.postMessage(undefined, [buffer])
}
