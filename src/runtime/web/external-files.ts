import { Reader, Writer } from 'protobufjs/minimal.js'

/** Field numbers of onnx.proto (onnx/onnx, v1.15). */
const MODEL_GRAPH = 7
const GRAPH_INITIALIZER = 5
const TENSOR_NAME = 8
const TENSOR_EXTERNAL_DATA = 13

const LENGTH_DELIMITED = 2

/** A serialized ModelProto whose external initializers each lie in a file of their own name. */
export const withExternalFiles = (model: Uint8Array): Uint8Array =>
  mapField(model, MODEL_GRAPH, (graph) =>
    mapField(graph, GRAPH_INITIALIZER, (tensor) =>
      mapField(tensor, TENSOR_EXTERNAL_DATA, () => location(nameOf(tensor))),
    ),
  )

/** Maps each submessage of a field; all other bytes stay the same. */
function mapField(
  message: Uint8Array,
  field: number,
  change: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const reader = Reader.create(message)
  const parts: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const start = reader.pos
    const tag = reader.uint32()
    if (tag === tagOf(field)) {
      parts.push(Writer.create().uint32(tag).bytes(change(reader.bytes())).finish())
    } else {
      reader.skipType(tag & 7)
      parts.push(message.subarray(start, reader.pos))
    }
  }
  return concatenate(parts)
}

const tagOf = (field: number): number => (field << 3) | LENGTH_DELIMITED

function nameOf(tensor: Uint8Array): string {
  const reader = Reader.create(tensor)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === tagOf(TENSOR_NAME)) return reader.string()
    reader.skipType(tag & 7)
  }
  return ''
}

/** A StringStringEntryProto. */
const location = (path: string): Uint8Array =>
  Writer.create().uint32(tagOf(1)).string('location').uint32(tagOf(2)).string(path).finish()

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
