import type { FileContent } from '../../files/folder.ts'
import { transposedMatrix } from '../../formats/matrices.ts'
import { input, mapGraph, matmul, type Tensor, topologicalOrder } from '../../graph/index.ts'
import { toGraphProto } from '../../graph/onnx/emit.ts'
import {
  byteLength,
  type GraphProto,
  type InitializerProto,
  modelPieces,
  modelSize,
} from '../../graph/onnx/proto.ts'
import { asInput } from '../../graph/ops/leaf.ts'
import { bytesOf } from '../../runtime/base-tensor.ts'

export interface OnnxFileOptions {
  /** The file's name: `model.onnx`. */
  name: string
  outputs: Readonly<Record<string, Tensor>>
  /** Parameters by the names of the graph's inputs. */
  weights: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>
  /** Bytes of a file, at most: a protobuf cannot exceed 2 GB. */
  limit: number
  /** Uses ONNX Runtime's own operators, too. */
  fused?: boolean
}

/**
 * A model's file with its weights; or, if that exceeds `limit`, with the weights in files beside
 * it, `model.onnx_data`, `model.onnx_data_1` and so on. Weights are not copied.
 */
export function onnxFile({ name, outputs, weights, limit, fused = false }: OnnxFileOptions): {
  files: Record<string, FileContent>
  /** Number of weight files beside the model. */
  dataFiles: number
} {
  const { outputs: stored, stored: originals } = storeTransposed(outputs, (n) => n in weights)
  const shapes = Object.entries(weights).map(([n, { shape }]) => [n, shape] as const)
  const turned = [...originals].map(([n, original]) => {
    return [n, [...(weights[original]?.shape ?? [])].reverse()] as const
  })
  const declared = Object.fromEntries(
    [...shapes, ...turned].map(([n, shape]) => [n, { dtype: 'float32' as const, shape }]),
  )
  const graph = toGraphProto(stored, {
    target: fused ? 'cpu' : 'standard',
    weights: declared,
  })
  const elements = (n: string): Uint8Array => {
    const { data, shape } = weights[originals.get(n) ?? n] as OnnxFileOptions['weights'][string]
    return bytesOf(originals.has(n) ? transposedMatrix(data, shape) : data)
  }
  const whole = withInitializers(graph, (one) => ({ ...one, bytes: () => elements(one.name) }))
  if (modelSize(whole) <= limit) return { files: { [name]: modelPieces(whole) }, dataFiles: 0 }
  const parts = dataFiles(graph.initializers.filter(isOutside), name, limit)
  const locations = new Map(parts.flatMap(({ tensors }) => [...tensors]))
  const outside = withInitializers(graph, (one) => ({ ...one, external: locations.get(one.name) }))
  const files = parts.map((part) => [part.location, part.pieces(elements)] as const)
  return {
    files: { [name]: modelPieces(outside), ...Object.fromEntries(files) },
    dataFiles: parts.length,
  }
}

const isOutside = ({ bytes }: InitializerProto): boolean => bytes === undefined

const withInitializers = (
  graph: GraphProto,
  change: (one: InitializerProto) => InitializerProto,
): GraphProto => ({
  ...graph,
  initializers: graph.initializers.map((one) => (isOutside(one) ? change(one) : one)),
})

/**
 * Replaces products x Wᵀ with weights (out, in) by x W with the matrix stored as (in, out), which
 * every runtime and tool recognizes as a layer. Matrices with other uses, such as a tied embedding,
 * stay. `stored`: new names, each with the weight that it is the transpose of.
 */
function storeTransposed(
  outputs: Readonly<Record<string, Tensor>>,
  isWeight: (name: string) => boolean,
): { outputs: Record<string, Tensor>; stored: Map<string, string> } {
  const elsewhere = new Set<Tensor>()
  for (const node of topologicalOrder(Object.values(outputs)))
    for (const [i, t] of node.inputs.entries())
      if (node.op.name !== 'matmul' || i !== 1) elsewhere.add(t)
  const stored = new Map<string, string>()
  const made = new Map<string, Tensor>()
  const mapped = mapGraph(Object.values(outputs), ({ op, attrs }, [x, matrix]) => {
    const leaf = matrix && op.name === 'matmul' ? asInput(matrix.node) : undefined
    const { transposeA, transposeB, scale } = attrs as Record<string, unknown>
    if (!x || !matrix || !leaf || !isWeight(leaf.name) || elsewhere.has(matrix)) return undefined
    if (transposeA || !transposeB || scale !== 1) return undefined
    const name = `${leaf.name}_transposed`
    const transposed = made.get(name) ?? input(name, leaf.dtype, [...leaf.shape].reverse())
    made.set(name, transposed)
    stored.set(name, leaf.name)
    return [matmul(x, transposed)]
  })
  const names = Object.keys(outputs)
  return { outputs: Object.fromEntries(mapped.map((t, i) => [names[i], t])), stored }
}

type FilePart = NonNullable<InitializerProto['external']>

/** A file of tensors beside a model, each aligned to `ALIGNMENT`. */
class DataFile {
  readonly location: string
  readonly tensors = new Map<string, FilePart>()
  size = 0

  constructor(location: string) {
    this.location = location
  }

  add(name: string, length: number): void {
    const offset = ALIGNMENT * Math.ceil(this.size / ALIGNMENT)
    this.tensors.set(name, { location: this.location, offset, length })
    this.size = offset + length
  }

  *pieces(elements: (name: string) => Uint8Array): Generator<Uint8Array> {
    let end = 0
    for (const [name, { offset, length }] of this.tensors) {
      yield new Uint8Array(offset - end)
      yield elements(name)
      end = offset + length
    }
  }
}

/** Bytes: a cache line, and an AVX-512 register. */
const ALIGNMENT = 64

/**
 * Distributes tensors, in order, over files of at most `limit` bytes; a larger tensor has its own.
 * Names are those that transformers.js expects: `model.onnx_data`, `model.onnx_data_1`, ...
 */
export function dataFiles(
  tensors: readonly InitializerProto[],
  name: string,
  limit: number,
): DataFile[] {
  const parts: DataFile[] = []
  for (const one of tensors) {
    const length = byteLength(one)
    let last = parts.at(-1)
    if (!last || (last.size > 0 && last.size + length + ALIGNMENT > limit)) {
      last = new DataFile(`${name}_data${parts.length === 0 ? '' : `_${parts.length}`}`)
      parts.push(last)
    }
    last.add(one.name, length)
  }
  return parts
}
