/**
 * What people and businesses send that the library composes no message for, as their clients encode it: hand one to a contact's
 * `relayMessage`. The other kinds the contact sends by itself.
 */
import type { proto } from 'baileys'

export const kinds = {
  /** Asked with buttons under the text. */
  buttons: {
    buttonsMessage: {
      contentText: 'Where is the load?',
      footerText: 'Yard 4',
      headerType: 1,
      buttons: [
        { buttonId: 'at-gate', buttonText: { displayText: 'At the gate' }, type: 1 },
        { buttonId: 'on-road', buttonText: { displayText: 'On the road' }, type: 1 },
      ],
    },
  },
  buttonReply: { buttonsResponseMessage: { selectedButtonId: 'at-gate', selectedDisplayText: 'At the gate', type: 1 } },
  list: {
    listMessage: {
      title: 'Slots',
      description: 'Choose a slot',
      buttonText: 'Open',
      listType: 1,
      sections: [{ title: 'Today', rows: [{ rowId: 'slot-9', title: '9:00', description: 'Ramp 2' }] }],
    },
  },
  listReply: {
    listResponseMessage: { title: '9:00', description: 'Ramp 2', listType: 1, singleSelectReply: { selectedRowId: 'slot-9' } },
  },
  template: {
    templateMessage: {
      hydratedTemplate: {
        templateId: 'order-ready',
        hydratedContentText: 'Your order is ready',
        hydratedButtons: [{ index: 0, quickReplyButton: { id: 'thanks', displayText: 'Thanks' } }],
      },
    },
  },
  templateReply: { templateButtonReplyMessage: { selectedId: 'thanks', selectedDisplayText: 'Thanks', selectedIndex: 0 } },
  /** The newer buttons, in the shape that businesses send today. */
  interactive: {
    interactiveMessage: {
      body: { text: 'Pay or call' },
      nativeFlowMessage: {
        buttons: [{ name: 'cta_url', buttonParamsJson: '{"display_text":"Pay","url":"https://example.com/pay"}' }],
        messageVersion: 1,
      },
    },
  },
  interactiveReply: {
    interactiveResponseMessage: {
      body: { text: 'Ramp 2' },
      nativeFlowResponseMessage: { name: 'menu_options', paramsJson: '{"id":"ramp-2"}', version: 1 },
    },
  },
  /** The first message of somebody who has tapped an advertisement. */
  lead: {
    extendedTextMessage: {
      text: 'Is this still to be had?',
      contextInfo: {
        conversionSource: 'FB_Ads',
        conversionData: Buffer.from('pretend'),
        conversionDelaySeconds: 4,
        entryPointConversionSource: 'ctwa_ad',
        entryPointConversionApp: 'facebook',
        externalAdReply: {
          title: 'Pallets, cheap',
          body: 'Euro pallets',
          mediaType: 1,
          sourceType: 'ad',
          sourceId: '120210000000000001',
          sourceUrl: 'https://fb.me/pretend',
          ctwaClid: 'pretend-click',
        },
      },
    },
  },
  liveLocation: {
    liveLocationMessage: {
      degreesLatitude: 52.5,
      degreesLongitude: 13.4,
      accuracyInMeters: 12,
      speedInMps: 3,
      caption: 'on my way',
      sequenceNumber: 1,
    },
  },
  order: {
    orderMessage: {
      orderId: '77',
      itemCount: 2,
      status: 1,
      surface: 1,
      orderTitle: 'Pallets',
      message: 'two, please',
      token: 'pretend',
      totalAmount1000: 19_000,
      totalCurrencyCode: 'EUR',
    },
  },
  groupInvite: {
    groupInviteMessage: {
      groupJid: '120363000000000001@g.us',
      inviteCode: 'PRETEND',
      inviteExpiration: 1_900_000_000,
      groupName: 'Yard',
      caption: 'come in',
    },
  },
  /** Text in a chat whose messages vanish. */
  ephemeral: { ephemeralMessage: { message: { extendedTextMessage: { text: 'gone tomorrow', contextInfo: { expiration: 86_400 } } } } },
} satisfies Record<string, proto.IMessage>
