import { UserError } from '../errors.ts'
import { staysInside } from './safe-path.ts'

/** A model on the Hub, and one of its revisions. */
export interface ModelName {
  /** `owner/name` */
  name: string
  /** A branch, a tag, or the 40 digits of a commit. */
  revision: string
}

const FORM = /^(?<name>\w[\w.-]*\/\w[\w.-]{0,95})(?:@(?<revision>.+))?$/

/** Parses `owner/name[@revision]`; undefined if `text` does not have this form. */
export function readModelName(text: string): ModelName | undefined {
  const { name, revision = 'main' } = FORM.exec(text)?.groups ?? {}
  // The Hub's rules: https://huggingface.co/docs/huggingface_hub/package_reference/utilities
  if (!name || /--|\.\.|[.-](\/|$)|\.git$/.test(name) || !staysInside(revision)) return undefined
  return { name, revision }
}

/** As `readModelName`, but throws UserError. */
export function parseModelName(text: string): ModelName {
  const found = readModelName(text)
  if (found) return found
  throw new UserError(
    `'${text}' is not a model on the Hugging Face Hub: ` +
      'expected OWNER/NAME or OWNER/NAME@REVISION, as in HuggingFaceTB/SmolLM2-135M',
  )
}
