import type { DType } from '../../graph/dtype.ts'
import type { Engine } from '../engine.ts'
import { WebEngine } from './engine.ts'
import { GpuHeap } from './gpu-memory.ts'
import { type GpuOwner, GpuTensor } from './gpu-tensor.ts'
import { HostTensor } from './host-tensor.ts'
import type { Library } from './library.ts'
import type { WebTensor } from './tensor.ts'

/** WebGPU, over tensors in the GPU's memory. */
class WebGpuEngine extends WebEngine implements GpuOwner {
  readonly name = 'webgpu'
  readonly hostMemory = false
  readonly readsFiles = false
  readonly recovers = false
  readonly heap: GpuHeap
  #error: Error | undefined

  constructor(library: Library, device: GPUDevice) {
    super(library, `webgpu: ONNX Runtime ${library.ort.env.versions.web}, in the page`)
    this.heap = new GpuHeap(device)
    device.addEventListener('uncapturederror', this.#fail)
  }

  /** WebGPU has no empty and no int8 buffers: such tensors stay on the host. */
  tensor(dtype: DType, shape: readonly number[]): WebTensor {
    this.check()
    const onGpu = dtype !== 'int8' && !shape.includes(0)
    return onGpu ? new GpuTensor(this, dtype, shape) : new HostTensor(this, dtype, shape)
  }

  override checkDevice(): void {
    const error = this.#error
    this.#error = undefined
    if (error) throw error
  }

  /** The device reports a failure long after the work was submitted. */
  readonly #fail = ({ error }: GPUUncapturedErrorEvent): void => {
    this.#error ??= new Error(`the GPU failed: ${error.message}`)
  }

  protected override async release(): Promise<void> {
    await super.release()
    this.heap.device.removeEventListener('uncapturederror', this.#fail)
    this.heap.dispose()
  }
}

export async function openWebGpu(library: Library): Promise<Engine> {
  return new WebGpuEngine(library, await library.ort.env.webgpu.device)
}
