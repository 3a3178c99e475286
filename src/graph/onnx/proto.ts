import { Writer } from 'protobufjs/minimal.js'
import { type Shape, sizeOf } from '../dim.ts'
import { DTYPES, STORED_DTYPES, type StoredDType } from '../dtype.ts'
import type { Attribute } from './emitter.ts'
import type { TensorSpec } from './model.ts'

/**
 * The few messages of ONNX that a model needs, by the field numbers of onnx.proto (onnx/onnx,
 * v1.15).
 */

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
  dtype: StoredDType
  shape: readonly number[]
  /**
   * Little-endian elements, or what makes them when they are written; undefined: kept outside the
   * model.
   */
  bytes: Uint8Array | (() => Uint8Array) | undefined
  /**
   * Part of a file with elements outside; by default a file of the tensor's name, which an engine
   * is given as memory.
   */
  external?: { location: string; offset: number; length: number }
}

/** Bytes of an initializer's elements. */
export const byteLength = ({ dtype, shape }: Pick<InitializerProto, 'dtype' | 'shape'>): number =>
  sizeOf(shape) * STORED_DTYPES[dtype].bytes

/** All of an initializer but its elements, which come last. */
const declaration =
  ({ name, dtype, shape, bytes, external }: InitializerProto): Write =>
  (w) => {
    for (const dim of shape) integer(w, 1, dim)
    integer(w, 2, STORED_DTYPES[dtype].onnx)
    text(w, 8, name)
    if (bytes) {
      w.uint32((9 << 3) | LENGTH_DELIMITED).uint32(byteLength({ dtype, shape }))
      return
    }
    for (const [key, value] of Object.entries(external ?? { location: name }))
      message(13, (entry) => text(text(entry, 1, key), 2, String(value)))(w)
    integer(w, 14, 1)
  }

/** A field of the graph: what is written of it, then `elements`. */
function* initializer(proto: InitializerProto): Generator<Piece> {
  const fields = encoded(declaration(proto))
  const size = proto.bytes ? byteLength(proto) : 0
  yield encoded((w) => w.uint32((5 << 3) | LENGTH_DELIMITED).uint32(fields.length + size))
  yield fields
  if (proto.bytes) yield { size, bytes: proto.bytes }
}

/** Bytes, or how many there will be and what makes them. */
type Piece = Uint8Array | { size: number; bytes: Uint8Array | (() => Uint8Array) }

const encoded = (write: Write): Uint8Array => {
  const writer = Writer.create()
  write(writer)
  return writer.finish()
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
  inputs: TensorSpec[]
  outputs: TensorSpec[]
}

const IR_VERSION = 9
const OPSET = 20

/**
 * A serialized ModelProto: opset 20, and version 1 of ONNX Runtime's own operators where there are
 * any.
 */
export function encodeModel(graph: GraphProto): Uint8Array {
  const pieces = [...modelPieces(graph)]
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    whole.set(piece, end)
    end += piece.length
  }
  return whole
}

/** The same piece by piece; elements of initializers are made when it is their turn. */
export function* modelPieces(graph: GraphProto): Generator<Uint8Array> {
  const pieces = [...graphPieces(graph)]
  const size = pieces.reduce((sum, piece) => sum + sizeOfPiece(piece), 0)
  yield encoded((w) => {
    text(integer(w, 1, IR_VERSION), 2, 'chatwright')
    w.uint32((7 << 3) | LENGTH_DELIMITED).uint32(size)
  })
  for (const piece of pieces) {
    const bytes = piece instanceof Uint8Array ? piece : piece.bytes
    yield typeof bytes === 'function' ? bytes() : bytes
  }
  const domains = new Set(['', ...graph.nodes.map(({ domain }) => domain)])
  for (const domain of domains)
    yield encoded(message(8, (w) => integer(text(w, 1, domain), 2, domain === '' ? OPSET : 1)))
}

/** Bytes of the serialized model. */
export const modelSize = (graph: GraphProto): number =>
  [...graphPieces(graph)].reduce((sum, piece) => sum + sizeOfPiece(piece), FRAME)

/** More than what stands around the graph. */
const FRAME = 100

const sizeOfPiece = (piece: Piece): number =>
  piece instanceof Uint8Array ? piece.length : piece.size

function* graphPieces({ nodes, initializers, inputs, outputs }: GraphProto): Generator<Piece> {
  yield encoded((w) => {
    for (const proto of nodes) message(1, node(proto))(w)
    text(w, 2, 'chatwright')
  })
  for (const proto of initializers) yield* initializer(proto)
  yield encoded((w) => {
    for (const spec of inputs) message(11, valueInfo(spec))(w)
    for (const spec of outputs) message(12, valueInfo(spec))(w)
  })
}
