import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { bertFile, llama2File, robertaFile, t5File } from '../../test/tokenizer-files.ts'
import { UserError } from '../errors.ts'
import { encodeInput } from '../text/encode-input.ts'
import { loadTokenizer } from '../text/load.ts'
import { encodeGguf } from './gguf/encode.ts'
import { writeGgufTokenizer } from './gguf/vocabulary/write.ts'
import { readTokenizerAt, readTokenizerFolder } from './tokenizer-folder.ts'

let folder = ''
const made: string[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'))
  made.push(folder)
})
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true }))))

const write = (name: string, content: object | string) =>
  writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))

const bert = Object.keys(bertFile().model.vocab as object).join('\n')

describe('a folder', () => {
  test('with tokenizer.json is read with what lies beside it', async () => {
    await write('tokenizer.json', t5File())
    await write('special_tokens_map.json', { pad_token: '</s>', unk_token: { content: '<pad>' } })
    await write('tokenizer_config.json', { unk_token: '<unk>', model_max_length: 512 })
    const { tokenizer, config } = await readTokenizerFolder(folder)
    expect([tokenizer.padId, tokenizer.unkId, config.model_max_length]).toEqual([1, 2, 512])
    expect(tokenizer.toJSON()).toEqual(t5File())
  })

  test('with vocab.txt holds a WordPiece', async () => {
    await write('vocab.txt', bert)
    const { tokenizer } = await readTokenizerFolder(folder)
    const whole = loadTokenizer(bertFile())
    const text = "The cat's playing，我们"
    expect(encodeInput(tokenizer, text)).toEqual(encodeInput(whole, text))
  })

  test('with vocab.json and merges.txt holds a byte-level BPE', async () => {
    const { vocab, merges } = robertaFile().model as unknown as { vocab: object; merges: string[] }
    await write('vocab.json', vocab)
    await write('merges.txt', merges.join('\n'))
    await write('added_tokens.json', { '<new>': 300 })
    const { tokenizer } = await readTokenizerFolder(folder)
    expect(encodeInput(tokenizer, ' the<new>').ids).toEqual([0, 262, 300, 2])
  })

  test('with none of them is refused', async () => {
    await write('vocab.json', {})
    await expect(readTokenizerFolder(folder)).rejects.toThrow(
      `${folder}: there is no tokenizer: expected tokenizer.json, vocab.json with merges.txt`,
    )
    await write('tokenizer.json', '{')
    await expect(readTokenizerFolder(folder)).rejects.toThrow('tokenizer.json is not JSON')
  })
})

describe('a file', () => {
  test('is a tokenizer.json of any name, or a vocabulary by its extension', async () => {
    await write('mine.json', t5File())
    await write('words.txt', bert)
    await write('tokenizer_config.json', { do_lower_case: false })
    const at = async (name: string) => (await readTokenizerAt(join(folder, name))).tokenizer
    expect((await at('mine.json')).toJSON()).toEqual(t5File())
    expect((await at('words.txt')).encode('the The')).toEqual([5, 1])
    await expect(at('none.json')).rejects.toThrow('none.json: no such file or folder; give a model')
    for (const name of ['x.bin', 'x.model', 'x.json', 'x.txt']) {
      await write(name, 'nothing')
      await expect(at(name)).rejects.toBeInstanceOf(UserError)
    }
    await expect(readTokenizerAt(folder)).rejects.toThrow('there is no tokenizer')
  })

  test('is a GGUF file, whatever its name', async () => {
    const whole = loadTokenizer(llama2File())
    const options = { rows: whole.vocabSize, addBos: true, chatTemplate: '{{ messages }}' }
    const metadata = writeGgufTokenizer(whole, options)
    for (const name of ['model.gguf', 'tokenizer.json']) {
      await writeFile(join(folder, name), encodeGguf({ metadata, tensors: [] }))
      const { tokenizer, chatTemplate } = await readTokenizerAt(join(folder, name))
      expect(chatTemplate).toBe('{{ messages }}')
      for (const text of ['the cat 我们', ' <s> é'])
        expect(encodeInput(tokenizer, text)).toEqual(encodeInput(whole, text))
    }
    await writeFile(join(folder, 'x.gguf'), 'GGUF and nothing else')
    await expect(readTokenizerAt(join(folder, 'x.gguf'))).rejects.toThrow(/x\.gguf: /)
    await writeFile(join(folder, 'y.gguf'), encodeGguf({ metadata: new Map(), tensors: [] }))
    await expect(readTokenizerAt(join(folder, 'y.gguf'))).rejects.toThrow('"tokenizer.ggml.model"')
  })
})
