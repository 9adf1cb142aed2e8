/** Mails to an online shop, seven for each label of the task customer-intents, and what a teacher may say of them. */

export interface Mail {
  readonly label: string;
  readonly subject: string;
  readonly body: string;
}

type LabelledMails = Record<string, readonly (readonly [subject: string, body: string])[]>;

/** Line ends, quotes, commas and braces, as mails have them. */
const MAILS: LabelledMails = {
  'order-status': [
    ['Order 20114', 'Hello,\nmy kettle was sent on Monday.\nWhere is it now?'],
    ['Still waiting', 'The site said "two days", it has been nine.'],
    ['Parcel?', 'The tracking number {20371} shows nothing, is the order on its way?'],
    ['Delivery date', 'When will my desk arrive, so that I can take the day off?'],
    ['No update', 'My order has said "being packed" since last Tuesday.\n\nRegards, Tova'],
    ['Late', 'Why is order 20418 late? It was meant for a birthday.'],
    ['Courier', 'The courier says he never got my parcel from you; has it left the warehouse?'],
  ],
  return: [
    ['Sending it back', 'The curtains are lovely but too long.\nHow do I send them back?'],
    ['Exchange', 'May I swap the blue jumper for a green one?'],
    ['Wrong size', 'These sandals are a size too small, please send a label so that I can return them.'],
    ['Changed my mind', 'I no longer want the tent; it is unopened, "as new".'],
    ['Return window', 'Until when can I return the lamp I bought on 3 May?'],
    ['Too big', 'The rug is too big for the hall.\nCan I exchange it for the small one?'],
    ['Gift', 'Grandma has this book already, can it go back without a receipt?'],
  ],
  refund: [
    ['My money', 'You got the boots back three weeks ago, and the money has still not come.'],
    ['Charged twice', 'My card shows EUR 39.90 twice for one order.'],
    ['Refund', 'Your colleague promised a refund on Friday,\nnothing is on my account.'],
    ['Wrong amount', 'You refunded EUR 12, but I paid EUR 21.'],
    ['Cancelled order', 'I cancelled in time and was charged all the same, please pay it back.'],
    ['Voucher', 'The voucher was taken but its EUR 15 were not taken off; I want the difference back.'],
    ['Deposit', 'Where is the deposit for the crate that I returned?'],
  ],
  'product-question': [
    ['Frying pan', 'Does the pan work on induction?'],
    ['Washable?', 'Can the cover of the cushion be washed at 60 degrees?'],
    ['Battery', 'Which battery does the clock need, and is it in the box?'],
    ['Table', 'Is the table solid oak,\nor veneer?'],
    ['Size chart', 'I am 178 cm tall, which size of the coat would fit?'],
    ['Charger', 'Does the charger fit a "type C" phone?'],
    ['Assembly', 'How do I fold the stroller? The leaflet shows another model.'],
  ],
  complaint: [
    ['Broken', 'The vase came in four pieces.\nI expect a new one.'],
    ['Missing part', 'Two of the eight screws were not in the box.'],
    ['Wrong article', 'I ordered a red bag and got a brown one, please send the right one.'],
    ['Rude', 'Your driver shouted at my neighbour and threw the parcel over the fence.'],
    ['Scratched', 'The screen is scratched all over, although the box was "sealed".'],
    ['Leaks', 'After a day the watering can leaks at the handle.'],
    ['Stain', 'The white shirt has a stain on the collar, straight out of the bag.'],
  ],
  other: [
    ['Job', 'Do you have work for a student in the summer?'],
    ['SEO offer', 'We bring your shop to page one within a month!'],
    ['Newsletter', 'Please take me off the list for the newsletter.'],
    ['School project', 'Our class writes about online shops,\nmay we visit you?'],
    ['Wrong address', 'This is for the bakery next door, I think: two rye loaves for Saturday.'],
    ['Press', 'I write for a local paper and look for someone to interview.'],
    ['Thanks', 'Just a note to say that the team did well this year.'],
  ],
};

/** Of the seven mails of each label, the first meets a teacher who errs once, and the second one who answers oddly. */
const OTHER_LABEL = 'other';
const ERRS = 0;
const ANSWERS_ODDLY = 1;

export const mails: readonly Mail[] = Object.entries(MAILS).flatMap(([label, each]) =>
  each.map(([subject, body]) => ({ label, subject, body })),
);

/** Recorded replies to the task's own plan: two reasoned ones and a direct one a mail. The majority is the mail's label. */
export function recordedReplies(): object[] {
  return Object.entries(MAILS).flatMap(([label, each]) =>
    each.flatMap(([subject, body], index) => {
      const text = `${subject}: ${body}`;
      const said = { reason: `It reads like ${label}.`, label };
      const slip = { reason: 'It could be anything.', label: label === OTHER_LABEL ? 'return' : OTHER_LABEL };
      const second = index === ERRS ? slip : said;
      const fenced = `\`\`\`json\n${JSON.stringify(second)}\n\`\`\``;
      return [
        { text, prompt: 'reasoned', sample: 0, content: JSON.stringify(said) },
        { text, prompt: 'reasoned', sample: 1, content: index === ANSWERS_ODDLY ? fenced : JSON.stringify(second) },
        {
          text,
          prompt: 'direct',
          sample: 0,
          content: index === ANSWERS_ODDLY ? `Label: ${label.toUpperCase()}.` : label,
        },
      ];
    }),
  );
}

/** RFC 4180, every field quoted. */
export function mailsAsCsv(): string {
  const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
  const rows = mails.map(({ body, subject }) => [subject, body]);
  return [['subject', 'body'], ...rows].map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}
