// Runs a model once in a process of its own: node peak-memory-child.mjs FILE.onnx INPUTS.json
import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'

const [, , model, inputs] = process.argv
const options = { executionProviders: ['cpu'], enableMemPattern: false, intraOpNumThreads: 2 }
const session = await InferenceSession.create(model, options)
const feeds = {}
for (const { name, dtype, shape } of JSON.parse(readFileSync(inputs, 'utf8'))) {
  const size = shape.reduce((a, b) => a * b, 1)
  const data =
    dtype === 'float32'
      ? Float32Array.from({ length: size }, (_, i) => 0.1 * Math.sin(7 * i + name.length))
      : Int32Array.from({ length: size }, (_, i) => (31 * i) % 97)
  feeds[name] = new Tensor(dtype, data, shape)
}
const results = await session.run(feeds)
const sums = Object.fromEntries(
  Object.entries(results).map(([name, { data }]) => [name, data.reduce((a, b) => a + b * b, 0)]),
)
const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
console.log(JSON.stringify({ megabytes: Number(peak) / 1024, sums }))
