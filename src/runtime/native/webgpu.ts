import { availableParallelism } from 'node:os'
import { EngineUnavailable } from '../../errors.ts'
import type { Pointer } from '../../files/koffi.ts'
import type { DType } from '../../graph/dtype.ts'
import { input, toOnnx } from '../../graph/index.ts'
import type { Engine } from '../engine.ts'
import type { Released } from './api.ts'
import { NativeEngine } from './engine.ts'
import { type Environment, getEnvironment } from './environment.ts'
import type { GpuOwner } from './gpu-memory.ts'
import { GpuTensor } from './gpu-tensor.ts'
import { VERSION } from './library.ts'
import { createSession, type Placement } from './session.ts'

/**
 * ONNX Runtime's WebGPU provider, with tensors in device memory. Only one thread may use the device
 * at a time, so runs take turns.
 */
class WebGpuEngine extends NativeEngine implements GpuOwner {
  readonly name = 'webgpu'
  readonly hostMemory = false
  readonly readsFiles = false
  readonly allocator: Pointer
  readonly deviceMemory: Pointer
  /** A session that lives as long as the engine, because it owns the allocator's memory. */
  readonly #anchor: Pointer
  readonly #probe: GpuTensor

  constructor(environment: Environment, placement: Placement, anchor: Pointer) {
    super(environment, placement, 1, `webgpu: ONNX Runtime ${VERSION}, native`)
    this.#anchor = anchor
    this.deviceMemory = this.api.create('CreateMemoryInfo', 'WebGPU_Buf', DEVICE_ALLOCATOR, 0, 0)
    this.allocator = this.api.create('CreateAllocator', anchor, this.deviceMemory)
    this.#probe = GpuTensor.zeros(this, 'float32', [1])
    process.on('exit', this.#finish)
  }

  tensor(dtype: DType, shape: readonly number[]): GpuTensor {
    this.check()
    return GpuTensor.zeros(this, dtype, shape)
  }

  free(kind: Released, pointer: Pointer | undefined): void {
    if (pointer !== undefined) void this.slots.use(async () => this.api.release(kind, pointer))
  }

  /** Blocks until the device has done all its work: a driver unloaded before that crashes. */
  readonly #finish = (): void => {
    if (this.slots.isIdle) this.#probe.download()
  }

  protected override async release(): Promise<void> {
    await this.slots.drain()
    this.#finish()
    process.off('exit', this.#finish)
    await super.release()
    this.api.release('Allocator', this.allocator)
    this.api.release('MemoryInfo', this.deviceMemory)
    this.api.release('Session', this.#anchor)
  }
}

const DEVICE_ALLOCATOR = 0

/** Throws `EngineUnavailable` if the library is missing or there is no GPU that it can use. */
export async function openWebGpu(threads = availableParallelism()): Promise<Engine> {
  const environment = getEnvironment()
  const placement: Placement = { threads, provider: 'WebGPU' }
  const anchor = await createSession(environment, identity, placement, {}).catch((error) => {
    throw new EngineUnavailable(`no GPU that WebGPU can use: ${error.message}`)
  })
  return new WebGpuEngine(environment, placement, anchor)
}

/** y = x, of one number: the least that a provider must be able to run. */
const identity = toOnnx({ y: input('x', 'float32', [1]) }, { target: 'webgpu' })
