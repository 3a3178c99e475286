// What needs no files, for the page as well; sources and stores are imported from their own files.
export * from './augment/augmenter.ts'
export * from './batch.ts'
export * from './readers/evaluation-batches.ts'
export * from './readers/mixture.ts'
export * from './readers/packed-documents.ts'
export * from './readers/random-windows.ts'
export * from './readers/reader.ts'
export * from './token-source.ts'
