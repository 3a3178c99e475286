import type { DType } from '../../graph/dtype.ts'
import { WebEngine } from './engine.ts'
import { HostTensor } from './host-tensor.ts'
import type { Library } from './library.ts'

/** WebAssembly, over tensors in JavaScript's memory. */
export class WasmEngine extends WebEngine {
  readonly name = 'wasm'
  readonly hostMemory = true
  readonly readsFiles = false
  readonly recovers = true

  /** `because`: why another engine was not chosen. */
  constructor(library: Library, because?: string) {
    const { ort, threads } = library
    const why = because === undefined ? '' : `; ${because}`
    const count = `${threads} thread${threads > 1 ? 's' : ''}`
    super(library, `wasm: ONNX Runtime ${ort.env.versions.web}, WebAssembly, ${count}${why}`)
  }

  tensor(dtype: DType, shape: readonly number[]): HostTensor {
    this.check()
    return new HostTensor(this, dtype, shape)
  }
}
