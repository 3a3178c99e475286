import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { fileError } from '../models/files/node-file.ts'

/** The options in a JSON file, under the names that the API gives them. Throws UserError. */
export async function readConfig(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`)
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UserError(`${path}: expected an object of options, such as {"depth": 4}`)
  }
  return { ...config }
}
