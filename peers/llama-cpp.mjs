// node-llama-cpp, measured by src/bench/decode.ts: started with a GGUF file, a number of threads, a
// context and a number of streams, it answers each message with tokens per second (best of `runs`).
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'

const [path, threads, contextSize, sequences] = process.argv.slice(2).map((x) => (Number.isNaN(Number(x)) ? x : Number(x)))
const llama = await getLlama({
  gpu: false,
  build: 'never',
  logLevel: LlamaLogLevel.error,
  maxThreads: threads,
})
const model = await llama.loadModel({ modelPath: path })
const options = { threads, contextSize, batchSize: contextSize, sequences }
const context = await model.createContext(options)
const streams = Array.from({ length: sequences }, () => context.getSequence())
const tokens = (count) => Array.from({ length: count }, (_, i) => 300 + i)

async function prompt({ length }) {
  await streams[0].clearHistory()
  const start = performance.now()
  await streams[0].evaluateWithoutGeneratingNewTokens(tokens(length))
  return (1000 * length) / (performance.now() - start)
}

async function decode({ batch, length, steps }) {
  const used = streams.slice(0, batch)
  for (const stream of used) {
    await stream.clearHistory()
    await stream.evaluateWithoutGeneratingNewTokens(tokens(length))
  }
  let first = 0
  let last = 0
  const generated = []
  await Promise.all(
    used.map(async (stream, row) => {
      const ids = []
      generated.push(ids)
      const options = { temperature: 0, yieldEogToken: true }
      for await (const token of stream.evaluate([300 + length], options)) {
        ids.push(token)
        if (ids.length === 1 && row === 0) first = performance.now()
        if (ids.length > steps) break
      }
      last = performance.now()
    }),
  )
  return { rate: (1000 * batch * steps) / (last - first), ids: generated }
}

process.on('message', async (request) => {
  if (request.kind === 'prompt') process.send({ rate: await prompt(request) })
  else process.send(await decode(request))
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
