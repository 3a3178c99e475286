import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError, ifThere } from '../../files/file-error.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { parseJson } from '../../files/parse-json.ts'
import { replaceFile } from '../../files/write-aside.ts'
import type { Item } from '../../metrics/item.ts'
import { ITEMS } from '../run.ts'

const SETTINGS = 'settings.json'
/** Items that are lost, at most, if the process is killed. */
const KEPT = 100

/**
 * Items of a benchmark that is being measured, in `items.jsonl` as they are finished, so that an
 * interrupted run resumes; `settings.json` holds what they depend on.
 */
export class ItemLog {
  readonly #path: string
  readonly #known: Map<string, Item>
  #pending: Item[] = []

  private constructor(path: string, known: Map<string, Item>) {
    this.#path = path
    this.#known = known
  }

  /** Throws UserError where the folder was begun with other settings. */
  static async open(folder: string, settings: object): Promise<ItemLog> {
    await makeFolder(folder)
    const [path, settingsPath] = [join(folder, ITEMS), join(folder, SETTINGS)]
    const found = await ifThere(readFile(settingsPath), `cannot read ${settingsPath}`)
    const items = await ifThere(readFile(path, 'utf8'), `cannot read ${path}`)
    if (found) expectSame(folder, parseJson(found, settingsPath) as object, settings)
    else if (items !== undefined)
      throw new UserError(`${folder} holds the items of another evaluation; choose another --out`)
    else await replaceFile(settingsPath, `${JSON.stringify(settings, undefined, 2)}\n`)
    // A killed process may have left the beginning of a line.
    const whole = (items ?? '').slice(0, (items ?? '').lastIndexOf('\n') + 1)
    if (whole !== items) await replaceFile(path, whole)
    const lines = whole.split('\n').slice(0, -1)
    const known = lines.map((line, i) => parseJson(line, `${path}:${i + 1}`) as Item)
    return new ItemLog(path, new Map(known.map((item) => [item.id, item])))
  }

  /** By id. */
  get known(): ReadonlyMap<string, Item> {
    return this.#known
  }

  async add(item: Item): Promise<void> {
    this.#pending.push(item)
    if (this.#pending.length >= KEPT) await this.flush()
  }

  /** Writes what has been added. */
  async flush(): Promise<void> {
    const lines = this.#pending.map((item) => `${JSON.stringify(item)}\n`)
    this.#pending = []
    await appendFile(this.#path, lines.join('')).catch((error) => {
      throw fileError(error, `cannot write ${this.#path}`)
    })
  }
}

function expectSame(folder: string, before: object, now: object): void {
  const values = (all: object) => all as Record<string, unknown>
  const shown = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value))
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [old, given] = [shown(values(before)[name]), shown(values(now)[name])]
    if (old !== given)
      throw new UserError(
        `${folder} was begun with ${name} ${old}, and now it is ${given}; give the same options ` +
          'and data to resume, or choose another --out',
      )
  }
}
