import { UserError } from '../errors.ts'

/** Error codes of the operating system in words. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'a file of that name exists',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOTEMPTY: 'the folder is not empty',
  ELOOP: 'its symbolic links lead in a circle, or there are too many in a row',
  ENAMETOOLONG: 'the name is too long for this disk; choose a shorter one',
  // Node's own code, for a null character.
  ERR_INVALID_ARG_VALUE: 'the name has a character that no file name may have',
  EMFILE: 'too many files are open; raise the limit (ulimit -n) and run again',
  ENFILE: 'too many files are open on this machine; close some programs and run again',
  ENOSPC: 'the disk is full; free some space and run again',
  EDQUOT: 'your disk quota is used up; free some space and run again',
  EFBIG: 'the file is larger than this disk or a limit (ulimit -f) allows',
  EROFS: 'the disk is read-only',
  EBUSY: 'another program is using it',
  ETXTBSY: 'another program is running it',
  EXDEV: 'it is on another disk',
  EIO: 'the disk reports an error',
  ENODEV: 'the device is gone',
  ENXIO: 'the device is gone',
  ESTALE: 'the network disk has lost the file; run again',
  ETIMEDOUT: 'the network disk does not answer',
  ENOTSUP: 'this disk cannot do that',
  EOPNOTSUPP: 'this disk cannot do that',
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''

/** A failed file operation as a UserError; any other error unchanged. */
export const fileError = (error: unknown, what: string): unknown => {
  const cause = CAUSES[codeOf(error)]
  return cause ? new UserError(`${what}: ${cause}`, { cause: error }) : error
}

/** Whether an operation failed because nothing has that name. */
export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))

/** The result of a file operation; undefined if there is no such file. Throws UserError. */
export const ifThere = async <T>(operation: Promise<T>, what: string): Promise<T | undefined> => {
  try {
    return await operation
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, what)
  }
}
