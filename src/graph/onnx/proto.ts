import { Writer } from 'protobufjs/minimal.js'
import type { Shape } from '../dim.ts'
import { DTYPES, type DType } from '../dtype.ts'
import type { Attribute } from './emitter.ts'
import type { TensorSpec } from './model.ts'

/** The few messages of ONNX that a model needs, by the field numbers of onnx.proto (onnx/onnx, v1.15). */

type Write = (writer: Writer) => void

const LENGTH_DELIMITED = 2
const FIXED32 = 5

const message = (field: number, write: Write) => (writer: Writer) => {
  writer.uint32((field << 3) | LENGTH_DELIMITED).fork()
  write(writer)
  writer.ldelim()
}

const text = (writer: Writer, field: number, value: string) =>
  writer.uint32((field << 3) | LENGTH_DELIMITED).string(value)

const integer = (writer: Writer, field: number, value: number) =>
  writer.uint32(field << 3).int64(value)

export interface NodeProto {
  type: string
  name: string
  inputs: string[]
  outputs: string[]
  attributes: Readonly<Record<string, Attribute>>
  domain: string
}

const attribute =
  (name: string, value: Attribute): Write =>
  (w) => {
    text(w, 1, name)
    if (typeof value === 'number') integer(integer(w, 3, value), 20, 2)
    else if (typeof value === 'string') {
      text(w, 4, value)
      integer(w, 20, 3)
    } else if ('float' in value) {
      w.uint32((2 << 3) | FIXED32).float(value.float)
      integer(w, 20, 1)
    } else {
      for (const item of value) integer(w, 8, item)
      integer(w, 20, 7)
    }
  }

const node =
  (proto: NodeProto): Write =>
  (w) => {
    for (const input of proto.inputs) text(w, 1, input)
    for (const output of proto.outputs) text(w, 2, output)
    text(w, 3, proto.name)
    text(w, 4, proto.type)
    for (const [name, value] of Object.entries(proto.attributes))
      message(5, attribute(name, value))(w)
    if (proto.domain) text(w, 7, proto.domain)
  }

export interface InitializerProto {
  name: string
  dtype: DType
  shape: readonly number[]
  /** Little-endian elements; undefined: the data is kept outside the model. */
  bytes: Uint8Array | undefined
}

const initializer =
  ({ name, dtype, shape, bytes }: InitializerProto): Write =>
  (w) => {
    for (const dim of shape) integer(w, 1, dim)
    integer(w, 2, DTYPES[dtype].onnx)
    text(w, 8, name)
    if (bytes) {
      w.uint32((9 << 3) | LENGTH_DELIMITED).bytes(bytes)
    } else {
      message(13, (entry) => text(text(entry, 1, 'location'), 2, 'weights'))(w)
      integer(w, 14, 1)
    }
  }

const dimension =
  (dim: number | string): Write =>
  (w) => {
    if (typeof dim === 'number') integer(w, 1, dim)
    else text(w, 2, dim)
  }

const valueInfo =
  ({ name, dtype, shape }: TensorSpec): Write =>
  (w) => {
    text(w, 1, name)
    const dims = (w: Writer) => {
      for (const dim of shape as Shape) message(1, dimension(dim))(w)
    }
    const tensor = (w: Writer) => {
      integer(w, 1, DTYPES[dtype].onnx)
      message(2, dims)(w)
    }
    message(2, message(1, tensor))(w)
  }

export interface GraphProto {
  nodes: readonly NodeProto[]
  initializers: readonly InitializerProto[]
  inputs: readonly TensorSpec[]
  outputs: readonly TensorSpec[]
}

const IR_VERSION = 9
const OPSET = 20

/** A serialised ModelProto: opset 20 and version 1 of ONNX Runtime's own operators. */
export function encodeModel(graph: GraphProto): Uint8Array {
  const writer = Writer.create()
  integer(writer, 1, IR_VERSION)
  text(writer, 2, 'chatwright')
  message(7, (w) => {
    for (const proto of graph.nodes) message(1, node(proto))(w)
    text(w, 2, 'chatwright')
    for (const proto of graph.initializers) message(5, initializer(proto))(w)
    for (const spec of graph.inputs) message(11, valueInfo(spec))(w)
    for (const spec of graph.outputs) message(12, valueInfo(spec))(w)
  })(writer)
  for (const [domain, version] of [
    ['', OPSET],
    ['com.microsoft', 1],
  ] as const)
    message(8, (w) => integer(text(w, 1, domain), 2, version))(writer)
  return writer.finish()
}
