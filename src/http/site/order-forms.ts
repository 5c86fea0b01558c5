import { html } from 'hono/html';
import type { OfferedAct } from '../../domain/offered-acts.ts';
import type { OrderReport } from '../../domain/order-report.ts';
import { type RemedyOption, remedyOptions } from '../../domain/remedy.ts';
import type { Visitor } from '../route.ts';
import { type Html, nothing } from './html.ts';
import { reasonField, token } from './layout.ts';

const remedyWords: Record<RemedyOption, string> = {
  reprovision: 'A – buy the right server, end the wrong one',
  priceAdjustment: 'B – the customer keeps what was bought, the difference goes back',
  refundAndFreeMonth: 'C – everything goes back, the server stays for a month',
  refund: 'Everything goes back; any server is taken back',
  refundedByHand: 'It was paid back outside the gateway',
};

/** Every act that the order's state allows, each with its reason. */
export function actForms(report: OrderReport, visitor: Visitor): Html {
  if (report.offered.length === 0) {
    return html`<p class="soft">Nothing: it goes its way by itself, or has ended.</p>`;
  }
  return html`${report.offered.map((act, index) => actForm(act, { report, visitor, isOpen: index === 0 }))}`;
}

interface FormInput {
  report: OrderReport;
  visitor: Visitor;
  isOpen: boolean;
}

function actForm(act: OfferedAct, { report, visitor, isOpen }: FormInput): Html {
  const { orderId } = report;
  const form = (words: { summary: string; button: string; hint?: string; fields?: Html }) =>
    orderForm({ orderId, path: act, isOpen, ...words }, visitor);
  switch (act) {
    case 'retry': {
      const hint =
        'What was bought so far is verified first, then the order goes on. Nothing is bought twice.';
      return form({ summary: 'Retry (provision)', button: 'Retry', hint });
    }
    case 'cancel':
      return form({ summary: 'Cancel', button: 'Cancel the order', hint: 'Its money goes back first.' });
    case 'compensate':
      return form({ summary: 'Begin a remedy', button: 'Begin it', fields: remedyFields });
    case 'resolve':
      return form({ summary: 'Settle the case', button: 'Settle it', hint: caseHint, fields: caseFields });
    case 'assign': {
      const field = html`<label for="assign-ip">Address of a stranded server<input id="assign-ip" name="ip" required></label>`;
      return form({ summary: 'Give it a stranded server', button: 'Assign', fields: field });
    }
  }
}

const caseHint = "Look in the supplier's panel first. The same checks as for settling by evidence apply.";
const caseFields = html`<label for="outcome">What happened<select id="outcome" name="outcome"><option value="bought">A server was bought</option><option value="notBought">Nothing was bought</option></select></label>
<label for="case-ip">Its address, if bought<input id="case-ip" name="ip"></label>
<label class="inline"><input type="checkbox" name="acceptMismatch" value="true"> Take it although something does not fit</label>`;

const remedyFields = html`<label for="option">Remedy<select id="option" name="option">${remedyOptions.map(
  (option) => html`<option value="${option}">${remedyWords[option]}</option>`,
)}</select></label>
<label for="productId">B: it is sold as (product id)<input id="productId" name="productId"></label>
<label for="amount">B: what goes back, in rupees (150.00)<input id="amount" name="amount" inputmode="decimal"></label>
<label for="reference">By hand: reference of the payment<input id="reference" name="reference"></label>`;

/** One folded form of an order's page. */
export function orderForm(
  input: {
    orderId: string;
    path: string;
    summary: string;
    button: string;
    hint?: string;
    fields?: Html;
    isOpen?: boolean;
  },
  visitor: Visitor,
): Html {
  const { orderId, path, summary, button, hint, fields = nothing, isOpen = false } = input;
  const form = html`<summary>${summary}</summary>${hint === undefined ? nothing : html`<p class="soft small">${hint}</p>`}
<form method="post" action="/admin/orders/${orderId}/${path}" class="stack">${token(visitor)}${fields}${reasonField(`${path}-reason`)}<div><button>${button}</button></div></form>`;
  return isOpen ? html`<details open>${form}</details>` : html`<details>${form}</details>`;
}
