import { setMaxListeners } from 'node:events'
import type { Pointer } from '../../files/koffi.ts'
import type { Binding } from '../engine.ts'
import { Shared } from '../shared.ts'
import type { NativeProgram } from './program.ts'
import type { NativeTensor } from './tensor.ts'

/** An IoBinding: ONNX Runtime reads and writes the tensors' memory itself, nothing is copied. */
export class NativeBinding implements Binding {
  readonly runSync: (() => void) | undefined
  readonly #program: NativeProgram
  readonly #tensors: Readonly<Record<string, NativeTensor>>
  readonly #held: Shared
  #pointer: Pointer | undefined
  #running = false
  #disposed = false

  /** `tensors` are the program's, already checked. */
  constructor(program: NativeProgram, tensors: Readonly<Record<string, NativeTensor>>) {
    this.#program = program
    this.#tensors = tensors
    if (program.owner.hostMemory) {
      this.#native()
      this.runSync = () => this.#runSync()
    }
    program.session.retain()
    for (const { memory } of Object.values(tensors)) memory.retain()
    this.#held = new Shared(() => {
      program.owner.free('IoBinding', this.#pointer)
      program.session.release()
      for (const { memory } of Object.values(tensors)) memory.release()
    })
    program.bindings.add(this)
  }

  async run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#begin()
    try {
      await this.#program.owner.slots.use(() => this.#runAsync(signal), signal)
    } finally {
      this.#end()
    }
  }

  async #runAsync(signal: AbortSignal | undefined): Promise<void> {
    const { api } = this.#program.owner
    for (const tensor of Object.values(this.#tensors)) tensor.upload?.()
    const options = signal ? api.create('CreateRunOptions') : null
    const stop = () => options && api.call('RunOptionsSetTerminate', options)
    // One signal stops runs on every thread, and Node warns of a leak from 11 listeners on.
    if (signal) setMaxListeners(0, signal)
    signal?.addEventListener('abort', stop)
    try {
      await api.callAsync('RunWithBinding', this.#program.pointer, options, this.#native())
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#program.explain(error)
    } finally {
      signal?.removeEventListener('abort', stop)
      if (options) api.release('RunOptions', options)
    }
    signal?.throwIfAborted()
  }

  #runSync(): void {
    this.#begin()
    try {
      const { owner, pointer } = this.#program
      owner.api.call('RunWithBinding', pointer, null, this.#native())
    } catch (error) {
      throw this.#program.explain(error)
    } finally {
      this.#end()
    }
  }

  #begin(): void {
    this.#program.check()
    const { label } = this.#program
    if (this.#disposed) throw new Error(`program "${label}": this binding was disposed`)
    if (this.#running)
      throw new Error(`program "${label}": this binding is running; wait, or bind another`)
    for (const tensor of Object.values(this.#tensors)) tensor.check()
    this.#running = true
    this.#held.retain()
  }

  #end(): void {
    this.#running = false
    this.#held.release()
  }

  /** A run under way ends first: what it works on is freed after it. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#program.bindings.delete(this)
    this.#held.release()
  }

  /**
   * The IoBinding. On a GPU it is made at the first run, in turn: another thread may be using it.
   */
  #native(): Pointer {
    this.#pointer ??= createBinding(this.#program, this.#tensors)
    return this.#pointer
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
