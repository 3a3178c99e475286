import type { Tensor } from 'onnxruntime-web'
import { BaseBinding } from '../base-program.ts'
import type { WebProgram } from './program.ts'
import type { WebTensor } from './tensor.ts'

/** A program and its tensors, which ONNX Runtime is given at each run. */
export class WebBinding extends BaseBinding<WebTensor> {
  readonly #program: WebProgram
  readonly #inputs: readonly (readonly [string, WebTensor])[]
  readonly #outputs: readonly (readonly [string, WebTensor])[]

  constructor(program: WebProgram, tensors: Readonly<Record<string, WebTensor>>) {
    super(program, tensors)
    const select = (specs: readonly { name: string }[]) =>
      specs.map(({ name }) => [name, tensors[name] as WebTensor] as const)
    this.#program = program
    this.#inputs = select(program.inputs)
    this.#outputs = select(program.outputs)
  }

  protected override begin(): void {
    this.#program.owner.checkDevice()
    super.begin()
  }

  protected async compute(): Promise<void> {
    this.#program.checkFailure()
    const inputs = this.#inputs.map(([, tensor]) => tensor)
    const targets = this.#outputs.map(([name, tensor]) => [name, tensor.output(inputs)] as const)
    const feeds: Record<string, Tensor> = {}
    const fetches: Record<string, Tensor | null> = {}
    for (const [name, tensor] of this.#inputs) feeds[name] = tensor.input()
    for (const [name, { tensor }] of targets) fetches[name] = tensor
    try {
      const results = await this.#program.ortSession.run(feeds, fetches)
      for (const [name, target] of targets) target.keep(results[name] as Tensor)
    } catch (error) {
      throw this.#program.explain(error)
    }
  }
}
