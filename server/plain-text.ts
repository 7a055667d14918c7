/** What somebody outside has sent, where a text is due: an object is none. It could say anything in its `toString`, or not have one. */
export const plainText = (value: unknown): string => (Object(value) === value ? '' : String(value))
