import { onnxModel, spec } from '../onnx.ts'
import { openEngines } from './engines.ts'

const [engine] = await openEngines()
const timed = async (name: string, p: Promise<unknown>) => {
  const late = new Promise((r) => setTimeout(r, 5000, 'LATE'))
  try {
    console.info(name, String(await Promise.race([p, late])))
  } catch (e) {
    console.info(name, 'error', (e as Error).message)
  }
}
const model = onnxModel({
  inputs: [spec('x', ['n']), spec('i', ['m'], 'int64')],
  outputs: [spec('y', ['k'])],
  nodes: [['Reshape', ['x', 'i'], ['y']]],
})
const program = await engine!.compile(model, { label: 'reshape' })
const fill = (v: number[], d: 'float32' | 'int64' = 'float32') => {
  const t = engine!.tensor(d, [v.length])
  t.write(v)
  return t
}
const x = fill([1, 2, 3, 4]),
  y = fill([0, 0, 0, 0])
await timed('good', program.bind({ x, i: fill([4], 'int64'), y }).run())
await timed('read', y.read())
await timed('good again', program.bind({ x, i: fill([4], 'int64'), y }).run())
await timed('bad', program.bind({ x, i: fill([3], 'int64'), y }).run())
await timed('good again', program.bind({ x, i: fill([4], 'int64'), y }).run())
await timed('read', y.read())
document.body.dataset.result = '1'
