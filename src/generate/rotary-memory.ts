import { rotarySettings } from '../models/positions.ts'
import type { StackConfig } from '../models/stack-config.ts'
import { rotaryTables } from '../nn/index.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'

/** Positions of the first tables; each further ones are of twice as many. */
const FIRST = 1024

/**
 * The tables of rotary positions that decoding reads: for as many positions as are in use, since a
 * model's context may be millions of tokens. Those that became too short stay, for steps that are
 * bound to them; all together are less than twice the last.
 */
export class RotaryMemory {
  readonly #engine: Engine
  readonly #stack: StackConfig
  readonly #tables = new Map<number, Record<string, DeviceTensor>>()

  constructor(engine: Engine, stack: StackConfig) {
    this.#engine = engine
    this.#stack = stack
  }

  /** Positions of the tables that serve sequences of up to `length` tokens. */
  rows(length: number): number {
    let rows = FIRST
    while (rows < length) rows *= 2
    return Math.min(rows, this.#stack.context)
  }

  /** By the names of the inputs, see `InPlaceCache`; none where positions are no rotations. */
  tables(length: number): Readonly<Record<string, DeviceTensor>> {
    const rows = this.rows(length)
    const made = this.#tables.get(rows) ?? this.#make(rows)
    this.#tables.set(rows, made)
    return made
  }

  #make(rows: number): Record<string, DeviceTensor> {
    const { context, headDim } = this.#stack
    const made: Record<string, DeviceTensor> = {}
    for (const [name, settings] of Object.entries(rotarySettings(this.#stack))) {
      const tables = rotaryTables({ ...settings, context, headDim, rows })
      for (const [i, part] of (['cos', 'sin'] as const).entries()) {
        const tensor = this.#engine.tensor('float32', [rows, headDim / 2])
        tensor.write(tables[i] as Float32Array)
        made[`${name}.${part}`] = tensor
      }
    }
    return made
  }

  dispose(): void {
    for (const made of this.#tables.values())
      for (const tensor of Object.values(made)) tensor.dispose()
    this.#tables.clear()
  }
}
