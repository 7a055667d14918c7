/** The origin of a web page as browsers write it: scheme, host and port, e.g. of a web app or of an extension. */
import { z } from 'zod'

export const pageOrigin = z
  .string()
  .max(300)
  .regex(
    /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9[\]_.:-]+$/,
    'An origin is scheme, host and port in small letters, e.g. https://app.example.com, without a slash at its end',
  )
