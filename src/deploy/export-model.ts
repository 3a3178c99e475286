import { withModel } from '../checkpoint/open-model.ts'
import { UserError } from '../errors.ts'
import { tell } from '../notice.ts'
import { parseOptions } from '../options.ts'
import { promptFor } from '../predict/embed.ts'
import { EXPORT_FORMATS, type ExportFormat, type ExportFormatName } from './export-formats.ts'
import { type ExportOptions, exportOptions } from './options.ts'

export interface Exported {
  out: string
  format: ExportFormatName
  dtype: string
  /** Fields of the model's config.json that are not known here, and are not in what was made. */
  unknownFields: readonly string[]
}

/**
 * Writes a model's folder in another format, or with weights of another type; folders of Hugging
 * Face's layout and GGUF files a tensor at a time. Throws UserError that names what the format
 * cannot say.
 */
export async function exportModel(options: ExportOptions): Promise<Exported> {
  const parsed = parseOptions(exportOptions, options)
  const { model, format, out, shardSize, dtype: wanted, ...more } = parsed
  const { dtypes, takes, name, write }: ExportFormat = EXPORT_FORMATS[format]
  const dtype = wanted ?? (dtypes[0] as string)
  if (!dtypes.includes(dtype))
    throw new UserError(`dtype is ${dtype}; ${name} has ${dtypes.join(', ')}`)
  const others = Object.values<ExportFormat>(EXPORT_FORMATS).flatMap((one) => one.takes)
  const plain: Record<string, unknown> = exportOptions.parse({ model, format, out })
  const given: Record<string, unknown> = { ...parsed }
  const idle = others.find((name) => given[name] !== plain[name] && !takes.includes(name))
  if (idle) throw new UserError(`${idle} is not an option of the format ${format}; leave it out`)
  return withModel(model, async (opened) => {
    const { config, unknownFields } = opened
    const prompt = 'head' in config && config.head && promptFor(config.head)
    if (prompt && format !== 'huggingface')
      tell(
        `${model}: the format ${format} stores no prompts; write ` +
          `${JSON.stringify(prompt)} before each text yourself`,
      )
    await write(opened, out, { ...more, dtype, shardBytes: shardSize * 1e9 })
    return { out, format, dtype, unknownFields }
  })
}
