import { UserError } from '../../errors.ts'
import { bufferFor } from '../../files/named-tensors.ts'
import type { Weights } from './safetensors.ts'

/** Scales of the rows of an int8 matrix `X.weight`, by the names that formats have for them. */
const SCALES: readonly { name: string; factor: number }[] = [
  // compressed-tensors: what a step is worth.
  { name: 'weight_scale', factor: 1 },
  // LLM.int8 (Dettmers et al. 2022): the largest magnitude of a row, which became 127.
  { name: 'SCB', factor: 1 / 127 },
]
/** What goes with them. */
const ZERO_POINT = 'weight_zero_point'
const FORMAT = 'weight_format'

/**
 * Weights whose int8 matrices are read as float32: each row times its scale. The tensors of scales
 * are hidden. Throws UserError, when it is read, for an int8 matrix without a scale.
 */
export function withScales(weights: Weights): Weights {
  const { tensors } = weights
  const isInt8 = (name: string) => tensors.get(name)?.dtype === 'I8' && name.endsWith('.weight')
  const matrices = [...tensors.keys()].filter(isInt8)
  if (matrices.length === 0) return weights
  const beside = (matrix: string, name: string) => matrix.replace(/weight$/, name)
  const parts = [...SCALES.map(({ name }) => name), ZERO_POINT, FORMAT]
  const hidden = new Set(matrices.flatMap((matrix) => parts.map((name) => beside(matrix, name))))

  const readFloat32: Weights['readFloat32'] = async (name, out, from) => {
    if (!isInt8(name)) return weights.readFloat32(name, out, from)
    const scale = SCALES.find((one) => tensors.has(beside(name, one.name)))
    if (!scale)
      throw new UserError(
        `${name} is int8 and there are no scales beside it ` +
          `(${SCALES.map((one) => beside(name, one.name)).join(', ')})`,
      )
    const scales = await weights.readFloat32(beside(name, scale.name))
    const quantized = (await weights.read(name)) as Int8Array
    const rows = tensors.get(name)?.shape[0] ?? 1
    if (scales.length !== 1 && scales.length !== rows)
      throw new UserError(
        `${beside(name, scale.name)} has ${scales.length} scales for ${rows} rows`,
      )
    const zeroPoint = beside(name, ZERO_POINT)
    const zeros = tensors.has(zeroPoint)
      ? ((await weights.read(zeroPoint)) as Int8Array)
      : undefined
    const values = bufferFor(name, tensors.get(name)?.shape ?? [], out, from)
    const columns = quantized.length / rows
    for (let i = 0, at = from ?? 0; i < values.length; i++, at++) {
      const row = scales.length === 1 ? 0 : Math.floor(at / columns)
      const zero = zeros?.[zeros.length === 1 ? 0 : row] ?? 0
      values[i] = ((quantized[at] as number) - zero) * (scales[row] as number) * scale.factor
    }
    return values
  }

  return {
    ...weights,
    tensors: new Map([...tensors].filter(([name]) => !hidden.has(name))),
    readFloat32,
  }
}
