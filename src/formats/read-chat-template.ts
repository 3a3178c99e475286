import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { parseJson, textOf } from '../files/parse-json.ts'
import { CHATML, checkTemplate } from '../text/chat-template.ts'
import { readTemplate, readTokenizerConfig } from '../text/load-files.ts'
import { named, readIn } from './tokenizer-folder.ts'

/**
 * The chat template in a file (Jinja, or JSON with a `chat_template`) or in a model's folder;
 * `chatml` is the one that models without any are tuned with. Throws UserError that names the path.
 */
export async function readChatTemplate(path: string): Promise<string> {
  if (path === 'chatml') return CHATML
  return named(path, async () => {
    const found = await stat(path).catch(() => undefined)
    if (!found)
      throw new UserError(
        'there is no such chat template; give a file of Jinja, the folder of a model that has ' +
          'one, or chatml',
      )
    const template = found.isDirectory() ? await inFolder(path) : await inFile(path)
    // A text without either would be the same for every conversation.
    if (template === undefined || !/\{[{%]/.test(template))
      throw new UserError('there is no chat template in it; give a file of Jinja, or chatml')
    checkTemplate(template)
    return template
  })
}

async function inFolder(path: string): Promise<string | undefined> {
  const read = readIn(path)
  return readTemplate(read, await readTokenizerConfig(read))
}

async function inFile(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch((error) => {
    throw fileError(error, 'cannot read the chat template')
  })
  if (extname(path) !== '.json') return textOf(bytes)
  const settings = parseJson(bytes, 'the file')
  return readTemplate(async () => undefined, Object(settings))
}
