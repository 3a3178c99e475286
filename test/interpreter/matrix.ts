import type { BlockFormat } from '../../src/graph/index.ts'
import { broadcast, build, get, getBroadcast, type NdArray, sumOf } from './array.ts'
import type { Evaluate } from './evaluate.ts'

interface MatMulAttrs {
  transposeA: boolean
  transposeB: boolean
  scale: number
}

function swapped(x: NdArray): NdArray {
  const [rows, columns] = x.shape.slice(-2) as [number, number]
  return build([...x.shape.slice(0, -2), columns, rows], (index) => {
    const [i, j] = index.slice(-2) as [number, number]
    return getBroadcast(x, [...index.slice(0, -2), j, i])
  })
}

const matmul: Evaluate = ([first, second], { attrs }) => {
  const { transposeA, transposeB, scale } = attrs as MatMulAttrs
  const a = transposeA ? swapped(first as NdArray) : (first as NdArray)
  const b = transposeB ? swapped(second as NdArray) : (second as NdArray)
  const [rows, inner] = a.shape.slice(-2) as [number, number]
  const columns = b.shape[b.shape.length - 1] as number
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2))
  return build([...batch, rows, columns], (index) => {
    const at = index.slice(0, -2)
    const [i, j] = index.slice(-2) as [number, number]
    const terms = Array.from(
      { length: inner },
      (_, k) => getBroadcast(a, [...at, i, k]) * getBroadcast(b, [...at, k, j]),
    )
    return scale * sumOf(terms)
  })
}

/** Each element of the matrix is looked up in its block. */
const quantizedMatmul: Evaluate = ([x, blocks, scales], { attrs }) => {
  const { bits, blockSize, rows, columns } = attrs as BlockFormat
  const [, perRow] = (blocks as NdArray).shape as [number, number, number]
  const element = (row: number, column: number): number => {
    const [block, place] = [Math.floor(column / blockSize), column % blockSize]
    const byte = get(blocks as NdArray, [row, block, Math.floor((place * bits) / 8)])
    const q = bits === 8 ? byte : place % 2 === 0 ? byte % 16 : Math.floor(byte / 16)
    return get(scales as NdArray, [row * perRow + block]) * (q - 2 ** (bits - 1))
  }
  const { shape } = x as NdArray
  return build([...shape.slice(0, -1), rows], (index) => {
    const row = index[index.length - 1] as number
    const terms = Array.from(
      { length: columns },
      (_, k) => get(x as NdArray, [...index.slice(0, -1), k]) * element(row, k),
    )
    return sumOf(terms)
  })
}

export const matrix: Record<string, Evaluate> = {
  matmul,
  quantizedMatmul,
  gemm: (inputs, node, context) => {
    const product = matmul(inputs.slice(0, 2), node, context) as NdArray
    const sum = inputs[2] as NdArray
    return build(product.shape, (i) => getBroadcast(product, i) + getBroadcast(sum, i))
  },
}
