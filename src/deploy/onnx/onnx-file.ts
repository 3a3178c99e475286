import type { FileContent } from '../../files/folder.ts'
import { transposedMatrix } from '../../formats/matrices.ts'
import type { Tensor } from '../../graph/index.ts'
import { toGraphProto } from '../../graph/onnx/emit.ts'
import {
  type GraphProto,
  type InitializerProto,
  modelPieces,
  modelSize,
} from '../../graph/onnx/proto.ts'
import { dataFiles } from './data-files.ts'
import { storeTransposed } from './stored-matrices.ts'

export interface OnnxFileOptions {
  /** The file's name: `model.onnx`. */
  name: string
  outputs: Readonly<Record<string, Tensor>>
  /** Parameters by the names of the graph's inputs. */
  weights: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>
  /** Bytes of the largest file: a serialised model ends at 2 GB. */
  limit: number
  /** Takes ONNX Runtime's own operators, too. */
  fused?: boolean
}

/**
 * A model's file with its weights in it; where that would be too large, with files beside it that
 * hold them, `model.onnx_data`, `model.onnx_data_1` and so on. Elements are written from where they
 * are.
 */
export function onnxFile({ name, outputs, weights, limit, fused = false }: OnnxFileOptions): {
  files: Record<string, FileContent>
  /** How many files hold weights besides. */
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
  const places = new Map(parts.flatMap(({ tensors }) => [...tensors]))
  const outside = withInitializers(graph, (one) => ({ ...one, place: places.get(one.name) }))
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

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
