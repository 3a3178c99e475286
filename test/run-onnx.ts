import * as ort from 'onnxruntime-web'

ort.env.wasm.numThreads = 1

/** A value of an input or output: whole numbers are int64. */
export interface OnnxValue {
  shape: readonly number[]
  data: Float32Array | BigInt64Array
}

export const integers = (rows: readonly (readonly number[])[]): OnnxValue => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  data: BigInt64Array.from(rows.flat(), BigInt),
})

export const floatsOf = (shape: readonly number[], data: ArrayLike<number> = []): OnnxValue => ({
  shape,
  data: Float32Array.from(data),
})

/**
 * A model file at work in onnxruntime-web, away from our own engines. `beside`: files of weights.
 */
export async function openOnnx(
  bytes: Uint8Array,
  beside: Readonly<Record<string, Uint8Array>> = {},
): Promise<{
  inputs: readonly string[]
  run(feeds: Readonly<Record<string, OnnxValue>>): Promise<Record<string, OnnxValue>>
}> {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    logSeverityLevel: 3,
    externalData: Object.entries(beside).map(([path, data]) => ({ path, data })),
  })
  const tensor = ({ shape, data }: OnnxValue) =>
    new ort.Tensor(data instanceof Float32Array ? 'float32' : 'int64', data, shape)
  return {
    inputs: session.inputNames,
    run: async (feeds) => {
      const given = Object.entries(feeds).map(([name, value]) => [name, tensor(value)] as const)
      const results = await session.run(Object.fromEntries(given))
      const values = Object.entries(results).map(([name, { dims, data }]) => {
        return [name, { shape: dims, data: data as Float32Array }] as const
      })
      return Object.fromEntries(values)
    },
  }
}

/** The bytes of a file that is given in pieces. */
export function joined(pieces: unknown): Uint8Array {
  const parts = [...(pieces as Iterable<Uint8Array>)]
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
