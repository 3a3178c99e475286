import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { runForJson } from '../bench/child.ts'
import type { Torch } from '../bench/torch.ts'
import { writeFile } from '../src/files/node-file.ts'
import { encodeSafetensors, type TensorToWrite } from '../src/formats/safetensors/safetensors.ts'

const ARCHITECTURES = new URL('../peers/torch/architectures/', import.meta.url)
const script = (name: string): string => fileURLToPath(new URL(name, ARCHITECTURES))

/** What `peers/torch/architectures/run.py` is asked; its head tells what the fields mean. */
export interface ArchitectureTask {
  architecture: string
  head: string
  /** config.json of the architecture. */
  config: object
  weights: Iterable<TensorToWrite>
  adapter?: { weights: Iterable<TensorToWrite>; config: object }
  inputs: Readonly<Record<string, unknown>>
  want: readonly ('logits' | 'hidden' | 'source_hidden' | 'embedding' | 'loss' | 'attention')[]
  pooling?: 'mean' | 'cls' | 'last'
  normalize?: boolean
  temperature?: number
  labelSmoothing?: number
  /** Adds `grad.NAME` for every parameter of the file, or of the adapter. */
  gradients?: boolean
  dtype?: 'float32' | 'float64'
}

export interface ArchitectureTensor {
  shape: number[]
  data: Float32Array | Float64Array
}

/** The tensors that PyTorch computes for a task, by name. Throws with what it complained of. */
export async function runArchitecture(
  torch: Torch,
  task: ArchitectureTask,
): Promise<Map<string, ArchitectureTensor>> {
  const peer = new ArchitecturePeer(torch)
  try {
    return await peer.run(task)
  } finally {
    peer.close()
  }
}

/** `run.py` in a process that does one task after another, so that PyTorch is loaded once. */
export class ArchitecturePeer {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #complaints = ''

  constructor({ python }: Torch) {
    this.#process = spawn(python, [script('run.py'), '-'])
    this.#process.stderr.on('data', (text) => {
      this.#complaints += text
    })
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
  }

  /** As `runArchitecture`. */
  async run({
    labelSmoothing,
    ...task
  }: ArchitectureTask): Promise<Map<string, ArchitectureTensor>> {
    const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
    const path = (name: string) => join(folder, name)
    try {
      await writeFile(path('weights'), encodeSafetensors(task.weights))
      const { adapter } = task
      if (adapter) await writeFile(path('adapter'), encodeSafetensors(adapter.weights))
      await this.#ask({
        ...task,
        ...(labelSmoothing && { label_smoothing: labelSmoothing }),
        weights: path('weights'),
        adapter: adapter && { weights: path('adapter'), config: adapter.config },
        output: path('output'),
      })
      return readTensors(await readFile(path('output')))
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  close(): void {
    this.#process.stdin.end()
  }

  async #ask(request: object): Promise<void> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`PyTorch has ended: ${this.#complaints}`)
    const { error } = JSON.parse(value) as { error?: string }
    if (error) throw new Error(error)
  }
}

/** How many of the references' own checks passed: all. Throws with one that fails. */
export const checkArchitectures = async ({ python }: Torch): Promise<number> => {
  const result = await runForJson({ file: python, args: [script('check.py')] })
  return (result as { passed: number }).passed
}

/** Float64 too, which the library's reader does not know. */
function readTensors(file: Buffer): Map<string, ArchitectureTensor> {
  const start = 8 + Number(file.readBigUInt64LE())
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> =
    JSON.parse(file.toString('utf8', 8, start))
  const entries = Object.entries(header).map(([name, { dtype, shape, data_offsets }]) => {
    const [from, to] = data_offsets as [number, number]
    const { buffer } = new Uint8Array(file.subarray(start + from, start + to))
    const data = dtype === 'F64' ? new Float64Array(buffer) : new Float32Array(buffer)
    return [name, { shape, data }] as const
  })
  return new Map(entries)
}
