import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openModelOf } from '../../../test/open-model.ts'
import { readOnnx } from '../../../test/read-onnx.ts'
import { integers, openOnnx } from '../../../test/run-onnx.ts'
import { tinyConfigs, tinyWeights } from '../../../test/tiny-decoder.ts'
import { tinyEncoderDecoders, tinyEncoders } from '../../../test/tiny-models.ts'
import { tinyTokenizer } from '../../../test/tiny-tokenizer.ts'
import { createModel, type ModelConfig } from '../../models/model.ts'
import { exportOnnx } from './export-onnx.ts'

const place = await mkdtemp(join(tmpdir(), 'chatwright-onnx-'))
afterAll(() => rm(place, { recursive: true }))

const folder = (config: ModelConfig) =>
  openModelOf(config, tinyWeights(createModel(config)), tinyTokenizer({ bosId: 0, eosId: 1 }))

const config = (name: string): ModelConfig => {
  const found = { ...tinyConfigs, ...tinyEncoders, ...tinyEncoderDecoders }[name]
  if (!found) throw new Error(`no tiny model is named ${name}`)
  return found
}

/** Of opset 20 (onnx/onnx, docs/Operators.md, v1.15), as far as models here may have them. */
const STANDARD = new Set(
  [
    'Abs Add And Cast Concat CumSum Div Equal Erf Exp Expand Gather Gelu Gemm Greater',
    'GreaterOrEqual Identity LayerNormalization Less MatMul Max Min Mul Neg NonZero ReduceMean',
    'ReduceMax ReduceSum Reciprocal Relu Reshape ScatterElements Shape Sigmoid Slice Softmax Split',
    'Sqrt Sub Tanh TopK Transpose Where',
  ].flatMap((line) => line.split(' ')),
)

const SUPPORTED = [
  ...['GPT-2', 'Llama', 'Llama with one key head, tied', 'Llama 3, scaled positions', 'Mistral'],
  ...['Qwen 3', 'Gemma 3', 'Qwen 3 with experts'],
  ...['BERT', 'BERT that classifies', 'BERT that tags', 'BERT that embeds', 'RoBERTa'],
  ...['DistilBERT that classifies', 'ModernBERT', 'T5 1.1', 'T5, the first'],
]

test.each(SUPPORTED)(
  '%s: the files that transformers.js reads, of standard operators',
  async (name) => {
    const out = join(place, name)
    const given = folder(config(name))
    await exportOnnx(given, out)
    const described = ['config.json', 'generation_config.json', 'onnx', 'tokenizer.json']
    // How vectors are made is described, too.
    const sentence = name === 'BERT that embeds' ? ['1_Pooling', 'modules.json'] : []
    const expected = [...described, 'tokenizer_config.json', ...sentence]
    expect((await readdir(out)).sort()).toEqual(expected.sort())
    const files = await readdir(join(out, 'onnx'))
    const pair = ['decoder_model_merged.onnx', 'encoder_model.onnx']
    expect(files.sort()).toEqual(given.architecture === 't5' ? pair : ['model.onnx'])
    for (const file of files) {
      const { opsets, nodes } = readOnnx(await readFile(join(out, 'onnx', file)))
      expect(opsets).toEqual({ '': 20 })
      expect(nodes.filter(({ type, domain }) => domain !== '' || !STANDARD.has(type))).toEqual([])
    }
    const written = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))
    expect(written.model_type).toBe(given.architecture)
    expect(written['transformers.js_config']).toEqual({ dtype: 'fp32' })
  },
)

