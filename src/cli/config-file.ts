import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { parseJson } from '../files/parse-json.ts'

/** The options in a JSON file, under the names that the API gives them. Throws UserError. */
export async function readConfig(path: string): Promise<Record<string, unknown>> {
  const file = await readFile(path).catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  const config = parseJson(file, path)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UserError(`${path}: expected an object of options, such as {"depth": 4}`)
  }
  return { ...config }
}
