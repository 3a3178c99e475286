// node-llama-cpp, as src/bench/decode.ts measures it. Arguments: a GGUF file, threads, tokens of a
// context, streams. Each message asks for a measurement; the answer is tokens per second.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'

const [modelPath, ...numbers] = process.argv.slice(2)
const [threads, contextSize, sequences] = numbers.map(Number)
const llama = await getLlama({
  gpu: false,
  build: 'never',
  logLevel: LlamaLogLevel.error,
  maxThreads: threads,
})
const model = await llama.loadModel({ modelPath })
const batchSize = contextSize
const context = await model.createContext({ threads, contextSize, batchSize, sequences })
const streams = Array.from({ length: sequences }, () => context.getSequence())
const promptIds = (length) => Array.from({ length }, (_, i) => 300 + i)

async function prompt({ length }) {
  const [stream] = streams
  await stream.clearHistory()
  const started = performance.now()
  await stream.evaluateWithoutGeneratingNewTokens(promptIds(length))
  return { rate: (1000 * length) / (performance.now() - started) }
}

/** The first token, which waits for the prompt, is not timed. */
async function decode({ batch, prompt, steps }) {
  const used = streams.slice(0, batch)
  const ids = promptIds(prompt)
  const last = ids.pop()
  for (const stream of used) {
    await stream.clearHistory()
    await stream.evaluateWithoutGeneratingNewTokens(ids)
  }
  let started
  const generate = async (stream) => {
    const generated = []
    for await (const token of stream.evaluate([last], { temperature: 0, yieldEogToken: true })) {
      started ??= performance.now()
      generated.push(token)
      if (generated.length > steps) return generated.slice(0, steps)
    }
  }
  const generated = await Promise.all(used.map(generate))
  return { rate: (1000 * batch * steps) / (performance.now() - started), ids: generated }
}

process.on('message', async (request) => {
  process.send(await (request.kind === 'prompt' ? prompt(request) : decode(request)))
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
