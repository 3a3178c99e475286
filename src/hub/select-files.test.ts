import { expect, it } from 'vitest'
import { selectFiles } from './select-files.ts'

const select = (
  paths: string[],
  { include = [], exclude = [] }: { include?: string[]; exclude?: string[] } = {},
) => selectFiles(paths, { include, exclude })

it('takes settings, tokenizer and one set of weights', () => {
  const needed = [
    'config.json',
    'generation_config.json',
    'chat_template.jinja',
    'tokenizer.json',
    'tokenizer_config.json',
    'special_tokens_map.json',
    'model.safetensors',
  ]
  const others = [
    'README.md',
    'vocab.json',
    'merges.txt',
    'tokenizer.model',
    'model.fp16.safetensors',
    'pytorch_model.bin',
    'onnx/config.json',
    'original/model.safetensors',
  ]
  expect(select([...others, ...needed]).sort()).toEqual(needed.sort())
})

it('takes all shards, but not the same weights again', () => {
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
  const needed = ['config.json', 'model.safetensors.index.json', ...shards]
  const others = ['consolidated.safetensors', 'adapter_model.safetensors', 'model-q4.gguf']
  expect(select([...needed, ...others])).toEqual(needed)
})

it('takes an older vocabulary where there is no tokenizer.json', () => {
  const old = ['vocab.json', 'merges.txt', 'spiece.model', 'tokenizer.model']
  expect(select(old)).toEqual(old)
  expect(select([...old, 'tokenizer.json'])).toEqual(['tokenizer.json'])
})

it('takes what is asked for instead', () => {
  const paths = ['config.json', 'a-Q4.gguf', 'a-Q8.gguf', 'sub/b-Q8.gguf', 'x.gguf.txt']
  expect(select(paths, { include: ['*Q8.gguf'] })).toEqual(['a-Q8.gguf', 'sub/b-Q8.gguf'])
  expect(select(paths, { include: ['*.gguf'], exclude: ['a-Q?.*'] })).toEqual(['sub/b-Q8.gguf'])
  expect(select(paths, { include: ['sub/'] })).toEqual(['sub/b-Q8.gguf'])
  expect(select(paths, { exclude: ['config*'] })).toEqual([])
})
