import type { TypedArray } from '../../graph/dtype.ts'
import { bytesOf } from '../base-tensor.ts'
import { Shared } from '../shared.ts'

/** Shaders read four words at a time. */
const ALIGNMENT = 16

/** Flags of the WebGPU specification. */
const MAP_READ = 0x1
const COPY_SRC = 0x4
const COPY_DST = 0x8
const STORAGE = 0x80

const READ = 0x1

/** Buffers of the GPU, which are reused. */
export class GpuHeap {
  readonly device: GPUDevice
  readonly #spare = new Map<number, GPUBuffer[]>()

  constructor(device: GPUDevice) {
    this.device = device
  }

  /** A buffer with arbitrary values. */
  take(size: number): GPUBuffer {
    return this.#spare.get(size)?.pop() ?? this.allocate(size)
  }

  giveBack(buffer: GPUBuffer): void {
    const spare = this.#spare.get(buffer.size) ?? []
    spare.push(buffer)
    this.#spare.set(buffer.size, spare)
  }

  /** A buffer of zeros. */
  allocate(size: number): GPUBuffer {
    return this.device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST })
  }

  /** Copies between buffers of the same size. */
  copy(from: GPUBuffer, to: GPUBuffer): void {
    const encoder = this.device.createCommandEncoder()
    encoder.copyBufferToBuffer(from, 0, to, 0, from.size)
    this.device.queue.submit([encoder.finish()])
  }

  dispose(): void {
    for (const buffers of this.#spare.values()) for (const buffer of buffers) buffer.destroy()
    this.#spare.clear()
  }
}

/** The buffer of a tensor and its views. */
export class GpuMemory extends Shared {
  readonly #heap: GpuHeap
  #buffer: GPUBuffer

  constructor(heap: GpuHeap, bytes: number) {
    super(() => this.#buffer.destroy())
    this.#heap = heap
    this.#buffer = heap.allocate(ALIGNMENT * Math.ceil(bytes / ALIGNMENT))
  }

  get buffer(): GPUBuffer {
    return this.#buffer
  }

  /** A buffer for new values while the old ones are read; starts as a copy of these. */
  spare(): GPUBuffer {
    const buffer = this.#heap.take(this.#buffer.size)
    this.#heap.copy(this.#buffer, buffer)
    return buffer
  }

  /** Adopts a buffer from `spare`. */
  replace(buffer: GPUBuffer): void {
    this.#heap.giveBack(this.#buffer)
    this.#buffer = buffer
  }

  write(values: TypedArray): void {
    const bytes = bytesOf(values)
    const whole = new Uint8Array(4 * Math.ceil(bytes.length / 4))
    const isWhole = whole.length === bytes.length
    if (!isWhole) whole.set(bytes)
    this.#heap.device.queue.writeBuffer(this.#buffer, 0, isWhole ? bytes : whole)
  }

  /** Its first bytes, once the device has done all its work. */
  async read(bytes: number): Promise<ArrayBuffer> {
    const { size } = this.#buffer
    const copy = this.#heap.device.createBuffer({ size, usage: MAP_READ | COPY_DST })
    try {
      this.#heap.copy(this.#buffer, copy)
      await copy.mapAsync(READ)
      return copy.getMappedRange().slice(0, bytes)
    } finally {
      copy.destroy()
    }
  }
}
