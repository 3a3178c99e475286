import { setMaxListeners } from 'node:events'
import type { Pointer } from '../../files/koffi.ts'
import { BaseBinding } from '../base-program.ts'
import type { NativeProgram } from './program.ts'
import type { NativeTensor } from './tensor.ts'

/** An IoBinding: ONNX Runtime reads and writes the tensors' memory itself, nothing is copied. */
export class NativeBinding extends BaseBinding<NativeTensor> {
  readonly runSync: (() => void) | undefined
  readonly #program: NativeProgram
  readonly #tensors: Readonly<Record<string, NativeTensor>>
  /** On a GPU it is made at the first run, in turn: another thread may be using the device. */
  #pointer: Pointer | undefined

  constructor(program: NativeProgram, tensors: Readonly<Record<string, NativeTensor>>) {
    const { hostMemory } = program.owner
    const pointer = hostMemory ? createBinding(program, tensors) : undefined
    super(program, tensors)
    this.#program = program
    this.#tensors = tensors
    this.#pointer = pointer
    if (hostMemory) this.runSync = () => this.#runSync()
  }

  protected async compute(signal: AbortSignal | undefined): Promise<void> {
    const { api } = this.#program.owner
    for (const tensor of Object.values(this.#tensors)) tensor.upload()
    const options = signal ? api.create('CreateRunOptions') : null
    const stop = () => options && api.call('RunOptionsSetTerminate', options)
    // One signal stops runs on every thread, and Node warns of a leak from 11 listeners on.
    if (signal) setMaxListeners(0, signal)
    signal?.addEventListener('abort', stop)
    try {
      this.#pointer ??= createBinding(this.#program, this.#tensors)
      await api.callAsync('RunWithBinding', this.#program.pointer, options, this.#pointer)
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#program.explain(error)
    } finally {
      signal?.removeEventListener('abort', stop)
      if (options) api.release('RunOptions', options)
    }
  }

  #runSync(): void {
    this.begin()
    try {
      const { owner, pointer } = this.#program
      owner.api.call('RunWithBinding', pointer, null, this.#pointer as Pointer)
    } catch (error) {
      throw this.#program.explain(error)
    } finally {
      this.end()
    }
  }

  protected override free(): void {
    this.#program.owner.free('IoBinding', this.#pointer)
  }
}

function createBinding(
  { owner, pointer: session, inputs, outputs }: NativeProgram,
  tensors: Readonly<Record<string, NativeTensor>>,
): Pointer {
  const { api } = owner
  const pointer = api.create('CreateIoBinding', session)
  const value = (name: string) => (tensors[name] as NativeTensor).value
  try {
    for (const { name } of inputs) api.call('BindInput', pointer, name, value(name))
    for (const { name } of outputs) api.call('BindOutput', pointer, name, value(name))
    return pointer
  } catch (error) {
    owner.free('IoBinding', pointer)
    throw error
  }
}