test.each(['Llama', 'GPT-2', 'BERT that classifies'])(
  '%s: fused operators, the same',
  async (name) => {
    const given = folder(config(name))
    const ids = { input_ids: integers([[3, 1, 4, 1]]), attention_mask: integers([[1, 1, 1, 1]]) }
    const types = name.startsWith('BERT') && { token_type_ids: integers([[0, 0, 1, 1]]) }
    const logits = async (fused: boolean) => {
      const out = join(place, `${name}, ${fused}`)
      await exportOnnx(given, out, { fused, cache: false })
      const file = await readFile(join(out, 'onnx/model.onnx'))
      const domains = readOnnx(file).nodes.map(({ domain }) => domain)
      expect(domains.includes('com.microsoft')).toBe(fused)
      return (await (await openOnnx(file)).run({ ...ids, ...types })).logits?.data as Float32Array
    }
    const [plain, fused] = [await logits(false), await logits(true)]
    expect(fused).toHaveLength(plain.length)
    for (const [i, x] of plain.entries()) expect(fused[i]).toBeCloseTo(x, 4)
  },
)

test('weights past the limit lie in files beside the model, which gives the same', async () => {
  const bert = folder(config('BERT that classifies'))
  const inputs = {
    input_ids: integers([[3, 1, 4]]),
    attention_mask: integers([[1, 1, 1]]),
    token_type_ids: integers([[0, 0, 1]]),
  }
  const [whole, split] = [join(place, 'whole'), join(place, 'split')]
  await exportOnnx(bert, whole)
  await exportOnnx(bert, split, { fileLimit: 30_000 })
  const names = (await readdir(join(split, 'onnx'))).filter((name) => name !== 'model.onnx').sort()
  expect(names.length).toBeGreaterThan(2)
  expect(names.slice(0, 2)).toEqual(['model.onnx_data', 'model.onnx_data_1'])
  const read = (out: string, name: string) => readFile(join(out, 'onnx', name))
  const beside: Record<string, Uint8Array> = {}
  for (const name of names) beside[name] = await read(split, name)
  expect(Math.max(...Object.values(beside).map(({ length }) => length))).toBeLessThanOrEqual(30_000)
  const locations = readOnnx(await read(split, 'model.onnx')).initializers.flatMap(
    ({ location }) => location ?? [],
  )
  expect([...new Set(locations)].sort()).toEqual(names)
  const written = JSON.parse(await readFile(join(split, 'config.json'), 'utf8'))
  expect(written['transformers.js_config'].use_external_data_format).toEqual({
    'model.onnx': names.length,
  })
  const one = await (await openOnnx(await read(whole, 'model.onnx'))).run(inputs)
  const other = await (await openOnnx(await read(split, 'model.onnx'), beside)).run(inputs)
  expect(other.logits?.data).toEqual(one.logits?.data)
  expect(one.logits?.data.length).toBe(3)
})

test('what transformers.js cannot run is refused, and why', async () => {
  const refusal = (name: string) => exportOnnx(folder(config(name)), join(place, 'refused'))
  await expect(refusal('ALiBi and sinks')).rejects.toThrow(
    "cannot express this model's headDim, positions, sinks (the nearest architecture is gpt2)",
  )
  await expect(refusal('the Transformer of 2017')).rejects.toThrow('encoder.positions')
  await expect(refusal('Mixtral')).rejects.toThrow('transformers.js has no mixtral; it has gpt2')
  const head = { ...config('BERT that classifies') } as { head?: object }
  const reward = {
    ...config('Llama'),
    head: { ...head.head, pooling: 'last', dense: undefined, outputBias: false },
  }
  await expect(exportOnnx(folder(reward as ModelConfig), join(place, 'refused'))).rejects.toThrow(
    'transformers.js has no llama whose task is classify',
  )
  expect(await readdir(place)).not.toContain('refused')
})

test('a folder with files in it is left alone, an empty one is used', async () => {
  const out = join(place, 'mine')
  await mkdir(out)
  await exportOnnx(folder(config('GPT-2')), out)
  const before = await readdir(out)
  await writeFile(join(out, 'notes.txt'), 'mine')
  await expect(exportOnnx(folder(config('GPT-2')), out)).rejects.toThrow('is not empty')
  expect((await readdir(out)).sort()).toEqual([...before, 'notes.txt'].sort())
})
