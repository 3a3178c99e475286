import { cp, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { merge } from '../src/checkpoint/merge.ts'
import { EXPORT_FORMATS } from '../src/deploy/export-formats.ts'
import { exportModel } from '../src/deploy/export-model.ts'
import { importModel } from '../src/deploy/import-model.ts'
import { UserError } from '../src/errors.ts'
import { evaluate } from '../src/evaluate/evaluate.ts'
import { openFile } from '../src/files/node-file.ts'
import { readAdapterFolder } from '../src/formats/peft/adapter-folder.ts'
import { openSafetensors } from '../src/formats/safetensors/safetensors.ts'
import { chat } from '../src/generate/chat.ts'
import { generate } from '../src/generate/generate.ts'
import { generateBeams } from '../src/generate/generate-beams.ts'
import { type LoadOptions, load } from '../src/generate/load.ts'
import { predict } from '../src/predict/predict.ts'
import { train } from '../src/train/train.ts'
import { tune } from '../src/tune/tune.ts'

let folder: string
const path = (name: string) => join(folder, name)

const tiny = { layers: 1, heads: 2, dim: 16, context: 48, tokenizer: 'char', threads: 1 }
const length = { batch: 4, steps: 2 }

/** Puts a value that is not finite in the middle of a tensor, in the file. */
async function spoil(file: string, tensor: string, value: number): Promise<void> {
  const weights = await openSafetensors(await openFile(file), file)
  const { offset, length } = weights.tensors.get(tensor) as { offset: number; length: number }
  await weights.close()
  const handle = await open(file, 'r+')
  const middle = offset + 4 * Math.floor(length / 8)
  await handle.write(new Uint8Array(Float32Array.of(value).buffer), 0, 4, middle)
  await handle.close()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-non-finite-'))
  await writeFile(path('text.txt'), 'what is white? 雪 is white. user assistant\n'.repeat(40))
  const label = (i: number) => JSON.stringify({ text: `text ${i}`, label: i % 2 ? 'odd' : 'even' })
  await writeFile(path('labels.jsonl'), Array.from({ length: 20 }, (_, i) => label(i)).join('\n'))
  const turn = JSON.stringify({ instruction: 'what is white?', output: '雪 is white.' })
  await writeFile(path('chat.jsonl'), `${turn}\n`.repeat(10))
  await train({ data: [path('text.txt')], out: path('model'), ...tiny, ...length })
  await train({
    task: 'classify',
    data: [path('labels.jsonl')],
    out: path('labels'),
    ...tiny,
    ...length,
  })
  await tune({
    model: path('model'),
    data: [path('chat.jsonl')],
    out: path('adapter'),
    adapter: 'lora',
    threads: 1,
    ...length,
  })
  const copies = { nan: Number.NaN, infinite: Number.NEGATIVE_INFINITY }
  for (const [name, value] of Object.entries(copies)) {
    await cp(path('model'), path(name), { recursive: true })
    await spoil(path(`${name}/model.safetensors`), 'transformer.h.0.ln_2.weight', value)
    await cp(path('labels'), path(`${name}-labels`), { recursive: true })
    await spoil(path(`${name}-labels/model.safetensors`), 'classifier.weight', value)
    await cp(path('adapter'), path(`${name}-adapter`), { recursive: true })
    const file = path(`${name}-adapter/adapter_model.safetensors`)
    const [tensor] = [...(await readAdapterFolder(path(`${name}-adapter`))).adapter.updates.keys()]
    await spoil(file, `base_model.model.${tensor}.lora_B.weight`, value)
  }
}, 120_000)
afterAll(() => rm(folder, { recursive: true }))

async function using<T>(name: string, options: LoadOptions, use: (m: Loaded) => Promise<T>) {
  const model = await load(path(name), { threads: 1, ...options })
  try {
    return await use(model)
  } finally {
    await model.dispose()
  }
}
type Loaded = Awaited<ReturnType<typeof load>>

describe.each([
  ['nan', /weights hold NaN/],
  ['infinite', /weights hold -Infinity/],
])('weights that hold a value like %s are named, not used', (name, message) => {
  const model = () => path(name)
  const out = (use: string) => path(`${name}-${use}`)
  const uses: Record<string, () => Promise<unknown>> = {
    generate: () => using(name, {}, (m) => generate(m, { prompt: 'what', maxTokens: 3 })),
    'generate greedily': () =>
      using(name, {}, (m) => generate(m, { prompt: 'what', maxTokens: 3, temperature: 0 })),
    'generate with a draft': () =>
      using(name, { draft: 8 }, (m) => generate(m, { prompt: 'what', maxTokens: 3 })),
    'generate in 4 bits': () =>
      using(name, { bits: 4 }, (m) => generate(m, { prompt: 'what', maxTokens: 3 })),
    'generate beams': () =>
      using(name, {}, (m) => generateBeams(m, { prompt: 'what', maxTokens: 3, beams: 2 })),
    chat: () =>
      using(name, {}, (m) => chat(m, [{ role: 'user', content: 'what' }], { maxTokens: 3 })),
    'generate with an adapter': () =>
      using('model', { adapter: path(`${name}-adapter`) }, (m) =>
        generate(m, { prompt: 'what', maxTokens: 3 }),
      ),
    predict: () => predict({ model: path(`${name}-labels`), text: ['text 1'], threads: 1 }),
    evaluate: () => evaluate({ model: model(), data: [path('text.txt')], threads: 1 }),
    train: () =>
      train({ model: model(), data: [path('text.txt')], out: out('trained'), ...length }),
    tune: () => tune({ model: model(), data: [path('chat.jsonl')], out: out('tuned'), ...length }),
    'tune an adapter': () =>
      tune({
        model: model(),
        data: [path('chat.jsonl')],
        out: out('lora'),
        adapter: 'lora',
        ...length,
      }),
    merge: () =>
      merge({ model: path('model'), adapter: [path(`${name}-adapter`)], out: out('merged') }),
    import: () => importModel({ source: model(), out: out('imported') }),
  }
  for (const format of Object.keys(EXPORT_FORMATS) as (keyof typeof EXPORT_FORMATS)[])
    uses[`export as ${format}`] = () =>
      exportModel({ model: model(), format, out: out(`exported.${format}`) })

  test.each(Object.keys(uses))('%s', async (use) => {
    const made = (uses[use] as () => Promise<unknown>)()
    await expect(made).rejects.toThrow(UserError)
    await expect(made).rejects.toThrow(message)
    const tensor =
      /adapter$|merge/.test(use) && use !== 'tune an adapter'
        ? /lora_B|attn|c_attn/
        : use === 'predict'
          ? /classifier|score|head/
          : /layers\.0\.post_attention_layernorm|layers\.0\..*norm/
    await expect(made).rejects.toThrow(tensor)
  })

  test('an export that is refused leaves nothing behind', async () => {
    await expect(stat(out('exported.gguf'))).rejects.toThrow(/ENOENT/)
    await expect(stat(out('imported'))).rejects.toThrow(/ENOENT/)
  })

  test('the good model is used', async () => {
    const { loss } = await evaluate({ model: path('model'), data: [path('text.txt')] })
    expect(loss).toBeGreaterThan(0)
  })
})
