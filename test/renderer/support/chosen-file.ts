/** Files a person chooses, read when the test says so. */
import { settle } from './mount.ts'

export interface SlowFile extends File {
  arrive(text: string): Promise<void>
  fail(): Promise<void>
}

export function slowFile(name: string): SlowFile {
  const reading = Promise.withResolvers<string>()
  return Object.assign(new File([], name), {
    text: () => reading.promise,
    async arrive(text: string) {
      reading.resolve(text)
      await settle()
    },
    async fail() {
      reading.reject(new DOMException('The requested file could not be read', 'NotReadableError'))
      await settle()
    },
  })
}

/** Puts it into the field for files that is shown. */
export async function chooseFile(file: File): Promise<HTMLInputElement> {
  const field = document.querySelector<HTMLInputElement>('input[type=file]')
  if (field === null) throw new Error('no field for a file')
  Object.defineProperty(field, 'files', { configurable: true, value: [file] })
  field.dispatchEvent(new Event('change'))
  await settle()
  return field
}

export async function typeInto(selector: string, text: string): Promise<void> {
  const field = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector)
  if (field === null) throw new Error(`no ${selector}`)
  field.value = text
  field.dispatchEvent(new Event('input'))
  await settle()
}

/** Empty where nothing is told. */
export const alertText = (): string => document.querySelector('[role=alert]')?.textContent ?? ''
