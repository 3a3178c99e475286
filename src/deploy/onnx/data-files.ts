import { byteLength, type InitializerProto } from '../../graph/onnx/proto.ts'

type Place = NonNullable<InitializerProto['place']>

/**
 * A file of tensors' elements beside a model, each of which begins at a multiple of `ALIGNMENT`.
 */
class DataFile {
  readonly location: string
  readonly tensors = new Map<string, Place>()
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

/** Bytes; what vector instructions and caches like. */
const ALIGNMENT = 64

/**
 * Tensors spread over files of `limit` bytes at most, in their order; a larger one has its own. The
 * files are named as transformers.js expects: `model.onnx_data`, `model.onnx_data_1`, ...
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
