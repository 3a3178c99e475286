import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { formatTable } from '../src/cli/format.ts'

/** Shapes of a node's inputs or outputs as ONNX Runtime traces them: [{ float: [12, 64] }, ...]. */
const shapes = z.array(z.record(z.string(), z.array(z.number())))

const eventSchema = z.object({
  cat: z.string(),
  name: z.string(),
  /** Microseconds. */
  dur: z.number(),
  args: z.object({
    op_name: z.string().optional(),
    input_type_shape: shapes.optional(),
    output_type_shape: shapes.optional(),
  }),
})

/** ONNX Runtime's record of one run of one node. */
export type TraceEvent = z.infer<typeof eventSchema>

/** All runs of one operator on operands of one shape. */
export interface Share {
  operator: string
  shapes: string
  runs: number
  /** Milliseconds, summed over programs that run side by side. */
  time: number
  /** Floating-point operations of a matrix product. */
  flops: number
}

/** Events of all traces in `folder`; see `CompileOptions.profile`. */
export async function readTraces(folder: string): Promise<TraceEvent[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return files.flatMap((text) => z.array(eventSchema).parse(JSON.parse(text)))
}

/** Sums node events by operator and shapes; the longest first. */
export function summarize(events: readonly TraceEvent[]): Share[] {
  const shares = new Map<string, Share>()
  for (const { cat, name, dur, args } of events) {
    const {
      op_name: operator,
      input_type_shape: inputs = [],
      output_type_shape: outputs = [],
    } = args
    if (cat !== 'Node' || !operator || !name.endsWith('_kernel_time')) continue
    const text = `${list(inputs)} -> ${list(outputs)}`
    const key = `${operator} ${text}`
    const share = shares.get(key) ?? { operator, shapes: text, runs: 0, time: 0, flops: 0 }
    share.runs++
    share.time += dur / 1000
    if (PRODUCTS.has(operator)) share.flops += productFlops(sizes(inputs), sizes(outputs))
    shares.set(key, share)
  }
  return [...shares.values()].sort((a, b) => b.time - a.time)
}

const PRODUCTS = new Set(['MatMul', 'FusedMatMul', 'Gemm'])

type Shapes = z.infer<typeof shapes>

const sizes = (list: Shapes): number[][] => list.flatMap((shape) => Object.values(shape))

const list = (list: Shapes): string =>
  sizes(list)
    .map((shape) => `(${shape.join(' ')})`)
    .join(' ')

/** 2 M N K for each matrix; K is the size of the first operand over the result's rows. */
function productFlops([first = []]: number[][], [result = []]: number[][]): number {
  const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
  const columns = result.at(-1) ?? 1
  const inner = count(first) / (count(result) / columns)
  return 2 * count(result) * inner
}

const SHOWN = 40

/** Milliseconds of a step by operator, then by operator and shapes, with the rate of products. */
export function formatProfile(events: readonly TraceEvent[], steps: number): string {
  const shares = summarize(events)
  const total = shares.reduce((sum, { time }) => sum + time, 0)
  const cells = ({ runs, time, flops }: Omit<Share, 'operator' | 'shapes'>) => [
    (time / steps).toFixed(2),
    `${((100 * time) / total).toFixed(1)} %`,
    (runs / steps).toFixed(1),
    flops > 0 ? (flops / time / 1e6).toFixed(0) : '',
  ]
  const heading = ['ms', 'share', 'runs', 'GFLOP/s', 'operator']
  const numbers = [0, 1, 2, 3]
  const operators = [...new Set(shares.map(({ operator }) => operator))]
    .map((operator) => ({ operator, ...addUp(shares.filter((s) => s.operator === operator)) }))
    .sort((a, b) => b.time - a.time)
  return [
    formatTable([heading, ...operators.map((s) => [...cells(s), s.operator])], numbers),
    formatTable(
      [heading, ...shares.slice(0, SHOWN).map((s) => [...cells(s), `${s.operator} ${s.shapes}`])],
      numbers,
    ),
    `${(total / steps).toFixed(1)} ms of operators in a step`,
  ].join('\n\n')
}

const addUp = (shares: readonly Share[]) =>
  shares.reduce(
    (sum, { runs, time, flops }) => ({
      runs: sum.runs + runs,
      time: sum.time + time,
      flops: sum.flops + flops,
    }),
    { runs: 0, time: 0, flops: 0 },
  )
