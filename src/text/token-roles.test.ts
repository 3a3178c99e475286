import { expect, test } from 'vitest'
import { bertFile, llama2File, robertaFile, t5File } from '../../test/tokenizer-files.ts'
import { loadTokenizer } from './load.ts'
import { roleNames, tokenizerConfigOf } from './token-roles.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'

const roles = (file: TokenizerJson, config: TokenizerConfig = {}) => {
  const { bosId, eosId, padId, unkId, maskId, clsId, sepId } = loadTokenizer(file, config)
  return { bosId, eosId, padId, unkId, maskId, clsId, sepId }
}

test('roles are known by well-known names, the model and the post-processor', () => {
  expect(roles(bertFile())).toEqual({ padId: 0, unkId: 1, clsId: 2, sepId: 3, maskId: 4 })
  expect(roles(t5File())).toEqual({ padId: 0, eosId: 1, unkId: 2 })
  expect(roles(llama2File())).toEqual({ unkId: 0, bosId: 1, eosId: 2 })
  const mask = roles(robertaFile()).maskId
  expect(mask).toBe(267)
  expect(roles(robertaFile())).toEqual({
    bosId: 0,
    clsId: 0,
    padId: 1,
    eosId: 2,
    sepId: 2,
    unkId: 3,
    maskId: mask,
  })
})

test('the configuration says otherwise, with names or with objects', () => {
  const config = {
    pad_token: { content: '[MASK]', lstrip: true },
    cls_token: '[SEP]',
    sep_token: null,
    mask_token: '[NONE]',
    unk_token: 'the',
    bos_token: '[CLS]',
  }
  expect(roles(bertFile(), config)).toEqual({ padId: 4, clsId: 3, unkId: 5, bosId: 2 })
})

test('the names of the roles are those of tokenizer_config.json', () => {
  const names = roleNames(loadTokenizer(bertFile()))
  expect(names).toEqual({
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    mask_token: '[MASK]',
  })
  expect(roles(bertFile(), names)).toEqual(roles(bertFile()))
})

test('null means that there is no such token, and stays so when it is saved', () => {
  const fields = ['bos', 'eos', 'pad', 'unk', 'mask', 'cls', 'sep'].map((role) => `${role}_token`)
  const none = Object.fromEntries(fields.map((field) => [field, null]))
  expect(roles(llama2File(), none)).toEqual({})
  expect(roles(robertaFile(), none)).toEqual({})
  const qwen = loadTokenizer(llama2File(), { bos_token: null })
  expect([qwen.bosId, qwen.eosId, qwen.inputTemplate?.single[0]?.ids]).toEqual([undefined, 2, [1]])
  const config = JSON.parse(JSON.stringify(tokenizerConfigOf(qwen)))
  expect(config).toMatchObject({ bos_token: null, eos_token: '</s>', unk_token: '<unk>' })
  expect(roles(llama2File(), config)).toEqual({ eosId: 2, unkId: 0 })
})
