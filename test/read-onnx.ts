import { Reader } from 'protobufjs/minimal.js'

/** What a serialised ModelProto says of operators, by the field numbers of onnx.proto. */
export interface OnnxOutline {
  /** Versions by domain; '' is the standard. */
  opsets: Record<string, number>
  nodes: { type: string; domain: string }[]
  /** Names, and of those outside the file where they are. */
  initializers: { name: string; location: string | undefined }[]
}

type Fields = Map<number, (Uint8Array | number)[]>

export function readOnnx(bytes: Uint8Array): OnnxOutline {
  const model = fieldsOf(bytes)
  const [graph] = messages(model, 7)
  if (!graph) throw new Error('there is no graph')
  const opsets = messages(model, 8).map((opset) => [text(opset, 1), Number(opset.get(2)?.[0])])
  return {
    opsets: Object.fromEntries(opsets),
    nodes: messages(graph, 1).map((node) => ({ type: text(node, 4), domain: text(node, 7) })),
    initializers: messages(graph, 5).map((tensor) => {
      const entry = messages(tensor, 13).find((one) => text(one, 1) === 'location')
      return { name: text(tensor, 8), location: entry && text(entry, 2) }
    }),
  }
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = Reader.create(bytes)
  const fields: Fields = new Map()
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const value = read(reader, tag & 7)
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value])
  }
  return fields
}

function read(reader: Reader, type: number): Uint8Array | number {
  if (type === 0) return Number(reader.int64())
  if (type === 2) return reader.bytes()
  reader.skipType(type)
  return 0
}

const messages = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array))

const text = (fields: Fields, field: number): string =>
  new TextDecoder().decode((fields.get(field)?.[0] as Uint8Array | undefined) ?? new Uint8Array())
