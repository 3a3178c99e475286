import type { Tensor } from 'onnxruntime-web'
import type { Binding } from '../engine.ts'
import { Shared } from '../shared.ts'
import type { WebProgram } from './program.ts'
import type { WebTensor } from './tensor.ts'

/** A program and its tensors. ONNX Runtime is told at each run where they lie. */
export class WebBinding implements Binding {
  readonly #program: WebProgram
  readonly #inputs: ReadonlyMap<string, WebTensor>
  readonly #outputs: ReadonlyMap<string, WebTensor>
  readonly #held: Shared
  #running = false
  #disposed = false

  /** `tensors` are the program's, already checked. */
  constructor(program: WebProgram, tensors: Readonly<Record<string, WebTensor>>) {
    const select = (specs: readonly { name: string }[]) =>
      new Map(specs.map(({ name }) => [name, tensors[name] as WebTensor]))
    this.#program = program
    this.#inputs = select(program.inputs)
    this.#outputs = select(program.outputs)
    const all = Object.values(tensors)
    program.session.retain()
    for (const { memory } of all) memory.retain()
    this.#held = new Shared(() => {
      program.session.release()
      for (const { memory } of all) memory.release()
    })
    program.bindings.add(this)
  }

  async run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#begin()
    try {
      await this.#program.owner.library.slots.use(() => this.#run(), signal)
      signal?.throwIfAborted()
    } finally {
      this.#running = false
      this.#held.release()
    }
  }

  async #run(): Promise<void> {
    this.#program.checkFailure()
    const inputs = [...this.#inputs.values()]
    const places = [...this.#outputs].map(
      ([name, tensor]) => [name, tensor.output(inputs)] as const,
    )
    const feeds: Record<string, Tensor> = {}
    const fetches: Record<string, Tensor | null> = {}
    for (const [name, tensor] of this.#inputs) feeds[name] = tensor.input()
    for (const [name, { tensor }] of places) fetches[name] = tensor
    try {
      const results = await this.#program.ortSession.run(feeds, fetches)
      for (const [name, place] of places) place.keep(results[name] as Tensor)
    } catch (error) {
      throw this.#program.fail(error)
    }
  }

  #begin(): void {
    this.#program.check()
    const { label, owner } = this.#program
    if (this.#disposed) throw new Error(`program "${label}": this binding was disposed`)
    if (this.#running)
      throw new Error(`program "${label}": this binding is running; wait, or bind another`)
    for (const tensor of [...this.#inputs.values(), ...this.#outputs.values()]) tensor.check()
    owner.checkDevice()
    this.#running = true
    this.#held.retain()
  }

  /** A run under way ends first: what it works on is freed after it. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#program.bindings.delete(this)
    this.#held.release()
  }
}
