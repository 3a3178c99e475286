// transformers.js in Node, as src/bench/encode.ts measures it. Arguments: a folder that `chatwright
// export
// --format onnx` wrote, what is asked of it, threads. Each message asks for a measurement; the
// answer is tokens per second.
import { AutoModel, AutoModelForSeq2SeqLM, env, Tensor } from '@huggingface/transformers'

const [folder, kind, threads] = process.argv.slice(2)
Object.assign(env, { allowRemoteModels: false, localModelPath: '/' })
const options = { dtype: 'fp32', session_options: { intraOpNumThreads: Number(threads) } }
const library = kind === 'encode' ? AutoModel : AutoModelForSeq2SeqLM
const model = await library.from_pretrained(folder, options)

const ids = (length) => Array.from({ length }, (_, i) => 100 + i)
const tensor = (values, dims) => new Tensor('int64', BigInt64Array.from(values, BigInt), dims)

async function encode({ batch, length }) {
  const values = Array.from({ length: batch }, () => ids(length)).flat()
  const dims = [batch, length]
  const inputs = {
    input_ids: tensor(values, dims),
    attention_mask: tensor(new Array(values.length).fill(1), dims),
    token_type_ids: tensor(new Array(values.length).fill(0), dims),
  }
  const started = performance.now()
  await model(inputs)
  return { rate: (1000 * batch * length) / (performance.now() - started) }
}

async function write({ batch, length, steps }) {
  const values = Array.from({ length: batch }, () => ids(length)).flat()
  const dims = [batch, length]
  const inputs = {
    input_ids: tensor(values, dims),
    attention_mask: tensor(new Array(values.length).fill(1), dims),
  }
  const wanted = { min_new_tokens: steps, max_new_tokens: steps, do_sample: false }
  const started = performance.now()
  const written = await model.generate({ ...inputs, ...wanted })
  if (written.dims[1] !== steps + 1) throw new Error(`${written.dims[1] - 1} tokens`)
  return { rate: (1000 * batch * steps) / (performance.now() - started) }
}

process.on('message', async (request) => {
  process.send(await (request.kind === 'encode' ? encode(request) : write(request)))
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
