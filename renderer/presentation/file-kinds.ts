/** Kinds of files that come with messages, as a person chooses among them. */
export const fileKinds = [
  { value: 'image', label: 'Pictures' },
  { value: 'video', label: 'Videos' },
  { value: 'audio', label: 'Voice and sound' },
  { value: 'document', label: 'Documents' },
  { value: 'sticker', label: 'Stickers' },
] as const
export type FileKind = (typeof fileKinds)[number]['value']

/** The chosen kinds with one more, or one fewer, in their usual order. */
export function withKind(chosen: readonly FileKind[], kind: FileKind, on: boolean): FileKind[] {
  return fileKinds.map(({ value }) => value).filter((value) => (value === kind ? on : chosen.includes(value)))
}
