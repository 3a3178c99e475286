import { fileURLToPath } from 'node:url'
import { openLlama2c } from '../src/formats/llama2c/llama2c.ts'
import { createModel } from '../src/models/model.ts'
import { openModelOf } from '../test/open-model.ts'

const MODELS = new URL('../../shared/data/models/', import.meta.url)
const path = (name: string) => fileURLToPath(new URL(name, MODELS))

/** The Llama of 260,000 parameters that karpathy/llama2.c tests itself with. */
export async function readStories() {
  const source = await openLlama2c(path('stories260K.bin'), path('tok512.bin'))
  const weights: Record<string, Float32Array> = {}
  for (const name of createModel(source.config).parameters().keys())
    weights[name] = await source.read(name)
  await source.close()
  return openModelOf(source.config, weights, source.tokenizer, { addBos: source.addBos })
}
