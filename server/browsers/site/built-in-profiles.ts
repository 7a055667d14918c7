/** The profiles that every installation has. A profile of the same name in the store stands in for them. */
import { siteProfile, type SiteProfile } from '../contract/site-profile.ts'

export const builtInProfiles: readonly SiteProfile[] = [
  // Selectors are data: they describe pages that others change. When the portal's pages differ from what stands here, replace
  // the profile by one that fits (PUT /control/v1/site-profiles/emodal); no new version of the program is needed.
  siteProfile.parse({
    name: 'emodal',
    title: 'E-Modal trucker portal (its selectors may need adapting to the pages you see)',
    description: 'The portal of the published contract: signs in, solves its captcha with your key, and reads booking numbers.',
    kind: 'form',
    address: 'https://truckerportal.emodal.com',
    form: {
      username: 'input[name="username" i], input[type="email"], #username',
      password: 'input[type="password"]',
      submit: 'button[type="submit"], input[type="submit"]',
    },
    captcha: {
      kind: 'recaptcha-v2',
      element: '.g-recaptcha, [data-sitekey], iframe[src*="recaptcha"]',
      answer: '#g-recaptcha-response, textarea[name="g-recaptcha-response"]',
    },
    success: { url: '^https://truckerportal\\.emodal\\.com/(containers|myappointments|dashboard|home)' },
    failure: { selector: '[role="alert"], .alert-danger, .mat-mdc-snack-bar-label, .error-message' },
    loginTimeout: 180_000,
    refresh: { address: 'https://truckerportal.emodal.com/containers', every: 120_000, loggedOutUrl: '/(login|signin|authorize)\\b' },
    operations: {
      get_booking_number: {
        address: 'https://truckerportal.emodal.com/containers?search={container_id}',
        inputs: { container_id: '[A-Za-z0-9]{1,20}' },
        steps: [
          {
            click: '[data-container="{container_id}"] button, tr[id*="{container_id}"] button',
            waitFor: '[data-detail="{container_id}"], tr[id*="{container_id}"] + tr',
          },
        ],
        read: '[data-detail="{container_id}"] .booking-number, tr[id*="{container_id}"] + tr .booking-number',
      },
    },
  }),
  siteProfile.parse({
    name: 'plain',
    title: 'Any address, no login',
    description: 'Opens the address that you give and logs in nowhere: to look around, or to log in by hand.',
    kind: 'none',
    address: null,
  }),
]
